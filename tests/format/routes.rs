//! Who gets what: nobody sees an item that was not routed to them, and no item is forgotten.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{alert, alerts_of, configured, item, previewed, stream};
use crate::support::program::program;
use crate::support::site::private_folder;

/// To, cc and bcc of each mail, with how many alerts it names.
fn addressed(emails: &[Value]) -> BTreeSet<String> {
    let list = |value: &Value| {
        value
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one.as_str().expect("an address"))
            .collect::<Vec<_>>()
            .join("+")
    };
    emails.iter().map(|email| ["to", "cc", "bcc"].map(|name| list(&email[name])).join("/")).collect()
}

#[test]
fn recipients_share_a_mail_as_the_mode_says() {
    let rest =
        "to = [\"a@example.com\", \"b@example.com\"]\ncc = [\"c@example.com\"]\nbcc = [\"d@example.com\"]\n";
    for (mode, expected) in [
        ("shared", &["a@example.com+b@example.com/c@example.com/d@example.com"][..]),
        ("individual", &["a@example.com//", "b@example.com//", "c@example.com//", "d@example.com//"]),
        ("bcc", &["//a@example.com+b@example.com+c@example.com+d@example.com"]),
    ] {
        let folder = private_folder();
        let preview = folder.path().join("preview");
        let lines = format!("[[route]]\nmode = \"{mode}\"\n{rest}");
        let alerts = [alert(8, &json!({}))];
        let run = configured(folder.path(), &lines)
            .arg("--preview")
            .arg(&preview)
            .run_on(stream(&alerts))
            .succeeds();
        let emails = run.records_of("email");
        assert_eq!(addressed(&emails), expected.iter().map(|one| (*one).to_owned()).collect());
        let ids: BTreeSet<&str> = emails.iter().map(|email| email["id"].as_str().expect("an id")).collect();
        assert_eq!(ids.len(), expected.len());
        let bytes = String::from_utf8(previewed(&preview).concat()).expect("ASCII");
        assert!(!bytes.contains("d@example.com") || mode == "individual");
        assert_eq!(bytes.contains("\r\nTo: undisclosed-recipients:;\r\n"), mode == "bcc", "{bytes}");
        // One alert in several mails is what the sender expects.
        let sender = program("tq-send-smtp").arg("--state").arg(folder.path().join("state.db"));
        sender.arg("--maildir").arg(folder.path().join("Maildir")).run_on(run.stdout).succeeds();
    }
}

#[test]
fn each_watcher_gets_a_mail_of_what_they_watch() {
    let watchers = json!({"watchers": [{"name": "Ana", "email": "ana@example.com"}, {"name": "Cy", "email": "cy@example.com"}]});
    let nobodys = json!({"watchers": [{"name": "Bo"}, {"name": "Di", "email": "not an address"}]});
    let alerts = [alert(1, &json!({})), alert(2, &watchers), alert(3, &nobodys)];
    let folder = private_folder();
    let run =
        configured(folder.path(), "[[route]]\nto_watchers = true\n").run_on(stream(&alerts)).ends_with(0);
    assert!(run.stderr.contains("a watcher gets no mail: 'not an address'"), "{}", run.stderr);
    let to: Vec<(Value, usize)> = run
        .records_of("email")
        .iter()
        .map(|email| (email["to"][0].clone(), alerts_of(email).len()))
        .collect();
    let expected = ["ana@example.com", "ana@example.com", "cy@example.com", "soc@example.com"];
    assert_eq!(to, expected.map(|address| (json!(address), 1)));
    let lines = "[[route]]\nwatchers = [\"CY\"]\nto_watchers = true\n";
    let run = configured(folder.path(), lines).run_on(stream(&alerts[..2])).succeeds();
    let emails = run.records_of("email");
    assert_eq!(
        emails.iter().map(|email| &email["to"][0]).collect::<Vec<_>>(),
        ["soc@example.com", "cy@example.com"]
    );
}

#[test]
fn what_is_hidden_is_in_no_part_of_a_mail() {
    let secret = json!({"object": {"value": "SECRET", "status": "SECRET", "tags": ["SECRET"], "sources": ["SECRET"],
        "description": "SECRET", "subtype": "SECRET", "tlp": "red"},
        "changes": [{"field": "value", "change": "changed", "from": "SECRET", "to": "SECRET"}]});
    let many: Vec<Value> = (1..=60).map(|number| item(number, &secret)).collect();
    let named: Vec<Value> = many
        .iter()
        .cloned()
        .map(|mut item| {
            item["collection"]["name"] = json!("SECRET");
            item
        })
        .collect();
    for lines in [
        "details = \"hide\"\n",
        "hide_tlp = [\"red\"]\n",
        "[[route]]\nto = [\"a@example.com\"]\nhide_tlp = [\"red\"]\n",
    ] {
        for alerts in [&[alert(8, &secret)][..], &many, &named] {
            let folder = private_folder();
            let run = configured(folder.path(), lines).run_on(stream(alerts)).succeeds();
            let email = run.records_of("email").remove(0);
            assert!(!email.to_string().contains("SECRET"), "{lines}: {email}");
            let text = email["text"].as_str().expect("text");
            assert!(text.contains("https://threatq.example.com/indicators/"), "{text}");
        }
    }
}

#[test]
fn what_is_refused_goes_to_nobody_and_that_is_said() {
    let red = json!({"object": {"tlp": "red"}});
    let alerts = [alert(1, &json!({})), alert(2, &red), alert(3, &json!({"object": {"tlp": "TLP:PURPLE"}}))];
    let folder = private_folder();
    let run = configured(folder.path(), "refuse_tlp = [\"red\"]\n").run_on(stream(&alerts)).ends_with(1);
    let run = run.complains(&["2 alerts are mailed to nobody: their TLP is refused"]);
    assert_eq!(run.records_of("email").len(), 1);
    let sender = program("tq-send-smtp").arg("--state").arg(folder.path().join("state.db"));
    sender.arg("--maildir").arg(folder.path().join("Maildir")).run_on(run.stdout).succeeds();
    // A route that refuses it leaves it to the others.
    let lines = "[[route]]\nto = [\"a@example.com\"]\nrefuse_tlp = [\"red\"]\n";
    let run = configured(folder.path(), lines).run_on(stream(&alerts)).succeeds();
    let to: Vec<Value> = run.records_of("email").iter().map(|email| email["to"][0].clone()).collect();
    assert_eq!(to, ["a@example.com", "soc@example.com", "soc@example.com"]);
}

#[test]
fn a_route_that_cannot_be_is_78_at_start() {
    for (lines, words) in [
        ("[[route]]\ntags = [\"apt\"]\n", &["route 1", "leads to nobody"][..]),
        (
            "[[route]]\nto_watchers = true\n[[route]]\ncc = [\"x\"]\n",
            &["route 2", "cc", "'x' is not an address"],
        ),
        ("[[route]]\nto = [\"a@example.com\"]\ntemplate = \"../x\"\n", &["route 1", "template"]),
        ("[[route]]\nto = [\"a@example.com\"]\ntemplate = \"x\"\n", &["template", "email.templates"]),
        ("[[route]]\ntlp = [\"pink\"]\n", &["line 5", "pink"]),
    ] {
        let folder = private_folder();
        configured(folder.path(), lines).run().ends_with(78).complains(words);
    }
}

/// One condition as the configuration has it, and what it says of an alert.
type Condition = (&'static str, fn(&Value) -> bool);

const CONDITIONS: [Condition; 9] = [
    ("statuses = [\"active\"]", |alert| alert["object"]["status"] == "Active"),
    ("min_score = 5", |alert| alert["object"]["score"].as_i64().is_some_and(|score| score >= 5)),
    ("max_score = 6", |alert| alert["object"]["score"].as_i64().is_some_and(|score| score <= 6)),
    ("tlp = [\"red\", \"none\"]", |alert| alert["object"]["tlp"].as_str().is_none_or(|tlp| tlp == "red")),
    ("tags = [\"APT\"]", |alert| {
        alert["object"]["tags"].as_array().is_some_and(|tags| tags.contains(&json!("apt")))
    }),
    ("types = [\"Indicators\"]", |alert| alert["object"]["type"] == "indicator"),
    ("types = [\"fqdn\"]", |alert| alert["object"]["subtype"] == "FQDN"),
    ("watchers = [\"ana@example.com\"]", |alert| alert["watchers"].to_string().contains("ana@")),
    ("collections = [\"iocs\"]", |alert| alert["collection"]["name"] == "IOCs"),
];

fn any_object() -> impl Strategy<Value = Value> {
    let pick = |values: Vec<Value>| prop::sample::select(values);
    (
        pick(vec![json!("Active"), json!("Review"), Value::Null]),
        pick(vec![json!(3), json!(5), json!(6), json!(9), Value::Null]),
        pick(vec![json!("red"), json!("green"), Value::Null]),
        pick(vec![json!(["apt"]), json!(["x"]), Value::Null]),
        pick(vec![json!("indicator"), json!("event")]),
        pick(vec![json!("FQDN"), json!("URL"), Value::Null]),
        pick(vec![json!("ana@example.com"), json!("cy@example.com")]),
    )
        .prop_map(|(status, score, tlp, tags, kind, subtype, watcher)| {
            let plural = if kind == "event" { "Events" } else { "Indicators" };
            let mut object = json!({"status": status, "score": score, "tlp": tlp, "tags": tags, "type": kind,
                "subtype": subtype, "type_name": kind, "type_plural": plural});
            object.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
            json!({"object": object, "watchers": [{"name": "W", "email": watcher}]})
        })
}

/// An alert with an object like this, and nothing of what it does not say.
fn made(number: u64, in_collection: bool, with: &Value) -> Value {
    let mut made = if in_collection { item(number, with) } else { alert(number, with) };
    if in_collection {
        made.as_object_mut().expect("a record").remove("watchers");
    }
    for name in ["status", "score", "tlp", "tags", "subtype"] {
        if with["object"].get(name).is_none() {
            made["object"].as_object_mut().expect("an object").remove(name);
        }
    }
    made
}

#[test]
fn every_item_in_a_mail_satisfies_the_mails_route_and_every_item_is_in_the_mails_of_its_routes() {
    let routes = prop::collection::vec(prop::collection::btree_set(0..CONDITIONS.len(), 0..3), 1..4);
    let objects = prop::collection::vec(any_object(), 1..25);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let property = |(routes, objects, in_collection): (Vec<BTreeSet<usize>>, Vec<Value>, bool)| {
        // A key may stand once in a route.
        let conditions = |route: &BTreeSet<usize>| -> Vec<Condition> {
            let mut seen = BTreeSet::new();
            let all = route.iter().map(|place| CONDITIONS[*place]);
            all.filter(|(line, _)| seen.insert(line.split(' ').next())).collect()
        };
        let lines: String =
            (0..).zip(&routes).fold("max_mails = 3\nmax_items = 2\n".to_owned(), |lines, (place, route)| {
                let keys: Vec<&str> = conditions(route).iter().map(|(line, _)| *line).collect();
                format!("{lines}[[route]]\nto = [\"r{place}@example.com\"]\n{}\n", keys.join("\n"))
            });
        let alerts: Vec<Value> =
            (1..).zip(&objects).map(|(number, with)| made(number, in_collection, with)).collect();
        let folder = private_folder();
        let run = configured(folder.path(), &lines).run_on(stream(&alerts)).succeeds();
        let emails = run.records_of("email");
        for alert in &alerts {
            let id = alert["id"].as_str().expect("an id");
            let mut expected: BTreeSet<String> = (0..)
                .zip(&routes)
                .filter(|(_, route)| conditions(route).iter().all(|(_, holds)| holds(alert)))
                .map(|(place, _): (usize, _)| format!("r{place}@example.com"))
                .collect();
            if expected.is_empty() {
                expected.insert("soc@example.com".to_owned());
            }
            let named = emails.iter().filter(|email| alerts_of(email).contains(id));
            let got: BTreeSet<String> =
                named.map(|email| email["to"][0].as_str().expect("one").to_owned()).collect();
            prop_assert_eq!(got, expected, "{}\n{}", lines, alert);
        }
        // And no value stands in a mail that does not name its alert.
        for email in &emails {
            for alert in
                alerts.iter().filter(|alert| !alerts_of(email).contains(alert["id"].as_str().expect("an id")))
            {
                let link = alert["object"]["link"].as_str().expect("a link");
                prop_assert!(!email["text"].as_str().expect("text").contains(link), "{}", lines);
            }
        }
        Ok(())
    };
    runner.run(&(routes, objects, any::<bool>()), property).unwrap_or_else(|error| panic!("{error}"));
}
