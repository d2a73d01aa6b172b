//! A mail on its way to the destination: whom it can be told of, and what is printed about it afterwards.
//!
//! Each recipient for itself: one that is no address is refused, and the others get the mail.

use super::destination::Outgoing;
use super::letter::Letter;
use crate::exit::Failure;
use crate::mail::mime;
use crate::record::{Outcome, Receipt, RecipientOutcome, now};
use crate::smtp::{Envelope, Mail, Mails, Verdict, Waiting};

/// What can be sent as a mail.
pub(super) trait Item: Send {
    fn outgoing(&self) -> Outgoing<'_>;
}

/// Mails to send, one after the other; [`Mails`] has the rules.
pub(super) trait Supply: Send {
    type Item: Item;

    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure>;
    fn next(&mut self) -> Result<Option<Self::Item>, Failure>;
    fn settle(&mut self, concluded: Vec<Concluded<Self::Item>>) -> Result<(), Failure>;
    fn meanwhile(&mut self) {}
}

/// A mail with what became of it, and what is printed about that.
pub(super) struct Concluded<T> {
    pub(super) item: T,
    pub(super) verdict: Verdict,
    pub(super) receipt: Receipt,
}

/// A mail with its envelope in the form that a relay is told.
pub(super) struct Parcel<T> {
    pub(super) item: T,
    envelope: Envelope,
    /// Recipients that are no address.
    refused: Vec<RecipientOutcome>,
}

impl<T: Item> Parcel<T> {
    /// The mail for those whom it can be sent to; where there is nobody, the mail and the verdict on it.
    pub(super) fn new(item: T) -> Result<Self, (T, Verdict)> {
        let mail = item.outgoing();
        let sender = match mime::address(mail.sender) {
            Ok(sender) => sender,
            Err(reason) => {
                let verdict = Verdict::refused(mail.recipients.iter().map(String::as_str), &reason);
                return Err((item, verdict));
            }
        };
        let (mut recipients, mut refused) = (Vec::new(), Vec::new());
        for text in mail.recipients {
            match mime::address(text) {
                Ok(address) => recipients.push(address),
                Err(reason) => refused.extend(Verdict::refused([text.as_str()], &reason).recipients),
            }
        }
        if recipients.is_empty() {
            return Err((item, Verdict::new(refused)));
        }
        Ok(Self { envelope: Envelope { sender, recipients }, refused, item })
    }

    /// With the verdict on all recipients.
    pub(super) fn conclude(self, verdict: Verdict, relay: &str) -> Concluded<T> {
        conclude(self.item, verdict.and(self.refused), relay)
    }
}

impl<T: Item> Mail for Parcel<T> {
    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn bytes(&self) -> &[u8] {
        self.item.outgoing().bytes
    }
}

/// A mail with the verdict on it.
pub(super) fn conclude<T: Item>(item: T, verdict: Verdict, relay: &str) -> Concluded<T> {
    let receipt = receipt(&item.outgoing(), relay, &verdict);
    Concluded { item, verdict, receipt }
}

/// The receipt of what can never be sent.
pub(super) fn refusal(letter: &Letter, reason: &str, relay: &str) -> Receipt {
    let verdict = Verdict::refused(letter.recipients.iter().map(String::as_str), reason);
    receipt(&letter.outgoing(), relay, &verdict)
}

/// What to print about a mail.
fn receipt(mail: &Outgoing<'_>, relay: &str, verdict: &Verdict) -> Receipt {
    Receipt {
        email: mail.message_id.map(|_| mail.id.to_owned()),
        message_id: mail.message_id.map(str::to_owned),
        message: mail.message_id.is_none().then(|| mail.id.to_owned()),
        outcome: Outcome::of_all(&verdict.recipients),
        attempt: mail.attempt,
        at: now(),
        relay: relay.to_owned(),
        tls: verdict.tls.clone(),
        queue_id: verdict.queue_id.clone(),
        recipients: verdict.recipients.clone(),
    }
}

/// A supply as the relay sees it: a mail that can be sent to nobody does not come so far.
pub(super) struct Counter<'s, S> {
    pub(super) supply: &'s mut S,
    pub(super) relay: String,
}

impl<S: Supply> Mails for Counter<'_, S> {
    type Mail = Parcel<S::Item>;

    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure> {
        self.supply.waiting(may_take)
    }

    fn next(&mut self) -> Result<Option<Self::Mail>, Failure> {
        let Some(item) = self.supply.next()? else { return Ok(None) };
        match Parcel::new(item) {
            Ok(parcel) => Ok(Some(parcel)),
            Err((item, verdict)) => {
                self.supply.settle(vec![conclude(item, verdict, &self.relay)])?;
                Ok(None)
            }
        }
    }

    fn settle(&mut self, mails: Vec<(Self::Mail, Verdict)>) -> Result<(), Failure> {
        let conclude = |(parcel, verdict): (Self::Mail, _)| parcel.conclude(verdict, &self.relay);
        self.supply.settle(mails.into_iter().map(conclude).collect())
    }

    fn meanwhile(&mut self) {
        self.supply.meanwhile();
    }
}
