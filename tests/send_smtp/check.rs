//! `--check` and `--dry-run`: what can be known without sending a mail. And a relay that asks for a certificate.

use std::fs;

use super::table::each;
use super::{OPS, SOC, Sender, email, stream, text, verbs};
use crate::support::certificates::Certificates;
use crate::support::program::{Ended, program};
use crate::support::relay::{AuthRule, Relay, Script, StartTls};
use crate::support::site::{private_folder, secret_file};

fn check(sender: &Sender, relay: &Relay) -> Ended {
    let config = sender.path().join("tq.toml");
    fs::write(&config, "[email]\nfrom = \"ThreatQ <alerts@example.com>\"\n").expect("a file can be written");
    sender.program(relay.port()).arg("--check").arg("--config").arg(config).run()
}

#[test]
fn a_check_says_what_works_and_sends_nothing() {
    let certificates = Certificates::for_names(&["localhost", "127.0.0.1"]);
    let script = Script::new().starttls(&certificates, StartTls::Normal);
    let relay = Relay::start(script.auth(AuthRule::Password("alerts", "correct horse")));
    let sender = Sender::with_state().logging_in("alerts", "correct horse").set("--tls", "starttls");
    let ca_file = text(&certificates.write_to(sender.path()).0);
    let ended = check(&sender.set("--ca-file", ca_file), &relay).succeeds();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let expected = [
        "ok  connection: 220",
        "ok  TLS: TLSv1.3",
        "ok  login: alerts by PLAIN",
        "ok  sender: alerts@example.com",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", ended.stdout);
    assert!(lines.iter().zip(expected).all(|(line, start)| line.starts_with(start)), "{}", ended.stdout);
    assert_eq!(verbs(&relay), ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RSET", "QUIT"]);
    assert_eq!(relay.messages(), []);

    let relay = Relay::start(Script::new());
    let ended = Sender::with_state().program(relay.port()).arg("--check").run().succeeds();
    assert!(ended.stdout.contains("email.from is not set") && ended.stdout.contains("login: none"));
    assert_eq!(verbs(&relay), ["EHLO", "QUIT"]);
}

#[test]
fn a_check_that_fails_says_what_to_change_with_the_status_of_a_mail() {
    let login = || Script::new().auth(AuthRule::Password("alerts", "correct horse"));
    let mail = |reply: &str| login().reply_to("MAIL", reply);
    let rows = [
        ("greeting 421", login().greeting("421 4.3.2 busy\r\n"), 75, "not now"),
        ("no SMTP", login().greeting("hello\r\n"), 76, "not an SMTP reply"),
        ("535", login().reply_to("AUTH", "535 5.7.8 no\r\n"), 77, "smtp.username"),
        ("no login", Script::new(), 69, "no login that fits"),
        ("sender refused", mail("550 5.7.60 not yours\r\n"), 78, "email.from"),
        ("sender later", mail("451 4.3.0 later\r\n"), 75, "451"),
        ("530", mail("530 5.7.0 log in\r\n"), 77, "530"),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(_, script, status, words)| {
            let relay = Relay::start(script.clone());
            let sender = Sender::without_state().logging_in("alerts", "correct horse");
            check(&sender, &relay).ends_with(*status).complains(&["relay 127.0.0.1:", words]);
            assert_eq!(relay.messages(), []);
        },
    );
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_moves_nothing() {
    let relay = Relay::start(Script::new());
    let sender = Sender::with_state();
    let input = stream(&[email("e1", &[SOC, OPS]), email("e2", &[SOC])]);
    let ended = sender.program(relay.port()).arg("--dry-run").run_on(input).succeeds();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    for words in
        ["would send e1", "About e1", "alerts@example.com", "soc@example.com, ops@example.com", "bytes"]
    {
        assert!(lines[0].contains(words), "{}", lines[0]);
    }
    assert_eq!(relay.connections(), 0);
    assert!(!sender.state().exists());

    let folder = private_folder();
    let maildir = folder.path().join("Maildir");
    let input = stream(&[email("e1", &["nobody"]), email("e2", &[SOC])]);
    let program = program("tq-send-smtp").arg("--dry-run").arg("--maildir").arg(&maildir);
    program.run_on(input).ends_with(1).complains(&["e1 can never be sent"]);
    assert!(!maildir.exists());
    let broken = sender.program(relay.port()).arg("--dry-run").run_on("{}\n");
    broken.ends_with(65).complains(&["line 1"]);
    sender.program(relay.port()).args(&["--dry-run", "--check"]).run().ends_with(64);
}

#[test]
fn a_relay_that_asks_for_a_certificate_is_shown_ours() {
    let folder = private_folder();
    let server = Certificates::for_names(&["127.0.0.1"]);
    let (ca_file, ..) = server.write_to(folder.path());
    let ours = folder.path().join("ours");
    fs::create_dir(&ours).expect("the folder is ours");
    let client = Certificates::for_names(&["alerts.example.com"]);
    let (_, certificate, key) = client.write_to(&ours);
    let script = || Script::new().tls_for_clients_of(&server, &client.ca_pem);
    let sender = || Sender::without_state().set("--tls", "implicit").set("--ca-file", text(&ca_file));
    let with = |certificate: &str, key: &str| {
        sender().set("--client-cert-file", certificate).set("--client-key-file", key)
    };
    let relay = Relay::start(script());
    with(&text(&certificate), &text(&key)).send(&relay, &[email("e1", &[SOC])]).succeeds();
    assert_eq!(relay.messages().len(), 1);

    let without = sender().send(&relay, &[email("e1", &[SOC])]);
    assert_ne!(without.status, 0);
    assert_eq!(relay.messages().len(), 1);
    let open = secret_file(&ours, "open", &client.key_pem);
    fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o640)).expect("it is ours");
    let rows = [
        (text(&certificate), text(&open), "chmod 600"),
        (text(&certificate), text(&certificate), "chmod 600"),
        (text(&key), text(&key), "no certificate"),
        (text(&certificate), text(&secret_file(&ours, "none", "no key")), "none"),
        (text(&certificate), text(&secret_file(&ours, "other", &server.key_pem)), "other"),
    ];
    for (certificate, key, words) in rows {
        let ended = with(&certificate, &key).send(&relay, &[]).ends_with(78);
        ended.complains(&[words]);
    }
    sender()
        .set("--client-cert-file", text(&certificate))
        .send(&relay, &[])
        .ends_with(78)
        .complains(&["--client-key-file"]);
}
