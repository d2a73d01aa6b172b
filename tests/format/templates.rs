//! Templates of one's own: in the place of the built-in ones, checked at start, and never the end of a mail.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{alert, configured, formatter, item, stream};
use crate::support::program::Program;
use crate::support::site::private_folder;

fn with(folder: &Path, templates: &[(&str, &str)]) -> Program {
    for (name, text) in templates {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    formatter().arg("--templates").arg(folder)
}

/// A block of the documentation, by what it begins with.
fn block<'a>(page: &'a str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(after).expect("the page has this example");
    let (_, rest) = rest.split_once("\n```").expect("a block");
    rest.split_once('\n').and_then(|(_, rest)| rest.split_once("```")).expect("a block ends").0
}

#[test]
fn the_example_of_the_documentation_makes_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates.md");
    let page = fs::read_to_string(path).expect("there is a page");
    let folder = private_folder();
    let templates = [
        ("watchlist.txt", block(&page, "`DIR/watchlist.txt`:")),
        ("_signature.txt", block(&page, "`DIR/_signature.txt`:")),
    ];
    let with_value = json!({"object": {"value": "evil.example", "subtype": "FQDN"}});
    let run = with(folder.path(), &templates).run_on(stream(&[alert(8, &with_value)])).succeeds();
    let email = run.records_of("email").remove(0);
    assert_eq!(email["text"].as_str().expect("text"), block(&page, "which makes"));
    assert_eq!(email["subject"], "ThreatQ Watchlist: Indicator Updated", "the others stay built in");
}

#[test]
fn every_variable_of_the_documentation_is_there_for_every_mail() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates.md");
    let page = fs::read_to_string(page).expect("there is a page");
    let names = |heading: &str| -> Vec<String> {
        let (_, rest) = page.split_once(heading).expect("a section");
        let rows =
            rest.split("\n## ").next().unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
        let cells =
            rows.flat_map(|row| row.split(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2));
        cells.map(str::to_owned).collect()
    };
    let all = |names: Vec<String>| format!("{{{{ {} }}}}\n", names.join(" }}\n{{ "));
    let (single, digest) =
        (all(names("## Variables of `watchlist`")), all(names("## Variables of `collection`")));
    assert!(single.contains("subtype") && digest.contains("groups"));
    let folder = private_folder();
    let templates =
        [("watchlist.txt", single.as_str()), ("collection.txt", &digest), ("overflow.txt", &digest)];
    let bare = |mut alert: Value| {
        for name in ["changed_at", "found_at", "watchers", "changes"] {
            alert.as_object_mut().expect("a record").remove(name);
        }
        for name in ["subtype", "status", "score", "tlp", "sources", "tags", "description"] {
            alert["object"].as_object_mut().expect("an object").remove(name);
        }
        alert
    };
    let watched = [alert(1, &json!({})), bare(alert(2, &json!({}))), alert(3, &json!({}))];
    let input = stream(&watched) + &stream(&[bare(item(4, &json!({}))), item(5, &json!({}))]);
    let run = with(folder.path(), &templates).args(&["--max-mails", "2"]).run_on(input).succeeds();
    assert_eq!(run.records_of("email").len(), 4);
}

#[test]
fn a_template_that_cannot_be_used_is_78_at_start() {
    for (name, text, words) in [
        ("watchlist.txt", "{{ item", &["watchlist.txt"][..]),
        ("watchlist.txt", "{{ itme }}", &["watchlist.txt", "'itme'"]),
        ("collection.html", "{% if new %}{{ totl }}{% endif %}", &["collection.html", "'totl'"]),
        ("wachtlist.txt", "x", &["wachtlist.txt", "no template of a mail"]),
    ] {
        let folder = private_folder();
        let run = with(folder.path(), &[(name, text)]).run_on(stream(&[alert(8, &json!({}))])).ends_with(78);
        assert!(run.complains(words).stdout.is_empty(), "{text}");
    }
    formatter().args(&["--templates", "/nonexistent"]).run().ends_with(78).complains(&["/nonexistent"]);
}

#[test]
fn a_template_that_fails_on_an_alert_is_reported_and_the_built_in_one_is_sent() {
    let folder = private_folder();
    let templates = [("watchlist.txt", "{{ changes[0].line }}"), ("watchlist.html", "{{ item | link }}")];
    // Nothing lets a value through as it is.
    let unsafe_ones = ["safe", "e", "escape"];
    let alerts = [alert(8, &json!({})), alert(9, &json!({"changes": []}))];
    let run = with(folder.path(), &templates).run_on(stream(&alerts)).ends_with(65);
    assert_eq!(run.stderr.lines().count(), 2, "each reason once: {}", run.stderr);
    assert!(
        run.stderr.contains("watchlist.html, line 1") && run.stderr.contains("watchlist.txt, line 1"),
        "{}",
        run.stderr
    );
    let plain = formatter().run_on(stream(&alerts)).succeeds();
    assert_eq!(run.stdout, plain.stdout);
    for filter in unsafe_ones {
        let text = format!("{{{{ item | {filter} }}}}");
        let folder = private_folder();
        let run = with(folder.path(), &[("watchlist.html", &text)]).run_on(stream(&alerts)).ends_with(65);
        assert_eq!(run.complains(&["unknown filter", filter]).stdout, plain.stdout);
    }
}

#[test]
fn a_route_has_templates_of_its_own() {
    let folder = private_folder();
    with(
        &folder.path().join("t"),
        &[("night/watchlist.txt", "night {{ item }}"), ("watchlist.txt", "day {{ item }}")],
    );
    let lines = "templates = \"t\"\n[[route]]\nstatuses = [\"active\"]\nto = [\"night@example.com\"]\ntemplate = \"night\"\n";
    let alerts = [alert(8, &json!({})), alert(9, &json!({"object": {"status": "Expired"}}))];
    let run = configured(folder.path(), lines).run_on(stream(&alerts)).succeeds();
    let texts: Vec<Value> = run.records_of("email").into_iter().map(|email| email["text"].clone()).collect();
    assert_eq!(texts, ["night 10.0.0.8", "day 10.0.0.9"]);
}

#[test]
fn times_are_shown_in_the_zone_that_is_set() {
    for (zone, time) in [("UTC", "2021-10-28 20:32:57\n"), ("Asia/Tokyo", "2021-10-29 05:32:57 JST\n")] {
        let run = formatter().args(&["--timezone", zone]).run_on(stream(&[alert(8, &json!({}))])).succeeds();
        let text = run.records_of("email").remove(0)["text"].as_str().expect("text").to_owned();
        assert!(text.contains(&format!("\nChanged At: {time}")), "{text}");
    }
    formatter().args(&["--timezone", "Mars"]).run().ends_with(78).complains(&["email.timezone", "Mars"]);
}
