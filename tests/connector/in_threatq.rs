//! Settings that people make in ThreatQ's own pages: which fields are taken in which forms, and what goes before what.
//!
//! How ThreatQ keeps the fields is guessed; see the simulator's README.

use std::fs;

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind};

use super::connector;
use crate::support::certificates::Certificates;
use crate::support::program::Ended;
use crate::support::relay::{Relay, Script, StartTls};
use crate::support::site::Site;

const NAME: &str = "Email Alerts";

/// A site that takes its settings from an integration with these fields, and maps one of a name of its own.
fn site(is_active: &Value, custom_fields: &Value) -> Site {
    let site = Site::new();
    let other =
        json!({"name": "Another", "is_active": true, "custom_fields": {"Recipients": "wrong@example.com"}});
    let row = json!({"name": NAME, "is_active": is_active, "custom_fields": custom_fields});
    site.sim.turn(|settings| settings.connectors = vec![other.clone(), row.clone()]);
    let text = fs::read_to_string(site.config()).expect("the configuration");
    let lines =
        format!("[threatq]\nsettings_from = \"{NAME}\"\nsettings_map = [\"Author = of mails=email.from\"]");
    fs::write(site.config(), text.replacen("[threatq]", &lines, 1)).expect("it is ours");
    site
}

fn settings(site: &Site) -> Ended {
    site.program("tq-fetch-watchlist").arg("--settings").run()
}

#[track_caller]
fn assert_one_line(ended: &Ended, words: &str) {
    assert!(ended.stderr.lines().count() == 1 && ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn the_fields_are_read_in_each_form_that_is_guessed() {
    let object = json!({"Recipients": "a@example.com, b@example.com", "Port": 2525, "Use SSL": false,
                        "Data Collection Object Selection": ["indicators", "malware"], "Password": "sesame"});
    let nested = json!({"recipients": {"value": "a@example.com, b@example.com"}, "port": {"value": "2525"},
                        "use_ssl": {"value": "0"}, "data_collection_object_selection": {"value": "indicators,malware"}});
    let list = json!([{"label": "Recipients", "value": "a@example.com, b@example.com"}, {"name": "Port", "value": 2525},
                      {"key": "use-ssl", "value": "no"},
                      {"name": "Data Collection Object Selection", "value": "indicators,malware"}]);
    let as_string = Value::String(object.to_string());
    for fields in [object, nested, list, as_string] {
        let ended = settings(&site(&json!("1"), &fields)).succeeds();
        let mut lines: Vec<&str> = ended.stdout.lines().collect();
        lines.sort_unstable();
        let expected = [
            "collection.objects indicators,malware",
            "email.to a@example.com, b@example.com",
            "enabled true",
            "smtp.port 2525",
            "smtp.tls none",
        ];
        assert_eq!(lines, expected, "{fields}");
    }
}

#[test]
fn what_is_empty_or_makes_no_sense_sets_nothing() {
    for fields in [
        json!({"Recipients": "", "Watchlist Users": null, "Use SSL": "maybe", "Port": {"value": {"value": 1}}}),
        json!({"Recipients": "a@example.com\nenabled false", "Email": "a\u{202e}b"}),
        json!("nothing"),
        json!(7),
        json!([[], {"name": 1, "value": 2}, {"name": "Recipients"}]),
        Value::Null,
    ] {
        assert_eq!(settings(&site(&Value::Null, &fields)).succeeds().stdout, "", "{fields}");
    }
}

#[test]
fn a_run_mails_as_threatq_says_and_the_environment_goes_before_it() {
    let fields = json!({"Author = of mails": "TQ <threatq@example.com>", "Recipients": "a@example.com, b@example.com",
        "Watchlist Users": "Ana Ortiz", "Enable Watchlist Notifications": "1",
        "Data Collection Name": "Ransomware IOCs",
        "Notification Frequency (Saved Search)": "Only notify when new items are created."});
    let site = site(&json!(true), &fields);
    connector(&site).run().succeeds();
    site.play("added");
    connector(&site).run().succeeds();
    let mails = site.mails();
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        assert!(mail.contains("\nFrom: TQ <threatq@example.com>\n"), "{mail}");
        assert!(mail.contains("\nTo: a@example.com, b@example.com\n"), "{mail}");
    }
    site.play("commented");
    connector(&site).env("TQ_EMAIL_TO", "env@example.com").run().succeeds();
    let to_env = site.mails().iter().filter(|mail| mail.contains("\nTo: env@example.com\n")).count();
    assert_eq!(to_env, 1);
}

#[test]
fn switches_in_threatq_switch_sources_and_the_instance() {
    let site_off = site(&json!(0), &json!({}));
    let run = connector(&site_off).run().succeeds();
    assert!(run.stdout.contains("switched off in ThreatQ"), "{}", run.stdout);
    assert!(!site_off.state().exists(), "nothing was fetched");

    let one_off = site(&json!(true), &json!({"Enable Watchlist Notifications": false}));
    connector(&one_off).run().succeeds();
    one_off.play("added");
    connector(&one_off).run().succeeds();
    assert_eq!(one_off.subjects(), ["ThreatQ Data Collection Updated: 3 New Items"]);
}

#[test]
fn without_an_answer_nothing_is_fetched_and_the_status_says_why() {
    let site = site(&json!(true), &json!({}));
    site.sim.fault(Fault::next("/api/connectors", FaultKind::Status(403, String::new())));
    let run = connector(&site).run().ends_with(69);
    assert_one_line(&run, "/api/connectors");
    let asked = |path: &str| site.sim.requests().iter().any(|request| request.path == path);
    assert!(asked("/api/connectors") && !asked("/api/objects"));
    site.sim.turn(|settings| settings.connectors = Vec::new());
    let run = connector(&site).run().ends_with(78);
    assert_one_line(&run, "no integration 'Email Alerts' in ThreatQ");
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), text.replace("mails=email.from", "mails=smtp.password")).expect("it is ours");
    let run = connector(&site).run().ends_with(78);
    assert_one_line(&run, "is not FIELD=KEY");
}

#[test]
fn a_check_shows_the_fields_and_what_becomes_of_each() {
    let site = site(&json!(true), &json!({"Recipients": "a@example.com", "Colour": "red", "Port": ""}));
    let run = connector(&site).arg("--check").run().succeeds();
    for words in [
        "field 'Recipients' sets email.to",
        "field 'Colour' sets nothing here",
        "field 'Port' is empty or no value for smtp.port",
    ] {
        assert!(
            run.stdout.contains(&format!("ok  settings in ThreatQ's pages: {words}\n")),
            "{}",
            run.stdout
        );
    }
    site.sim.turn(|settings| settings.connectors = Vec::new());
    let run = connector(&site).arg("--check").run().ends_with(78);
    assert!(run.stdout.contains("no  settings in ThreatQ's pages: "), "{}", run.stdout);
}

#[test]
fn the_relay_of_threatqs_own_mails_is_taken_where_the_file_names_none_and_never_without_tls() {
    let relay = |ssl: &str| json!({"smtp.host": "mail.example.com", "smtp.port": 465, "smtp.ssl": ssl, "smtp.password": "x"});
    let nested = json!({"smtp": {"host": "mail.example.com", "port": "465", "ssl": "ssl"}});
    let rows = json!([{"name": "smtp.host", "value": "mail.example.com"}, {"name": "smtp.port", "value": 465},
                      {"name": "smtp.ssl", "value": "ssl"}]);
    for (answer, tls) in
        [(relay("ssl"), "implicit"), (relay("tls"), "starttls"), (nested, "implicit"), (rows, "implicit")]
    {
        let site = Site::new().smtp("");
        let text = fs::read_to_string(site.config()).expect("the configuration");
        fs::write(site.config(), text.replacen("[threatq]", "[threatq]\nrelay = true", 1))
            .expect("it is ours");
        site.sim.turn(|settings| settings.own_relay = Some(answer.clone()));
        let expected = format!("smtp.host mail.example.com\nsmtp.tls {tls}\nsmtp.port 465\n");
        assert_eq!(settings(&site).succeeds().stdout, expected);
        site.sim.turn(|settings| settings.own_relay = Some(relay("")));
        settings(&site).ends_with(78).complains(&["no relay with TLS"]);
        site.sim.turn(|settings| settings.own_relay = None);
        settings(&site).ends_with(69).complains(&["/api/configuration/smtp"]);
        // Who names a relay asks nobody else.
        let text = text
            .replacen("[threatq]", "[threatq]\nrelay = true", 1)
            .replace("[smtp]", "[smtp]\nhost = \"x\"");
        fs::write(site.config(), text).expect("it is ours");
        assert_eq!(settings(&site).succeeds().stdout, "");
    }
}

#[test]
fn a_run_sends_through_the_relay_that_threatq_names() {
    let certificates = Certificates::for_names(&["localhost"]);
    let relay = Relay::start(Script::new().starttls(&certificates, StartTls::Normal));
    let site = Site::new();
    let (ca_file, ..) = certificates.write_to(site.path());
    let site = site.smtp(&format!("ca_file = \"{}\"\n", ca_file.display()));
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), text.replacen("[threatq]", "[threatq]\nrelay = true", 1)).expect("it is ours");
    let answer = json!({"smtp.host": "localhost", "smtp.port": relay.port(), "smtp.ssl": "tls"});
    site.sim.turn(|settings| settings.own_relay = Some(answer));
    let check = connector(&site).arg("--check").run().succeeds();
    assert!(check.stdout.contains("field 'smtp.host' sets smtp.host"), "{}", check.stdout);
    connector(&site).run().succeeds();
    site.play("added");
    connector(&site).run().succeeds();
    assert_eq!(relay.messages().len(), 2);
}
