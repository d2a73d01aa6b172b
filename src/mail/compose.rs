//! Alerts become emails: texts from the templates, an id and Message-ID from what is in them.
//!
//! Nothing here reads a clock: the mail's date is when the fetcher saw the change, so that the same alerts make the
//! same email in every run.

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use serde::Serialize;

use super::Digest;
use super::template::{Templates, Texts};
use crate::config::{self, required, required_list};
use crate::exit::{Failure, Status};
use crate::record::{Alert, Change, Email, digest};

/// The guide's format for times.
const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";
/// Fields of every mail: machines must not answer it (RFC 3834, and Microsoft's own word for the same).
const HEADERS: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];

/// Makes emails of alerts.
pub struct Composer {
    templates: Templates,
    from: String,
    to: Vec<String>,
    domain: String,
}

#[derive(Serialize)]
struct WatchlistMail<'a> {
    event: String,
    #[serde(rename = "type")]
    type_name: &'a str,
    item: &'a str,
    changed_at: String,
    link: &'a str,
    changes: Vec<String>,
    watchers: Vec<&'a str>,
}

impl Composer {
    /// Checks who writes to whom and compiles the templates.
    ///
    /// Fails with 78 for an address that cannot be one.
    pub fn new(settings: config::Email) -> Result<Self, Failure> {
        let from = required(settings.from, "--from", "email.from")?;
        let to = required_list(settings.to, "--to", "email.to")?;
        let author = mailbox("email.from", &from)?;
        for recipient in &to {
            mailbox("email.to", recipient)?;
        }
        let domain = author.email.domain().to_owned();
        Ok(Self { templates: Templates::new()?, from, to, domain })
    }

    /// The mail about one watched object.
    pub fn watchlist_mail(&self, alert: &Alert) -> Result<Email, Failure> {
        let values = WatchlistMail {
            event: alert.event.to_string(),
            type_name: &alert.object.type_name,
            item: &alert.object.value,
            changed_at: alert
                .changed_at
                .map_or_else(|| "unknown".to_owned(), |at| at.format(TIME_FORMAT).to_string()),
            link: &alert.object.link,
            changes: alert.changes.iter().map(Change::to_string).collect(),
            watchers: alert.watchers.iter().map(|watcher| watcher.name.as_str()).collect(),
        };
        let texts = self.templates.render("watchlist", &values)?;
        Ok(self.email(&alert.source, texts, date_of(alert), vec![alert.id.clone()]))
    }

    /// The mail about everything new in one collection.
    pub fn collection_mail(&self, digest: Digest) -> Result<Email, Failure> {
        let texts = self.templates.render("collection", &digest)?;
        let Digest { source, date, alerts, .. } = digest;
        Ok(self.email(&source, texts, date, alerts))
    }

    fn email(&self, source: &str, texts: Texts, date: DateTime<Utc>, mut alerts: Vec<String>) -> Email {
        alerts.sort_unstable();
        let id = digest(alerts.iter().chain(&self.to).map(String::as_str));
        let short: String = id.chars().take(32).collect();
        Email {
            message_id: format!("<tq1.{short}@{}>", self.domain),
            id,
            source: Some(source.to_owned()),
            date,
            from: self.from.clone(),
            to: self.to.clone(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: texts.subject,
            headers: HEADERS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            text: texts.text,
            html: Some(texts.html),
            attachments: Vec::new(),
            alerts,
        }
    }
}

/// The date of a mail about this alert.
pub(super) fn date_of(alert: &Alert) -> DateTime<Utc> {
    alert.found_at.or(alert.changed_at).unwrap_or(DateTime::UNIX_EPOCH)
}

fn mailbox(setting: &str, text: &str) -> Result<Mailbox, Failure> {
    super::mime::mailbox(text).map_err(|reason| Failure::new(Status::Config, format!("{setting}: {reason}")))
}
