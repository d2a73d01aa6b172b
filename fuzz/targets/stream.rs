//! Streams that break off, lie or make no sense, and the state: what is in it afterwards is what a checkpoint closed that
//! fitted, all of it and nothing else, run after run.
//!
//! A fuzzer does not find a checkpoint, which holds a hash. So the lines of its input are orders to write records:
//!
//! ```text
//! EwXab   an email X of source w about the alerts a and b; source - is none
//! MwKV    a mark of source w: K is V, or is forgotten where there is no V
//! Cw      the checkpoint of source w that fits; D, N, A, B and O are ones with another digest, count of emails, count of
//!         alerts, base, and without a count of emails
//! Z9      the stream is cut off 9 bytes before its end, and the next begins
//! ~       the stream ends here, and the next begins
//! ```
//!
//! Any other line goes into the stream as it is. What must come of it is in [`Model`], which knows the rules of
//! tq-records(5) and nothing of how they are kept.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tq_alerts::config::Smtp;
use tq_alerts::exit::Status;
use tq_alerts::mail::mime;
use tq_alerts::ndjson::{Reader, Writer};
use tq_alerts::record::{Checkpoint, Email, Kind, Mark, Record, digest};
use tq_alerts::send::{Destination, Patience, Run, Sender};
use tq_alerts::state::{Memory, State, Waiting};
use tq_alerts::terminal::Style;

/// A source that is open: what is known of it so far.
#[derive(Default)]
struct Open {
    name: Option<String>,
    /// Each email that came; none for one that is for nobody, of which no trace need be left.
    emails: Vec<Option<String>>,
    alerts: BTreeSet<String>,
    marks: Vec<(String, Option<String>)>,
}

/// What a state must hold.
#[derive(Default)]
struct Model {
    generations: BTreeMap<String, u64>,
    emails: BTreeSet<String>,
    marks: BTreeMap<String, String>,
    /// Every key that was in a mark, taken or not.
    keys: BTreeSet<String>,
    /// Every source that was named.
    sources: BTreeSet<String>,
    open: Option<Open>,
    /// Whether the stream is read no further.
    broken: bool,
    /// Whether the stream is one of which something must be complained.
    faulty: bool,
}

impl Model {
    /// The open source, for a record of this one; another one that is open was given up.
    fn of(&mut self, source: Option<&str>) -> &mut Open {
        self.sources.extend(source.map(str::to_owned));
        let other = |open: &Open| open.name.is_some() && source.is_some() && open.name.as_deref() != source;
        if self.open.as_ref().is_some_and(other) {
            self.open = None;
            self.faulty = true;
        }
        let open = self.open.get_or_insert_default();
        open.name = open.name.take().or_else(|| source.map(str::to_owned));
        open
    }

    /// One line of the stream, with or without its end.
    fn line(&mut self, line: &[u8]) {
        if self.broken || self.record(line).is_some() {
            return;
        }
        (self.broken, self.faulty, self.open) = (true, true, None);
    }

    /// None where the line breaks the stream.
    fn record(&mut self, line: &[u8]) -> Option<()> {
        let mut reader = Reader::new(line);
        let Some(line) = reader.next_line().ok()? else { return Some(()) };
        match line.kind {
            Kind::Email => {
                let email: Email = line.parse().ok()?;
                let is_for_somebody = !mime::recipients(&email).is_empty();
                let open = self.of(email.source.as_deref());
                open.emails.push(is_for_somebody.then_some(email.id));
                open.alerts.extend(email.alerts);
            }
            Kind::Mark => {
                let mark: Mark = line.parse().ok()?;
                let marks =
                    mark.marks.into_iter().map(|one| (one.key, one.mark.map(|mark| mark.get().to_owned())));
                let marks: Vec<_> = marks.collect();
                self.keys.extend(marks.iter().map(|(key, _)| key.clone()));
                self.of(Some(&mark.source)).marks.extend(marks);
            }
            Kind::Checkpoint => {
                let checkpoint: Checkpoint = line.parse().ok()?;
                self.of(Some(&checkpoint.source));
                let open = self.open.take()?;
                return self.close(open, &checkpoint);
            }
            Kind::Alert | Kind::Message | Kind::Receipt | Kind::Other => (),
        }
        Some(())
    }

    fn close(&mut self, open: Open, checkpoint: &Checkpoint) -> Option<()> {
        let count = open.emails.len() as u64;
        let fits = checkpoint.emails.is_none_or(|emails| emails == count)
            && checkpoint.alerts == open.alerts.len() as u64
            && checkpoint.digest == digest(open.alerts.iter().map(String::as_str))
            && checkpoint.marks.is_none_or(|marks| marks == open.marks.len() as u64);
        if !fits {
            return None;
        }
        let generation = self.generations.entry(checkpoint.source.clone()).or_default();
        if *generation != checkpoint.base {
            self.faulty = true;
            return Some(());
        }
        *generation += 1;
        self.emails.extend(open.emails.into_iter().flatten());
        for (key, mark) in open.marks {
            match mark {
                Some(mark) => self.marks.insert(key, mark),
                None => self.marks.remove(&key),
            };
        }
        Some(())
    }

    /// The line that an order asks for.
    fn written(&self, order: &str) -> String {
        let mut letters = order.chars();
        let (verb, source) = (letters.next(), letters.next().unwrap_or('w').to_string());
        let mut record = match verb {
            Some('E') => {
                let id = letters.next().unwrap_or('1').to_string();
                let alerts: Vec<String> = letters.map(String::from).collect();
                json!({
                    "record": "email", "v": 1, "id": id, "message_id": format!("<{}@example.com>", digest([id.as_str()])),
                    "date": "2021-10-28T20:32:57Z", "from": "alerts@example.com", "to": ["soc@example.com"],
                    "subject": "About it", "text": "The text.\n", "alerts": alerts,
                })
            }
            Some('M') => {
                let key = letters.next().unwrap_or('k').to_string();
                let value = letters.as_str();
                let entry =
                    if value.is_empty() { json!({"key": key}) } else { json!({"key": key, "mark": value}) };
                json!({"record": "mark", "v": 1, "marks": [entry]})
            }
            Some(verb @ ('C' | 'D' | 'N' | 'A' | 'B' | 'O')) => self.checkpoint(verb, &source),
            _ => return order.to_owned(),
        };
        if source != "-" {
            record["source"] = source.into();
        }
        record.to_string()
    }

    fn checkpoint(&self, verb: char, source: &str) -> serde_json::Value {
        let nothing = Open::default();
        let is_it = |open: &&Open| open.name.as_deref().is_none_or(|name| name == source);
        let open = self.open.as_ref().filter(is_it).unwrap_or(&nothing);
        let base = self.generations.get(source).copied().unwrap_or_default();
        let mut record = json!({
            "record": Checkpoint::NAME, "v": 1, "cursor": {"since": "2021-10-28T20:32:57Z"},
            "base": base, "alerts": open.alerts.len(), "emails": open.emails.len(), "marks": open.marks.len(),
            "digest": digest(open.alerts.iter().map(String::as_str)),
        });
        match verb {
            'D' => record["digest"] = digest(["another"]).into(),
            'N' => record["emails"] = (open.emails.len() + 1).into(),
            'A' => record["alerts"] = (open.alerts.len() + 1).into(),
            'B' => record["base"] = (base + 1).into(),
            'O' => drop(record.as_object_mut().and_then(|members| members.remove("emails"))),
            _ => (),
        }
        record
    }
}

/// What the program does with a stream; whether all was well.
fn run(folder: &Path, stream: &[u8]) -> bool {
    let settings = Smtp { maildir: Some(folder.join("Maildir")), ..Smtp::default() };
    let destination = Destination::from_settings(&settings).expect("a Maildir can be made");
    let mut state = State::open(&folder.join("state.db")).expect("a state that was left whole is opened");
    let patience = Patience {
        keep_trying: chrono::TimeDelta::days(5),
        keep_delivered: chrono::TimeDelta::days(30),
        most_waiting: 10_000,
    };
    let sender = Sender::new("fuzz", destination, Writer::new(Vec::new(), Style::Records));
    let run = Run { part_of: None, metrics: None };
    matches!(sender.queue(&mut state, &patience, &run, Reader::new(stream)), Ok(Status::Done))
}

fn compare(folder: &Path, model: &Model) {
    let path = folder.join("state.db");
    let memory = Memory::open(&path).expect("it can be read");
    for source in &model.sources {
        let (generation, _) = memory.source(source).expect("it can be read");
        assert_eq!(generation, model.generations.get(source).copied().unwrap_or_default(), "{source}");
    }
    for key in &model.keys {
        assert_eq!(memory.mark(key).expect("it can be read").as_ref(), model.marks.get(key), "{key}");
    }
    // What is in the Maildir, and what could not be delivered.
    let files = fs::read_dir(folder.join("Maildir/new")).expect("it is there");
    let name =
        |file: fs::DirEntry| file.file_name().to_string_lossy().trim_end_matches(".tq-alerts").to_owned();
    let mut held: BTreeSet<String> = files.map(|file| name(file.expect("it can be read"))).collect();
    let waiting = Waiting::open(&path).and_then(|waiting| waiting.mails()).expect("it can be read");
    held.extend(waiting.iter().map(|mail| digest([mail.receipt.id()])));
    let taken: BTreeSet<String> = model.emails.iter().map(|id| digest([id.as_str()])).collect();
    assert_eq!(held, taken, "mails that were taken");
}

fuzz_target!(|input: &[u8]| {
    let input = String::from_utf8_lossy(input);
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    let mut model = Model::default();
    let mut stream: Vec<u8> = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    let mut runs = 0;
    for order in input.split('\n').chain(["~"]) {
        let cut = order.strip_prefix('Z').map(|bytes| bytes.trim().parse::<usize>().unwrap_or(1));
        if cut.is_none() && order != "~" {
            model.line(&last);
            stream.append(&mut last);
            last = model.written(order).into_bytes();
            last.push(b'\n');
            continue;
        }
        last.truncate(last.len().saturating_sub(cut.unwrap_or_default()));
        model.line(&last);
        stream.append(&mut last);
        // A source that is open at the end was not closed.
        model.faulty |= model.open.take().is_some();
        let is_well = run(folder.path(), &stream);
        assert!(!(is_well && model.faulty), "0 was said of {}", String::from_utf8_lossy(&stream));
        compare(folder.path(), &model);
        (model.broken, model.faulty, stream) = (false, false, Vec::new());
        runs += 1;
        if runs == 3 {
            return;
        }
    }
});
