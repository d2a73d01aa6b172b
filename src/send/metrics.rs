//! The metrics of a run in the text format of Prometheus, version 0.0.4, for the textfile collector of its node exporter.
//!
//! Counters are kept in the state, so that they survive a run and what comes of a run is seen whenever the collector
//! looks. The file is there whole or as it was: it is written beside its place, made durable, and renamed. Everybody
//! may read it, because a collector is another user. Fails with 73 where it cannot be made, and with 74 where the disk
//! is full.

use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use crate::exit::{Failure, Status};
use crate::state::Overview;

/// Where metrics go, and whose they are.
#[derive(Debug)]
pub struct Metrics {
    /// The file, whose name ends in `.prom` where a collector shall find it.
    path: PathBuf,
    /// The name of the instance, a label of each metric, so that several instances can share one machine.
    name: Option<String>,
}

impl Metrics {
    /// Metrics of the instance that bears the name of its configuration, into this file.
    pub fn new(path: PathBuf, config: Option<&Path>) -> Self {
        let name = config.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
        Self { path, name }
    }

    /// Tries whether the file could be written, and leaves it as it is.
    ///
    /// Fails with 73 as the end of a run would.
    pub fn check(&self) -> Result<(), Failure> {
        let (_, draft) = self.draft()?;
        fs::remove_file(draft).map_err(|error| self.about(Status::Disk, &error))
    }

    fn about(&self, status: Status, error: &io::Error) -> Failure {
        Failure::new(status, format!("metrics {}: {error}", self.path.display()))
    }

    /// A collector reads what ends in .prom; one draft of a run that was killed is replaced by the next.
    fn draft(&self) -> Result<(File, PathBuf), Failure> {
        let mut draft = self.path.clone().into_os_string();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        let _ = fs::remove_file(&draft);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
        file.map(|file| (file, draft)).map_err(|error| self.about(Status::CannotCreate, &error))
    }

    pub(super) fn write(&self, overview: &Overview) -> Result<(), Failure> {
        let (mut file, draft) = self.draft()?;
        let written = file
            .write_all(text(self.name.as_deref(), overview).as_bytes())
            .and_then(|()| file.set_permissions(Permissions::from_mode(0o644)))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|error| {
            // What is left of it would only be in the way.
            let _ = fs::remove_file(&draft);
            self.about(Status::Disk, &error)
        })
    }
}

/// A label and its value.
type Label<'a> = (&'a str, &'a str);

/// One metric: its name, its type, its help, and each sample with a label of its own, if it has one.
struct Metric<'a>(&'static str, &'static str, &'static str, Vec<(Option<Label<'a>>, String)>);

fn text(name: Option<&str>, overview: &Overview) -> String {
    let mut text = String::new();
    for metric in metrics(overview) {
        // Writing to a String cannot fail.
        let _ = metric.write(&mut text, name);
    }
    text
}

fn metrics(overview: &Overview) -> Vec<Metric<'_>> {
    let one = |value: String| vec![(None, value)];
    let Overview { last_run, receipts, sources, .. } = overview;
    let alerts = sources.iter().map(|source| (Some(("source", &*source.name)), source.alerts.to_string()));
    let taken = sources.iter().map(|source| (Some(("source", &*source.name)), seconds(source.taken_at)));
    let mails = receipts.iter().map(|(outcome, count)| (Some(("outcome", *outcome)), count.to_string()));
    let mut metrics = vec![
        Metric(
            "tq_alerts_alerts_total",
            "counter",
            "Alerts that were taken over, by source.",
            alerts.collect(),
        ),
        Metric(
            "tq_alerts_mails_total",
            "counter",
            "Mails, by what became of them in a run; one that waits counts in each run that tries it.",
            mails.collect(),
        ),
        Metric(
            "tq_alerts_queue_mails",
            "gauge",
            "Mails that wait for somebody.",
            one(overview.queue.to_string()),
        ),
        Metric(
            "tq_alerts_dead_letter_mails",
            "gauge",
            "Mails that were refused for good.",
            one(overview.dead_letters.to_string()),
        ),
        Metric(
            "tq_alerts_source_taken_timestamp_seconds",
            "gauge",
            "When a source was last taken over whole.",
            taken.collect(),
        ),
        Metric(
            "tq_alerts_last_success_timestamp_seconds",
            "gauge",
            "When a run last ended with 0; 0 where none has.",
            one(seconds(overview.last_success_at)),
        ),
    ];
    let ended = last_run.as_ref().and_then(|run| Some((run, run.ended_at?, run.status?)));
    if let Some((run, ended_at, status)) = ended {
        metrics.extend([
            Metric(
                "tq_alerts_last_run_timestamp_seconds",
                "gauge",
                "When the last run ended.",
                one(seconds(Some(ended_at))),
            ),
            Metric(
                "tq_alerts_last_run_duration_seconds",
                "gauge",
                "How long the last run took.",
                // A clock may have been set back.
                one(span((ended_at - run.began_at).max(TimeDelta::zero()))),
            ),
            Metric(
                "tq_alerts_last_run_status",
                "gauge",
                "The exit status of the last run, as in sysexits(3).",
                one(status.to_string()),
            ),
        ]);
    }
    metrics
}

impl Metric<'_> {
    fn write(&self, text: &mut String, name: Option<&str>) -> fmt::Result {
        let Self(metric, kind, help, samples) = self;
        writeln!(text, "# HELP {metric} {help}\n# TYPE {metric} {kind}")?;
        for (label, value) in samples {
            let labels = name.map(|name| ("name", name)).into_iter().chain(*label);
            let labels: Vec<String> =
                labels.map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            writeln!(text, "{metric}{labels} {value}")?;
        }
        Ok(())
    }
}

/// A label's value: what the format gives a meaning to, behind a backslash.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A time in seconds since 1970.
fn seconds(time: Option<DateTime<Utc>>) -> String {
    span(time.map_or(TimeDelta::zero(), |time| time - DateTime::UNIX_EPOCH))
}

/// A span of time in seconds.
fn span(span: TimeDelta) -> String {
    format!("{}.{:03}", span.num_seconds(), span.subsec_millis())
}
