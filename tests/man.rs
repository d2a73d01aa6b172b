//! The manual pages and the programs, held together: flags, keys of the configuration, references, form.

pub(crate) mod keys;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{PROGRAMS, program, script};
use keys::{config_with, example_on_page, keys_accepted, keys_on_page, settings_of, uncommented, verdict};

const CONNECTOR: &str = "tq-conn-email-alerts";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man")
}

/// A page's source.
#[track_caller]
pub(crate) fn page(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all pages, with their section's number.
fn pages() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("there are pages");
    let mut pages: Vec<String> = entries
        .map(|entry| {
            entry.expect("the folder can be read").file_name().into_string().expect("names are ASCII")
        })
        .collect();
    pages.sort();
    pages
}

/// What stands between one `.Sh` and the next.
fn section<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n.Sh {name}\n"))?;
    rest.split("\n.Sh ").next()
}

/// The flags in a line of mdoc: `Fl v` is -v, `Fl Fl state` is --state.
fn flags_in(line: &str) -> Vec<String> {
    let mut words = line.trim_start_matches('.').split_whitespace();
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        if word == "Fl" {
            flags.push(match words.next() {
                Some("Fl") => format!("--{}", words.next().unwrap_or_default()),
                name => format!("-{}", name.unwrap_or_default()),
            });
        }
    }
    flags
}

/// The flags that a page describes.
fn flags_on_page(page: &str) -> BTreeSet<String> {
    let items = page.lines().filter_map(|line| line.strip_prefix(".It Fl "));
    items.flat_map(|item| flags_in(&format!("Fl {item}"))).collect()
}

/// The flags that a program says it has. Those of the text below a flag stand further to the right.
fn flags_in_help(name: &'static str) -> BTreeSet<String> {
    let started = if name == CONNECTOR { script(name) } else { program(name) };
    let help = started.arg("--help").run().succeeds().stdout;
    let mut flags = BTreeSet::new();
    for line in help.lines() {
        let item = line.trim_start();
        if item.starts_with('-') && (1..=6).contains(&(line.len() - item.len())) {
            let names = item.split("  ").next().unwrap_or_default();
            let first = |flag: &str| flag.split([' ', '=']).next().unwrap_or_default().to_owned();
            flags.extend(names.split(", ").map(first));
        }
    }
    assert!(flags.contains("--help"), "{name}: {help}");
    flags
}

#[test]
fn the_flags_of_each_program_are_those_on_its_page() {
    for name in PROGRAMS.into_iter().chain([CONNECTOR]) {
        let text = page(&format!("{name}.1"));
        let (described, offered) = (flags_on_page(&text), flags_in_help(name));
        assert_eq!(described, offered, "{name}: on the page, and in --help");
        let synopsis = section(&text, "SYNOPSIS").expect("the page has a synopsis");
        let shown: BTreeSet<String> = synopsis.lines().flat_map(flags_in).collect();
        let strange: Vec<&String> = shown.difference(&offered).collect();
        assert!(strange.is_empty(), "{name}: the synopsis has {strange:?}");
        let hidden: Vec<&String> = offered.difference(&shown).filter(|flag| flag.starts_with("--")).collect();
        assert!(hidden.is_empty(), "{name}: the synopsis lacks {hidden:?}");
    }
}

#[test]
fn the_page_of_each_program_has_the_sections_that_readers_look_for() {
    for name in PROGRAMS.into_iter().chain([CONNECTOR]) {
        let text = page(&format!("{name}.1"));
        for wanted in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "ENVIRONMENT",
            "FILES",
            "EXIT STATUS",
            "EXAMPLES",
            "SEE ALSO",
        ] {
            let words = section(&text, wanted).unwrap_or_default();
            assert!(!words.trim().is_empty(), "{name}: nothing under {wanted}");
        }
    }
}

#[test]
fn the_long_help_has_examples_before_the_flags_and_its_other_parts_after_them_and_the_short_help_has_none() {
    let parts = [
        "\n\nExamples:\n  ",
        "\n\nUsage: ",
        "\n\nOptions:\n",
        "\n\nFiles:\n",
        "\n\nEnvironment:\n",
        "\n\nExit status:\n",
    ];
    for name in PROGRAMS {
        let help = program(name).arg("--help").run().succeeds().stdout;
        let places =
            parts.map(|part| help.find(part).unwrap_or_else(|| panic!("{name}: no {part:?} in {help}")));
        assert!(places.is_sorted(), "{name}: {help}");
        let short = program(name).arg("-h").run().succeeds().stdout;
        let found = parts.map(|part| short.contains(part));
        assert_eq!(found, [false, true, true, false, false, false], "{name}: {short}");
        assert!(short.lines().count() < help.lines().count() / 2, "{name}: {short}");
    }
}

#[test]
fn the_keys_that_every_program_accepts_are_those_on_the_page() {
    let on_page: Vec<String> = keys_on_page().into_iter().map(|(key, _)| key).collect();
    for name in PROGRAMS {
        assert_eq!(on_page, keys_accepted(name), "the page, and {name}");
    }
}

#[test]
fn a_key_takes_a_value_of_the_type_that_the_page_says_and_no_other() {
    let settings = settings_of(&example_on_page());
    let samples = [
        ("boolean", "true"),
        ("integer", "1"),
        ("list of strings", "[\"a@example.com\"]"),
        ("string", "\"a\""),
    ];
    for (key, kind) in keys_on_page() {
        let kind = if kind == "path" { "string" } else { kind.as_str() };
        let value = settings.get(&key).unwrap_or_else(|| panic!("{key} is not in the example"));
        let shown = match value.as_bytes()[0] {
            b'"' => "string",
            b'[' => "list of strings",
            b'0'..=b'9' => "integer",
            _ => "boolean",
        };
        assert_eq!(shown, kind, "{key} = {value}");
        for (_, sample) in samples.iter().filter(|(other, _)| *other != kind) {
            let config = config_with(&key, sample);
            let ended = verdict("tq-format-email", &config).ends_with(78);
            assert!(ended.stderr.contains("tq.toml: line "), "{config}{}", ended.stderr);
        }
    }
}

#[test]
fn the_flags_that_the_page_of_keys_names_are_there() {
    let text = page("tq-alerts.toml.5");
    let offered: BTreeSet<String> = PROGRAMS.into_iter().flat_map(flags_in_help).collect();
    let named: BTreeSet<String> =
        text.lines().filter(|line| line.starts_with(".Fl ")).flat_map(flags_in).collect();
    let strange: Vec<&String> = named.difference(&offered).collect();
    assert!(!named.is_empty() && strange.is_empty(), "{strange:?}");
}

#[test]
fn the_example_on_the_page_of_keys_is_accepted_and_has_every_key() {
    let example = example_on_page();
    verdict("tq-format-email", &example).succeeds();
    verdict("tq-format-email", &uncommented(&example)).succeeds();
    let keys: Vec<String> = keys_on_page().into_iter().map(|(key, _)| key).collect();
    assert_eq!(settings_of(&example).into_keys().collect::<Vec<_>>(), keys);
}

#[test]
fn the_configuration_in_the_readme_is_accepted() {
    let readme = fs::read_to_string(folder().join("../README.md")).expect("there is a README");
    let (_, rest) = readme.split_once("\n```toml\n").expect("the README has a configuration");
    let (config, _) = rest.split_once("\n```").expect("it ends");
    verdict("tq-format-email", config).succeeds();
}

#[test]
fn every_page_of_ours_that_a_page_refers_to_is_there() {
    let pages = pages();
    let mut references = 0;
    for name in &pages {
        let text = page(name);
        for line in text.lines().filter(|line| line.starts_with('.')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            for (index, _) in
                words.iter().enumerate().filter(|(_, word)| word.trim_start_matches('.') == "Xr")
            {
                let target = words.get(index + 1).copied().unwrap_or_default();
                let number = words.get(index + 2).copied().unwrap_or_default();
                if target.starts_with("tq-") {
                    references += 1;
                    assert!(pages.contains(&format!("{target}.{number}")), "{name}: {line}");
                }
            }
        }
    }
    assert!(references > 0, "no page refers to another");
}

#[test]
fn every_page_is_titled_after_its_file() {
    for name in pages() {
        let (title, number) = name.rsplit_once('.').expect("a page has a number");
        let text = page(&name);
        assert!(text.contains(&format!("\n.Dt {} {number}\n", title.to_uppercase())), "{name}");
        assert!(
            section(&text, "NAME").is_some_and(|words| words.starts_with(&format!(".Nm {title}\n"))),
            "{name}"
        );
    }
}

#[test]
fn mandoc_finds_nothing_to_warn_of() {
    let paths = pages().into_iter().map(|name| folder().join(name));
    let lint = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(paths).output();
    let printed = String::from_utf8(lint.expect("mandoc is installed").stdout).expect("mandoc prints text");
    assert_eq!(printed, "");
}

#[test]
fn the_connectors_synopsis_offers_what_its_usage_does() {
    let help = script(CONNECTOR).arg("--help").run().succeeds().stdout;
    let usage = help.lines().find(|line| line.starts_with("Usage: ")).expect("a usage");
    // Tasks exclude each other: where a bracket closes is what the page must not get wrong.
    let (_, tasks) = usage.split_once("[-n NAME] ").expect("the name comes before the tasks");
    let page = folder().join(format!("{CONNECTOR}.1"));
    let shown = Command::new("mandoc").args(["-T", "html"]).arg(page).output().expect("mandoc runs");
    let shown = String::from_utf8(shown.stdout).expect("mandoc prints text");
    let words = shown.split('<').map(|tag| tag.split_once('>').map_or("", |(_, words)| words));
    let shown = words.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(tasks), "{tasks} is not in {shown}");
}
