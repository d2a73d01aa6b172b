//! What became of one mail, from the relay's replies.
//!
//! After the final dot only 2yz, 4yz and 5yz are answers; everything else leaves open whether the relay has the mail.

use lettre::Address;

use super::reply::Reply;
use super::{Error, explain};
use crate::exit::Status;
use crate::record::{Outcome, RecipientOutcome};

/// From whom and to whom.
pub struct Envelope {
    /// The sender.
    pub sender: Address,
    /// The recipients.
    pub recipients: Vec<Address>,
}

impl Envelope {
    /// The recipients as text.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.recipients.iter().map(AsRef::as_ref)
    }
}

/// What became of one mail.
#[derive(Clone)]
pub struct Verdict {
    /// Whether anything was decided about this mail; without a session nobody was asked to take it.
    pub asked: bool,
    /// Each recipient for itself.
    pub recipients: Vec<RecipientOutcome>,
    /// The relay's own id for the mail.
    pub queue_id: Option<String>,
    /// The TLS version of the session.
    pub tls: Option<String>,
    /// What the exit status must tell.
    pub status: Status,
    /// What to say on standard error, when somebody does not have the mail: a line for each reason.
    pub complaints: Vec<String>,
}

impl Verdict {
    /// A verdict from the outcomes; the status follows from them.
    pub fn new(recipients: Vec<RecipientOutcome>) -> Self {
        let status =
            recipients.iter().map(|one| status_of(one.outcome, one.code)).fold(Status::Done, Status::worst);
        let complaints = complaints(&recipients);
        Self { asked: true, recipients, queue_id: None, tls: None, status, complaints }
    }

    /// The same verdict, with the outcomes of more recipients.
    #[must_use]
    pub fn and(self, others: Vec<RecipientOutcome>) -> Self {
        if others.is_empty() {
            return self;
        }
        let more = Self::new(others);
        Self {
            recipients: [self.recipients, more.recipients].concat(),
            status: self.status.worst(more.status),
            complaints: [self.complaints, more.complaints].concat(),
            ..self
        }
    }

    /// The verdict on a mail for which there is no session.
    pub fn without_session<'a>(recipients: impl IntoIterator<Item = &'a str>, error: &Error) -> Self {
        let outcome = |address: &str| match error.reply() {
            Some(reply) => replied(address, error.outcome(), reply),
            None => unanswered(address, error.outcome(), &error.to_string()),
        };
        Self {
            asked: false,
            status: error.status(),
            complaints: Vec::new(),
            ..Self::new(recipients.into_iter().map(outcome).collect())
        }
    }

    /// The relay's words, where it asked for less.
    pub(super) fn throttled(&self) -> Option<String> {
        let one = self.recipients.iter().find(|one| explain::asks_for_less(one))?;
        Some(format!("{} {}", one.code.unwrap_or_default(), one.reply.as_deref().unwrap_or_default()))
    }

    /// The verdict on a mail that is refused before anybody is asked, and that may not even have a recipient.
    pub fn refused<'a>(recipients: impl IntoIterator<Item = &'a str>, reason: &str) -> Self {
        let refused = |address| unanswered(address, Outcome::Rejected, reason);
        let verdict = Self::new(recipients.into_iter().map(refused).collect());
        let complaints =
            if verdict.complaints.is_empty() { vec![reason.to_owned()] } else { verdict.complaints };
        Self { status: Status::Refused, complaints, ..verdict }
    }
}

/// One line for each reason, with everybody whom it keeps from the mail.
fn complaints(recipients: &[RecipientOutcome]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for one in recipients.iter().filter(|one| one.outcome != Outcome::Accepted) {
        let code = one.code.map(|code| format!("{code} ")).unwrap_or_default();
        let hint = explain::refused_mail(one);
        let reason = format!("{}: {code}{}{hint}", one.outcome, one.reply.as_deref().unwrap_or("no answer"));
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, addresses)) => addresses.push(&one.address),
            None => reasons.push((reason, vec![&one.address])),
        }
    }
    reasons.into_iter().map(|(reason, addresses)| format!("{} {reason}", addresses.join(", "))).collect()
}

/// What the exit status must tell of an outcome.
pub(super) fn status_of(outcome: Outcome, code: Option<u16>) -> Status {
    match outcome {
        Outcome::Accepted => Status::Done,
        Outcome::Rejected => Status::Refused,
        Outcome::Deferred | Outcome::Unknown | Outcome::Partial => Status::TryAgain,
        Outcome::Held if code.is_some_and(wants_login) => Status::LoginRefused,
        Outcome::Held => Status::Config,
    }
}

/// Whether a reply asks for a login, or for a better one. That is about the account and never about the mail.
fn wants_login(code: u16) -> bool {
    matches!(code, 530 | 535)
}

/// The outcome that a refusal means for a recipient or a mail.
pub(super) fn refusal(reply: &Reply) -> Outcome {
    match reply {
        reply if wants_login(reply.code) || explain::is_about_sender(reply) => Outcome::Held,
        reply if reply.is_permanent() => Outcome::Rejected,
        _ => Outcome::Deferred,
    }
}

/// The outcome that the reply after the final dot means.
pub(super) fn after_dot(reply: &Reply) -> Outcome {
    match reply {
        reply if reply.is_positive() => Outcome::Accepted,
        reply if reply.is_transient() || reply.is_permanent() => refusal(reply),
        _ => Outcome::Unknown,
    }
}

/// What a refused sender means. The sender is a setting: unless the reply is about this mail's size, refusing it says
/// nothing about the mail, which waits until the setting is right.
pub(super) fn sender_refused(reply: &Reply) -> (Outcome, &'static str) {
    let about_size = reply.code == 552 || reply.enhanced().is_some_and(|enhanced| enhanced == "5.3.4");
    if wants_login(reply.code) {
        return (Outcome::Held, "; set smtp.username and a password");
    }
    if reply.is_permanent() && !about_size {
        return (Outcome::Held, "; set email.from to an address that this login may use");
    }
    (refusal(reply), "")
}

/// A recipient's outcome in the relay's words.
pub(super) fn replied(address: &str, outcome: Outcome, reply: &Reply) -> RecipientOutcome {
    let (code, enhanced, reply) = (Some(reply.code), reply.enhanced(), Some(reply.words()));
    RecipientOutcome { address: address.to_owned(), outcome, code, enhanced, reply }
}

/// A recipient's outcome in our words, where there are none of the relay's.
pub(super) fn unanswered(address: &str, outcome: Outcome, reason: &str) -> RecipientOutcome {
    let reply = Some(reason.to_owned());
    RecipientOutcome { address: address.to_owned(), outcome, code: None, enhanced: None, reply }
}
