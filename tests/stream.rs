//! What every reader of records does with good, odd and broken streams, and that nothing of a broken one is sent.

use std::fs;

use tq_alerts::record::digest;

use crate::support::program::{Ended, Program, program};
use crate::support::site::{Site, private_folder};

/// A line limit and a bit.
const TOO_LONG: usize = 16 * 1024 * 1024 + 100;

fn alert(id: &str) -> String {
    format!(
        r#"{{"record":"alert","v":1,"id":"{id}","source":"watchlist","event":"added","object":{{"type":"indicator","type_name":"Indicator","type_plural":"Indicators","id":8,"value":"7.8.9.0","link":"https://tq.example.com/indicators/8/details"}},"changed_at":"2021-10-28T20:32:57Z"}}"#
    )
}

fn email(id: &str, alert: &str) -> String {
    format!(
        r#"{{"record":"email","v":1,"id":"{id}","source":"watchlist","message_id":"<{id}@example.com>","date":"2021-10-28T20:32:57Z","from":"tq@example.com","to":["soc@example.com"],"subject":"s","text":"t","alerts":["{alert}"]}}"#
    )
}

fn checkpoint(source: &str, base: u64, alerts: &[&str]) -> String {
    let mut sorted = alerts.to_vec();
    sorted.sort_unstable();
    let (count, digest) = (alerts.len(), digest(sorted));
    format!(
        r#"{{"record":"checkpoint","v":1,"source":"{source}","base":{base},"cursor":{{}},"alerts":{count},"digest":"{digest}"}}"#
    )
}

fn formatter() -> Program {
    program("tq-format-email").args(&["--from", "tq@example.com", "--to", "soc@example.com"])
}

fn slack_formatter() -> Program {
    program("tq-format-slack").args(&["--channels", "#tq-alerts"])
}

/// Each formatter, with the record that it makes and what the checkpoint calls them.
type Row = (fn() -> Program, &'static str, &'static str);
const FORMATTERS: [Row; 2] = [(formatter, "email", "emails"), (slack_formatter, "message", "messages")];

/// The sender with a state and a Maildir in this folder.
fn sender(folder: &std::path::Path) -> Program {
    let (state, maildir) = (folder.join("state/state.db"), folder.join("Maildir"));
    program("tq-send-smtp").arg("--state").arg(state).arg("--maildir").arg(maildir)
}

fn mails_in(folder: &std::path::Path) -> usize {
    fs::read_dir(folder.join("Maildir/new")).map_or(0, Iterator::count)
}

#[test]
fn a_broken_line_ends_every_filter_with_65_and_names_the_line_and_nothing_of_its_source_is_sent() {
    let too_long = format!("{{\"record\":\"x\",\"v\":1,\"pad\":\"{}\"}}", "a".repeat(TOO_LONG));
    let rows = [
        ("{\"record\":\"alert\"", "EOF while parsing"),
        ("not json", "not a record"),
        ("[1,2]", "not a record"),
        ("{\"v\":1}", "missing field `record`"),
        ("{\"record\":\"alert\"}", "missing field `v`"),
        ("{\"record\":\"new\",\"v\":2}", "record of version 2; this program reads version 1"),
        ("{\"record\":\"checkpoint\",\"v\":1,\"source\":\"watchlist\"}", "checkpoint: missing field `base`"),
        ("{\"record\":\"mark\",\"v\":1,\"source\":\"watchlist\",\"marks\":{}}", "mark: invalid type"),
        (too_long.as_str(), "longer than 16777216 bytes"),
    ];
    for (line, reason) in rows {
        let good =
            [alert("a1"), String::new(), line.to_owned(), checkpoint("watchlist", 0, &["a1"])].join("\n");
        for (formatter, ..) in FORMATTERS {
            let formatted = formatter().run_on(&*good).ends_with(65).complains(&["line 3", reason]);
            assert!(formatted.records_of("checkpoint").is_empty());
        }

        let folder = private_folder();
        let good = [email("e1", "a1"), String::new(), line.to_owned(), checkpoint("watchlist", 0, &["a1"])]
            .join("\n");
        sender(folder.path()).run_on(good).ends_with(65).complains(&["line 3", reason]);
        assert_eq!(mails_in(folder.path()), 0, "{reason}");

        // And the next run loses nothing.
        let whole = format!("{}\n{}\n", email("e1", "a1"), checkpoint("watchlist", 0, &["a1"]));
        sender(folder.path()).run_on(whole).succeeds();
        assert_eq!(mails_in(folder.path()), 1);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_line() {
    let input = b"{\"record\":\"x\",\"v\":1,\"y\":\"\xE9\"}\n";
    for (formatter, ..) in FORMATTERS {
        formatter().run_on(input).ends_with(65).complains(&["line 1", "not UTF-8"]);
    }
}

#[test]
fn blank_lines_crlf_unknown_members_and_a_last_line_without_line_feed_are_fine() {
    let odd = alert("a1").replace("\"v\":1", "\"v\":1,\"more\":{\"than\":[\"we\",\"know\"]}");
    let stream = format!("\r\n\n  \n{odd}\r\n{}", checkpoint("watchlist", 0, &["a1"]));
    for (formatter, record, records) in FORMATTERS {
        let run = formatter().run_on(&*stream).succeeds();
        assert_eq!(run.records_of(record).len(), 1);
        assert_eq!(run.records_of("checkpoint")[0][records], 1);
    }
}

#[test]
fn records_of_others_are_passed_on_byte_for_byte_and_in_order() {
    let strange = [
        r#"{"v":1,  "record":"weather","degrees":12345678901234567890.5,"b":1,"a":2}"#,
        r#"{"record":"receipt","v":1,"anything":null}"#,
        r#"{"record":"mark","v":1,"source":"watchlist","marks":[{"key":"k","mark":{"b":1,"a":[1e400]}}],"x":0}"#,
    ];
    let input = format!("{}\n{}\n", strange.join("\n"), checkpoint("watchlist", 0, &[]));
    let expected = |run: &Ended| run.stdout.lines().take(3).eq(strange);
    for (formatter, ..) in FORMATTERS {
        let formatted = formatter().run_on(&*input).succeeds();
        assert!(expected(&formatted), "{}", formatted.stdout);
    }
    let folder = private_folder();
    let sent = sender(folder.path()).run_on(input.clone()).succeeds();
    assert!(expected(&sent), "{}", sent.stdout);
    let streamed =
        program("tq-send-smtp").arg("--maildir").arg(folder.path().join("Maildir")).run_on(input).succeeds();
    assert!(expected(&streamed), "{}", streamed.stdout);
}

#[test]
fn a_digest_is_never_sent_at_the_bare_end_of_the_stream() {
    let collected = alert("a1").replace("\"watchlist\"", "\"collection/X\",\"collection\":{\"name\":\"X\"}");
    for (formatter, record, _) in FORMATTERS {
        let run = formatter().run_on(&*collected).ends_with(65);
        let run = run.complains(&["no checkpoint for source 'collection/X'"]);
        assert!(run.records_of(record).is_empty());
    }
}

#[test]
fn a_stream_that_lost_doubled_or_swapped_an_alert_is_caught() {
    let (one, two) = (alert("a1"), alert("a2"));
    for (alerts, reason) in [
        (vec![&one], "counts 2 alerts, the stream has 1"),
        (vec![&one, &two, &two], "counts 2 alerts, the stream has 3"),
        (vec![&one, &one], "not those that its checkpoint covers"),
    ] {
        let lines: Vec<String> =
            alerts.into_iter().cloned().chain([checkpoint("watchlist", 0, &["a1", "a2"])]).collect();
        for (formatter, ..) in FORMATTERS {
            let run = formatter().run_on(lines.join("\n")).ends_with(65).complains(&[reason]);
            assert!(run.records_of("checkpoint").is_empty());
        }
    }
}

#[test]
fn a_source_that_was_given_up_is_dropped_and_does_not_harm_the_next_one() {
    let folder = private_folder();
    let other = email("e2", "a2").replace("\"watchlist\"", "\"other\"");
    let stream = [email("e1", "a1"), other, checkpoint("other", 0, &["a2"])].join("\n");
    let run = sender(folder.path())
        .run_on(stream)
        .ends_with(65)
        .complains(&["no checkpoint for source 'watchlist'"]);
    assert_eq!(run.records_of("receipt").len(), 1);
    assert_eq!(run.records_of("receipt")[0]["email"], "e2");
    assert_eq!(mails_in(folder.path()), 1);
}

#[test]
fn an_empty_stream_is_nothing_to_do() {
    let folder = private_folder();
    for (formatter, ..) in FORMATTERS {
        assert_eq!(formatter().run_on("").succeeds().stdout, "");
    }
    assert_eq!(sender(folder.path()).run_on("\n\n").succeeds().stdout, "");
}

#[test]
fn a_value_cannot_forge_a_line_a_header_or_markup() {
    let value = r"7.8.9.0\r\nBcc: evil@example.com\r\n.\r\n\u202E<script>alert('x')</script>";
    let evil = alert("a1")
        .replace("\"7.8.9.0\"", &format!("\"{value}\""))
        .replace("\"Indicator\"", "\"In\\ndicator\"");
    let stream = format!("{evil}\n{}", checkpoint("watchlist", 0, &["a1"]));
    let email = formatter().run_on(stream).succeeds().records_of("email").remove(0);
    assert_eq!(email["subject"], "ThreatQ Watchlist: In\\u{A}dicator Added");
    let text = email["text"].as_str().expect("text");
    assert!(text.contains(
        "\nItem: 7.8.9.0\\u{D}\\u{A}Bcc: evil[@]example[.]com\\u{D}\\u{A}.\\u{D}\\u{A}\\u{202E}<script>"
    ));
    let html = email["html"].as_str().expect("html");
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && !html.contains("<script>"));
}

#[test]
fn a_link_that_is_not_http_is_refused() {
    let evil = alert("a1").replace("https://tq.example.com", "javascript:alert(1)//");
    for (formatter, ..) in FORMATTERS {
        formatter().run_on(&*evil).ends_with(65).complains(&["line 1", "object.link"]);
    }
}

#[test]
fn a_state_that_moved_on_does_not_accept_the_source_and_the_next_fetch_does() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    let stale = site.program("tq-fetch-watchlist").run().succeeds();
    let emails = site.program("tq-format-email").run_on(stale.stdout).succeeds().stdout;
    site.run("tq-fetch-watchlist").succeeds();
    assert_eq!(site.mails().len(), 1);
    site.program("tq-send-smtp").run_on(emails).ends_with(75).complains(&["generation 1", "at 2 now"]);
    assert_eq!(site.mails().len(), 1);
}
