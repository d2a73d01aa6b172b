//! The steps on the way of one alert, each alone and so many times: what `scripts/instructions` counts.
//!
//! `cargo bench --bench steps -- --list` names them, `cargo bench --bench steps -- parse 1000` does one. Fails where a
//! step fails.

use std::hint::black_box;
use std::io::Write;
use std::{env, io};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use tq_alerts::change::{self, View};
use tq_alerts::config;
use tq_alerts::exit::Failure;
use tq_alerts::format;
use tq_alerts::mail::{Composer, mime};
use tq_alerts::ndjson::{Reader, Writer};
use tq_alerts::record::{Alert, Checkpoint, Cursor, Email, Outcome, Receipt, RecipientOutcome, digest};
use tq_alerts::state::{QueuedMail, State};
use tq_alerts::terminal::Style;

/// An indicator that somebody watches and that has changed in many ways.
const ALERT: &str = include_str!("steps/alert.json");
/// What was remembered of an object, and what it is now.
const BEFORE: &str = include_str!("steps/before.json");
const AFTER: &str = include_str!("steps/after.json");

type Step = fn(usize) -> anyhow::Result<()>;

const STEPS: [(&str, Step); 7] = [
    ("compare", compare),
    ("render", render),
    ("render-defanged", render_defanged),
    ("parse", parse),
    ("mime", mime),
    ("receipt", receipt),
    ("state", state),
];

fn main() -> anyhow::Result<()> {
    // Cargo adds a flag of its own.
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => STEPS.iter().try_for_each(|(name, _)| writeln!(io::stdout(), "{name}"))?,
        [name, count] => {
            let (_, step) =
                STEPS.iter().find(|(step, _)| step == name).context("no such step; see --list")?;
            step(count.parse()?)?;
        }
        _ => bail!("steps --list, or steps STEP COUNT"),
    }
    Ok(())
}

/// Two views of an object are compared.
fn compare(count: usize) -> anyhow::Result<()> {
    let (before, after): (View, View) = (serde_json::from_str(BEFORE)?, serde_json::from_str(AFTER)?);
    for _ in 0..count {
        black_box(change::changes(black_box(&before), black_box(&after)));
    }
    Ok(())
}

/// An alert is read and becomes an email.
fn render(count: usize) -> anyhow::Result<()> {
    emails(count, config::Defang::Never).map(drop)
}

/// The same, and every value is looked through for what could be clicked.
fn render_defanged(count: usize) -> anyhow::Result<()> {
    emails(count, config::Defang::All).map(drop)
}

fn emails(count: usize, defang: config::Defang) -> anyhow::Result<Vec<u8>> {
    let settings = config::Email {
        from: Some("ThreatQ Alerts <threatq@example.com>".to_owned()),
        to: vec!["soc@example.com".to_owned()],
        defang: Some(defang),
        max_mails: Some(u32::MAX),
        ..config::Email::default()
    };
    let composer = Composer::new(&settings, Vec::new(), None).map_err(told)?;
    let alert: Alert = serde_json::from_str(ALERT)?;
    let ids = vec![alert.id.as_str(); count];
    let checkpoint = serde_json::json!({
        "record": "checkpoint", "v": 1, "source": "watchlist", "base": 0, "cursor": {}, "alerts": count,
        "digest": digest(ids.iter().copied()),
    });
    let stream = format!("{}{checkpoint}\n", ALERT.repeat(count));
    let mut written = Vec::new();
    let output = Writer::new(&mut written, Style::Records);
    format::emails(Reader::new(stream.as_bytes()), output, &composer, None).map_err(told)?;
    Ok(written)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn told(failure: Failure) -> anyhow::Error {
    anyhow::anyhow!("{failure:?}")
}

/// The email that becomes of the alert, as a line and as it is parsed.
fn email() -> anyhow::Result<(String, Email)> {
    let written = String::from_utf8(emails(1, config::Defang::Never)?)?;
    let line = written.lines().next().context("there is an email")?.to_owned() + "\n";
    let email = serde_json::from_str(&line)?;
    Ok((line, email))
}

/// An email is read.
fn parse(count: usize) -> anyhow::Result<()> {
    let stream = email()?.0.repeat(count);
    let mut input = Reader::new(stream.as_bytes());
    while let Some(line) = input.next_line()? {
        black_box(line.parse::<Email>()?);
    }
    Ok(())
}

/// An email becomes final bytes.
fn mime(count: usize) -> anyhow::Result<()> {
    let (_, email) = email()?;
    for _ in 0..count {
        black_box(mime::render(black_box(&email)).map_err(anyhow::Error::msg)?);
    }
    Ok(())
}

/// A receipt is written.
fn receipt(count: usize) -> anyhow::Result<()> {
    let (_, email) = email()?;
    let one = RecipientOutcome {
        address: "soc@example.com".to_owned(),
        outcome: Outcome::Accepted,
        code: Some(250),
        enhanced: Some("2.0.0".to_owned()),
        reply: Some("2.0.0 Ok: queued as 4F1A4".to_owned()),
    };
    let receipt = Receipt {
        email: Some(email.id),
        message_id: Some(email.message_id),
        message: None,
        outcome: Outcome::Accepted,
        attempt: 1,
        at: email.date,
        relay: "mail.example.com:587".to_owned(),
        tls: Some("TLSv1.3".to_owned()),
        queue_id: Some("4F1A4".to_owned()),
        recipients: vec![one],
    };
    let mut output = Writer::new(io::sink(), Style::Records);
    for _ in 0..count {
        output.write(black_box(&receipt))?;
        output.flush()?;
    }
    Ok(())
}

/// A source of one mail is taken over, durably.
fn state(count: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let state = State::open(&folder.path().join("state.db"))?;
    let (record, email) = email()?;
    let mail = mime::render(&email).map_err(anyhow::Error::msg)?;
    for number in 0..count {
        let id = format!("{number:064}");
        let intake = state.intake()?;
        intake.queue(&QueuedMail {
            email: &id,
            message_id: &email.message_id,
            source: "watchlist",
            sender: &mail.sender,
            recipients: &mail.recipients,
            bytes: &mail.bytes,
            record: &record,
            at: DateTime::<Utc>::UNIX_EPOCH,
        })?;
        let base = number as u64;
        let (source, cursor) = ("watchlist".to_owned(), Cursor::default());
        let (marks, emails, taken) = (None, Some(1), Vec::new());
        intake.commit(&Checkpoint {
            source,
            base,
            cursor,
            alerts: 1,
            digest: id,
            marks,
            emails,
            messages: None,
            taken,
        })?;
    }
    Ok(())
}
