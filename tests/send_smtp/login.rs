//! Logging in (RFC 4954): never in the clear to another machine, once in a run, and the password is seen by nobody else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use super::table::{Row, each, play, row, told, untold, with_both};
use super::{BOTH, SOC, Sender, email, outcomes, taken, text, verbs};
use crate::support::relay::{After, AuthRule, Relay, Script};
use crate::support::site::{private_folder, secret_file};

/// Makes something of a password file that it must not be.
type Spoil = fn(&Path);

const PASSWORD: &str = "correct horse";
/// base64 of "\0alerts\0correct horse" and of "correct horse".
const ENCODED: [&str; 2] = ["AGFsZXJ0cwBjb3JyZWN0IGhvcnNl", "Y29ycmVjdCBob3JzZQ=="];

fn with_login() -> Script {
    Script::new().auth(AuthRule::Password("alerts", PASSWORD))
}

#[test]
fn each_answer_to_a_login_has_its_status_and_nobody_is_dead_lettered_for_it() {
    let folder = private_folder();
    let right = secret_file(folder.path(), "right", PASSWORD);
    let wrong = secret_file(folder.path(), "wrong", "battery staple");
    let taken = || [told("accepted", 250, "2.0.0 taken")];
    let only = |line: &str| with_login().extensions_before_tls(&[line]);
    let auth = |reply: &str| with_login().reply_to("AUTH", format!("{reply}\r\n"));
    let silent = with_login().silent_on("AUTH", Duration::from_mins(1));
    let endless = Script::new().auth(AuthRule::Challenge(b"334 Z28gb24=\r\n".to_vec()));
    let refused = [told("held", 535, "5.7.8 bad credentials")];
    let busy = [told("deferred", 454, "4.7.0 temporary failure")];
    let changed = [told("deferred", 432, "4.7.12 a password change is needed")];
    let leaving = [told("deferred", 421, "4.3.2 going down")];
    let rows = [
        row("right", with_login(), 0, taken()),
        row("by LOGIN", only("AUTH LOGIN"), 0, taken()),
        row("by LOGIN, in lower case", only("auth login"), 0, taken()),
        row("by PLAIN, as old servers write it", only("AUTH=PLAIN"), 0, taken()),
        row("wrong", with_login(), 77, refused).set("--password-file", text(&wrong)),
        row("wrong, by LOGIN", only("AUTH LOGIN"), 77, [told("held", 535, "5.7.8 bad credentials")])
            .set("--password-file", text(&wrong)),
        row("534", auth("534 5.7.9 too weak"), 77, [told("held", 534, "5.7.9 too weak")]),
        row("454", auth("454 4.7.0 temporary failure"), 75, busy),
        row("432", auth("432 4.7.12 a password change is needed"), 75, changed),
        row("421", auth("421 4.3.2 going down"), 75, leaving),
        row("250", auth("250 2.0.0 ok"), 76, [untold("deferred", "250")]),
        row("silent", silent, 75, [untold("deferred", "no answer in time")]).set("--timeout", "2"),
        row("closed", with_login().close_on("AUTH"), 75, [untold("deferred", "closed")]),
        row("challenges without end", endless, 76, [untold("deferred", "334")]),
        row("not offered", Script::new(), 69, [untold("held", "login")]),
        row(
            "for tokens only",
            Script::new().auth(AuthRule::Token("alerts", "a token")),
            69,
            [untold("held", "login")],
        ),
        row("another way offered", only("AUTH CRAM-MD5 GSSAPI"), 69, [untold("held", "login")]),
        row(
            "HELO only",
            with_login().reply_to("EHLO", "502 5.5.1 no\r\n"),
            69,
            [told("held", 502, "5.5.1 no")],
        ),
    ];
    let logging_in = |row: Row| Row {
        settings: [
            vec![("--username", "alerts".to_owned()), ("--password-file", text(&right))],
            row.settings,
        ]
        .concat(),
        ..row
    };
    play(&rows.map(logging_in));
}

#[test]
fn a_password_is_tried_once_in_a_run_and_every_mail_waits() {
    for (sender, status) in BOTH.into_iter().flat_map(|sender| [(sender, 77), (sender, 75)]) {
        let refusal = if status == 77 { "535 5.7.8 no\r\n" } else { "454 4.7.0 later\r\n" };
        let relay = Relay::start(with_login().reply_to("AUTH", refusal));
        let sender = sender().logging_in("alerts", PASSWORD);
        let mails = ["e1", "e2", "e3"].map(|id| email(id, &[SOC]));
        let ended = sender.send(&relay, &mails).ends_with(status).complains(&["login", refusal.trim_end()]);
        assert_eq!(outcomes(&ended), [if status == 77 { "held" } else { "deferred" }; 3]);
        assert_eq!(verbs(&relay), ["EHLO", "AUTH"]);
        if sender.has_state {
            let relay = Relay::start(with_login());
            sender.resume(&relay).succeeds();
            assert_eq!(taken(&relay), ["e1", "e2", "e3"]);
        }
    }
}

#[test]
fn a_password_never_goes_over_an_open_line_to_another_machine() {
    for host in ["192.0.2.1", "relay.invalid", "localhost.example.com", "127.0.0.1.example.com", "0.0.0.0"] {
        for sender in BOTH {
            let relay = Relay::start(with_login());
            let sender = sender().logging_in("alerts", PASSWORD).set("--host", host);
            let ended = sender
                .send(&relay, &[email("e1", &[SOC])])
                .ends_with(78)
                .complains(&["password", "smtp.tls"]);
            assert_eq!(ended.stdout, "", "{host}");
            assert_eq!(relay.connections(), 0, "{host}");
        }
    }
    for host in ["127.0.0.1", "localhost"] {
        let relay = Relay::start(with_login());
        let sender = Sender::without_state().logging_in("alerts", PASSWORD).set("--host", host);
        sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
    }
}

#[test]
fn a_login_offered_in_the_clear_is_not_used_where_starttls_is_required() {
    for sender in BOTH {
        let relay = Relay::start(with_login());
        let sender = sender().logging_in("alerts", PASSWORD).set("--tls", "starttls");
        sender.send(&relay, &[email("e1", &[SOC])]).ends_with(69).complains(&["STARTTLS"]);
        assert_eq!(verbs(&relay), ["EHLO"]);
    }
}

#[test]
fn a_password_file_that_others_can_read_or_redirect_is_refused_before_anybody_is_connected_to() {
    let ways: [(&str, Spoil, &str); 6] = [
        ("readable by all", |path| mode(path, 0o644), "chmod 600"),
        ("readable by the group", |path| mode(path, 0o640), "chmod 600"),
        ("writable by the group", |path| mode(path, 0o620), "chmod 600"),
        ("a symbolic link", redirect, "symbolic link"),
        ("empty", |path| fs::write(path, "\n").expect("ours"), "empty"),
        ("missing", |path| fs::remove_file(path).expect("ours"), "No such file"),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, spoil, words), sender| {
            let relay = Relay::start(with_login());
            let sender = sender.logging_in("alerts", PASSWORD);
            let path = sender.path().join("password");
            spoil(&path);
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78);
            ended.complains(&[words, &text(&path)]);
            assert_eq!(relay.connections(), 0);
        },
    );
    let relay = Relay::start(with_login());
    let sender = Sender::without_state().set("--username", "alerts");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["--password-file"]);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

fn redirect(path: &Path) {
    let target = path.with_extension("target");
    fs::rename(path, &target).expect("the file is ours");
    symlink(target, path).expect("a link can be made");
}

#[test]
fn the_password_is_in_no_output_and_not_in_the_state() {
    let scripts = [
        ("taken", with_login()),
        ("refused", with_login().reply_to("AUTH", "535 5.7.8 no\r\n")),
        ("not now", with_login().reply_to("AUTH", "454 4.7.0 later\r\n")),
        ("closed", with_login().close_on("AUTH")),
        ("nonsense", with_login().reply_to("AUTH", "hello\r\n")),
        ("by LOGIN", with_login().extensions_before_tls(&["AUTH LOGIN"])),
        (
            "closed in the middle",
            with_login()
                .extensions_before_tls(&["AUTH LOGIN"])
                .on("AUTH", After::ReplyAndClose(b"334 VXNlcm5hbWU6\r\n".to_vec())),
        ),
        ("mail refused", with_login().reply_to("MAIL", "530 5.7.0 log in\r\n")),
    ];
    each(
        &scripts,
        |row| row.0.to_owned(),
        |(name, script)| {
            let relay = Relay::start(script.clone());
            let sender = Sender::with_state().logging_in("alerts", PASSWORD).set("-v", "3");
            let ended = sender.send(&relay, &[email("e1", &[SOC])]);
            let said = [ended.stdout, ended.stderr].concat();
            assert!(!said.is_empty(), "{name}");
            let state = fs::read(sender.state()).expect("the state is there");
            let state = String::from_utf8_lossy(&state);
            for secret in [PASSWORD].iter().chain(&ENCODED) {
                assert!(!said.contains(secret) && !state.contains(secret), "{name}: {said}");
            }
            // It was used: the relay got it in one of its forms, unless it broke off before.
            let heard = relay.transcript().join(" ");
            assert!(
                *name == "closed in the middle" || ENCODED.iter().any(|secret| heard.contains(secret)),
                "{name}: {heard}"
            );
        },
    );
}

#[test]
fn a_relay_that_repeats_the_login_is_not_quoted() {
    let folder = private_folder();
    let password = secret_file(folder.path(), "password", PASSWORD);
    for words in [format!("AUTH PLAIN {}", ENCODED[0]), format!("no, {PASSWORD}"), ENCODED[1].to_owned()] {
        let relay = Relay::start(with_login().reply_to("AUTH", format!("535 5.7.8 {words}\r\n")));
        let port = relay.port().to_string();
        let ended = crate::support::program::program("tq-send-smtp")
            .args(&["--host", "127.0.0.1", "--port", &port, "--tls", "none", "--username", "alerts"])
            .arg("--password-file")
            .arg(&password)
            .run_on(email("e1", &[SOC]).to_string())
            .ends_with(77);
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains("words withheld") && !all.contains(&words), "{all}");
    }
}
