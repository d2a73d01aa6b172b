//! Refusals that are known for their cause, and the setting to change.
//!
//! Sources: Microsoft's list of non-delivery reports and its page on SMTP AUTH submission (5.7.139, 5.7.60, 432 4.3.2),
//! Google's list of SMTP errors (5.7.8, 5.7.9, 4.7.0).

use super::reply::Reply;
use crate::record::{Outcome, RecipientOutcome};

/// What to do about a login that was refused.
pub(super) fn refused_login(reply: &Reply, with_token: bool) -> &'static str {
    let words = reply.words().to_lowercase();
    match reply.enhanced().as_deref() {
        Some("5.7.139") => {
            "the account takes no password: set smtp.token_command instead of smtp.password_file, or have \
             SMTP AUTH enabled for it"
        }
        Some("5.7.9") => "set smtp.password_file to an app password, or use smtp.token_command",
        _ if with_token => "check smtp.username, and what smtp.token_command prints or smtp.token_file holds",
        Some("5.7.8") if words.contains("gsmtp") || words.contains("google") => {
            "Gmail takes no account's password: set smtp.password_file to an app password, or use \
             smtp.token_command"
        }
        _ => "check smtp.username and the password",
    }
}

/// Whether a reply says that this login may not write as this sender. That is about settings, not about the mail.
pub(super) fn is_about_sender(reply: &Reply) -> bool {
    reply.enhanced().as_deref() == Some("5.7.60") || reply.words().contains("SendAsDenied")
}

/// Whether an outcome asks for fewer mails rather than for another one: 421, 432 and 4.7.x, but for 4.7.1, in which
/// greylists say that they do not know a sender yet.
pub(super) fn asks_for_less(one: &RecipientOutcome) -> bool {
    let enhanced = one.enhanced.as_deref().unwrap_or_default();
    one.outcome == Outcome::Deferred
        && (matches!(one.code, Some(421 | 432)) || enhanced.starts_with("4.7.") && enhanced != "4.7.1")
}

/// What to do about a mail that was not taken, to stand behind the reason.
pub(super) fn refused_mail(one: &RecipientOutcome) -> &'static str {
    match (one.outcome, one.code, one.enhanced.as_deref()) {
        (Outcome::Held, Some(530 | 535), _) => "; set smtp.username and a password",
        (Outcome::Held, Some(_), _) => "; set email.from to an address that this login may use",
        (_, Some(432), Some("4.7.12")) => "; change the password",
        (_, Some(432), _) => "; set smtp.rate to what the relay allows, or smtp.connections to 1",
        _ => "",
    }
}
