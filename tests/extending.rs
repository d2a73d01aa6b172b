//! `docs/extending.md`: the programs of `examples/` at their place on the pipe, and several senders behind one fetch.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{Ended, Program, example, program};
use crate::support::site::{Site, private_folder};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read_to_string(path).expect("a fixture is text")
}

/// Asserts that a stream keeps to the rules.
#[track_caller]
fn assert_right(stream: &str) {
    assert_eq!(program("tq-format-email").arg("--validate").run_on(stream).succeeds().stdout, "");
}

fn values(records: &[Value]) -> Vec<&str> {
    records.iter().map(|alert| alert["object"]["value"].as_str().expect("it has a value")).collect()
}

/// A site whose state has the baseline, and the scene "added" behind it: one alert for the watchlist, three for the
/// collection.
fn site_with_news() -> Site {
    let site = Site::new();
    site.run_both();
    site.play("added");
    site
}

fn fetch(site: &Site) -> String {
    ["tq-fetch-watchlist", "tq-fetch-collection"]
        .map(|fetcher| site.program(fetcher).run().succeeds().stdout)
        .concat()
}

/// The mail's half of a pipe: how the formatter and the sender end on these alerts.
fn mail(site: &Site, alerts: &str) -> (Ended, Ended) {
    let formatted = site.program("tq-format-email").run_on(alerts);
    let sent = site.program("tq-send-smtp").run_on(&*formatted.stdout);
    (formatted, sent)
}

/// The sender of `examples/` before the mail, with a file of its own.
struct Lines {
    ids: PathBuf,
    lines: PathBuf,
}

impl Lines {
    fn of(site: &Site) -> Self {
        Self { ids: site.path().join("lines.ids"), lines: site.path().join("lines.log") }
    }

    fn sender(&self) -> Program {
        example("send-lines").arg(&self.ids).args(&["tee", "-a"]).arg(&self.lines)
    }

    fn written(&self) -> String {
        fs::read_to_string(&self.lines).unwrap_or_default()
    }
}

#[test]
fn a_fetcher_in_python_remembers_its_source_and_mails_what_is_new_once() {
    let folder = private_folder();
    let state = folder.path().join("state/state.db");
    let catalogue = folder.path().join("kev.json");
    let run = || {
        let fetched = example("fetch-kev").arg("--state").arg(&state).arg(&catalogue).run().succeeds();
        assert_right(&fetched.stdout);
        let emails = program("tq-format-email")
            .args(&["--from", "tq@example.com", "--to", "soc@example.com", "--link-host", "nvd.nist.gov"])
            .run_on(&*fetched.stdout)
            .succeeds();
        let sender = program("tq-send-smtp").arg("--state").arg(&state).arg("--maildir").arg("Maildir");
        let mut command = sender.into_command();
        command.current_dir(folder.path());
        let sent = Program::of("tq-send-smtp", command).run_on(emails.stdout).succeeds();
        (fetched.records_of("alert"), sent.records_of("receipt").len())
    };
    let both: Value = serde_json::from_str(&fixture("kev.json")).expect("JSON");
    let mut first = both.clone();
    first["vulnerabilities"].as_array_mut().expect("a list").remove(0);
    fs::write(&catalogue, first.to_string()).expect("the folder is ours");
    assert_eq!(run(), (vec![], 0), "a first run remembers");
    fs::write(&catalogue, both.to_string()).expect("the folder is ours");
    let (alerts, mails) = run();
    assert_eq!(values(&alerts), ["CVE-2021-44228: Apache Log4j2 Remote Code Execution Vulnerability"]);
    assert_eq!(mails, 1);
    assert_eq!(run(), (vec![], 0), "what was mailed is known");

    fs::write(&catalogue, "<html>").expect("the folder is ours");
    let fetcher = || example("fetch-kev").arg("--state").arg(&state).arg(&catalogue).run();
    assert_eq!(fetcher().ends_with(76).stdout, "", "no checkpoint of a fetch that failed");
    fs::remove_file(&state).expect("it is there");
    fetcher().ends_with(78).complains(&["the state is lost"]);
}

#[test]
fn a_filter_in_python_drops_alerts_keeps_their_marks_and_makes_the_checkpoint_cover_the_rest() {
    let alerts = fixture("streams/alerts.ndjson");
    for (least, kept) in [("0", 4), ("6", 2), ("99", 0)] {
        let filtered = example("drop-low-score").arg(least).run_on(alerts.as_str()).succeeds();
        assert_right(&filtered.stdout);
        assert_eq!(filtered.records_of("alert").len(), kept, "{least}");
        let entries = |records: Vec<Value>| -> usize {
            records.iter().map(|record| record["marks"].as_array().map_or(0, Vec::len)).sum()
        };
        let all = filtered.records().into_iter().filter(|record| record["record"] != "checkpoint").collect();
        assert_eq!(entries(all), 5, "{least}: every mark goes on");
    }
    // Whatever it is told to keep: what was lost before it is not hidden.
    let lossy: Vec<&str> = alerts.lines().skip(1).collect();
    let filtered = example("drop-low-score").arg("0").run_on(lossy.join("\n"));
    assert!(filtered.ends_with(65).complains(&["source 'watchlist'"]).records_of("checkpoint").is_empty());
}

#[test]
fn an_alert_that_a_filter_drops_is_done_with_and_a_later_change_of_its_object_is_mailed() {
    let site = site_with_news();
    let filtered = example("drop-low-score").arg("6").run_on(fetch(&site)).succeeds().stdout;
    let (formatted, sent) = mail(&site, &filtered);
    formatted.succeeds();
    sent.succeeds();
    assert_eq!(site.subjects(), ["ThreatQ Data Collection Updated: 2 New Items"]);
    assert!(!fetch(&site).contains("\"record\":\"alert\""), "they are not found again");
    site.play("commented");
    let later = site.program("tq-fetch-watchlist").run().succeeds();
    assert_eq!(later.records_of("alert")[0]["event"], "updated");
}

#[test]
fn a_filter_in_jq_that_forgets_the_checkpoint_is_caught_and_nothing_is_sent() {
    let site = site_with_news();
    let jq = |filter: &str, alerts: String| {
        let mut command = std::process::Command::new("jq");
        command.args(["-c", filter]);
        Program::of("jq", command).run_on(alerts).succeeds().stdout
    };
    let low = r#"select(.record != "alert" or .object.score >= 6)"#;
    let (formatted, sent) = mail(&site, &jq(low, fetch(&site)));
    formatted.ends_with(65).complains(&["rule count"]);
    sent.ends_with(65);
    assert!(site.mails().is_empty());
    // One that only edits needs nothing of the kind.
    let shout = r#"if .record == "alert" then .object.value |= ascii_upcase else . end"#;
    let (formatted, sent) = mail(&site, &jq(shout, fetch(&site)));
    formatted.succeeds();
    sent.succeeds();
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn a_sender_in_shell_writes_a_line_for_each_alert_and_passes_the_stream_on_as_it_came() {
    let site = site_with_news();
    let (lines, alerts) = (Lines::of(&site), fetch(&site));
    assert_eq!(lines.sender().run_on(&*alerts).succeeds().stdout, alerts);
    let written = lines.written();
    let line = "2021-10-28T20:32:57Z\tadded\tIndicator\t7.8.9.0\thttps://threatq.hostname.com/indicators/8/details\n";
    assert!(written.contains(line), "{written}");
    assert_eq!(written.lines().count(), 4);
    // A value can forge no line.
    let forged = alerts.replace("\"7.8.9.0\"", "\"7.8.9.0\\n\\u001b[2Jforged\\u202e\"");
    let other = Lines { ids: site.path().join("other.ids"), lines: site.path().join("other.log") };
    other.sender().run_on(forged).succeeds();
    assert!(other.written().contains("\t7.8.9.0??[2Jforged?\t"), "{}", other.written());
    assert_eq!(other.written().lines().count(), 4);
}

#[test]
fn a_sender_in_shell_hands_each_alert_to_syslog() {
    let folder = private_folder();
    let (socket, ids) = (folder.path().join("log"), folder.path().join("ids"));
    let log = UnixDatagram::bind(&socket).expect("the folder is ours");
    log.set_nonblocking(true).expect("a socket can be");
    let logger = ["logger", "--tag", "tq-alerts", "--socket"];
    let alerts = fixture("streams/alerts.ndjson");
    example("send-lines").arg(&ids).args(&logger).arg(&socket).run_on(&*alerts).succeeds();
    let mut told = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match log.recv(&mut buffer) {
            Ok(length) => told.push(String::from_utf8_lossy(&buffer[..length]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("tq-alerts: 2021-10-28T20:32:57Z") && told[0].contains("7.8.9.0"), "{told:?}");
}

#[test]
fn a_program_in_rust_reads_the_stream_with_the_library() {
    let alerts = fixture("streams/alerts.ndjson");
    let summed = example("summary").run_on(&*alerts).succeeds();
    assert_eq!(summed.stdout, "watchlist: Indicator 1\ncollection/Ransomware IOCs: Indicator 3\n");
    let lossy: Vec<&str> = alerts.lines().skip(1).collect();
    example("summary").run_on(lossy.join("\n")).ends_with(65).complains(&["line 2", "rule count"]);
    example("summary")
        .run_on(alerts.lines().next().unwrap_or_default())
        .ends_with(65)
        .complains(&["watchlist"]);
}

#[test]
fn a_run_that_dies_between_two_senders_doubles_nothing_and_loses_nothing() {
    let site = site_with_news();
    let lines = Lines::of(&site);
    // The lines are written; then the run dies, before the formatter, before the sender, or with the sender.
    let passed = lines.sender().run_on(fetch(&site)).succeeds().stdout;
    let formatted = site.program("tq-format-email").run_on(passed).succeeds().stdout;
    let torn: Vec<&str> =
        formatted.lines().filter(|line| !line.contains("\"record\":\"checkpoint\"")).collect();
    site.program("tq-send-smtp").run_on(torn.join("\n")).ends_with(65);
    assert!(site.mails().is_empty());
    assert_eq!(lines.written().lines().count(), 4);
    // The next run tells the mails what the lines have.
    for _ in 0..2 {
        let passed = lines.sender().run_on(fetch(&site)).succeeds().stdout;
        let (formatted, sent) = mail(&site, &passed);
        formatted.succeeds();
        sent.succeeds();
        assert_eq!((site.mails().len(), lines.written().lines().count()), (2, 4));
    }
}

#[test]
fn a_source_that_one_sender_cannot_take_over_is_taken_over_by_none_behind_it() {
    let site = site_with_news();
    let ids = site.path().join("ids");
    let alerts = fetch(&site);
    let failed = example("send-lines").arg(&ids).arg("false").run_on(&*alerts).ends_with(75);
    assert!(failed.records_of("checkpoint").is_empty());
    let (_, sent) = mail(&site, &failed.stdout);
    assert_eq!((sent.stdout.as_str(), site.mails().len()), ("", 0));
    let passed = example("send-lines").arg(&ids).arg("cat").run_on(fetch(&site)).succeeds();
    assert_eq!(passed.stdout.lines().count(), alerts.lines().count(), "nothing was lost by it");
    let (formatted, sent) = mail(&site, &passed.stdout);
    formatted.succeeds();
    sent.succeeds();
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn the_mails_sender_passes_on_what_is_not_an_email_and_a_checkpoint_only_of_what_is_its_own() {
    let site = site_with_news();
    let foreign = "{\"v\":1,  \"record\":\"page\",\"to\":\"the night shift\",\"n\":1.50}\n";
    let emails = site.program("tq-format-email").run_on(format!("{foreign}{}", fetch(&site))).succeeds();
    let marks = |ended: &Ended| ended.records_of("mark");
    let sent = site.program("tq-send-smtp").run_on(&*emails.stdout).succeeds();
    assert!(sent.stdout.starts_with(foreign));
    assert_eq!(marks(&sent), marks(&emails));
    assert!(sent.records_of("email").is_empty());
    let taken: Vec<Value> = sent.records_of("checkpoint").iter().map(|one| one["taken"].clone()).collect();
    assert_eq!(taken, [serde_json::json!(["email"]), serde_json::json!(["email"])]);
    // The same once more: the state has moved on, so nothing is taken over, and no checkpoint says that it was.
    let stale = site.program("tq-send-smtp").run_on(&*emails.stdout).ends_with(75);
    assert!(stale.records_of("checkpoint").is_empty() && stale.stdout.starts_with(foreign));
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn every_term_of_the_library_guide_stands_beside_ours() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/extending.md");
    let guide = fs::read_to_string(path).expect("a document is text");
    let (_, table) = guide.split_once("\n| guide | here |\n").expect("it has the table");
    let left: String = table.lines().filter_map(|row| row.split('|').nth(1)).collect();
    for term in
        "connect fetch_alerts sanitize_alerts send_alerts add_notifier set_formatter format_alert send_alert \
                 set_data format_data get_formatted add_service start TQServiceWorker NotificationTypes \
                 BaseService BaseNotifier BaseFormatter WatchlistService SavedSearchService"
            .split_whitespace()
    {
        assert!(left.contains(&format!("{term}(")) || left.contains(&format!("`{term}`")), "{term}");
    }
}
