//! What an attempt means for one recipient, in the light of those before it: when the next one is due, and when there is
//! none.
//!
//! A mail is tried in every run during its first quarter of an hour, so that whoever mends a relay sees it work. Then it
//! waits after each attempt for half as long as it has been tried, at most three hours. What was only ever refused for
//! now is given up after a time; an attempt that may have brought the mail is repeated only so often.

use chrono::{DateTime, TimeDelta, Utc};

use crate::escape;
use crate::record::{Outcome, RecipientOutcome};

/// So many attempts may end without it being known whether they brought the mail.
pub(super) const MOST_UNKNOWN: u32 = 5;
/// The longest reply in a record, in characters.
const REPLY_LIMIT: usize = 512;
/// A mail that is tried for so long only is due in every run.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// No mail waits longer for its next attempt.
pub(super) const LONGEST_WAIT: TimeDelta = TimeDelta::hours(3);

/// What is known of one recipient before an attempt.
pub struct Delivery {
    /// Who waits for the mail.
    pub address: String,
    /// How many attempts may have brought it.
    pub unknown: u32,
    /// When it was tried for the first time.
    pub first_attempt: Option<DateTime<Utc>>,
}

/// What is known of one recipient after an attempt.
pub struct Judged {
    /// The outcome that is written down and told.
    pub outcome: RecipientOutcome,
    /// How many attempts may have brought the mail.
    pub unknown: u32,
    /// When it is tried again; at once where there is no time.
    pub due_at: Option<DateTime<Utc>>,
    /// Why we do not try again by ourselves, where that is our decision and not the relay's.
    pub given_up: Option<String>,
}

impl Delivery {
    /// What an attempt came to. Fails for good when it has been tried for as long as `keep_trying`.
    pub fn after(&self, one: RecipientOutcome, at: DateTime<Utc>, keep_trying: TimeDelta) -> Judged {
        let tried_for = self.first_attempt.map_or(TimeDelta::zero(), |first| at - first);
        let unknown = self.unknown + u32::from(one.outcome == Outcome::Unknown);
        let given_up = match one.outcome {
            Outcome::Unknown if unknown >= MOST_UNKNOWN => {
                Some((Outcome::Held, format!("held after {unknown} attempts that may each have brought it")))
            }
            Outcome::Deferred if tried_for >= keep_trying => {
                Some((Outcome::Rejected, format!("given up after {}", in_words(tried_for))))
            }
            _ => None,
        };
        let outcome = match &given_up {
            Some((outcome, reason)) => in_our_words(one, *outcome, reason),
            None => self.in_doubt(one),
        };
        let waits = matches!(outcome.outcome, Outcome::Deferred | Outcome::Unknown) && tried_for >= PATIENCE;
        let due_at = waits.then(|| at + LONGEST_WAIT.min(tried_for / 2));
        Judged { outcome, unknown, due_at, given_up: given_up.map(|(_, reason)| reason) }
    }

    /// What is known when nobody could be asked.
    pub fn untried(&self, one: RecipientOutcome) -> Judged {
        Judged { outcome: self.in_doubt(one), unknown: self.unknown, due_at: None, given_up: None }
    }

    /// Where nothing was decided, an earlier attempt may have brought the mail.
    fn in_doubt(&self, one: RecipientOutcome) -> RecipientOutcome {
        let is_open = matches!(one.outcome, Outcome::Deferred | Outcome::Held);
        if !is_open || self.unknown == 0 {
            return one;
        }
        let reason = format!("an earlier attempt may have brought it; now {}", one.outcome);
        in_our_words(one, Outcome::Unknown, &reason)
    }
}

fn in_our_words(one: RecipientOutcome, outcome: Outcome, reason: &str) -> RecipientOutcome {
    let reply = one.reply.map_or_else(|| reason.to_owned(), |reply| format!("{reason}: {reply}"));
    RecipientOutcome { outcome, reply: Some(escape::cut(&reply, REPLY_LIMIT).into_owned()), ..one }
}

fn in_words(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours()) {
        (0, 0) => format!("{} minutes", span.num_minutes()),
        (0, hours) => format!("{hours} hours"),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::Delivery;
    use crate::record::{Outcome, RecipientOutcome};

    fn one(outcome: Outcome) -> RecipientOutcome {
        let (address, reply) = ("soc@example.com".to_owned(), Some("later".to_owned()));
        RecipientOutcome { address, outcome, code: Some(450), enhanced: None, reply }
    }

    /// An attempt at noon, the first one so many minutes before.
    fn after(outcome: Outcome, unknown: u32, minutes: Option<i64>) -> (Outcome, u32, Option<i64>, bool) {
        let noon: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let first_attempt = minutes.map(|minutes| noon - TimeDelta::minutes(minutes));
        let delivery = Delivery { address: "soc@example.com".to_owned(), unknown, first_attempt };
        let judged = delivery.after(one(outcome), noon, TimeDelta::days(5));
        let waits = judged.due_at.map(|due_at| (due_at - noon).num_minutes());
        (judged.outcome.outcome, judged.unknown, waits, judged.given_up.is_some())
    }

    #[test]
    fn a_mail_waits_longer_from_attempt_to_attempt_and_not_for_ever() {
        use Outcome::{Deferred, Rejected};
        for (tried_for, expected) in [
            (None, (Deferred, 0, None, false)),
            (Some(14), (Deferred, 0, None, false)),
            (Some(15), (Deferred, 0, Some(7), false)),
            (Some(120), (Deferred, 0, Some(60), false)),
            (Some(6 * 60), (Deferred, 0, Some(180), false)),
            (Some(4 * 24 * 60), (Deferred, 0, Some(180), false)),
            (Some(5 * 24 * 60), (Rejected, 0, None, true)),
            // The clock was set back.
            (Some(-60), (Deferred, 0, None, false)),
        ] {
            assert_eq!(after(Deferred, 0, tried_for), expected, "{tried_for:?}");
        }
    }

    #[test]
    fn what_may_have_arrived_stays_so_until_the_relay_says_more_and_is_repeated_five_times_at_most() {
        use Outcome::{Accepted, Deferred, Held, Rejected, Unknown};
        for (outcome, unknown, expected) in [
            (Unknown, 0, (Unknown, 1, None, false)),
            (Deferred, 1, (Unknown, 1, None, false)),
            (Held, 1, (Unknown, 1, None, false)),
            (Accepted, 1, (Accepted, 1, None, false)),
            (Rejected, 1, (Rejected, 1, None, false)),
            (Unknown, 3, (Unknown, 4, None, false)),
            (Unknown, 4, (Held, 5, None, true)),
        ] {
            assert_eq!(after(outcome, unknown, Some(1)), expected, "{outcome} after {unknown}");
        }
    }

    #[test]
    fn an_account_that_is_refused_is_no_fault_of_the_mail_however_long() {
        assert_eq!(after(Outcome::Held, 0, Some(9 * 24 * 60)), (Outcome::Held, 0, None, false));
    }
}
