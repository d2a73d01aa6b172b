//! The rules of `man/tq-records.5` for a source: what a filter between two programs may not do, by the word of
//! `tq-format-email --validate` and in the real pipe, where nothing of that source is sent.

mod messages;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{Ended, Program, program};
use crate::support::site::{Site, private_folder};

const WATCHLIST: &str = "watchlist";
const COLLECTION: &str = "collection/Ransomware IOCs";
/// Where a filter stands: in a stream of alerts, or of emails.
const ALERTS: &str = "alerts";
const EMAILS: &str = "emails";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/streams")
}

/// A recorded stream of both sources, fitted to a state that has nothing yet.
fn recorded(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(format!("{name}.ndjson"))).expect("it was recorded");
    text.lines().map(|line| line.replace("\"base\":1", "\"base\":0")).collect()
}

fn validate(stream: impl Into<Vec<u8>>) -> Ended {
    program("tq-format-email").arg("--validate").run_on(stream)
}

/// The place of a source's record of one kind; of several the first.
fn place(lines: &[String], source: &str, kind: &str) -> usize {
    let is_it = |line: &String| {
        let record: Value = serde_json::from_str(line).expect("a record");
        record["source"] == source && record["record"] == kind
    };
    lines.iter().position(is_it).unwrap_or_else(|| panic!("{source} has no {kind}"))
}

fn drop_first(mut lines: Vec<String>, source: &str, kind: &str) -> Vec<String> {
    lines.remove(place(&lines, source, kind));
    lines
}

fn double_first(mut lines: Vec<String>, source: &str, kind: &str) -> Vec<String> {
    let at = place(&lines, source, kind);
    lines.insert(at, lines[at].clone());
    lines
}

/// Puts one record where another stands, and that one behind it.
fn move_to(mut lines: Vec<String>, from: usize, to: usize) -> Vec<String> {
    let line = lines.remove(from);
    lines.insert(to, line);
    lines
}

fn edit(mut lines: Vec<String>, source: &str, kind: &str, from: &str, to: &str) -> Vec<String> {
    let at = place(&lines, source, kind);
    assert!(lines[at].contains(from), "{from} is not in {}", lines[at]);
    lines[at] = lines[at].replacen(from, to, 1);
    lines
}

/// What a filter does wrong: where it stands, what it does, the rule in the words of the complaint, the line that
/// `--validate` names, and the sources that are whole all the same.
struct Row {
    what: &'static str,
    at: &'static str,
    filter: fn(Vec<String>) -> Vec<String>,
    rule: &'static str,
    line: u64,
    whole: &'static [&'static str],
}

/// One row; the collection is the second source, and the first is whole unless the row says otherwise.
const fn row(
    what: &'static str,
    at: &'static str,
    filter: fn(Vec<String>) -> Vec<String>,
    rule: &'static str,
    line: u64,
) -> Row {
    Row { what, at, filter, rule, line, whole: &[WATCHLIST] }
}

#[rustfmt::skip]
const ROWS: [Row; 21] = [
    row("drops an alert", ALERTS, |lines| drop_first(lines, COLLECTION, "alert"),
        "rule count: its checkpoint counts 3 alerts, the stream has 2", 6),
    row("doubles an alert", ALERTS, |lines| double_first(lines, COLLECTION, "alert"),
        "the stream has 4; alert ba21731bf14e6925dc34aa5bcd477dece2a82e46e172185ffa29c24470877dd2 stands twice", 8),
    row("drops an alert and doubles another", ALERTS,
        |lines| double_first(drop_first(lines, COLLECTION, "alert"), COLLECTION, "alert"), "rule digest", 7),
    row("gives an alert another id", ALERTS, |lines| edit(lines, COLLECTION, "alert", "\"id\":\"b", "\"id\":\"c"),
        "rule digest", 7),
    row("moves an alert behind its checkpoint", ALERTS, |lines| move_to(lines, 3, 6), "rule count", 6),
    row("moves a checkpoint before its alerts", ALERTS, |lines| move_to(lines, 6, 3), "rule count", 4),
    row("drops the mark of an alert", ALERTS,
        |lines| edit(lines, COLLECTION, "alert", ",\"marks\":[", ",\"forgotten\":["), "rule marks", 7),
    Row { what: "drops a mark", at: ALERTS, filter: |lines| drop_first(lines, WATCHLIST, "mark"),
        rule: "rule marks: its checkpoint counts 2 marks, the stream has 1", line: 2, whole: &[] },
    Row { what: "doubles a mark", at: ALERTS, filter: |lines| double_first(lines, WATCHLIST, "mark"),
        rule: "rule marks", line: 4, whole: &[] },
    row("forgets the last checkpoint", ALERTS, |lines| drop_first(lines, COLLECTION, "checkpoint"),
        "rule checkpoint", 6),
    Row { what: "forgets another checkpoint", at: ALERTS, filter: |lines| drop_first(lines, WATCHLIST, "checkpoint"),
        rule: "rule checkpoint", line: 3, whole: &[COLLECTION] },
    Row { what: "mixes two sources", at: ALERTS, filter: |lines| move_to(lines, 3, 1),
        rule: "rule checkpoint", line: 2, whole: &[] },
    row("is killed", ALERTS, |mut lines| { lines.truncate(5); lines }, "rule checkpoint", 5),
    row("takes a member away", ALERTS, |lines| edit(lines, COLLECTION, "alert", "\"event\"", "\"happening\""),
        "alert: missing field `event`", 4),
    row("drops an email", EMAILS, |lines| drop_first(lines, COLLECTION, "email"),
        "rule emails: its checkpoint counts 1 emails, the stream has 0", 8),
    row("doubles an email", EMAILS, |lines| double_first(lines, COLLECTION, "email"), "rule emails", 10),
    row("has an email forget its alerts", EMAILS,
        |lines| edit(lines, COLLECTION, "email", "\"alerts\":[\"", "\"alerts\":[],\"were\":[\""), "rule count", 9),
    row("has an email name an alert that is none", EMAILS,
        |lines| edit(lines, COLLECTION, "email", "\"alerts\":[\"0", "\"alerts\":[\"1"), "rule digest", 9),
    row("drops a mark behind the formatter", EMAILS, |lines| drop_first(lines, COLLECTION, "mark"),
        "rule marks", 8),
    row("forgets a checkpoint behind the formatter", EMAILS, |lines| drop_first(lines, COLLECTION, "checkpoint"),
        "rule checkpoint", 8),
    row("breaks a line", EMAILS, |mut lines| { lines[6].truncate(40); lines }, "EOF while parsing", 7),
];

fn formatter() -> Program {
    program("tq-format-email").args(&[
        "--from",
        "ThreatQ Alerts <threatq@example.com>",
        "--to",
        "soc@example.com",
    ])
}

/// Sends a stream from a state and into a Maildir that are in this folder; says how it ended, and how many mails came.
fn send(folder: &Path, stream: &str) -> (Ended, usize) {
    let (state, maildir) = (folder.join("state/state.db"), folder.join("Maildir"));
    let sender = program("tq-send-smtp").arg("--state").arg(state).arg("--maildir").arg(&maildir);
    let ended = sender.run_on(stream);
    (ended, fs::read_dir(maildir.join("new")).map_or(0, Iterator::count))
}

/// The records of some sources.
fn of_sources(lines: &[String], wanted: impl Fn(&str) -> bool) -> String {
    let source = |line: &String| serde_json::from_str::<Value>(line).expect("a record")["source"].clone();
    let kept = lines.iter().filter(|line| wanted(source(line).as_str().unwrap_or_default()));
    kept.flat_map(|line| [line.as_str(), "\n"]).collect()
}

#[test]
fn a_filter_that_breaks_a_rule_is_told_which_and_where_and_nothing_of_that_source_is_sent() {
    for Row { what, at, filter, rule, line, whole } in ROWS {
        let good = recorded(at);
        let bad = filter(good.clone()).join("\n");
        let told = validate(bad.clone()).ends_with(65);
        let place = format!("tq-format-email: standard input, line {line}: ");
        assert!(told.stderr.starts_with(&place) && told.stderr.contains(rule), "{what}: {}", told.stderr);
        assert_eq!((told.stdout.as_str(), told.stderr.lines().count()), ("", 1), "{what}");

        let folder = private_folder();
        let (formatted, complaint) = if at == ALERTS {
            let ended = formatter().run_on(bad).ends_with(65);
            (ended.stdout, ended.stderr)
        } else {
            (bad, String::new())
        };
        let (sent, mails) = send(folder.path(), &formatted);
        assert!(format!("{complaint}{}", sent.stderr).contains(rule), "{what}: {complaint}{}", sent.stderr);
        assert_eq!(mails, whole.len(), "{what}: {}", sent.stderr);
        // A formatter that names the fault may leave the sender a stream that ends well.
        assert!(sent.status == 65 || (at == ALERTS && sent.status == 0), "{what}: {}", sent.status);

        // What was spoilt is still to be had: nothing of it was taken over.
        let again = of_sources(&good, |source| !whole.contains(&source));
        let again = if at == ALERTS { formatter().run_on(again).succeeds().stdout } else { again };
        let (sent, mails) = send(folder.path(), &again);
        assert_eq!((sent.status, mails), (0, 2), "{what}: {}", sent.stderr);
    }
}

#[test]
fn the_order_of_a_sources_records_is_free() {
    let mut lines = recorded(ALERTS);
    lines[3..6].reverse();
    lines.swap(0, 1);
    validate(lines.join("\n")).succeeds();
    let formatted = formatter().run_on(lines.join("\n")).succeeds();
    let folder = private_folder();
    let (sent, mails) = send(folder.path(), &formatted.stdout);
    assert_eq!((sent.status, mails), (0, 2), "{}", sent.stderr);
}

#[test]
fn every_stream_that_was_recorded_is_right() {
    let entries = fs::read_dir(folder()).expect("there are streams");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        let ended = validate(fs::read(&path).expect("a file can be read"));
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn what_the_programs_print_is_right_between_any_two_of_them() {
    let site = Site::new();
    for scene in ["", "added", "commented"] {
        if !scene.is_empty() {
            site.play(scene);
        }
        let fetched = ["tq-fetch-watchlist", "tq-fetch-collection"]
            .map(|fetcher| site.program(fetcher).run().succeeds().stdout)
            .concat();
        let emails = site.program("tq-format-email").run_on(fetched.clone()).succeeds().stdout;
        let streamed = program("tq-send-smtp").arg("--maildir").arg(site.path().join("Streamed"));
        let streamed = streamed.run_on(emails.clone()).succeeds().stdout;
        let sent = site.program("tq-send-smtp").run_on(emails.clone()).succeeds().stdout;
        for stream in [fetched, emails, streamed, sent] {
            assert!(!stream.is_empty());
            assert_eq!(validate(stream).succeeds().stdout, "");
        }
    }
    let status = site.program("tq-send-smtp").arg("--status").run().succeeds().stdout;
    validate(status).succeeds();
}

#[test]
fn emails_that_stand_for_themselves_and_dead_letters_need_no_checkpoint_of_a_fetcher() {
    let emails = recorded(EMAILS);
    let email = &emails[place(&emails, WATCHLIST, "email")];
    validate(email.replacen("\"source\":\"watchlist\",", "", 1)).succeeds();
    validate("").succeeds();
    validate("\n\n").succeeds();
}

#[test]
fn a_member_that_is_null_is_left_out_by_whoever_keeps_to_the_page() {
    for (from, to, name) in [
        ("\"event\"", "\"changed_by\":null,\"event\"", "changed_by"),
        ("\"score\":", "\"score\":null,\"was\":", "score"),
        ("\"mark\":", "\"mark\":null,\"was\":", "mark"),
    ] {
        let lines = edit(recorded(ALERTS), COLLECTION, "alert", from, to);
        let complaint = format!("line 4: alert: `{name}` is null");
        validate(lines.join("\n")).ends_with(65).complains(&[&complaint]);
    }
    // What a mark holds is the fetcher's alone, and a number may be one that only it can keep.
    let lines = edit(recorded(ALERTS), COLLECTION, "alert", "\"mark\":", "\"mark\":[null,1e400],\"was\":");
    validate(lines.join("\n")).succeeds();
}

#[test]
fn a_stream_that_is_validated_needs_no_settings_and_comes_from_a_pipe() {
    program("tq-format-email").args(&["--validate", "--preview", "mails"]).run().ends_with(64);
    let config = private_folder().path().join("missing.toml");
    program("tq-format-email").arg("--validate").arg("--config").arg(config).run().succeeds();
}

#[test]
fn every_rule_has_its_name_on_the_page_and_in_the_guide_to_extending() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a document is text");
    let (page, guide) = (read("man/tq-records.5"), read("docs/extending.md"));
    let mut on_page: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".It Cm ")).collect();
    on_page.sort_unstable();
    let mut broken: Vec<&str> = ROWS
        .iter()
        .map(|row| row.rule)
        .chain([messages::RULE])
        .filter_map(|rule| rule.strip_prefix("rule "))
        .filter_map(|rule| rule.split(':').next())
        .collect();
    broken.sort_unstable();
    broken.dedup();
    assert_eq!(broken, on_page);
    for rule in on_page {
        assert!(guide.contains(&format!("`rule {rule}`")), "{rule}");
    }
}
