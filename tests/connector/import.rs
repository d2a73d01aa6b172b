//! `--import`: what is taken from the configuration file of ThreatQ's own connector, and what is said of the rest.
//!
//! Nothing public shows such a file, so these are made up from the questions of its first run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::man::keys::{uncommented, verdict};
use crate::support::program::{Ended, folder, program, script, scripts};
use crate::support::site::private_folder;

const INI: &str = "# written by the connector\n[threatq]\nhost = threatq.example.com\nclient_id: 0123\n\
                   username = ana@example.com\npassword = open-sesame\nstatus = Review\n";

/// What `tq-fetch-watchlist --import` makes of these bytes.
fn read(bytes: &[u8]) -> Ended {
    let folder = private_folder();
    let path = folder.path().join("old.conf");
    fs::write(&path, bytes).expect("a file can be written");
    program("tq-fetch-watchlist").arg("--import").arg(path).run()
}

fn import(old: &Path, new: &Path) -> Ended {
    script("tq-conn-email-alerts").arg("-c").arg(new).args(&["-n", "soc", "--import"]).arg(old).run()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn the_answers_of_the_first_run_are_carried_over_in_whatever_form_they_are_kept() {
    let json = r#"{"ThreatQ": {"ThreatQ Host": "threatq.example.com", "tq_client_id": "0123",
                  "TQ-Username": "ana@example.com", "password": "open-sesame", "Status": "Review"}}"#;
    let texts = [
        INI.to_owned(),
        INI.replace('\n', "\r\n"),
        format!("\u{feff}{INI}"),
        INI.replace("[threatq]\n", ""),
        INI.trim_end().to_owned(),
        json.to_owned(),
    ];
    for text in texts {
        let run = read(text.as_bytes()).ends_with(0);
        let lines: Vec<&str> = run.stdout.lines().collect();
        let expected = [
            "[threatq]",
            "url = \"threatq.example.com\"",
            "client_id = \"0123\"",
            "email = \"ana@example.com\"",
            "# Status: Review",
        ];
        assert_eq!(lines, expected, "{text}");
        let run = run.complains(&["password is not carried over", "no secret"]);
        assert!(!run.stderr.contains("sesame"), "{}", run.stderr);
    }
}

#[test]
fn what_could_mean_two_things_is_not_carried_over_and_no_value_is_shown() {
    let rows = [
        ("host = a%canary.example.com\n", "line 1: host has a %"),
        ("host = \"canary\"\n", "line 1: host stands in quotes"),
        ("host = canary\n  goes on\n", "line 1: host has several lines"),
        ("host = canary\nthreatq_host = other\n", "line 1: host and line 2: threatq_host differ"),
        ("host =\n", "line 1: host is empty"),
        ("host = can\u{202e}ary\n", "line 1: host has a character that does not show itself"),
        ("{\"host\": [\"canary\"]}", "host is a list"),
        ("{\"host\": \"can\\u0000ary\"}", "host has a character that does not show itself"),
        ("oauth_token = canary\n", "oauth_token is not carried over: no secret"),
        ("recipients = canary\n", "recipients is not carried over: set email.to"),
        ("last_run = canary\n", "last_run is not carried over: not known"),
        ("", "threatq.url is not in it"),
    ];
    for (text, words) in rows {
        let run = read(text.as_bytes()).ends_with(1);
        assert_eq!(run.stdout, "[threatq]\n", "{text}");
        assert!(run.stderr.contains(words) && !run.stderr.contains("canary"), "{text}: {}", run.stderr);
    }
    // The same twice is no doubt, and a value that TOML must quote stays what it is.
    let run = read("host = a\\b'c\"d\ntq_host = a\\b'c\"d\n".as_bytes()).ends_with(1);
    let config = run.stdout.replace("[threatq]\n", "[threatq]\nclient_id = \"x\"\n");
    let shown = verdict("tq-format-email", &config);
    assert!(shown.stderr.contains("email.from") || shown.status == 0, "{config}{}", shown.stderr);
}

#[test]
fn what_is_no_configuration_is_78_in_one_line_and_nothing_is_written() {
    let huge = "host = x\n".repeat(200_000).into_bytes();
    let utf16: Vec<u8> = INI.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let nested = "{\"a\":".repeat(100_000).into_bytes();
    let rows: [(&str, &[u8], &str); 6] = [
        ("huge", &huge, "longer than a configuration can be"),
        ("UTF-16", &[&[0xff, 0xfe], &utf16[..]].concat(), "not text in UTF-8"),
        ("Latin-1", b"host = caf\xe9\n", "not text in UTF-8"),
        ("prose", b"host = x\nDear diary\n", "line 2: neither a section nor a key"),
        ("half of JSON", b"{\"host\": \"x\"", "line 1"),
        ("deep JSON", &nested, "recursion limit"),
    ];
    for (what, bytes, words) in rows {
        assert_eq!(read(bytes).ends_with(78).complains(&[words]).stdout, "", "{what}");
        let (old, new) = (private_folder(), private_folder());
        fs::write(old.path().join("soc.conf"), bytes).expect("a file can be written");
        import(old.path(), new.path()).ends_with(78);
        assert!(names_in(new.path()).is_empty(), "{what}");
    }
    let place = private_folder();
    for path in ["/dev/zero", "/nowhere", &place.path().display().to_string()] {
        program("tq-fetch-watchlist").args(&["--import", path]).run().ends_with(78).complains(&[path]);
    }
    let many = "odd = 1\n".repeat(5000);
    let run = read(format!("{INI}{many}").as_bytes()).ends_with(0);
    assert!(run.stderr.lines().count() == 101 && run.stderr.ends_with("and 4901 more\n"), "{}", run.stderr);
}

#[test]
fn a_configuration_is_written_as_a_first_run_would_and_never_over_another() {
    for name in ["soc.conf", "tq-conn-email-alerts", "tq_conn_email_alerts.cfg", "soc.json"] {
        let (old, new) = (private_folder(), private_folder());
        fs::write(old.path().join(name), INI).expect("a file can be written");
        let run = import(old.path(), new.path()).ends_with(0);
        assert!(run.stdout.starts_with(&format!("Imported from {}", old.path().join(name).display())));
        assert!(run.stdout.contains("soc.threatq-password (chmod 600)"), "{}", run.stdout);
        assert_eq!(names_in(new.path()), ["soc.toml"], "no password was taken");
        let config = new.path().join("soc.toml");
        assert_eq!(fs::metadata(&config).expect("it is there").permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&config).expect("text");
        for line in
            ["enabled = false", "url = \"threatq.example.com\"", "client_id = \"0123\"", "# Status: Review."]
        {
            assert!(text.contains(&format!("\n{line}")), "{line}: {text}");
        }
        verdict("tq-format-email", &text).succeeds();
        verdict("tq-format-email", &uncommented(&text)).succeeds();
        import(old.path(), new.path()).ends_with(73).complains(&["is there already"]);
        assert_eq!(fs::read_to_string(&config).expect("text"), text);
    }
}

#[test]
fn what_is_missing_is_left_for_a_person_to_set_and_the_status_says_so() {
    let (old, new) = (private_folder(), private_folder());
    fs::write(old.path().join("soc.ini"), "client_id = 0123\n").expect("a file can be written");
    let run = import(old.path(), new.path()).ends_with(1);
    for key in ["threatq.url", "threatq.email"] {
        assert!(run.stderr.contains(&format!("{key} is not in it")), "{}", run.stderr);
    }
    let text = fs::read_to_string(new.path().join("soc.toml")).expect("text");
    assert!(text.contains("\n#url = ") && text.contains("\nclient_id = \"0123\"\n"), "{text}");
    import(&new.path().join("nowhere"), &private_folder().path().join("x")).ends_with(78);
    import(private_folder().path(), private_folder().path())
        .ends_with(78)
        .complains(&["name the file itself"]);
    import(old.path(), &new.path().join("nowhere")).ends_with(78).complains(&["there is no folder"]);
}

#[test]
fn on_a_terminal_the_password_is_asked_for_and_not_shown() {
    let (old, new) = (private_folder(), private_folder());
    fs::write(old.path().join("soc.conf"), INI).expect("a file can be written");
    let connector = scripts().join("tq-conn-email-alerts");
    let (connector, old, folder_of_new) = (connector.display(), old.path().display(), new.path().display());
    let line = format!("{connector} -n soc -c {folder_of_new} --import {old}");
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("PATH", format!("{}:/usr/bin:/bin", folder().display()));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
    let mut screen = child.stdout.take().expect("a pipe");
    let mut seen = String::new();
    let mut byte = [0];
    while !seen.ends_with("ThreatQ Password: ") {
        assert_eq!(std::io::Read::read(&mut screen, &mut byte).expect("a screen"), 1, "{seen}");
        seen.push(char::from(byte[0]));
    }
    let keyboard = child.stdin.as_mut().expect("a pipe");
    std::io::Write::write_all(keyboard, b"new secret\n").expect("somebody reads");
    std::io::Read::read_to_string(&mut screen, &mut seen).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{seen}");
    assert!(!seen.contains("new secret"), "{seen}");
    let secret = new.path().join("soc.threatq-password");
    assert_eq!(fs::read_to_string(&secret).expect("it is there"), "new secret\n");
    assert_eq!(fs::metadata(&secret).expect("it is there").permissions().mode() & 0o777, 0o600);
}
