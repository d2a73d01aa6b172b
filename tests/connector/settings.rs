//! Where settings come from: flags, the environment, the file, defaults; and how they are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::man::keys::{example_on_page, keys_on_page, uncommented, verdict};
use crate::support::program::{PROGRAMS, program};
use crate::support::site::{Site, private_folder};

#[test]
fn each_setting_is_shown_with_where_it_comes_from() {
    let folder = private_folder();
    let config = folder.path().join("tq.toml");
    let text =
        "[smtp]\nport = 25\nrate = \"2/s\"\nca_file = \"ca.pem\"\n[threatq]\nurl = \"tq.example.com\"\n";
    fs::write(&config, text).expect("a file can be written");
    let run =
        program("tq-send-smtp").arg("--config").arg(&config).args(&["--print-config", "--port", "2525"]);
    let run = run.env("TQ_SMTP_PORT", "26").env("TQ_SMTP_RATE", "9/s").env("TQ_SMTP_HOST", "");
    let shown = run.env("TQ_SMTP_TOKEN_COMMAND", "token --now").run().succeeds().stdout;
    let ca_file = format!("ca_file = \"{}/ca.pem\" # file", folder.path().display());
    for line in [
        "enabled = true # default",
        "url = \"tq.example.com\" # file",
        "port = 2525 # flag --port",
        "rate = \"9/s\" # environment TQ_SMTP_RATE",
        "token_command = [\"token\", \"--now\"] # environment TQ_SMTP_TOKEN_COMMAND",
        "tls = \"implicit\" # default",
        "# host is not set",
        &ca_file,
    ] {
        assert!(shown.lines().any(|shown| shown == line), "no '{line}' in {shown}");
    }
}

#[test]
fn collections_of_the_command_line_are_shown_in_place_of_those_in_the_file() {
    let site = Site::new();
    let run = site.program("tq-fetch-collection").args(&["--print-config", "--collection", "Phishing"]);
    let shown = run.args(&["--objects", "events,indicators"]).run().succeeds().stdout;
    assert!(shown.contains("name = \"Phishing\" # flag"), "{shown}");
    assert!(shown.contains("objects = [\"events\", \"indicators\"] # flag"), "{shown}");
    assert!(!shown.contains("Ransomware"), "{shown}");
    assert!(site.sim.requests().is_empty());
}

#[test]
fn no_secret_is_shown_with_the_settings() {
    let site = Site::new();
    let text = fs::read_to_string(site.config()).expect("the configuration");
    let proxy = "[threatq]\nproxy = \"http://ana:sesame@proxy.example.com:3128\"";
    fs::write(site.config(), text.replace("[threatq]", proxy)).expect("it is ours");
    for name in PROGRAMS {
        let shown = site.program(name).arg("--print-config").run().succeeds().stdout;
        assert!(shown.contains("proxy = \"http://***@proxy.example.com:3128\" # file"), "{shown}");
        assert!(!shown.contains("sesame") && !shown.contains("watch-and-wait"), "{shown}");
    }
}

#[test]
fn what_is_shown_is_a_configuration_again() {
    let folder = private_folder();
    let config = folder.path().join("tq.toml");
    fs::write(&config, example_on_page()).expect("a file can be written");
    let shown =
        program("tq-format-email").arg("--config").arg(&config).arg("--print-config").run().succeeds();
    verdict("tq-format-email", &shown.stdout).succeeds();
}

#[test]
fn every_key_is_shown_whether_it_is_set_or_not() {
    let folder = private_folder();
    let config = folder.path().join("tq.toml");
    for example in [example_on_page(), uncommented(&example_on_page())] {
        let all = format!("{example}\n[[watchlist.login]]\nuser = \"x\"\npassword_file = \"y\"\n");
        fs::write(&config, all).expect("a file can be written");
        let run = program("tq-send-smtp").arg("--config").arg(&config).arg("--print-config").run().succeeds();
        let mut shown = BTreeSet::new();
        let mut section = String::new();
        for line in run.stdout.lines() {
            let unset = line.strip_prefix("# ").and_then(|line| line.strip_suffix(" is not set"));
            let key = unset.or_else(|| Some(line.split_once(" = ")?.0));
            shown.extend(key.map(|key| format!("{section}{key}")));
            if line.starts_with('[') {
                section = format!("{}.", line.trim_matches(['[', ']']));
            }
        }
        assert_eq!(shown, keys_on_page().into_iter().map(|(key, _)| key).collect());
    }
}

#[test]
fn the_environment_beats_the_file_and_a_flag_beats_both() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let mailed_to = |flags: &[&str]| {
        let format = site.program("tq-format-email").args(flags).env("TQ_EMAIL_TO", "env@example.com");
        format.run_on(alerts.clone()).succeeds().records_of("email")[0].to_string()
    };
    assert!(mailed_to(&[]).contains("env@example.com"));
    assert!(!mailed_to(&[]).contains("ops@example.com"));
    let by_flag = mailed_to(&["--to", "flag@example.com"]);
    assert!(by_flag.contains("flag@example.com") && !by_flag.contains("env@example.com"), "{by_flag}");
    program("tq-send-smtp").env("TQ_SMTP_PORT", "many").run().ends_with(64).complains(&["--port"]);
}

/// The defaults on the page of keys that are a value: `.It Va smtp.tls No (string, default Qq implicit )`.
fn defaults_on_page() -> BTreeMap<String, String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/man/tq-alerts.toml.5");
    let page = fs::read_to_string(page).expect("there is a page");
    let default = |line: &str| {
        let (key, rest) = line.strip_prefix(".It Va ")?.split_once(" No (")?;
        let (kind, default) = rest.strip_suffix(')')?.split_once(", default ")?;
        let quoted = default.strip_prefix("Qq ").or_else(|| default.strip_prefix("\\(dq"));
        let value = match (kind, quoted) {
            ("string", Some(quoted)) => format!("\"{}\"", quoted.trim_end().trim_end_matches("\\(dq")),
            ("boolean", _) => default.to_owned(),
            ("integer", _) if default.parse::<u64>().is_ok() => default.to_owned(),
            _ => return None,
        };
        Some((key.to_owned(), value))
    };
    page.lines().filter_map(default).collect()
}

#[test]
fn the_defaults_that_are_shown_are_those_on_the_page() {
    let folder = private_folder();
    let config = folder.path().join("tq.toml");
    fs::write(&config, "[watchlist]\n[[collection]]\nname = \"x\"\n[[route]]\n")
        .expect("a file can be written");
    let run = program("tq-format-email").arg("--config").arg(&config).arg("--print-config").run().succeeds();
    let mut shown = BTreeMap::new();
    let mut section = String::new();
    for line in run.stdout.lines() {
        if line.starts_with('[') {
            section = format!("{}.", line.trim_matches(['[', ']']));
        } else if let Some((key, value)) =
            line.strip_suffix(" # default").and_then(|line| line.split_once(" = "))
        {
            shown.insert(format!("{section}{key}"), value.to_owned());
        }
    }
    assert_eq!(shown, defaults_on_page());
}
