//! What a shell offers behind a program's name: made of the flags as they are, kept in `completions/`, and asked for.
//!
//! The programs are taken in as modules for their flags, so that nothing of this is in what is installed; the
//! connector's flags come from its help. Where a flag has changed, the first test fails with the command that renews
//! the files.

// Of the programs only the flags are used.
#[allow(dead_code)]
#[path = "../src/bin/tq-fetch-collection.rs"]
mod fetch_collection;
#[allow(dead_code)]
#[path = "../src/bin/tq-fetch-watchlist.rs"]
mod fetch_watchlist;
#[allow(dead_code)]
#[path = "../src/bin/tq-format-email.rs"]
mod format_email;
#[allow(dead_code)]
#[path = "../src/bin/tq-format-slack.rs"]
mod format_slack;
#[allow(dead_code)]
#[path = "../src/bin/tq-send-slack.rs"]
mod send_slack;
#[allow(dead_code)]
#[path = "../src/bin/tq-send-smtp.rs"]
mod send_smtp;

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::{env, fs};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};
use clap_complete::Shell;

use crate::support::program::script;

const CONNECTOR: &str = "tq-conn-email-alerts";
const RENEW: &str = "RENEW_COMPLETIONS=1 cargo test --locked -- completions_are_what";

/// The folder of each shell in `completions/`, which names its files in its own way.
const SHELLS: [(Shell, &str); 3] = [(Shell::Bash, "bash"), (Shell::Fish, "fish"), (Shell::Zsh, "zsh")];

fn commands() -> Vec<Command> {
    vec![
        fetch_watchlist::Args::command(),
        fetch_collection::Args::command(),
        format_email::Args::command(),
        format_slack::Args::command(),
        send_slack::Args::command(),
        send_smtp::Args::command(),
        connector(),
    ]
}

/// The connector's flags, from lines such as `  -c, --config DIR   where it is`. The guide's `-ll` is none that the
/// shells know a form for.
fn connector() -> Command {
    let help = script(CONNECTOR).arg("--help").run().succeeds().stdout;
    let mut command = Command::new(CONNECTOR).disable_help_flag(true);
    for line in help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --")) {
        let (flags, meaning) = line.trim_start().split_once("  ").expect("a flag has a meaning");
        let (short, long) = flags.rsplit_once(", ").unwrap_or(("", flags));
        let long = long.strip_prefix("--").expect("every flag has a long form");
        let (name, value) = long.split_once(' ').map_or((long, None), |(name, value)| (name, Some(value)));
        let short = short.strip_prefix('-').filter(|short| short.len() == 1);
        let arg = Arg::new(name.to_owned()).long(name.to_owned()).help(meaning.trim().to_owned());
        let arg = arg.short(short.and_then(|short| short.chars().next()));
        command = command.arg(match value {
            None => arg.action(ArgAction::SetTrue),
            Some(value) if value.starts_with("DIR") => arg.value_hint(ValueHint::DirPath),
            Some(value) if value.starts_with("FILE") => arg.value_hint(ValueHint::FilePath),
            Some(value) if value.contains('|') => {
                arg.value_parser(PossibleValuesParser::new(value.split('|').map(str::to_owned)))
            }
            Some(_) => arg,
        });
    }
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn completion(shell: &str, file: &str) -> PathBuf {
    root().join("completions").join(shell).join(file)
}

#[test]
fn the_completions_are_what_the_flags_say_now() {
    let mut expected = Vec::new();
    for mut command in commands() {
        let name = command.get_name().to_owned();
        for (shell, folder) in SHELLS {
            let file = match shell {
                Shell::Fish => format!("{name}.fish"),
                Shell::Zsh => format!("_{name}"),
                _ => name.clone(),
            };
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command, &name, &mut text);
            let path = completion(folder, &file);
            if env::var_os("RENEW_COMPLETIONS").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
                fs::write(&path, &text).expect("a file can be written");
            }
            let kept = fs::read(&path).unwrap_or_default();
            assert!(kept == text, "{} is not what the flags say now: {RENEW}", path.display());
            expected.push(path);
        }
    }
    let mut found: Vec<PathBuf> = SHELLS
        .iter()
        .flat_map(|(_, folder)| fs::read_dir(completion(folder, "")).expect("a folder of completions"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "one for each program and shell, and no other");
}

/// What bash offers for the last of these words, with the program's completion loaded.
fn bash_offers(words: &[&str]) -> Vec<String> {
    // The function that `complete` names is called as bash itself calls it; compopt has nothing to set here.
    const ASK: &str = r#"
        compopt() { :; }
        file=$1; shift
        . "$file" || exit
        function=$(complete -p -- "$1"); function=${function##*-F }; function=${function%% *}
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        "$function" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Process::new("bash");
    bash.args(["--norc", "-c", ASK, "bash"]).arg(completion("bash", words[0])).args(words);
    let output = bash.current_dir(root()).output().expect("there is bash");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let mut offers: Vec<String> =
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect();
    offers.sort();
    offers
}

#[test]
fn bash_completes_flags_values_and_files() {
    let rows: [(&[&str], &[&str]); 9] = [
        (&["tq-send-smtp", "--ho"], &["--host"]),
        (&["tq-send-smtp", "--tls", ""], &["implicit", "none", "starttls"]),
        (&["tq-send-smtp", "--config", "Cargo.t"], &["Cargo.toml"]),
        (&["tq-format-email", "--config", "tq.toml", "--def"], &["--defang"]),
        (&["tq-format-email", "--defang", "a"], &["all", "auto"]),
        (&["tq-fetch-watchlist", "--pro"], &["--probe", "--proxy"]),
        (&["tq-fetch-collection", "--collection", "IOCs", "--res"], &["--rescan"]),
        (&["tq-conn-email-alerts", "-v", ""], &["1", "2", "3"]),
        (&["tq-conn-email-alerts", "--ch"], &["--check"]),
    ];
    for (words, offers) in rows {
        assert_eq!(bash_offers(words), offers, "{words:?}");
    }
}

#[test]
fn fish_completes_flags_and_values() {
    let rows = [
        ("tq-send-smtp", "tq-send-smtp --ho", "--host"),
        ("tq-send-smtp", "tq-send-smtp --tls st", "starttls"),
        ("tq-fetch-watchlist", "tq-fetch-watchlist --prob", "--probe"),
        ("tq-conn-email-alerts", "tq-conn-email-alerts --verbosity ", "1"),
    ];
    for (name, line, offer) in rows {
        let mut fish = Process::new("fish");
        fish.args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]"]);
        let output = fish.arg(completion("fish", &format!("{name}.fish"))).arg(line).output();
        let output = output.expect("there is fish");
        let text = String::from_utf8(output.stdout).expect("text");
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(first.split('\t').next(), Some(offer), "{line}: {text}");
    }
}

#[test]
fn zsh_takes_each_completion_for_that_of_its_program() {
    for command in commands() {
        let name = command.get_name();
        let file = completion("zsh", &format!("_{name}"));
        // compinit reads the first line of each file, and asks for the function only when it is wanted.
        let ask = "fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; autoload +X ${_comps[$2]} && print $_comps[$2]";
        let mut zsh = Process::new("zsh");
        zsh.args(["-f", "-c", ask, "zsh"]).arg(file.parent().expect("a folder")).arg(name);
        let output = zsh.output().expect("there is zsh");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(text.trim_end(), format!("_{name}"));
    }
}
