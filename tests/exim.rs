//! `tq-send-smtp` and a real Exim, which is strict where Postfix is patient: a client that does not wait for its turn is
//! refused.

use serde_json::{Value, json};

use crate::support::exim::Exim;
use crate::support::program::{Ended, Program, program};
use crate::support::site::{private_folder, secret_file};

fn email(id: &str, to: &[&str], subject: &str) -> Value {
    json!({
        "record": "email", "v": 1, "id": id, "message_id": format!("<{id}@example.com>"),
        "date": "2021-10-28T20:32:57Z", "from": "alerts@example.com", "to": to, "subject": subject,
        "text": format!("The text of {id}.\n.\nIts second line.\n"), "alerts": [],
    })
}

fn sender(exim: &Exim, tls: &str, password: &std::path::Path) -> Program {
    let port = if tls == "implicit" { exim.tls_port } else { exim.starttls_port };
    let flags = ["--host", "localhost", "--tls", tls, "--username", "ops@example.com", "--timeout", "20"];
    let program = program("tq-send-smtp").args(&flags).arg("--port").arg(port.to_string());
    program.arg("--ca-file").arg(exim.ca_file()).arg("--password-file").arg(password)
}

fn outcomes(ended: &Ended) -> Vec<Value> {
    ended.records_of("receipt").into_iter().map(|receipt| receipt["outcome"].clone()).collect()
}

fn lines(mails: &[Value]) -> String {
    mails.iter().flat_map(|mail| [mail.to_string(), "\n".to_owned()]).collect()
}

#[test]
fn mails_go_through_exim_by_every_way_to_log_in_and_arrive_as_they_were() {
    let folder = private_folder();
    let password = secret_file(folder.path(), "password", Exim::PASSWORD);
    let wrong = secret_file(folder.path(), "wrong", "battery staple");
    for mechanism in ["PLAIN", "LOGIN"] {
        let exim = Exim::start(&[mechanism]);
        for tls in ["starttls", "implicit"] {
            let mails =
                ["a", "b", "c"].map(|id| email(&format!("{id}-{tls}"), &["ops@example.com"], "Alert"));
            let ended = sender(&exim, tls, &password).run_on(lines(&mails)).succeeds();
            assert_eq!(outcomes(&ended), ["accepted"; 3]);
            for receipt in ended.records_of("receipt") {
                let id = receipt["queue_id"].as_str().expect("Exim says its id").to_owned();
                assert!(id.len() > 10 && id.contains('-'), "{id}");
                assert_eq!(receipt["tls"], "TLSv1.3");
            }
            let check = sender(&exim, tls, &password).arg("--check").run().succeeds().stdout;
            assert!(check.contains(&format!("login: ops@example.com by {mechanism}")), "{check}");
            let refused = sender(&exim, tls, &wrong).run_on(lines(&mails)).ends_with(77);
            refused.complains(&["login refused: 535", "smtp.username"]);
        }
        let mails = exim.mails(6);
        for id in
            ["a", "b", "c"].iter().flat_map(|id| ["starttls", "implicit"].map(|tls| format!("{id}-{tls}")))
        {
            let found = mails.iter().filter(|mail| mail.contains(&format!("Message-ID: <{id}@example.com>")));
            let texts: Vec<&str> =
                found.filter_map(|mail| mail.split_once("\n\n")).map(|(_, text)| text.trim_end()).collect();
            assert_eq!(texts, [format!("The text of {id}.\n.\nIts second line.")], "{id}");
        }
    }
}

#[test]
fn what_exim_refuses_is_told_recipient_by_recipient_and_the_rest_arrives() {
    let folder = private_folder();
    let password = secret_file(folder.path(), "password", Exim::PASSWORD);
    let exim = Exim::start(&["PLAIN"]);
    let mails = [
        email("e1", &["ops@example.com", "reject-1@example.com"], "Alert"),
        email("e2", &["tempfail@example.com"], "Alert"),
        email("e3", &["ops@example.com"], "reject-data"),
        email("e4", &["ops@example.com"], "defer-data"),
        email("e5", &["reject-2@example.com"], "Alert"),
        email("e6", &["ops@example.com"], "Alert"),
        email("e7", &["drop@example.com"], "Alert"),
        email("e8", &["ops@example.com"], "Alert"),
    ];
    let ended = sender(&exim, "starttls", &password).run_on(lines(&mails)).ends_with(75);
    let expected =
        ["partial", "deferred", "rejected", "deferred", "rejected", "accepted", "deferred", "accepted"];
    assert_eq!(outcomes(&ended), expected, "{}", ended.stderr);
    let delivered = exim.mails(3);
    for id in ["e1", "e6", "e8"] {
        let of = delivered.iter().filter(|mail| mail.contains(&format!("<{id}@example.com>")));
        assert_eq!(of.count(), 1, "{id}");
    }
    assert_eq!(delivered.len(), 3);
}

#[test]
fn several_sessions_with_exim_deliver_each_mail_once() {
    let folder = private_folder();
    let password = secret_file(folder.path(), "password", Exim::PASSWORD);
    let exim = Exim::start(&["PLAIN"]);
    let mails: Vec<Value> =
        (0..40).map(|number| email(&format!("m{number}"), &["ops@example.com"], "Alert")).collect();
    let program = sender(&exim, "starttls", &password).args(&["--connections", "4"]);
    assert_eq!(outcomes(&program.run_on(lines(&mails)).succeeds()), ["accepted"; 40]);
    assert_eq!(exim.mails(40).len(), 40);
}
