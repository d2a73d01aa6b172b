//! The whole way of an alert: a change in ThreatQ, the connector, a real relay over TLS with a login, a real mailbox.

use std::time::Duration;

use mail_parser::{HeaderValue, Message, MessageParser};

use crate::support::postfix::MailServer;
use crate::support::program::script;
use crate::support::site::{Site, secret_file};

const IN_TIME: Duration = Duration::from_secs(20);

/// The demo's world with mail going to this server.
fn site_with(server: &MailServer, tls: &str, port: u16) -> Site {
    let ca_file = server.ca_file().display();
    let site = Site::new().smtp(&format!(
        "host = \"localhost\"\nport = {port}\ntls = \"{tls}\"\nusername = \"ops@example.com\"\n\
         password_file = \"relay-password\"\nca_file = \"{ca_file}\"\n"
    ));
    secret_file(site.path(), "relay-password", "secret");
    site
}

/// Runs the connector as cron would, and asserts that it has nothing to say.
#[track_caller]
fn connect(site: &Site) {
    let run =
        script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]).run().succeeds();
    assert_eq!(run.stdout, "");
}

fn text_of(message: &Message<'_>) -> String {
    message.body_text(0).expect("a mail has a text part").replace("\r\n", "\n")
}

/// The mail with this subject; there is exactly one.
#[track_caller]
fn mail<'a>(mails: &'a [Message<'a>], subject: &str) -> &'a Message<'a> {
    let mut found = mails.iter().filter(|mail| mail.subject() == Some(subject));
    let first = found.next().unwrap_or_else(|| panic!("no mail '{subject}'"));
    assert!(found.next().is_none(), "two mails '{subject}'");
    first
}

#[test]
fn the_guides_three_mails_arrive_in_a_real_mailbox_over_starttls_and_a_login() {
    let server = MailServer::start();
    let site = site_with(&server, "starttls", server.starttls_port);
    connect(&site);
    site.play("added");
    connect(&site);
    site.play("commented");
    connect(&site);
    connect(&site);

    let bytes = server.imap("ops@example.com").wait_for(3, IN_TIME);
    let mails: Vec<Message> =
        bytes.iter().map(|bytes| MessageParser::new().parse(bytes).expect("a mail")).collect();
    assert_eq!(mails.len(), 3, "three changes, three mails, in four runs");

    let details = "An item in your ThreatQ watchlist has been updated!\n\nDetails\nType: Indicator\nItem: 7.8.9.0\n\
                   Changed At: 2021-10-28 20:32:57\n\
                   ThreatQ Link: https://threatq.hostname.com/indicators/8/details\n";
    let added = mail(&mails, "ThreatQ Watchlist: Indicator Added");
    assert!(text_of(added).starts_with(details), "{}", text_of(added));
    assert!(!text_of(added).contains("What has changed?"));

    let updated = mail(&mails, "ThreatQ Watchlist: Indicator Updated");
    let changed = format!("{details}\nWhat has changed?\nComment added: 2\n");
    assert!(text_of(updated).starts_with(&changed), "{}", text_of(updated));

    let collection = mail(&mails, "ThreatQ Data Collection Updated: 3 New Items");
    let text = text_of(collection);
    assert!(
        text.starts_with("The following items have been updated in your data collection\n\nIndicators\n"),
        "{text}"
    );
    for (value, id) in [("7.8.9.0", 8), ("1.2.3.4", 9), ("5.6.7.8", 10)] {
        let link = format!("https://threatq.hostname.com/indicators/{id}/details");
        assert!(text.contains(&format!("\n{value}\n  {link}\n")), "{text}");
        let html = collection.body_html(0).expect("a mail has an HTML part");
        assert!(html.contains(&format!("<a href=\"{link}\"")), "{html}");
    }

    for mail in &mails {
        let field = |name: &str| match mail.header(name) {
            Some(HeaderValue::Text(text)) => text.to_string(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(field("Auto-Submitted"), "auto-generated");
        assert!(mail.message_id().is_some_and(|id| id.starts_with("tq1.") && id.ends_with("@example.com")));
        // RFC 3848: the relay says that the mail came over TLS (S) and after a login (A).
        assert!(String::from_utf8_lossy(mail.raw_message()).contains("with ESMTPSA"));
    }
}

#[test]
fn mail_goes_over_implicit_tls_too() {
    let server = MailServer::start();
    let site = site_with(&server, "implicit", server.tls_port);
    connect(&site);
    site.play("added");
    connect(&site);
    assert_eq!(server.imap("ops@example.com").wait_for(2, IN_TIME).len(), 2);
}

#[test]
fn a_refused_recipient_does_not_stop_the_others_at_a_real_relay() {
    let server = MailServer::start();
    let site = site_with(&server, "starttls", server.starttls_port);
    let email = r#"{"record":"email","v":1,"id":"e1","message_id":"<e1@example.com>","date":"2021-10-28T20:32:57Z",
        "from":"alerts@example.com","to":["ops@example.com","nobody@example.com","greylisted@example.com"],
        "subject":"One for three","text":"t","alerts":[]}"#;
    let config = site.config();
    let sent = crate::support::program::program("tq-send-smtp")
        .arg("--config")
        .arg(&config)
        .run_on(email.replace('\n', " "))
        .ends_with(75);
    let receipt = sent.records().remove(0);
    assert_eq!(receipt["outcome"], "partial");
    assert_eq!(receipt["tls"], "TLSv1.3");
    assert!(receipt["queue_id"].is_string(), "{receipt}");
    let outcomes: Vec<_> =
        receipt["recipients"].as_array().expect("a list").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["accepted", "rejected", "deferred"]);
    assert_eq!(server.imap("ops@example.com").wait_for(1, IN_TIME).len(), 1);
}

#[test]
fn a_wrong_password_is_77_and_the_mail_waits_until_it_is_right() {
    let server = MailServer::start();
    let site = site_with(&server, "starttls", server.starttls_port);
    connect(&site);
    site.play("added");
    secret_file(site.path(), "relay-password", "wrong");
    let run =
        script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]).run().ends_with(77);
    assert!(run.stderr.contains("login refused: 535") && !run.stderr.contains("wrong\n"), "{}", run.stderr);
    secret_file(site.path(), "relay-password", "secret");
    connect(&site);
    assert_eq!(server.imap("ops@example.com").wait_for(2, IN_TIME).len(), 2);
}

#[test]
fn mail_goes_to_a_relay_that_wants_neither_tls_nor_a_login() {
    let server = MailServer::start();
    let lines = format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", server.plain_port);
    let site = Site::new().smtp(&lines);
    connect(&site);
    site.play("added");
    connect(&site);
    assert_eq!(server.imap("ops@example.com").wait_for(2, IN_TIME).len(), 2);
    assert!(server.mail_log().contains("client=unknown[127.0.0.1]"), "{}", server.mail_log());
}
