//! The records: `man/tq-records.5`, its schemas, what the programs print, and what they accept, held together.
//!
//! The page is read as data, and the schemas are used. What is printed must be on it, unknown members refused; what is on it must be accepted,
//! and nothing less.

mod consumer;
mod example;
mod page;
mod schemas;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::certificates::Certificates;
use crate::support::program::{Ended, program};
use crate::support::relay::{Relay, Script, StartTls};
use crate::support::site::{Site, private_folder};
use consumer::CONSUMERS;
use example::{example, holder, with_more, wrong};
use page::Page;

/// Members that no program of ours prints, though others may.
const UNPRINTED: [(&str, &str, &str); 8] = [
    ("email", "attachments", "the formatter attaches nothing"),
    ("email", "attachments[].name", "the formatter attaches nothing"),
    ("email", "attachments[].text", "the formatter attaches nothing"),
    ("email", "attachments[].type", "the formatter attaches nothing"),
    ("email", "bcc", "the formatter writes to the recipients of email.to alone"),
    ("email", "cc", "the formatter writes to the recipients of email.to alone"),
    ("receipt", "message", "nobody posts messages here"),
    ("status", "oldest_at", "nothing waits here"),
];

/// Asserts that every record a program printed is as the page says.
#[track_caller]
fn assert_on_page(page: &Page, ended: &Ended, seen: &mut BTreeSet<(String, String)>) {
    for record in ended.records() {
        let complaints = page.complaints(&record, seen);
        assert!(complaints.is_empty(), "{}\n{record}", complaints.join("\n"));
    }
}

/// A site whose mail goes to a relay that has everything a receipt can tell of.
fn site_with_relay() -> (Site, Relay) {
    let certificates = Certificates::for_names(&["localhost"]);
    let script = Script::new().starttls(&certificates, StartTls::Normal);
    let relay = Relay::start(script.reply_to(".", "250 2.0.0 Ok: queued as 4F1A2\r\n"));
    let site = Site::new();
    let (ca_file, ..) = certificates.write_to(site.path());
    let (port, ca_file) = (relay.port(), ca_file.display());
    let lines = format!("host = \"localhost\"\nport = {port}\ntls = \"starttls\"\nca_file = \"{ca_file}\"\n");
    (site.smtp(&lines), relay)
}

/// A day after the scenes: everything about one object changes that an alert can tell of, and another is left alone.
fn change_everything(site: &Site) -> Result<(), String> {
    let mut world = site.sim.world();
    world.set_clock("2021-10-29 08:00:00")?;
    world.rename("indicators", 8, "7.8.9.1")?;
    world.set_status("indicators", 8, "Active")?;
    world.set_score("indicators", 8, Some(9))?;
    world.set_description("indicators", 8, Some("<p>Seen <b>again</b>.</p>"))?;
    world.add_attribute("indicators", 8, "Confidence", "High")?;
    world.add_comment("indicators", 8, 3, "Seen again.")?;
    world.add_source("indicators", 8, "Example CERT", None)?;
    world.add_tag("indicators", 8, "apt")?;
    world.relate("indicators", 8, "adversaries", 3)?;
    let ana = world.user_by_email("ana@example.com")?.id;
    world.unwatch(ana, "adversaries", 3)
}

#[test]
fn every_record_that_is_printed_is_as_the_page_says_and_every_member_is_printed() {
    let page = Page::read();
    let mut seen = BTreeSet::new();
    let (site, relay) = site_with_relay();
    let mut run_both = || {
        for fetcher in ["tq-fetch-watchlist", "tq-fetch-collection"] {
            let alerts = site.program(fetcher).run().succeeds();
            let slack = site.program("tq-format-slack").args(&["--channels", "tq-alerts"]);
            let messages = slack.run_on(&*alerts.stdout).succeeds();
            let emails = site.program("tq-format-email").run_on(&*messages.stdout).succeeds();
            let receipts = site.program("tq-send-smtp").run_on(&*emails.stdout).succeeds();
            for ended in [alerts, messages, emails, receipts] {
                assert!(!ended.stdout.is_empty(), "{ended:?}");
                assert_on_page(&page, &ended, &mut seen);
            }
        }
    };
    run_both();
    site.play("added");
    run_both();
    site.play("commented");
    change_everything(&site).expect("the demo's world has all this");
    run_both();
    let status = site.program("tq-send-smtp").arg("--status").run().succeeds();
    assert_on_page(&page, &status, &mut seen);
    assert_eq!(relay.messages().len(), 3, "an added and an updated object, and a collection");

    let known: BTreeSet<(String, String)> = page
        .records()
        .flat_map(|record| page.members(record).iter().map(|member| (record.to_owned(), member.path.clone())))
        .collect();
    let unprinted: Vec<(&str, &str)> =
        known.difference(&seen).map(|(record, path)| (record.as_str(), path.as_str())).collect();
    assert_eq!(unprinted, UNPRINTED.map(|(record, path, _)| (record, path)));
}

#[test]
fn receipts_are_as_the_page_says_for_a_mail_with_everything_and_whatever_becomes_of_it() {
    let page = Page::read();
    let mut seen = BTreeSet::new();
    let script = Script::new()
        .reply_to_recipient("copies@example.com", "550 no such user\r\n")
        .reply_to_recipient("ops@example.com", "450 4.2.1 later\r\n");
    let relay = Relay::start(script);
    let email = example(&page, "email", true).to_string();
    let port = relay.port().to_string();
    let to_relay = ["--host", "127.0.0.1", "--tls", "none", "--port"];
    let partial = program("tq-send-smtp").args(&to_relay).arg(&port).run_on(&*email).ends_with(75);
    assert_on_page(&page, &partial, &mut seen);
    let receipt = partial.records().remove(0);
    let recipients = receipt["recipients"].as_array().expect("a list");
    let outcomes: Vec<(&str, &str)> = recipients
        .iter()
        .map(|one| (one["address"].as_str().expect("a string"), one["outcome"].as_str().expect("a string")))
        .collect();
    let expected = [
        ("soc@example.com", "accepted"),
        ("ops@example.com", "deferred"),
        ("copies@example.com", "rejected"),
        ("hidden@example.com", "accepted"),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(receipt["outcome"], "partial");
    assert_eq!(relay.messages().len(), 1);

    // A relay that takes no mail at all, a mail that can never be sent, and a Maildir.
    let relay = Relay::start(Script::new().greeting("421 4.3.2 not now\r\n"));
    let port = relay.port().to_string();
    let refused = program("tq-send-smtp").args(&to_relay).arg(&port).run_on(&*email).ends_with(75);
    let folder = private_folder();
    let maildir = |email: &str| program("tq-send-smtp").arg("--maildir").arg(folder.path()).run_on(email);
    let impossible = maildir(&email.replace("<a@example.com>", "none")).ends_with(1);
    for ended in [refused, impossible, maildir(&email).succeeds()] {
        assert_eq!(ended.records_of("receipt").len(), 1);
        assert_on_page(&page, &ended, &mut seen);
    }
}

#[test]
fn what_the_page_calls_for_is_enough_and_what_it_allows_is_accepted() {
    let page = Page::read();
    for consumer in CONSUMERS {
        for all in [false, true] {
            let records: Vec<Value> =
                consumer.reads.iter().map(|name| consumer.example(&page, name, all)).collect();
            for record in &records {
                let complaints = page.complaints(record, &mut BTreeSet::new());
                assert!(complaints.is_empty(), "an example is wrong: {complaints:?}");
            }
            let lines: Vec<String> = records.iter().map(Value::to_string).collect();
            let ended = consumer.run(&lines).succeeds();
            assert_on_page(&page, &ended, &mut BTreeSet::new());
        }
    }
}

#[test]
fn members_that_are_not_on_the_page_are_ignored() {
    let page = Page::read();
    for consumer in CONSUMERS {
        for all in [false, true] {
            let later = |name: &&str| with_more(consumer.example(&page, name, all)).to_string();
            let lines: Vec<String> = consumer.reads.iter().map(later).collect();
            consumer.run(&lines).succeeds();
        }
    }
}

#[test]
fn a_record_that_lacks_a_member_is_refused_with_its_line_and_the_members_name() {
    let page = Page::read();
    let mut flaws = Vec::new();
    for consumer in CONSUMERS {
        for record in consumer.reads {
            for member in page.members(record).iter().filter(|member| !member.optional) {
                let mut broken = consumer.example(&page, record, true);
                holder(&mut broken, member).remove(member.name()).expect("it was there");
                flaws.extend(consumer.flaw(
                    &page,
                    record,
                    &broken,
                    &[record, &format!("`{}`", member.name())],
                ));
            }
            for name in ["record", "v"] {
                let mut broken = consumer.example(&page, record, true);
                broken.as_object_mut().expect("a record").remove(name).expect("it was there");
                flaws.extend(consumer.flaw(&page, record, &broken, &[&format!("`{name}`")]));
            }
        }
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

#[test]
fn a_member_of_another_type_is_refused_with_its_line() {
    let page = Page::read();
    let mut flaws = Vec::new();
    for consumer in CONSUMERS {
        for record in consumer.reads {
            for member in page.members(record) {
                for value in wrong(member) {
                    let mut broken = consumer.example(&page, record, true);
                    holder(&mut broken, member).insert(member.name().to_owned(), value);
                    flaws.extend(consumer.flaw(&page, record, &broken, &[record]));
                }
            }
        }
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

#[test]
fn a_line_that_is_not_an_object_is_refused_whatever_it_holds() {
    let page = Page::read();
    let mut flaws = Vec::new();
    for consumer in CONSUMERS {
        for broken in [json!(["receipt", 1]), json!(["later", 1]), json!("receipt"), json!(null), json!(1)] {
            flaws.extend(consumer.flaw(&page, consumer.reads[0], &broken, &[]));
        }
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

#[test]
fn records_of_others_are_passed_on_unchanged_and_in_order() {
    let page = Page::read();
    let foreign = |name: &str, words: &str| {
        format!("{{ \"z\":1.50, \"v\" :1,\"record\":\"{name}\",{words} \"a\":[null ] }}")
    };
    let receipt = with_more(example(&page, "receipt", true)).to_string();
    for consumer in CONSUMERS.into_iter().filter(|consumer| consumer.passes_on()) {
        let mut lines = vec![foreign("later", r#""text":"\u00e9 é \/","#)];
        let mut expected = lines.clone();
        for (index, record) in consumer.reads.iter().enumerate() {
            let others =
                [receipt.replace("\"a\"", &format!("\"{index}\"")), foreign(&format!("other{index}"), "")];
            lines.push(consumer.example(&page, record, true).to_string());
            lines.extend(others.clone());
            expected.extend(others);
        }
        let ended = consumer.run(&lines).succeeds();
        let passed: Vec<&str> =
            ended.stdout.lines().filter(|line| expected.iter().any(|one| one == line)).collect();
        assert_eq!(passed, expected, "{consumer:?}");
    }
}

#[test]
fn the_pages_recipe_gives_the_digest_of_a_checkpoint() {
    let page = Page::read();
    let mut recipes = page.text.lines().filter_map(|line| line.strip_prefix(".Ql jq "));
    let recipe = format!("jq {}", recipes.next().expect("the page has a recipe").replace("\\(dq", "\""));
    let site = Site::new();
    let mut counts = Vec::new();
    for _ in 0..2 {
        for fetcher in ["tq-fetch-watchlist", "tq-fetch-collection"] {
            let fetched = site.program(fetcher).run().succeeds();
            let path = site.path().join("alerts.ndjson");
            fs::write(&path, &fetched.stdout).expect("a file can be written");
            let shell = Command::new("sh")
                .args(["-c", &recipe])
                .stdin(File::open(path).expect("it was written"))
                .output();
            let printed =
                String::from_utf8(shell.expect("there is a shell").stdout).expect("a digest is text");
            let checkpoint = fetched.records_of("checkpoint").remove(0);
            assert_eq!(printed.split(' ').next(), checkpoint["digest"].as_str(), "{recipe}: {printed}");
            counts.push(checkpoint["alerts"].clone());
        }
        site.run_both();
        site.play("added");
    }
    assert_eq!(counts, [0, 0, 1, 3]);
}
