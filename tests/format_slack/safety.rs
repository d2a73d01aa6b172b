//! Nothing that an attacker chooses acts in Slack: no call, no mention, no mark, no link, no emoji.

use serde_json::{Value, json};

use super::{formatter, item, messages, read, stream};
use crate::format::ORIGIN;
use crate::format::naughty::values;
use crate::format::safety::filled;

/// What Slack would act on, where it parses a text.
const ACTS: [&str; 16] = [
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<@U0123ABCD>",
    "<#C0123ABCD|general>",
    "<!subteam^S0123ABCD>",
    "<!date^1392734382^{date}|x>",
    "<http://evil.example|Open in ThreatQ>",
    "&lt;!channel&gt;",
    "@channel @here @everyone",
    "#general",
    "*bold* _italic_ ~strike~ `code` ```block```",
    ":bell: :rotating_light::rotating_light:",
    "> quote\n>>> quote",
    "http://evil.example/a.php",
    "javascript:alert(1)",
];

/// Every text that Slack parses, and every address and kind of element.
fn parsed(value: &Value, texts: &mut Vec<String>, links: &mut Vec<String>, kinds: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| parsed(one, texts, links, kinds)),
        Value::Object(members) => {
            let word = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
            if members.get("type").is_some_and(|kind| kind == "plain_text") {
                assert_eq!(members["emoji"], false);
            }
            kinds.extend(word("type"));
            links.extend(word("url"));
            if members.get("type").is_some_and(|kind| kind == "mrkdwn") {
                texts.extend(word("text"));
            }
            members.values().for_each(|one| parsed(one, texts, links, kinds));
        }
        _ => (),
    }
}

#[track_caller]
fn assert_harmless(message: &Value, about: &str) {
    let (mut texts, mut links, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    parsed(&message["blocks"], &mut texts, &mut links, &mut kinds);
    assert!(texts.is_empty(), "{about}: {texts:?}");
    for link in links {
        assert!(link == ORIGIN || link.starts_with(&format!("{ORIGIN}/indicators/")), "{about}: {link}");
    }
    for kind in kinds {
        let known = ["header", "section", "plain_text", "rich_text", "rich_text_section", "text", "link"];
        assert!(known.contains(&kind.as_str()), "{about}: {kind}");
    }
    let text = message["text"].as_str().expect("a text");
    assert!(!text.contains(['<', '>']), "{about}: {text}");
    for (start, _) in text.match_indices('&') {
        let escapes = ["&amp;", "&lt;", "&gt;"];
        assert!(escapes.iter().any(|escape| text[start..].starts_with(escape)), "{about}: {text}");
    }
    assert!(!text.contains(":bell:") && !text.contains(":rotating_light:"), "{about}: {text}");
    let shown = read(message);
    for part in [text, &shown] {
        let left = part.replace(ORIGIN, "").to_lowercase();
        for link in ["http://", "https://", "ftp://", "file://", "evil.example", "javascript:", "mailto:"] {
            assert!(!left.contains(link), "{about}: {left}");
        }
        let hidden = |character: char| {
            (character.is_control() && character != '\n')
                || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
                    | '\u{E0000}'..='\u{E007F}')
        };
        assert!(!part.contains(hidden), "{about}: {part:?}");
    }
}

#[test]
fn no_value_acts_wherever_it_stands() {
    let values: Vec<String> = ACTS.iter().map(|value| (*value).to_owned()).chain(values()).collect();
    let alerts: Vec<Value> = (0u64..).zip(&values).map(|(number, value)| filled(number, value)).collect();
    let run = formatter().args(&["--max-messages", "1000"]).run_on(stream(&alerts)).succeeds();
    let found = messages(&run);
    assert_eq!(found.len(), values.len());
    for (message, value) in found.iter().zip(&values) {
        assert_harmless(message, &value.chars().take(80).collect::<String>());
    }
    for value in &values {
        let source = |alert: Value| {
            let mut alert = alert;
            alert["source"] = json!("collection/x");
            alert["collection"] = json!({"name": value});
            alert
        };
        let run =
            formatter().run_on(stream(&[source(filled(8, value)), source(item(9, &json!({})))])).succeeds();
        assert_harmless(&messages(&run)[0], &value.chars().take(80).collect::<String>());
    }
}

#[test]
fn a_value_is_shown_as_it_is_but_for_what_could_be_clicked() {
    for (value, shown, text) in [
        ("<!channel>", "<!channel>", "&lt;!channel&gt;"),
        ("a & b", "a & b", "a &amp; b"),
        ("*bold* :bell:", "*bold* :bell:", "*bold* \\u{3A}bell:"),
        ("http://evil.example/x", "hxxp://evil[.]example/x", "hxxp://evil[.]example/x"),
        ("a\r\nb\u{202E}", "a\\u{D}\\u{A}b\\u{202E}", "a\\u{D}\\u{A}b\\u{202E}"),
        ("@channel", "@channel", "@channel"),
    ] {
        let alert = super::alert(8, &json!({"object": {"value": value, "subtype": "Filename"}}));
        let run = formatter().run_on(stream(&[alert])).succeeds();
        let message = messages(&run).remove(0);
        assert!(read(&message).contains(&format!("\nItem: {shown}\n")), "{}", read(&message));
        assert_eq!(message["text"], format!("ThreatQ Watchlist: Indicator Updated: {text}"));
    }
}

#[test]
fn a_value_that_may_be_clicked_is_not_the_text_of_a_link_to_elsewhere() {
    let evil = item(8, &json!({"object": {"value": "http://evil.example/", "subtype": "URL"}}));
    for (defang, expected) in
        [("never", "• http://evil.example/ in ThreatQ\n"), ("auto", "• hxxp://evil[.]example/\n")]
    {
        let run =
            formatter().args(&["--defang", defang]).run_on(stream(std::slice::from_ref(&evil))).succeeds();
        let message = messages(&run).remove(0);
        assert!(read(&message).contains(expected), "{}", read(&message));
        let blocks = message["blocks"].to_string();
        assert!(!blocks.contains("\"text\":\"http://evil.example/\",\"type\":\"link\""), "{blocks}");
    }
}

#[test]
fn a_link_leads_to_the_threatq_that_is_set_or_the_program_ends_with_65() {
    let good = stream(&[item(8, &json!({}))]);
    formatter().args(&["--link-host", "threatq.example.com"]).run_on(&*good).succeeds();
    let elsewhere = formatter().args(&["--link-host", "tq.example.com"]).run_on(&*good).ends_with(65);
    elsewhere.complains(&["line 1", "object.link leads to https://threatq.example.com and not to"]);
    for link in
        ["https://evil.example/", "https://threatq.example.com/<!channel>", "https://threatq.example.com/a|b"]
    {
        let alerts = [item(8, &json!({})), item(9, &json!({"object": {"link": link}}))];
        formatter().run_on(stream(&alerts)).ends_with(65).complains(&["line 2", "object.link"]);
    }
}
