//! Where a mail goes: to a relay, or into a Maildir; and where a message goes.

use super::letter::Takes;
use super::parcel::{Concluded, Counter, Item, Parcel, Supply, conclude};
use crate::config::{Slack, Smtp};
use crate::exit::{Failure, Status};
use crate::mail::mime;
use crate::maildir::Maildir;
use crate::record::{Outcome, RecipientOutcome};
use crate::slack::{self, Answer, Workspace};
use crate::smtp::{Mail, Mails, Relay, Verdict, Waiting};
use crate::state::Pending;

/// Where mails go.
pub enum Destination {
    /// To a relay.
    Relay(Box<Relay>),
    /// Into a Maildir.
    Maildir(Maildir),
    /// To a workspace of Slack's.
    Slack(Box<Workspace>),
}

/// A mail with its name and its turn.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) id: &'a str,
    /// That of an email; a message has none.
    pub(super) message_id: Option<&'a str>,
    pub(super) attempt: u64,
    pub(super) sender: &'a str,
    pub(super) recipients: &'a [String],
    pub(super) bytes: &'a [u8],
}

/// Why no mail can be handed over, and what that means for those that wait.
pub(super) struct Down {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

impl<'a> From<&'a Pending> for Outgoing<'a> {
    fn from(pending: &'a Pending) -> Self {
        Self {
            id: &pending.email,
            message_id: pending.message_id.as_deref(),
            attempt: pending.attempt,
            sender: &pending.mail.sender,
            recipients: &pending.mail.recipients,
            bytes: &pending.mail.bytes,
        }
    }
}

impl Item for Pending {
    fn outgoing(&self) -> Outgoing<'_> {
        self.into()
    }
}

impl Destination {
    /// The destination that the settings name. A Maildir is opened now, a relay when there is a mail for it.
    pub fn from_settings(smtp: &Smtp) -> Result<Self, Failure> {
        let Some(folder) = &smtp.maildir else {
            return Ok(Self::Relay(Box::new(Relay::new(smtp)?)));
        };
        let maildir = Maildir::open(folder).map_err(|error| {
            Failure::new(Status::CannotCreate, format!("maildir {}: {error}", folder.display()))
        })?;
        Ok(Self::Maildir(maildir))
    }

    /// What these settings name, for receipts; they are checked, and nothing is opened.
    pub fn name_of(smtp: &Smtp) -> Result<String, Failure> {
        match &smtp.maildir {
            Some(folder) => Ok(folder.display().to_string()),
            None => Ok(Relay::new(smtp)?.name()),
        }
    }

    /// The workspace that the settings name. It is asked when there is a message for it.
    pub fn slack(settings: &Slack) -> Result<Self, Failure> {
        Ok(Self::Slack(Box::new(Workspace::new(settings)?)))
    }

    /// What these settings name, for receipts; a wrong one keeps nobody from taking over.
    pub fn name_of_slack(settings: &Slack) -> String {
        let url = settings.url.as_deref().unwrap_or(slack::URL);
        let (_, rest) = url.split_once("://").unwrap_or(("", url));
        rest.split('/').next().unwrap_or_default().to_owned()
    }

    /// Asks the relay everything but to take a mail, and tells of each step that is done.
    pub fn check(&mut self, sender: Option<&str>, told: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let relay = match self {
            Self::Relay(relay) => relay,
            Self::Maildir(maildir) => {
                told(&format!("maildir: {}", maildir.name()));
                return Ok(());
            }
            Self::Slack(workspace) => return workspace.check(told),
        };
        let address = |text| {
            mime::address(text)
                .map_err(|reason| Failure::new(Status::Config, format!("email.from: {reason}")))
        };
        relay.check(sender.map(address).transpose()?.as_ref(), told)
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Relay(relay) => relay.name(),
            Self::Maildir(maildir) => maildir.name(),
            Self::Slack(workspace) => workspace.name(),
        }
    }

    /// Why no mail can be handed over any more.
    pub(super) fn down(&self) -> Option<Down> {
        match self {
            Self::Relay(relay) => {
                let error = relay.down()?;
                Some(Down { outcome: error.outcome(), reason: format!("relay {}: {error}", relay.name()) })
            }
            Self::Maildir(_) => None,
            Self::Slack(workspace) => {
                let error = workspace.down()?;
                Some(Down {
                    outcome: error.outcome(),
                    reason: format!("slack {}: {error}", workspace.name()),
                })
            }
        }
    }

    /// What goes there.
    pub(super) fn takes(&self) -> Takes {
        match self {
            Self::Relay(_) | Self::Maildir(_) => Takes::Emails,
            Self::Slack(_) => Takes::Messages,
        }
    }

    /// Delivers a mail.
    pub(super) fn deliver<T: Item>(&mut self, item: T) -> Concluded<T> {
        let name = self.name();
        match self {
            Self::Relay(relay) => in_parcel(item, &name, |parcel| relay.deliver(parcel)),
            Self::Maildir(maildir) => in_parcel(item, &name, |parcel| into_maildir(maildir, parcel)),
            Self::Slack(workspace) => to_slack(workspace, item),
        }
    }

    /// Delivers mails until there is none, or no mail can be handed over any more; those that wait then were not asked
    /// for.
    pub(super) fn deliver_all<S: Supply>(&mut self, supply: &mut S) -> Result<(), Failure> {
        let relay = self.name();
        match self {
            Self::Relay(session) => session.deliver_all(&mut Counter { supply, relay }),
            Self::Maildir(maildir) => {
                let mut counter = Counter { supply, relay };
                while counter.waiting(true)? == Waiting::Yes {
                    let Some(parcel) = counter.next()? else { continue };
                    let verdict = into_maildir(maildir, &parcel);
                    counter.settle(vec![(parcel, verdict)])?;
                }
                Ok(())
            }
            Self::Slack(workspace) => {
                while workspace.down().is_none() && supply.waiting(true)? == Waiting::Yes {
                    let Some(message) = supply.next()? else { continue };
                    supply.settle(vec![to_slack(workspace, message)])?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn close(&mut self) {
        if let Self::Relay(relay) = self {
            relay.quit();
        }
    }
}

fn in_parcel<T: Item>(item: T, relay: &str, deliver: impl FnOnce(&Parcel<T>) -> Verdict) -> Concluded<T> {
    match Parcel::new(item) {
        Ok(parcel) => {
            let verdict = deliver(&parcel);
            parcel.conclude(verdict, relay)
        }
        Err((item, verdict)) => conclude(item, verdict, relay),
    }
}

fn to_slack<T: Item>(workspace: &mut Workspace, message: T) -> Concluded<T> {
    let outgoing = message.outgoing();
    let to = outgoing.recipients.first().map(String::as_str).unwrap_or_default();
    let Answer { outcome, status, asked, code, words, ts, complaint } = workspace.post(to, outgoing.bytes);
    let one = RecipientOutcome { address: to.to_owned(), outcome, code, enhanced: None, reply: words };
    let complaints = complaint.into_iter().collect();
    let verdict = Verdict { asked, queue_id: ts, status, complaints, ..Verdict::new(vec![one]) };
    conclude(message, verdict, &workspace.name())
}

fn into_maildir<T: Item>(maildir: &Maildir, parcel: &Parcel<T>) -> Verdict {
    // The name is our own hash; one of somebody else's must not lead out of the folder.
    let name = crate::record::digest([parcel.item.outgoing().id]);
    let delivered = maildir.deliver(&name, parcel.bytes());
    let (outcome, reply) = match &delivered {
        Ok(()) => (Outcome::Accepted, None),
        Err(error) => (Outcome::Deferred, Some(error.to_string())),
    };
    let one = |address: &str| {
        let (address, reply) = (address.to_owned(), reply.clone());
        RecipientOutcome { address, outcome, code: None, enhanced: None, reply }
    };
    let verdict = Verdict::new(parcel.envelope().addresses().map(one).collect());
    let Err(error) = delivered else { return verdict };
    let complaints = vec![format!("maildir {}: {error}", maildir.name())];
    Verdict { status: Status::Disk, complaints, ..verdict }
}
