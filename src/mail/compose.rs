//! Alerts become emails: who gets them, texts from the templates, an id and Message-ID from what is in them.
//!
//! Nothing here reads a clock: the mail's date is when the fetcher saw the change, so that the same alerts make the
//! same email in every run.

use std::cell::{Cell, RefCell};

use chrono::{DateTime, Utc};

use super::digest::{Digest, template};
use super::parts::Parts;
use super::route::{Audience, Routes};
use super::template::{Templates, Texts};
use super::{mime, size, thread};
use crate::config::{self, required, required_list};
use crate::exit::{Failure, Status};
use crate::item::{Item, Origin};
use crate::record::{Alert, Attachment, Email, digest};
use crate::zone::Zone;

/// How many items the body of a digest names, and how many mails about single objects a run makes, by default.
const CAP: u32 = 50;
/// The largest mail by default: what Postfix takes by default, and a little less.
const MAX_SIZE: u32 = 10_000_000;
/// Left free for words about attachments.
const RESERVE: usize = 2_000;

/// Makes emails of alerts.
pub struct Composer {
    templates: Templates,
    pub(super) routes: Routes,
    pub(super) origin: Origin,
    from: String,
    address: String,
    domain: String,
    has_threads: bool,
    pub(super) max_items: usize,
    pub(super) max_mails: u64,
    max_size: usize,
    pub(super) mailed: Cell<u64>,
    complaints: RefCell<Vec<String>>,
}

impl Composer {
    /// Checks who writes to whom and compiles the templates. Links may lead to `link_host` only; where none is given,
    /// the first alert says where.
    ///
    /// Fails with 78 for an address that cannot be one, a route to nobody, or a template that cannot be used.
    pub fn new(
        settings: &config::Email,
        routes: Vec<config::Route>,
        link_host: Option<&str>,
    ) -> Result<Self, Failure> {
        let refused = |key: &str, reason: &str| Failure::new(Status::Config, format!("{key}: {reason}"));
        let from = required(settings.from.clone(), "--from", "email.from")?;
        let to = required_list(settings.to.clone(), "--to", "email.to")?;
        let author = mime::mailbox(&from).map_err(|reason| refused("email.from", &reason))?;
        let routes = Routes::new(settings, to, routes)?;
        let zone =
            Zone::named(settings.timezone.as_deref()).map_err(|reason| refused("email.timezone", &reason))?;
        let origin = Origin::of_host(link_host).map_err(|reason| refused("link_host", &reason))?;
        let subfolders: Vec<&str> = routes.templates().collect();
        let defangs: Vec<_> = routes.defangs().collect();
        let templates = Templates::new(settings.templates.as_deref(), &subfolders, &defangs, zone, &origin)?;
        let in_memory = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Self {
            templates,
            routes,
            origin,
            from,
            address: author.email.to_string(),
            domain: author.email.domain().to_owned(),
            has_threads: settings.threads != Some(false),
            max_items: in_memory(settings.max_items.unwrap_or(CAP)),
            max_mails: settings.max_mails.unwrap_or(CAP).into(),
            max_size: in_memory(settings.max_size.unwrap_or(MAX_SIZE)),
            mailed: Cell::new(0),
            complaints: RefCell::default(),
        })
    }

    /// What is wrong with an alert that a mail cannot be made of.
    pub fn flaw(&self, alert: &Alert) -> Option<String> {
        self.origin.flaw(alert)
    }

    /// How it went: 65 when a template of one's own failed and a built-in one was sent in its place.
    pub fn status(&self) -> Status {
        if self.complaints.borrow().is_empty() { Status::Done } else { Status::BadStream }
    }

    /// The mail about one watched object.
    pub(super) fn single(&self, source: &str, audience: &Audience, mut item: Item) -> Result<Email, Failure> {
        item.defang(audience.defang);
        let texts = self.render("watchlist", audience, &item)?;
        let root = [source, &item.kind, &item.object_id.to_string()].map(str::to_owned);
        let date = item.date();
        Ok(self.email(source, audience, texts, date, vec![item.id], &root, Vec::new()))
    }

    /// The mails about all items of a digest: one, or several where one would be too large.
    pub(super) fn digest(
        &self,
        source: &str,
        mut digest: Digest,
        mut write: impl FnMut(Email) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let origin = self.origin.get();
        let name = template(digest.gathered.reason);
        let day = digest.gathered.date.format("%F").to_string();
        let root = [name.to_owned(), source.to_owned(), day];
        let mailed = self.mailed.get();
        let audience = std::rc::Rc::clone(&digest.audience);
        let mut shown = digest.gathered.shown;
        let space = loop {
            let texts = self.render(name, &audience, &digest.body(source, shown, mailed, origin))?;
            let email =
                self.email(source, &audience, texts, digest.gathered.date, Vec::new(), &root, Vec::new());
            let space = self.max_size.saturating_sub(size::of(&email) + RESERVE);
            if space > 0 || shown == 0 {
                break space;
            }
            shown /= 2;
        };
        let parts = Parts::of(&mut digest, shown, space, self.max_size)?;
        let mut list = std::mem::replace(&mut digest.list, super::spill::Spill::new());
        let mut lines = list.lines()?;
        for (index, items) in parts.sizes.iter().enumerate() {
            let part = index + 1;
            let mut body = digest.body(source, if part == 1 { shown } else { 0 }, mailed, origin);
            (body.part, body.parts) = (part, parts.sizes.len());
            body.attached = parts.attached();
            body.left_out.clone_from(&parts.left_out);
            let texts = self.render(name, &audience, &body)?;
            let (ids, attachments) = parts.next(part, *items, &mut lines, space)?;
            write(self.email(source, &audience, texts, digest.gathered.date, ids, &root, attachments))?;
        }
        Ok(())
    }

    /// Renders a mail; a template of one's own that fails is reported once.
    fn render(
        &self,
        mail: &str,
        audience: &Audience,
        values: &impl serde::Serialize,
    ) -> Result<Texts, Failure> {
        let (texts, complaint) =
            self.templates.render(mail, audience.template.as_deref(), audience.defang, values)?;
        let mut complaints = self.complaints.borrow_mut();
        if let Some(complaint) = complaint.filter(|complaint| !complaints.contains(complaint)) {
            tracing::warn!("template {complaint}; the built-in one is sent in its place");
            complaints.push(complaint);
        }
        Ok(texts)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of a mail")]
    fn email(
        &self,
        source: &str,
        audience: &Audience,
        texts: Texts,
        date: DateTime<Utc>,
        mut alerts: Vec<String>,
        root: &[String; 3],
        attachments: Vec<Attachment>,
    ) -> Email {
        alerts.sort_unstable();
        let Audience { route, to, cc, bcc, .. } = audience;
        // Two routes may lead to the same people.
        let route = route.map(|place| format!("route {place}"));
        let parts = alerts.iter().chain(to).chain(cc).chain(bcc).chain(&route);
        let id = digest(parts.map(String::as_str));
        let short = id.get(..32).unwrap_or(&id);
        let root = root.each_ref().map(String::as_str);
        let root = self.has_threads.then(|| thread::root(&root, &self.domain));
        let email = Email {
            message_id: format!("<tq1.{short}@{}>", self.domain),
            source: Some(source.to_owned()),
            date,
            from: self.from.clone(),
            to: to.clone(),
            cc: cc.clone(),
            bcc: bcc.clone(),
            subject: texts.subject,
            headers: thread::headers(source, root.as_deref(), &self.address, &self.domain),
            text: texts.text,
            html: Some(texts.html),
            attachments,
            alerts,
            id,
        };
        self.fitting(email)
    }

    /// A mail that is not too large, whatever its template made of it.
    fn fitting(&self, mut email: Email) -> Email {
        if size::is_within(&email, self.max_size) {
            return email;
        }
        email.html = None;
        let rest = size::of(&email).saturating_sub(size::quoted_printable(&email.text));
        let space = self.max_size.saturating_sub(rest + RESERVE);
        if size::of(&email) > self.max_size {
            // Three bytes for one that is not ASCII, and the breaks between lines.
            let end = email.text.floor_char_boundary(space / 4);
            email.text.truncate(end);
            let words = format!("…\n\nCut here: the mail would be larger than {} bytes.\n", self.max_size);
            email.text.push_str(&words);
        }
        email
    }
}
