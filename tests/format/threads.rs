//! Mails about the same thing form a thread, by the word of a real mailbox.

use std::time::Duration;

use serde_json::{Value, json};

use super::{alert, configured, formatter, item, stream};
use crate::support::postfix::MailServer;
use crate::support::program::program;
use crate::support::site::private_folder;

const IN_TIME: Duration = Duration::from_secs(20);

/// The same object again, later.
fn again(mut alert: Value, id: &str, found_at: &str) -> Value {
    alert["id"] = json!(id);
    alert["found_at"] = json!(found_at);
    alert
}

#[test]
fn a_mailbox_shows_one_thread_for_an_object_and_one_for_a_collection_and_day() {
    let server = MailServer::start();
    let port = server.plain_port.to_string();
    let watched = alert(8, &json!({}));
    let listed = item(9, &json!({}));
    let runs = [
        stream(std::slice::from_ref(&watched)),
        stream(&[again(watched.clone(), "b", "2026-11-22T01:00:00Z"), alert(10, &json!({"event": "added"}))]),
        stream(&[again(watched, "c", "2026-11-23T01:00:00Z")]),
        stream(std::slice::from_ref(&listed)),
        stream(&[again(listed.clone(), "d", "2026-11-21T23:59:59Z")]),
        stream(&[again(listed, "e", "2026-11-22T00:00:00Z")]),
    ];
    let mut sent = 0;
    for run in runs {
        let formatted =
            program("tq-format-email").args(&["--from", "tq@example.com", "--to", "ops@example.com"]);
        let emails = formatted.run_on(run).succeeds();
        sent += emails.records_of("email").len();
        let sender = program("tq-send-smtp").args(&["--host", "127.0.0.1", "--tls", "none", "--port", &port]);
        sender.run_on(emails.stdout).succeeds();
        // In the order in which they were sent.
        server.imap("ops@example.com").wait_for(sent, IN_TIME);
    }
    assert_eq!(server.imap("ops@example.com").threads(), [vec![1, 2, 4], vec![3], vec![5, 6], vec![7]]);
}

#[test]
fn without_threads_a_mail_answers_no_other() {
    let folder = private_folder();
    let alerts = [alert(8, &json!({}))];
    let names = |email: &Value| -> Vec<String> {
        let fields = email["headers"].as_array().expect("a list");
        fields.iter().map(|field| field[0].as_str().expect("a name").to_owned()).collect()
    };
    let with = formatter().run_on(stream(&alerts)).succeeds().records_of("email").remove(0);
    let without = configured(folder.path(), "threads = false\n").run_on(stream(&alerts)).succeeds();
    let always = ["Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "X-Loop"];
    assert_eq!(names(&without.records_of("email")[0]), always);
    assert_eq!(names(&with), [&always[..], &["In-Reply-To", "References"]].concat());
}
