//! Logging in with a token (XOAUTH2), and refusals that are known for their cause.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::table::{each, with_both};
use super::{BOTH, SOC, Sender, email, outcomes, taken, text, verbs};
use crate::support::relay::{AuthRule, Relay, Script};
use crate::support::site::secret_file;

const TOKEN: &str = "ya29.a-token-of-the-test";

fn for_tokens() -> Script {
    Script::new().auth(AuthRule::Token("alerts", TOKEN))
}

/// A sender with a program that prints this token, and notes that it was asked.
fn asking(sender: Sender, token: &str) -> Sender {
    let program = sender.path().join("print-token");
    let asked = sender.path().join("asked");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\nprintf '%s\\n' '{token}'\n", asked.display());
    fs::write(&program, script).expect("a file can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let command = format!("{} --account", text(&program));
    sender.set("--username", "alerts").set("--token-command", command)
}

#[test]
fn a_token_comes_from_a_program_or_a_file_and_is_asked_for_when_there_is_a_mail() {
    for sender in BOTH {
        let relay = Relay::start(for_tokens());
        let sender = asking(sender(), TOKEN);
        sender.resume(&relay).succeeds();
        assert!(!sender.path().join("asked").exists());
        sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]).succeeds();
        assert_eq!(taken(&relay), ["e1", "e2"]);
        assert_eq!(fs::read_to_string(sender.path().join("asked")).expect("it was asked"), "--account\n");
    }
    let relay = Relay::start(for_tokens());
    let sender = Sender::without_state();
    let path = text(&secret_file(sender.path(), "token", TOKEN));
    let sender = sender.set("--username", "alerts").set("--token-file", &path);
    sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["chmod 600", &path]);
    let both = asking(sender, TOKEN).send(&relay, &[]).ends_with(78);
    both.complains(&["smtp.token_file and smtp.token_command are both set"]);
}

#[test]
fn each_session_has_a_new_token() {
    let relay = Relay::start(
        for_tokens().after_data(crate::support::relay::After::ReplyAndClose(b"250 2.0.0 taken\r\n".to_vec())),
    );
    let sender = asking(Sender::without_state(), TOKEN);
    sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]).succeeds();
    assert_eq!(relay.connections(), 2);
    assert_eq!(fs::read_to_string(sender.path().join("asked")).expect("it was asked").lines().count(), 2);
}

#[test]
fn why_a_token_is_refused_is_said_in_the_relays_words_and_the_token_is_not() {
    for sender in BOTH {
        let relay = Relay::start(for_tokens());
        let sender = asking(sender(), "another-token");
        let ended = sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]).ends_with(77);
        assert_eq!(outcomes(&ended), ["held", "held"]);
        // The empty line is the answer to the challenge.
        assert_eq!(verbs(&relay), ["EHLO", "AUTH", ""]);
        assert!(!ended.stdout.contains("another-token"));
        let ended = ended.complains(&["535 5.7.8", "{\"status\":\"401\"}", "smtp.token_command"]);
        assert!(!ended.stderr.contains("another-token"), "{}", ended.stderr);
    }
}

#[test]
fn a_program_that_gives_no_token_defers_and_one_that_is_not_there_is_a_setting() {
    let rows = [
        ("fails", "false", 75, "deferred"),
        ("prints nothing", "true", 75, "deferred"),
        ("is not there", "tq-no-such-program", 78, "held"),
    ];
    with_both(
        &rows,
        |row| row.0.to_owned(),
        |(_, command, status, outcome), sender| {
            let relay = Relay::start(for_tokens());
            let sender = sender.set("--username", "alerts").set("--token-command", *command);
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(*status);
            assert_eq!(outcomes(&ended), [*outcome]);
            assert_eq!(verbs(&relay), ["EHLO"]);
            ended.complains(&["no token", command]);
        },
    );
}

#[test]
fn the_way_to_log_in_is_one_that_the_relay_offers_and_that_there_is_a_secret_for() {
    let password = || Script::new().auth(AuthRule::Password("alerts", "correct horse"));
    let rows = [
        ("both, for tokens", for_tokens(), true, true, 0, "AUTH XOAUTH2"),
        ("both, for passwords", password(), true, true, 0, "AUTH PLAIN"),
        ("token, for passwords", password(), true, false, 69, "smtp.password_file"),
        ("password, for tokens", for_tokens(), false, true, 69, "smtp.token_command"),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(_, script, has_token, has_password, status, words)| {
            let relay = Relay::start(script.clone());
            let mut sender = Sender::without_state().set("--username", "alerts");
            if *has_token {
                sender = asking(sender, TOKEN);
            }
            if *has_password {
                sender = sender.logging_in("alerts", "correct horse");
            }
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(*status);
            if *status == 0 {
                assert!(relay.transcript()[1].starts_with(words), "{:?}", relay.transcript());
            } else {
                ended.complains(&[words, "it offers"]);
            }
        },
    );
}

#[test]
fn refusals_that_are_known_for_their_cause_say_which_setting_to_change() {
    let login = || Script::new().auth(AuthRule::Password("alerts", "correct horse"));
    // As these services word them.
    let auth = [
        (
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            77,
            "smtp.token_command instead",
        ),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            77,
            "SMTP AUTH enabled",
        ),
        ("534 5.7.9 Application-specific password required. gsmtp", 77, "an app password"),
        ("535 5.7.8 Username and Password not accepted. gsmtp", 77, "an app password"),
        ("535 5.7.8 authentication failed", 77, "check smtp.username and the password"),
        ("454 4.7.0 Temporary authentication failure", 75, "not now"),
    ];
    let later = [
        ("MAIL", "530 5.7.57 Client not authenticated to send mail.", 77, "set smtp.username"),
        ("MAIL", "550 5.7.60 Client does not have permissions to send as this sender", 78, "set email.from"),
        (".", "550 5.7.60 Client does not have permissions to send as this sender", 78, "set email.from"),
        (".", "554 5.2.252 SendAsDenied; alerts@example.com not allowed to send as", 78, "set email.from"),
        (".", "432 4.3.2 Concurrent connections limit exceeded", 75, "smtp.connections to 1"),
    ];
    let rows = auth.map(|(reply, status, words)| ("AUTH", reply, status, words));
    let rows: Vec<_> = rows.into_iter().chain(later).collect();
    with_both(
        &rows,
        |(moment, reply, ..)| format!("{moment}: {reply}"),
        |(moment, reply, status, words), sender| {
            let relay = Relay::start(login().reply_to(moment, format!("{reply}\r\n")));
            let sender = sender.logging_in("alerts", "correct horse");
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(*status);
            assert_eq!(outcomes(&ended), [if *status == 75 { "deferred" } else { "held" }]);
            ended.complains(&[words, reply]);
        },
    );
}

#[test]
fn a_token_never_goes_over_an_open_line_to_another_machine() {
    let relay = Relay::start(for_tokens());
    let sender = asking(Sender::without_state(), TOKEN).set("--host", "192.0.2.1");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["smtp.tls"]);
    assert!(!sender.path().join("asked").exists());
}
