//! A canary for a password and one for a token: they are seen by the relay, and in nothing else that others could read.

use std::fs;
use std::time::Duration;

use super::table::each;
use super::{SOC, Sender, email, stream, text, verbs};
use crate::support::program::{Ended, eventually};
use crate::support::relay::{AuthRule, Relay, Script};
use crate::support::site::secret_file;

const CANARY: &str = "canary-7f3a91c2";
/// base64 of the canary, of "\0alerts\0" before it, and of "user=alerts\x01auth=Bearer " before and "\x01\x01" behind it.
const ENCODED: [&str; 3] = [
    "Y2FuYXJ5LTdmM2E5MWMy",
    "AGFsZXJ0cwBjYW5hcnktN2YzYTkxYzI=",
    "dXNlcj1hbGVydHMBYXV0aD1CZWFyZXIgY2FuYXJ5LTdmM2E5MWMyAQE=",
];

fn is_told(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    ENCODED.iter().chain([&CANARY]).any(|secret| text.contains(secret))
}

/// What every process of this machine shows to others of its user.
fn shown_by_processes() -> Vec<Vec<u8>> {
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let read = |process: fs::DirEntry| {
        ["cmdline", "environ"].map(|name| fs::read(process.path().join(name)).unwrap_or_default())
    };
    processes.flat_map(read).collect()
}

#[test]
fn a_secret_is_seen_by_the_relay_and_in_nothing_else_that_others_could_read() {
    let slow = || Script::new().silent_on("MAIL", Duration::from_secs(2));
    let password = || slow().auth(AuthRule::Password("alerts", CANARY));
    let token = || slow().auth(AuthRule::Token("alerts", CANARY));
    let rows = [
        ("PLAIN", password(), true),
        ("LOGIN", password().extensions_before_tls(&["AUTH LOGIN"]), true),
        ("XOAUTH2 from a program", token(), false),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(_, script, by_password)| {
            let relay = Relay::start(script.clone());
            let sender = Sender::with_state().set("--username", "alerts").set("-v", "3");
            let secret = text(&secret_file(sender.path(), "secret", CANARY));
            let sender = if *by_password {
                sender.set("--password-file", secret)
            } else {
                sender.set("--token-command", format!("cat {secret}"))
            };
            let mut child = sender.program(relay.port()).start();
            let mut stdin = child.stdin.take().expect("a pipe");
            let input = stream(&[email("e1", &[SOC])]);
            std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("the program reads");
            drop(stdin);
            eventually("it has logged in", || verbs(&relay).contains(&"MAIL".to_owned()));
            assert!(!shown_by_processes().iter().any(|shown| is_told(shown)));
            let output = child.wait_with_output().expect("a child can be waited for");
            assert!(!is_told(&output.stdout) && !is_told(&output.stderr));
            let ended = Ended::new("tq-send-smtp", &output).ends_with(0);
            assert!(ended.stderr.contains("login: alerts by"), "the log is on: {}", ended.stderr);
            let folder = sender.state();
            let files = fs::read_dir(folder.parent().expect("it is in a folder")).expect("it is there");
            let mut count = 0;
            for file in files.flatten() {
                assert!(
                    !is_told(&fs::read(file.path()).expect("it can be read")),
                    "{}",
                    file.path().display()
                );
                count += 1;
            }
            assert!(count > 0);
            // It was used.
            assert!(is_told(relay.transcript().join(" ").as_bytes()));
        },
    );
}
