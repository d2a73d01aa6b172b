//! What the relay is given to send, and whom it tells what became of it.

use super::outcome::{Envelope, Verdict};
use crate::exit::Failure;

/// A mail in its final bytes.
pub trait Mail: Send {
    /// From whom and to whom.
    fn envelope(&self) -> &Envelope;
    /// The message, without dot-stuffing.
    fn bytes(&self) -> &[u8];
}

/// Whether a mail waits to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// One can be had at once.
    Yes,
    /// None now; one may come.
    NotYet,
    /// None, and none will come.
    No,
}

/// Mails that wait to be sent, one after the other.
///
/// `waiting` and `next` are not asked again once they said that there is none. A failure ends the sending.
pub trait Mails: Send {
    /// What is sent.
    type Mail: Mail;

    /// Whether a mail waits. The answer is not [`Waiting::NotYet`] when it `may_take` a while to know.
    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure>;

    /// The next mail. When this returns, whatever must be durable before the relay hears of the mail is durable.
    fn next(&mut self) -> Result<Option<Self::Mail>, Failure>;

    /// Takes mails back with what became of each, in the order of their outcomes. A session sends no other body before
    /// this has returned for its mail; where several sessions send, those that have to wait come back together.
    fn settle(&mut self, mails: Vec<(Self::Mail, Verdict)>) -> Result<(), Failure>;

    /// Called while the relay has a mail in hand: time to make the next one ready, where that needs no waiting.
    fn meanwhile(&mut self) {}
}
