//! What `tq-format-email --validate` does: reads any stream of records and says the first rule of `man/tq-records.5` that
//! is broken, with the line at which that shows.
//!
//! The rules are those that the formatter and the sender hold a stream to, and their words are the same; alerts, emails
//! and marks are counted side by side, so that a stream can be looked at between any two programs. Writes nothing but
//! the complaint. Fails with 65.

use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::{Failure, Status};
use crate::ndjson::{Error, Line, Reader};
use crate::record::{Alert, Checkpoint, Email, Kind, Mark, MarkEntry, Message, Receipt, Record, Tally};

/// The source that is being read.
struct Open {
    /// Its name, as soon as a record says it.
    name: Option<String>,
    /// The line that it begins on.
    begins: u64,
    alerts: Tally,
    mailed: Tally,
    emails: u64,
    messages: Tally,
    marks: u64,
}

/// Reads the stream to its end, or to the first thing that is wrong with it.
pub fn stream<R: BufRead>(mut input: Reader<R>) -> Result<Status, Failure> {
    let (mut open, mut last) = (None, 0);
    while let Some(line) = input.next_line()? {
        last = line.number;
        match line.kind {
            Kind::Alert => {
                let alert: Alert = record(&line)?;
                let source = of_source(&mut open, Some(&alert.source), &line)?;
                source.alerts.add(&alert.id);
                source.mark(&alert.marks);
            }
            Kind::Mark => {
                let mark: Mark = record(&line)?;
                of_source(&mut open, Some(&mark.source), &line)?.mark(&mark.marks);
            }
            Kind::Email => {
                let email: Email = record(&line)?;
                of_source(&mut open, email.source.as_deref(), &line)?.email(&email);
            }
            Kind::Checkpoint => {
                let checkpoint: Checkpoint = record(&line)?;
                of_source(&mut open, Some(&checkpoint.source), &line)?;
                if let Some(reason) = open.take().and_then(|source| source.disagreement(&checkpoint)) {
                    return Err(line.error(format_args!("source '{}': {reason}", checkpoint.source)).into());
                }
            }
            Kind::Message => {
                let message: Message = record(&line)?;
                of_source(&mut open, message.source.as_deref(), &line)?.messages.add(&message.id);
            }
            Kind::Receipt => {
                let receipt: Receipt = record(&line)?;
                if let Some(flaw) = receipt.flaw() {
                    return Err(line.error(format_args!("receipt: {flaw}")).into());
                }
            }
            Kind::Other => (),
        }
    }
    match open {
        Some(Open { name: Some(name), begins, .. }) => {
            let begun = format!("source '{name}', which begins on line {begins}");
            Err(Error::Line(last, format!("rule checkpoint: the stream ends without one for {begun}")).into())
        }
        // A mail of no source stands for itself.
        _ => Ok(Status::Done),
    }
}

/// The record on a line, which leaves out what is unknown.
fn record<T: Record + DeserializeOwned>(line: &Line<'_>) -> Result<T, Error> {
    let record = line.parse()?;
    // A line that parses, and holds a number that no program can keep, is not looked into.
    let value = serde_json::from_str(&line.text()).unwrap_or_default();
    match null(&value) {
        Some(name) => Err(line.error(format_args!("{}: `{name}` is null; leave it out", T::NAME))),
        None => Ok(record),
    }
}

/// The name of a member that is null. What is in a mark is nobody's business but the fetcher's.
fn null(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::Null => Some(name.as_str()),
            _ if name == "mark" => None,
            _ => null(value),
        }),
        Value::Array(list) => list.iter().find_map(null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The source of the record at hand, which no record of another one may break into.
fn of_source<'o>(
    open: &'o mut Option<Open>,
    name: Option<&str>,
    line: &Line<'_>,
) -> Result<&'o mut Open, Error> {
    let open = open.get_or_insert_with(|| Open::new(line.number));
    match (&open.name, name) {
        (Some(other), Some(name)) if other != name => {
            let begun = format!("source '{other}', which begins on line {}", open.begins);
            let reason = format!("rule checkpoint: source '{name}' begins before the one for {begun}");
            return Err(line.error(reason));
        }
        (None, Some(name)) => open.name = Some(name.to_owned()),
        _ => (),
    }
    Ok(open)
}

impl Open {
    fn new(begins: u64) -> Self {
        let (alerts, mailed, messages) = Default::default();
        Self { name: None, begins, alerts, mailed, emails: 0, messages, marks: 0 }
    }

    fn mark(&mut self, marks: &[MarkEntry]) {
        self.marks += marks.len() as u64;
    }

    fn email(&mut self, email: &Email) {
        self.emails += 1;
        email.alerts.iter().for_each(|id| self.mailed.add(id));
    }

    /// What is wrong with the source, by the word of its checkpoint.
    fn disagreement(mut self, checkpoint: &Checkpoint) -> Option<String> {
        let is_taken = |name: &str| checkpoint.taken.iter().any(|taken| taken == name);
        let of_messages = (!is_taken(Message::NAME))
            .then(|| checkpoint.disagreement_of_messages(&mut self.messages))
            .flatten();
        let of_marks = || checkpoint.disagreement_of_marks(self.marks);
        if is_taken(Email::NAME) {
            return of_messages.or_else(of_marks);
        }
        // Where there are emails, the formatter was here and took the alerts out.
        let is_formatted = checkpoint.emails.is_some() || self.emails > 0;
        // One alert may be in several emails.
        self.mailed.unite();
        let mut alerts = if is_formatted { self.mailed } else { self.alerts };
        let of_alerts = || alerts.disagreement(checkpoint);
        checkpoint.disagreement_of_emails(self.emails).or_else(of_alerts).or(of_messages).or_else(of_marks)
    }
}
