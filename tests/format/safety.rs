//! Nothing that an attacker chooses hurts the reader, the mail program or the relay.

use std::collections::BTreeSet;
use std::process::Command;

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

use super::html::read;
use super::naughty::{smuggling, values};
use super::{ORIGIN, alert, formatter, item, previewed, stream};
use crate::support::site::private_folder;

/// Every place of an alert that an attacker may fill.
pub(crate) fn filled(number: u64, value: &str) -> Value {
    let with = json!({
        "watchers": [{"name": value, "email": "ana@example.com"}],
        "object": {
            "type_name": value, "type_plural": value, "value": value, "subtype": value, "status": value, "tlp": value,
            "sources": [value, "Feed X"], "tags": [value], "description": value,
        },
        "changes": [
            {"field": "value", "change": "changed", "from": value, "to": value, "by": [value]},
            {"field": "attribute", "change": "added", "count": 1, "values": [value]},
        ],
    });
    alert(number, &with)
}

/// What must hold of a mail whatever it is about.
#[track_caller]
fn assert_harmless(bytes: &[u8], about: &str) {
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line =
            line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("{about}: a line that does not end in CRLF"));
        assert!(
            line.len() <= 76 && line.iter().all(|byte| matches!(byte, 9 | 32..=126)),
            "{about}: {line:?}"
        );
    }
    let mail = MessageParser::new().parse(bytes).expect("a mail");
    let fields: BTreeSet<String> =
        mail.headers().iter().map(|field| field.name().to_ascii_lowercase()).collect();
    let expected = [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "list-id",
        "message-id",
        "mime-version",
        "references",
        "subject",
        "to",
        "x-auto-response-suppress",
        "x-loop",
    ];
    assert_eq!(fields, expected.map(str::to_owned).into(), "{about}");
    let subject = mail.subject().expect("a subject");
    assert!(subject.chars().count() <= 150, "{about}: {subject}");
    assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1), "{about}");
    let text = mail.body_text(0).expect("a text part");
    let (complaints, words) = read(&mail.body_html(0).expect("an HTML part"));
    assert!(complaints.is_empty(), "{about}: {complaints:?}");
    for part in [subject, &*text, &*words] {
        let left = part.replace(ORIGIN, "").to_lowercase();
        for link in ["http://", "https://", "ftp://", "file://", "evil.example", "javascript:", "mailto:"] {
            assert!(!left.contains(link), "{about}: {left}");
        }
        let hidden = |character: char| {
            (character.is_control() && !"\r\n".contains(character))
                || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
                    | '\u{E0000}'..='\u{E007F}')
        };
        assert!(!part.contains(hidden), "{about}: {part:?}");
    }
}

#[test]
fn no_value_in_any_place_makes_markup_a_link_a_header_or_a_second_mail() {
    let values = values();
    let alerts: Vec<Value> = (0..).zip(&values).map(|(number, value)| filled(number, value)).collect();
    let folder = private_folder();
    let run = formatter()
        .args(&["--max-mails", "100000", "--preview"])
        .arg(folder.path())
        .run_on(stream(&alerts))
        .succeeds();
    let mails = previewed(folder.path());
    assert_eq!(mails.len(), values.len());
    for (bytes, value) in mails.iter().zip(&values) {
        let start: String = value.chars().take(60).collect();
        assert_harmless(bytes, &format!("{start:?}"));
    }
    assert_eq!(run.records_of("checkpoint").remove(0)["emails"], values.len());
}

#[test]
fn a_digest_of_such_values_is_as_harmless_and_its_list_has_a_row_for_each() {
    let values = values();
    let mut items: Vec<Value> =
        (0..).zip(&values).map(|(number, value)| item(number, &filled(number, value))).collect();
    for item in &mut items {
        item["source"] = json!("collection/<b>\r\nX: y");
        item["collection"] = json!({"name": "<b>\r\nX: y http://evil.example/"});
    }
    let folder = private_folder();
    formatter().arg("--preview").arg(folder.path()).run_on(stream(&items)).succeeds();
    let mails = previewed(folder.path());
    assert_eq!(mails.len(), 1);
    assert_harmless(&mails[0], "the digest");
    let mail = MessageParser::new().parse(&mails[0]).expect("a mail");
    let attached: Vec<_> = mail.attachments().collect();
    let names: Vec<_> = attached.iter().map(|part| part.attachment_name().expect("a name")).collect();
    assert_eq!(names, ["alerts.csv", "alerts.json"]);
    let csv = attached[0].text_contents().expect("text");
    assert_eq!(csv.lines().count(), values.len() + 1);
    for cell in csv.lines().skip(1).flat_map(|line| line.split("\",\"")) {
        let inside = cell.trim_start_matches('"');
        assert!(inside.starts_with("'=") || !inside.starts_with(['=', '@', '+', '\t']), "{cell}");
    }
    let json: Vec<Value> = serde_json::from_str(attached[1].text_contents().expect("text")).expect("JSON");
    let found: Vec<&str> = json.iter().map(|item| item["value"].as_str().expect("a value")).collect();
    for (value, found) in values.iter().zip(found) {
        assert_eq!(
            value.chars().take(1_000).collect::<String>(),
            found.chars().take(1_000).collect::<String>()
        );
    }
}

#[test]
fn an_end_of_data_in_a_value_is_text_in_a_mail_of_its_own() {
    let folder = private_folder();
    let (preview, smuggling) = (folder.path().join("preview"), smuggling());
    assert!(smuggling.len() >= 30);
    let alerts: Vec<Value> = (0..)
        .zip(&smuggling)
        .map(|(number, value)| alert(number, &json!({"object": {"value": value}})))
        .collect();
    let run = formatter()
        .args(&["--max-mails", "100", "--preview"])
        .arg(&preview)
        .run_on(stream(&alerts))
        .succeeds();
    for (bytes, email) in previewed(&preview).iter().zip(run.records_of("email")) {
        let mail = MessageParser::new().parse(bytes).expect("a mail");
        let text = mail.body_text(0).expect("a text part").replace("\r\n", "\n");
        assert_eq!(text, email["text"].as_str().expect("text"));
        let line = text.lines().find(|line| line.starts_with("Item: ")).expect("the guide's line");
        assert!(line.contains("MAIL FROM:<evil[@]evil[.]example>\\u{D}\\u{A}RCPT TO:"), "{line}");
    }
}

#[test]
fn a_link_to_elsewhere_ends_the_program_with_65() {
    for (link, config) in [
        ("https://evil.example/indicators/8/details", ORIGIN),
        ("https://threatq.example.com@evil.example/", ORIGIN),
        ("https://threatq.example.com:8443/indicators/8/details", "threatq.example.com"),
        ("javascript:alert(1)", ORIGIN),
        ("https://threatq.example.com/\"onclick=\"alert(1)", ORIGIN),
    ] {
        let alerts = [alert(8, &json!({"object": {"link": link}}))];
        let run = formatter().args(&["--link-host", config]).run_on(stream(&alerts)).ends_with(65);
        assert!(run.complains(&["line 1", "object.link"]).stdout.is_empty());
    }
    // Without a configured host the first alert says where links lead.
    let alerts = [alert(8, &json!({})), alert(9, &json!({"object": {"link": "https://evil.example/"}}))];
    formatter().run_on(stream(&alerts)).ends_with(65).complains(&["line 2", "leads to https://evil.example"]);
}

#[test]
fn what_is_defanged_follows_the_setting_in_subject_text_and_html() {
    let with =
        json!({"object": {"type_name": "evil.example", "value": "http://10.0.0.1/x", "tags": ["10.0.0.2"]}});
    for (what, subject, value, tag) in [
        ("auto", "evil[.]example", "hxxp://10[.]0[.]0[.]1/x", "10.0.0.2"),
        ("all", "evil[.]example", "hxxp://10[.]0[.]0[.]1/x", "10[.]0[.]0[.]2"),
        ("never", "evil.example", "http://10.0.0.1/x", "10.0.0.2"),
    ] {
        let run = formatter().args(&["--defang", what]).run_on(stream(&[alert(8, &with)])).succeeds();
        let email = run.records_of("email").remove(0);
        assert_eq!(email["subject"], format!("ThreatQ Watchlist: {subject} Updated"));
        for part in ["text", "html"] {
            let text = email[part].as_str().expect("a part");
            assert!(text.contains(value) && text.contains(tag), "{what}: {text}");
        }
    }
}

#[test]
fn pythons_strict_parser_finds_no_defect() {
    let alerts = [
        alert(8, &json!({"object": {"type_name": "Indicatör 例え", "value": "x".repeat(3_000)}})),
        alert(9, &json!({"event": "removed"})),
    ];
    let items: Vec<Value> = (0..60).map(|number| item(number, &json!({}))).collect();
    let folder = private_folder();
    let both = stream(&alerts) + &stream(&items);
    formatter().arg("--preview").arg(folder.path()).run_on(both).succeeds();
    let script = "import email, email.policy, sys\n\
        for path in sys.argv[1:]:\n    \
            mail = email.message_from_binary_file(open(path, 'rb'), policy=email.policy.default)\n    \
            for part in mail.walk():\n        \
                defects = list(part.defects) + [d for _, value in part.items() for d in value.defects]\n        \
                if not part.is_multipart(): part.get_content()\n        \
                if defects: sys.exit(f'{path}: {defects}')\n    \
            print(mail['subject'])\n";
    let paths = ["001.eml", "002.eml", "003.eml"].map(|name| folder.path().join(name));
    let output = Command::new("python3").args(["-c", script]).args(paths).output().expect("there is python3");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let subjects: Vec<&str> = said.lines().collect();
    assert_eq!(
        subjects,
        [
            "ThreatQ Watchlist: Indicatör 例え Updated",
            "ThreatQ Watchlist: Indicator Removed",
            "ThreatQ Data Collection Updated: 60 New Items"
        ]
    );
}

#[test]
fn the_same_alerts_make_the_same_bytes() {
    let items: Vec<Value> = (0..120).map(|number| item(number, &json!({}))).collect();
    let input = stream(&[alert(8, &json!({}))]) + &stream(&items);
    let folder = private_folder();
    let run = |name: &str| {
        let preview = folder.path().join(name);
        let run = formatter().arg("--preview").arg(&preview).run_on(&*input).succeeds();
        (run.stdout, previewed(&preview))
    };
    assert_eq!(run("one"), run("two"));
}
