//! TLS with the relay: required or not used, checked always, and what came before it counts for nothing (RFC 3207).

use std::path::Path;

use super::table::{Row, play, row, told, untold, with_both};
use super::{BOTH, SOC, Sender, email, outcomes, receipts, text, verbs};
use crate::support::certificates::Certificates;
use crate::support::relay::{After, AuthRule, Relay, Script, StartTls};
use crate::support::site::private_folder;

const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// The row under TLS, for a client that trusts this authority.
fn under(tls: &str, ca_file: &Path, row: Row) -> Row {
    row.set("--tls", tls).set("--ca-file", text(ca_file))
}

#[test]
fn a_certificate_that_is_not_trusted_is_78_and_no_command_is_sent_on_the_strength_of_it() {
    let folder = private_folder();
    let good = Certificates::for_names(&HERE);
    let (ca_file, ..) = good.write_to(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder can be made");
    let expired = Certificates::expired(&HERE);
    let (expired_ca, ..) = expired.write_to(&elsewhere);
    let other_name = Certificates::for_names(&["relay.example.com"]);
    let other_folder = folder.path().join("other");
    std::fs::create_dir(&other_folder).expect("a folder can be made");
    let (other_ca, ..) = other_name.write_to(&other_folder);

    let mut rows = Vec::new();
    let cases = [
        ("another authority's", &Certificates::for_names(&HERE), &ca_file, "not trusted"),
        ("expired", &expired, &expired_ca, "expired"),
        ("for another name", &other_name, &other_ca, "not valid for"),
    ];
    for (name, certificates, ca_file, words) in cases {
        let scripts = [
            ("implicit", Script::new().tls(certificates)),
            ("starttls", Script::new().starttls(certificates, StartTls::Normal)),
        ];
        for (tls, script) in scripts {
            rows.push(under(
                tls,
                ca_file,
                row(format!("{name}, {tls}"), script, 78, [untold("held", words)]),
            ));
        }
    }
    for tls in ["implicit", "starttls"] {
        let script = if tls == "implicit" {
            Script::new().tls(&good)
        } else {
            Script::new().starttls(&good, StartTls::Normal)
        };
        let taken = || [told("accepted", 250, "2.0.0 taken")];
        rows.push(under(tls, &ca_file, row(format!("trusted, {tls}"), script.clone(), 0, taken())));
        rows.push(
            under(tls, &ca_file, row(format!("by name, {tls}"), script, 0, taken()))
                .set("--host", "localhost"),
        );
    }
    play(&rows);
}

#[test]
fn a_key_that_is_pinned_is_trusted_whoever_vouches_for_it_and_no_other_is() {
    let pinned = |ended: &str| {
        let (_, rest) = ended.split_once("smtp.pin_sha256 = \"").expect("the error has the line to set");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let appliance = Certificates::of_an_appliance();
    let folder = private_folder();
    let (ca_file, ..) = Certificates::for_names(&HERE).write_to(folder.path());
    for (tls, script) in [
        ("implicit", Script::new().tls(&appliance)),
        ("starttls", Script::new().starttls(&appliance, StartTls::Normal)),
    ] {
        let relay = Relay::start(script);
        let sender = Sender::without_state().set("--tls", tls).set("--ca-file", text(&ca_file));
        let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78);
        let pin = pinned(&ended.complains(&["not trusted", "smtp.ca_file"]).stderr);
        assert_eq!(pin.len(), 64);
        let sender = Sender::without_state().set("--tls", tls).set("--pin-sha256", &pin);
        sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
        assert_eq!(relay.messages().len(), 1);

        // Another's certificate, even one that an authority vouches for.
        let good = Certificates::for_names(&HERE);
        let (ca_file, ..) = good.write_to(folder.path());
        let other = Relay::start(if tls == "implicit" {
            Script::new().tls(&good)
        } else {
            Script::new().starttls(&good, StartTls::Normal)
        });
        let sender = sender.set("--ca-file", text(&ca_file));
        let ended = sender.send(&other, &[email("e1", &[SOC])]).ends_with(78);
        assert_ne!(pinned(&ended.complains(&["not the pinned one"]).stderr), pin);
        assert_eq!(other.messages(), []);
    }
    let relay = Relay::start(Script::new());
    let sender = Sender::without_state().set("--tls", "implicit").set("--pin-sha256", "sha256");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["smtp.pin_sha256"]);
    assert_eq!(relay.connections(), 0);
}

#[test]
fn a_relay_without_the_tls_that_is_required_gets_no_mail() {
    let folder = private_folder();
    let certificates = Certificates::for_names(&HERE);
    let (ca_file, ..) = certificates.write_to(folder.path());
    let answer = |reply: &str| Script::new().starttls(&certificates, StartTls::Reply(reply.into()));
    let no_ehlo = Script::new().reply_to("EHLO", "502 5.5.1 what?\r\n");
    let rows = [
        ("starttls", row("not offered", Script::new(), 69, [untold("held", "STARTTLS")])),
        (
            "starttls",
            row("offered and refused", answer("502 5.5.1 no\r\n"), 69, [told("held", 502, "5.5.1 no")]),
        ),
        (
            "starttls",
            row("not now", answer("454 4.7.0 later\r\n"), 75, [told("deferred", 454, "4.7.0 later")]),
        ),
        ("starttls", row("an odd answer", answer("354 go ahead\r\n"), 76, [untold("deferred", "354")])),
        ("starttls", row("no EHLO", no_ehlo, 69, [told("held", 502, "5.5.1 what?")])),
        ("implicit", row("no TLS on this port", Script::new(), 69, [untold("held", "TLS")])),
        (
            "none",
            row(
                "TLS on this port",
                Script::new().tls(&certificates),
                75,
                [untold("deferred", "no answer in time")],
            )
            .set("--timeout", "2"),
        ),
    ];
    play(&rows.map(|(tls, row)| if tls == "none" { row } else { under(tls, &ca_file, row) }));
}

/// A sender for a relay with these certificates that requires STARTTLS.
fn starting_tls(sender: Sender, certificates: &Certificates) -> Sender {
    let (ca_file, ..) = certificates.write_to(sender.path());
    sender.set("--tls", "starttls").set("--ca-file", text(&ca_file))
}

#[test]
fn nothing_that_came_in_the_clear_is_believed_once_tls_has_begun() {
    let certificates = Certificates::for_names(&HERE);
    let lies = b"250-relay.test\r\n250 AUTH PLAIN\r\n235 2.7.0 ok\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n250 ok\r\n";
    let ways = [
        ("in the segment of the 220", StartTls::InjectedPlaintext(lies.to_vec()), 76, "deferred"),
        ("one byte in it", StartTls::InjectedPlaintext(b"2".to_vec()), 76, "deferred"),
        ("once the handshake has begun", StartTls::InjectedLater(lies.to_vec()), 69, "held"),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, how, status, outcome), sender| {
            let relay = Relay::start(Script::new().starttls(&certificates, how.clone()));
            let sender = starting_tls(sender, &certificates);
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(*status);
            assert_eq!(outcomes(&ended), [*outcome]);
            assert_eq!(verbs(&relay), ["EHLO", "STARTTLS"]);
            assert_eq!(relay.messages(), []);
        },
    );
}

#[test]
fn a_line_under_tls_that_ends_without_a_goodbye_counts_as_far_as_the_answers_came() {
    let folder = private_folder();
    let certificates = Certificates::for_names(&HERE);
    let (ca_file, ..) = certificates.write_to(folder.path());
    let closing = |moment: &str, after: After| Script::new().tls(&certificates).on(moment, after);
    let answer = || After::ReplyAndClose(b"250 2.0.0 taken\r\n".to_vec());
    let rows = [
        row("after its answer", closing(".", answer()), 0, [told("accepted", 250, "2.0.0 taken")]),
        row("after the dot", closing(".", After::Close), 75, [untold("unknown", "closed the connection")]),
        row("reset after the dot", closing(".", After::Reset), 75, [untold("unknown", "")]),
        row(
            "before the dot",
            closing("DATA", After::Close),
            75,
            [untold("deferred", "closed the connection")],
        ),
        row("instead of a greeting", closing("CONNECT", After::Close), 75, [untold("deferred", "")]),
    ];
    play(&rows.map(|row| under("implicit", &ca_file, row)));
}

#[test]
fn what_the_relay_offers_before_tls_counts_for_nothing_under_it() {
    let certificates = Certificates::for_names(&HERE);
    let before = ["STARTTLS", "PIPELINING", "AUTH PLAIN LOGIN", "SIZE 10", "SMTPUTF8"];
    let script = || {
        Script::new()
            .starttls(&certificates, StartTls::Normal)
            .extensions_before_tls(&before)
            .extensions(&["8BITMIME"])
    };
    let relay = Relay::start(script().reply_to("MAIL", "451 4.3.0 later\r\n"));
    let sender = starting_tls(Sender::without_state(), &certificates);
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(75);
    // Neither refused for its size, nor announced with it, nor in one group.
    assert_eq!(verbs(&relay), ["EHLO", "STARTTLS", "EHLO", "MAIL", "RSET", "QUIT"]);
    assert!(relay.transcript().contains(&"MAIL FROM:<alerts@example.com>".to_owned()));

    let relay = Relay::start(script());
    let sender = sender.logging_in("alerts", "correct horse");
    let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(69);
    assert_eq!(outcomes(&ended), ["held"]);
    assert_eq!(verbs(&relay), ["EHLO", "STARTTLS", "EHLO"]);
}

#[test]
fn the_receipt_names_the_relay_and_the_tls_version() {
    let certificates = Certificates::for_names(&HERE);
    let script = Script::new()
        .starttls(&certificates, StartTls::Normal)
        .reply_to(".", "250 2.0.0 Ok: queued as 4F1A2B3C\r\n");
    let relay = Relay::start(script);
    for sender in BOTH {
        let sender = starting_tls(sender(), &certificates).set("--host", "localhost");
        let ended = sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
        let receipt = &receipts(&ended)[0];
        assert_eq!(receipt.relay, format!("localhost:{}", relay.port()));
        assert_eq!(receipt.tls.as_deref(), Some("TLSv1.3"));
        assert_eq!(receipt.queue_id.as_deref(), Some("4F1A2B3C"));
    }
    for sender in BOTH {
        let relay = Relay::start(Script::new());
        let ended = sender().send(&relay, &[email("e1", &[SOC])]).succeeds();
        assert_eq!(receipts(&ended)[0].relay, format!("127.0.0.1:{}", relay.port()));
        assert_eq!((&receipts(&ended)[0].tls, &receipts(&ended)[0].queue_id), (&None, &None));
    }
}

#[test]
fn a_login_goes_over_tls() {
    let certificates = Certificates::for_names(&HERE);
    let good = || Script::new().auth(AuthRule::Password("alerts", "correct horse"));
    for (tls, script) in [
        ("implicit", good().tls(&certificates)),
        ("starttls", good().starttls(&certificates, StartTls::Normal)),
    ] {
        let relay = Relay::start(script);
        let sender = starting_tls(Sender::without_state(), &certificates).set("--tls", tls);
        let sender = sender.logging_in("alerts", "correct horse");
        sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
        assert_eq!(relay.messages().len(), 1);
    }
}
