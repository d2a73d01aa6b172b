//! Where a setting comes from: a flag, the environment, the file, or nowhere, which is the default.
//!
//! A flag that is a key of the file may also stand in the environment, as `TQ_SECTION_KEY`. No secret is such a flag.
//! All settings of a program are shown with their origin as a file of the same form.

use std::any::TypeId;
use std::env;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use toml::{Table, Value};

use super::defaults::KEYS;
use super::{Common, Email, Monitoring, SlackApi, SlackMessages, Smtp, State, Threatq, Watchlist};
use crate::secret;

/// How the names of our variables begin.
const PREFIX: &str = "TQ_";

/// Adds the flags of a section to a program.
type Augment = fn(Command) -> Command;

/// The sections that have flags, one of them a half each for two programs. What every program understands has no section, and no keys.
const SECTIONS: [(&str, Augment); 9] = [
    ("", Common::augment_args),
    ("threatq", Threatq::augment_args),
    ("watchlist", Watchlist::augment_args),
    ("email", Email::augment_args),
    ("smtp", Smtp::augment_args),
    ("slack", SlackMessages::augment_args),
    ("slack", SlackApi::augment_args),
    ("state", State::augment_args),
    ("monitoring", Monitoring::augment_args),
];

/// A flag that has a name in the environment, and the key that it is.
struct Flag {
    /// Its place in `SECTIONS`.
    section: usize,
    key: String,
    arg: Arg,
}

impl Flag {
    fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }

    fn origin(&self, source: Option<ValueSource>) -> Option<String> {
        match source? {
            ValueSource::CommandLine => self.arg.get_long().map(|long| format!("flag --{long}")),
            ValueSource::EnvVariable => Some(format!("environment {}", self.variable())),
            _ => None,
        }
    }

    fn is_of<T: 'static>(&self) -> bool {
        self.arg.get_value_parser().type_id() == TypeId::of::<T>()
    }

    /// What was given, as the file would have it.
    fn value(&self, matches: &ArgMatches) -> Option<Value> {
        let mut words =
            matches.get_raw(self.arg.get_id().as_str())?.map(|word| word.to_string_lossy().into_owned());
        if matches!(self.arg.get_action(), ArgAction::Append) {
            return Some(Value::Array(words.map(Value::String).collect()));
        }
        let word = words.next_back()?;
        let is_text = self.is_of::<String>() || self.is_of::<PathBuf>();
        let bare = word.parse().map(Value::Integer).or_else(|_| word.parse().map(Value::Boolean));
        Some(bare.ok().filter(|_| !is_text).unwrap_or(Value::String(word)))
    }
}

/// The flags of all sections.
fn all_flags() -> Vec<Flag> {
    let flags = |(place, (section, augment)): (usize, (&'static str, Augment))| {
        let command = augment(Command::new(section));
        let takes_value = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        let args: Vec<Arg> = command.get_arguments().filter(takes_value).cloned().collect();
        args.into_iter().map(move |arg| {
            let key = format!("{section}.{}", arg.get_id());
            Flag { section: place, key: key.trim_start_matches('.').to_owned(), arg }
        })
    };
    SECTIONS.into_iter().enumerate().flat_map(flags).collect()
}

/// The flags that a program has: those of a section that is whole there, and the formatters' one flag of another.
fn flags_of(program: &Command) -> Vec<Flag> {
    let has = |flag: &Flag| program.get_arguments().any(|own| own.get_id() == flag.arg.get_id());
    let all = all_flags();
    let lacking: Vec<usize> = all.iter().filter(|flag| !has(flag)).map(|flag| flag.section).collect();
    let is_here = |flag: &Flag| !lacking.contains(&flag.section) || flag.key == "threatq.link_host";
    all.into_iter().filter(|flag| has(flag) && is_here(flag)).collect()
}

/// The program, which also takes from the environment what is set there and not empty.
pub(super) fn with_environment(program: Command) -> Command {
    // To know all flags costs more than everything else at start-up, and most runs set none of them.
    if !env::vars_os().any(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        return program;
    }
    let is_set = |flag: &Flag| env::var_os(flag.variable()).is_some_and(|value| !value.is_empty());
    let set: Vec<Flag> = flags_of(&program).into_iter().filter(is_set).collect();
    set.into_iter().fold(program, |program, flag| {
        let variable = flag.variable();
        program.mut_arg(flag.arg.get_id(), |arg| arg.env(variable).hide_env(true))
    })
}

/// All settings as one file, each with its origin.
pub(super) fn describe(program: &Command, matches: &ArgMatches, path: Option<&Path>, file: &Table) -> String {
    let (flags, all) = (flags_of(program), all_flags());
    let view = View { flags, all, matches, folder: path.and_then(Path::parent) };
    let mut text = format!("# {}: a flag beats the environment, which beats the file.\n", program.get_name());
    let mut sections: Vec<&str> = KEYS.iter().map(|(key, _)| split(key).0).collect();
    sections.dedup();
    let asked = asked_collections(program, matches);
    for section in sections {
        let (listed, origin) = match (section, &asked) {
            ("collection", Some(asked)) => (Some(asked), "flag --collection"),
            _ => (find(file, section), "file"),
        };
        // Writing to a String cannot fail.
        let _ = match listed {
            Some(Value::Array(items)) => items.iter().try_for_each(|item| {
                writeln!(text, "\n[[{section}]]")?;
                view.write(&mut text, section, item.as_table(), origin)
            }),
            _ if section.is_empty() => view.write(&mut text, section, Some(file), origin),
            None if LISTS.contains(&section) => Ok(()),
            None if section == "watchlist" && path.is_some() && !view.has_flag_of(section) => {
                writeln!(text, "\n# There is no section [watchlist]: none is looked at.")
            }
            table => writeln!(text, "\n[{section}]")
                .and_then(|()| view.write(&mut text, section, table.and_then(Value::as_table), origin)),
        };
    }
    text
}

/// Sections that may stand several times, or not at all.
const LISTS: [&str; 3] = ["watchlist.login", "collection", "route"];

/// Keys that name a file with a secret.
const SECRETS: [&str; 5] =
    ["password_file", "client_secret_file", "token_file", "client_key_file", "heartbeat_file"];

/// A key's section and its name there.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// A section of the file.
fn find<'a>(file: &'a Table, section: &str) -> Option<&'a Value> {
    match section.split_once('.') {
        Some((above, below)) => file.get(above)?.get(below),
        None => file.get(section),
    }
}

/// The collections that flags ask for, in place of those in the file.
fn asked_collections(program: &Command, matches: &ArgMatches) -> Option<Value> {
    let given = |id: &str| {
        let is_flag = program.get_arguments().any(|own| own.get_id() == id);
        is_flag && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let words = |id: &str| {
        let words = matches.get_raw(id).into_iter().flatten();
        words.map(|word| Value::String(word.to_string_lossy().into_owned())).collect::<Vec<_>>()
    };
    let mut shared = Table::new();
    if !given("collection") {
        return None;
    }
    for id in ["notify", "rescan"].into_iter().filter(|id| given(id)) {
        shared.extend(words(id).pop().map(|word| (id.to_owned(), word)));
    }
    if given("objects") {
        shared.insert("objects".to_owned(), Value::Array(words("objects")));
    }
    if given("removed") {
        shared.insert("removed".to_owned(), Value::Boolean(true));
    }
    let one = |name| {
        let mut table = shared.clone();
        table.insert("name".to_owned(), name);
        Value::Table(table)
    };
    Some(Value::Array(words("collection").into_iter().map(one).collect()))
}

struct View<'a> {
    flags: Vec<Flag>,
    all: Vec<Flag>,
    matches: &'a ArgMatches,
    folder: Option<&'a Path>,
}

impl View<'_> {
    fn write(&self, text: &mut String, section: &str, table: Option<&Table>, origin: &str) -> fmt::Result {
        for (key, default) in KEYS.iter().filter(|(key, _)| split(key).0 == section) {
            let (_, name) = split(key);
            let written = || Some((self.resolved(key, table?.get(name)?), origin.to_owned()));
            match self.given(key).or_else(written) {
                Some((value, origin)) => writeln!(text, "{name} = {} # {origin}", masked(&value))?,
                None if default.is_empty() => writeln!(text, "# {name} is not set")?,
                None => writeln!(text, "{name} = {default} # default")?,
            }
        }
        Ok(())
    }

    /// What a flag or the environment says of a key.
    fn given(&self, key: &str) -> Option<(Value, String)> {
        let flag = self.flags.iter().find(|flag| flag.key == key)?;
        let source = self.matches.value_source(flag.arg.get_id().as_str());
        Some((flag.value(self.matches)?, flag.origin(source)?))
    }

    fn has_flag_of(&self, section: &str) -> bool {
        self.flags.iter().any(|flag| split(&flag.key).0 == section && self.given(&flag.key).is_some())
    }

    /// A path in the file starts at its folder.
    fn resolved(&self, key: &str, value: &Value) -> Value {
        let is_path =
            self.all.iter().any(|flag| flag.key == key && flag.is_of::<PathBuf>()) || key.ends_with("_file");
        match (value, self.folder) {
            (Value::String(path), Some(folder)) if is_path => {
                let is_secret = SECRETS.contains(&split(key).1);
                let path =
                    if is_secret { secret::locate(folder, Path::new(path)) } else { folder.join(path) };
                Value::String(path.to_string_lossy().into_owned())
            }
            _ => value.clone(),
        }
    }
}

/// A value in TOML, without the user and password that an address may hold.
fn masked(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let hidden = text.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (_, host) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://***@{host}{path}"))
    });
    Value::String(hidden.unwrap_or_else(|| text.clone())).to_string()
}
