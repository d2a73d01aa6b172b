//! The metrics of a run, read as strictly as Prometheus does: its text format, version 0.0.4.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::waiting::{busy, good};
use super::{SOC, Sender, checkpoint, email, lines, stream, text};
use crate::man::page;
use crate::support::program::{Ended, folder};
use crate::support::site::private_folder;

/// The samples of a file: each with its labels, sorted.
type Samples = BTreeMap<(String, Vec<(String, String)>), String>;

/// Reads a file as a collector does, and more strictly: HELP and TYPE before the samples of a metric, which stand
/// together, in names and labels of the allowed characters; no sample twice; a line feed at the end.
#[track_caller]
fn parse(path: &Path) -> Samples {
    let text = fs::read_to_string(path).expect("the metrics are there");
    assert!(text.ends_with('\n'), "{text}");
    let (mut samples, mut kinds) = (Samples::new(), BTreeMap::new());
    let (mut helped, mut current) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help has words");
            assert!(!help.trim().is_empty() && !kinds.contains_key(name), "{line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type has a word");
            assert_eq!(name, helped, "the help stands before the type");
            // A counter's name ends in _total and no other's does.
            assert_eq!(kind, if name.ends_with("_total") { "counter" } else { "gauge" }, "{line}");
            kinds.insert(name.to_owned(), kind.to_owned());
            name.clone_into(&mut current);
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!(name, current, "samples stand below their type: {line}");
            assert!(name.starts_with("tq_alerts_") && is_name(&name), "{line}");
            assert!(samples.insert((name, labels), value).is_none(), "twice: {line}");
        }
    }
    samples
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_letter) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// `name{label="value",…} number`
fn sample(line: &str) -> (String, Vec<(String, String)>, String) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut characters = quoted.char_indices();
            let end = loop {
                match characters.next().unwrap_or_else(|| panic!("no end: {line}")) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match characters.next() {
                        Some((_, 'n')) => '\n',
                        Some((_, escaped @ ('\\' | '"'))) => escaped,
                        other => panic!("{other:?} is no escape: {line}"),
                    }),
                    (_, character) => value.push(character),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &quoted[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("no brace: {line}"));
    }
    let number = rest.strip_prefix(' ').unwrap_or_default();
    assert!(number.parse::<f64>().is_ok_and(|number| number >= 0.0), "no number: {line}");
    labels.sort();
    (name.to_owned(), labels, number.to_owned())
}

/// The one sample with this name, and this label where there is one.
#[track_caller]
fn value<'a>(samples: &'a Samples, name: &str, label: Option<(&str, &str)>) -> &'a str {
    let wanted: Vec<(String, String)> =
        label.map(|(label, value)| (label.to_owned(), value.to_owned())).into_iter().collect();
    let key = (format!("tq_alerts_{name}"), wanted);
    samples.get(&key).unwrap_or_else(|| panic!("{key:?} is not in {samples:?}"))
}

/// A sender that writes metrics, and where.
fn measured() -> (Sender, PathBuf) {
    let sender = Sender::with_state();
    let path = sender.path().join("tq.prom");
    let set = text(&path);
    (sender.set("--metrics", set), path)
}

#[test]
fn metrics_are_in_the_form_of_prometheus_and_their_counters_go_on_from_run_to_run() {
    let (sender, path) = measured();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    let first = parse(&path);
    assert_eq!(value(&first, "mails_total", Some(("outcome", "deferred"))), "1");
    assert_eq!(
        value(&first, "mails_total", Some(("outcome", "accepted"))),
        "0",
        "what was none is there, too"
    );
    assert_eq!((value(&first, "queue_mails", None), value(&first, "last_run_status", None)), ("1", "75"));
    assert_eq!(value(&first, "last_success_timestamp_seconds", None), "0.000");

    let next = [email("e2", &[SOC]), email("e3", &[SOC])];
    sender.program(good().port()).run_on(lines(next.iter().chain([&checkpoint(1, &next)]))).succeeds();
    let second = parse(&path);
    for (outcome, mails) in [("accepted", "3"), ("deferred", "1"), ("rejected", "0"), ("unknown", "0")] {
        assert_eq!(value(&second, "mails_total", Some(("outcome", outcome))), mails, "{outcome}");
    }
    assert_eq!(value(&second, "alerts_total", Some(("source", "watchlist"))), "3");
    assert_eq!((value(&second, "queue_mails", None), value(&second, "dead_letter_mails", None)), ("0", "0"));
    assert_eq!(value(&second, "last_run_status", None), "0");
    let (success, ended) = (
        value(&second, "last_success_timestamp_seconds", None),
        value(&second, "last_run_timestamp_seconds", None),
    );
    assert!(success == ended && success > "1700000000", "{success} {ended}");
    assert!(value(&second, "last_run_duration_seconds", None).len() <= "59.999".len());
    assert!(value(&second, "source_taken_timestamp_seconds", Some(("source", "watchlist"))) > "1700000000");
    let described = page("tq-send-smtp.1");
    let described = described.lines().filter_map(|line| line.strip_prefix(".It Va tq_alerts_"));
    let described: BTreeSet<&str> = described.filter_map(|line| line.split(' ').next()).collect();
    let written: BTreeSet<&str> =
        second.keys().filter_map(|(name, _)| name.strip_prefix("tq_alerts_")).collect();
    assert_eq!(written, described, "the metrics are those on the page");
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o644, "a collector is another user");
}

#[test]
fn each_metric_bears_the_name_of_the_instance_and_a_source_of_any_name_stays_a_label() {
    let sender = Sender::with_state();
    let path = sender.path().join("tq.prom");
    let config = sender.path().join("night \"shift\".toml");
    fs::write(&config, "[monitoring]\nmetrics = \"tq.prom\"\n").expect("a file can be written");
    let odd = "collection/a \"b\" \\ c\nd{e=\"f\"} 1";
    let mut last = checkpoint(0, &[]);
    last["source"] = odd.into();
    sender.program(1).arg("--config").arg(&config).run_on(lines([&last])).succeeds();
    let samples = parse(&path);
    let name = ("name".to_owned(), "night \"shift\"".to_owned());
    assert!(samples.keys().all(|(_, labels)| labels.contains(&name)), "{samples:?}");
    let key = ("tq_alerts_alerts_total".to_owned(), vec![name, ("source".to_owned(), odd.to_owned())]);
    assert!(samples.contains_key(&key), "{samples:?}");
}

#[test]
fn a_part_of_a_run_writes_no_metrics_and_its_end_does() {
    let (sender, path) = measured();
    let relay = good();
    let part = || sender.program(relay.port()).args(&["--run", "2026-11-22T01:02:03Z"]);
    part().run_on(stream(&[email("e1", &[SOC])])).succeeds();
    assert!(!path.exists(), "the run has not ended");
    part().args(&["--ended", "75"]).run().succeeds();
    let samples = parse(&path);
    assert_eq!(value(&samples, "last_run_status", None), "75");
    assert_eq!(value(&samples, "mails_total", Some(("outcome", "accepted"))), "1");
}

#[test]
fn metrics_that_cannot_be_written_keep_no_mail_back_and_leave_the_old_ones() {
    type Spoil = fn(&Path);
    let ways: [(&str, Spoil, i32); 3] = [
        ("no folder", |path| fs::remove_dir_all(path.parent().expect("a folder")).expect("ours"), 73),
        (
            "a folder in the place of the draft",
            |path| fs::create_dir_all(path.with_file_name("tq.prom.new/x")).expect("ours"),
            73,
        ),
        (
            "a folder in the place of the metrics",
            |path| {
                fs::remove_file(path).expect("ours");
                fs::create_dir_all(path.join("x")).expect("ours");
            },
            74,
        ),
    ];
    for (what, spoil, status) in ways {
        let sender = Sender::with_state();
        let place = private_folder();
        let path = place.path().join("metrics/tq.prom");
        fs::create_dir(place.path().join("metrics")).expect("a folder can be made");
        let sender = sender.set("--metrics", text(&path));
        sender.resume(&good()).succeeds();
        let before = fs::read(&path).expect("metrics");
        spoil(&path);
        let relay = good();
        let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(status);
        ended.complains(&["metrics ", "tq.prom"]);
        assert_eq!(relay.messages().len(), 1, "{what}");
        if path.is_file() {
            assert_eq!(fs::read(&path).expect("metrics"), before, "{what}");
        }
    }
}

#[test]
fn a_draft_that_was_left_behind_or_planted_is_replaced_and_not_followed() {
    let (sender, path) = measured();
    let other = sender.path().join("other");
    fs::write(&other, "somebody else's").expect("a file can be written");
    symlink(&other, sender.path().join("tq.prom.new")).expect("a link can be made");
    sender.resume(&good()).succeeds();
    parse(&path);
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "somebody else's");
    assert!(!sender.path().join("tq.prom.new").exists());
}

#[test]
fn metrics_without_a_state_are_78_before_anything_is_sent() {
    let relay = good();
    let sender = Sender::without_state();
    let sender = sender.set("--metrics", "tq.prom");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["metrics need a state"]);
    assert_eq!(relay.connections(), 0);
}

/// On a small disk in memory, in a namespace that ends with it: a run with room for the metrics, and one without.
const FULL_DISK: &str = r#"
set -eu
disk=$1 sender=$2 state=$3
mount -t tmpfs -o size=64k tmpfs "$disk"
run() { "$sender" --maildir "$state/Maildir" --state "$state/state.db" --metrics "$disk/tq.prom" </dev/null; }
run
cp "$disk/tq.prom" "$state/before"
cat /dev/zero >"$disk/filler" 2>/dev/null || true
run && echo 0 || echo $?
cmp "$disk/tq.prom" "$state/before"
ls "$disk"
"#;

#[test]
fn a_full_disk_under_the_metrics_is_74_and_leaves_the_old_ones_whole() {
    let (disk, state) = (private_folder(), private_folder());
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", FULL_DISK, "sh"])
        .arg(disk.path())
        .arg(folder().join("tq-send-smtp"));
    let ended =
        Ended::new("tq-send-smtp", &command.arg(state.path()).output().expect("unshare can be started"));
    assert_eq!((ended.status, ended.stdout.as_str()), (0, "74\nfiller\ntq.prom\n"), "{}", ended.stderr);
    ended.complains(&["metrics ", "tq.prom: No space left on device"]);
}
