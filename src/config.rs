//! What the user asked for: flags, and one TOML file per instance with a section per concern.
//!
//! Each section is one struct that is both: its fields are keys of the file and flags of the programs that use them.
//! A flag beats the environment, and that the file. `man/tq-alerts.toml.5` describes every key.
//!
//! Fails: a wrong command line is 64; a file that cannot be read, an unknown key or a missing setting is 78.

mod defaults;
mod email;
mod import;
mod origin;
mod rate;
mod scope;
mod section;
mod sender;
mod slack;
mod threatq;

pub use email::{Defang, Details, Email, Mode, Route, Tlp};
pub use import::{Imported, import};
pub use rate::Rate;
pub use scope::{Moment, Scope, Span};
pub use section::{Collection, Common, Monitoring, Notify, Smtp, State, Tls};
pub use sender::{Look, Part};
pub use slack::{Slack, SlackApi, SlackMessages};
pub use threatq::{Login, LoginEncoding, Threatq, Watchlist};

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fmt, fs, process};

use clap::Parser;
use clap::error::ErrorKind;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, Status};
use crate::secret;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Whether there is a file; without one, what is not set is missing rather than switched off.
    #[serde(skip)]
    pub was_read: bool,
    /// Whether this instance does anything; absent means yes.
    pub enabled: Option<bool>,
    /// Where ThreatQ is and how to log in.
    pub threatq: Threatq,
    /// Whose watchlists to look at; absent means none.
    pub watchlist: Option<Watchlist>,
    /// Which data collections to look at.
    pub collection: Vec<Collection>,
    /// Who writes to whom.
    pub email: Email,
    /// Which alerts go to whom instead; absent means that all go to the same people.
    pub route: Vec<Route>,
    /// How the mail leaves.
    pub smtp: Smtp,
    /// Which messages go to Slack.
    pub slack: Slack,
    /// What is remembered between runs.
    pub state: State,
    /// How others learn that runs go well.
    pub monitoring: Monitoring,
}

impl File {
    /// Whether the instance is switched on.
    pub fn is_enabled(&self) -> bool {
        self.enabled != Some(false)
    }
}

/// Reads the command line, and for its flags the environment. Help and version are printed and end the program; so do
/// the settings, where those are asked for.
pub fn parse<A: Parser>(output: &mut impl Write) -> Result<A, Failure> {
    let program = origin::with_environment(A::command());
    let read = program.clone().try_get_matches().and_then(|matches| {
        let arguments = A::from_arg_matches(&matches)?;
        Ok((arguments, matches))
    });
    let (arguments, matches) = read.map_err(|error| {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            // A reader that went away while help was printed has seen enough.
            let _ = error.print();
            process::exit(0);
        }
        // One line: what clap says before its usage, its tip behind a semicolon.
        let rendered = error.to_string();
        let said = rendered.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
        let said: Vec<&str> = said.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
        let sentence = said.join(" ").replace(" tip: ", "; ");
        Failure::new(Status::Usage, format!("{}; see --help", sentence.trim_start_matches("error: ")))
    })?;
    if matches.get_flag("print_config") {
        let path = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
        load(path)?;
        let file = path.map_or(Ok(toml::Table::new()), |path| table_in(path, &text_of(path)?))?;
        // As with help.
        let _ = output.write_all(origin::describe(&program, &matches, path, &file).as_bytes());
        process::exit(0);
    }
    Ok(arguments)
}

/// A name by its letters and digits alone, in lower case: people and programs write the rest in many ways.
pub fn bare_word(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn refused(path: &Path, reason: impl fmt::Display) -> Failure {
    Failure::new(Status::Config, format!("{}: {reason}", path.display()))
}

fn text_of(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| refused(path, error))
}

/// What is in a file, as far as its form goes, or an error with its place there.
fn table_in<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        refused(path, format_args!("line {line}, column {column}: {}", with_tip(error.message())))
    })
}

/// The words about a key or a value that nobody knows, which list all others; only the closest one where one is close.
fn with_tip(message: &str) -> String {
    let words: Vec<&str> = message.split('`').collect();
    let [subject, wrong, _, known @ ..] = words.as_slice() else { return message.to_owned() };
    let likeness = |name: &str| strsim::jaro_winkler(wrong, name);
    let closest = known.iter().step_by(2).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match closest.filter(|name| subject.starts_with("unknown ") && likeness(name) > 0.85) {
        Some(name) => format!("{subject}`{wrong}`; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// Reads the file, or the defaults where none is named. Relative paths in it start at its folder.
pub fn load(path: Option<&Path>) -> Result<File, Failure> {
    let Some(path) = path else {
        return Ok(File::default());
    };
    let mut file: File = table_in(path, &text_of(path)?)?;
    file.was_read = true;
    let folder = path.parent().unwrap_or(Path::new(""));
    let File { threatq, watchlist, email, smtp, slack, state, monitoring, .. } = &mut file;
    for login in watchlist.iter_mut().flat_map(|watchlist| &mut watchlist.login) {
        login.password_file = secret::locate(folder, &login.password_file);
    }
    let secrets = [
        &mut threatq.password_file,
        &mut threatq.client_secret_file,
        &mut smtp.password_file,
        &mut smtp.token_file,
        &mut smtp.client_key_file,
        &mut slack.token_file,
        &mut monitoring.heartbeat_file,
    ];
    for path in secrets.into_iter().flatten() {
        *path = secret::locate(folder, path);
    }
    let paths = [
        &mut threatq.ca_file,
        &mut email.templates,
        &mut smtp.ca_file,
        &mut smtp.client_cert_file,
        &mut smtp.maildir,
        &mut slack.ca_file,
        &mut slack.state,
        &mut state.file,
        &mut monitoring.metrics,
    ];
    for path in paths.into_iter().flatten() {
        *path = folder.join(&path);
    }
    Ok(file)
}

/// A secret's file or command: those of the flags where there is one, so that a flag beats the other kind in the file.
fn secret_of(
    flags: (Option<PathBuf>, Vec<String>),
    file: (Option<PathBuf>, Vec<String>),
) -> (Option<PathBuf>, Vec<String>) {
    if flags.0.is_none() && flags.1.is_empty() { file } else { flags }
}

/// A setting that the program cannot do without.
pub fn required<T>(setting: Option<T>, flag: &str, key: &str) -> Result<T, Failure> {
    setting.ok_or_else(|| {
        Failure::new(Status::Config, format!("{key} is not set: use {flag} or the configuration file"))
    })
}

/// A list that must not be empty.
pub fn required_list<T>(setting: Vec<T>, flag: &str, key: &str) -> Result<Vec<T>, Failure> {
    required(Some(setting).filter(|list| !list.is_empty()), flag, key)
}

/// The path of the state, where one is set.
pub fn state_path(flags: &State, file: &File) -> Option<PathBuf> {
    flags.file.clone().or_else(|| file.state.file.clone())
}
