//! Addresses as people write them, with or without a name, read strictly: what is odd has no business in a header or an
//! envelope.
//!
//! Fails with what is wrong with an address.

use lettre::Address;
use lettre::message::Mailbox;

use crate::escape;
use crate::record::Email;

/// An address with or without a name, when it is fit for a header and an envelope.
pub fn mailbox(text: &str) -> Result<Mailbox, String> {
    let refused = |reason: &str| format!("'{}' is not an address: {reason}", escape::visible(text));
    if text.chars().any(char::is_control) {
        return Err(refused("it holds a control character"));
    }
    // An address alone is what is read most, and read fastest as what it is.
    let mailbox = match text.parse::<Address>() {
        Ok(address) => Mailbox::new(None, address),
        Err(_) => text.parse().map_err(|_| refused("expected name@host or 'Name <name@host>'"))?,
    };
    let user = mailbox.email.user();
    if user.starts_with('-') || user.len() > 64 || AsRef::<str>::as_ref(&mailbox.email).len() > 254 {
        return Err(refused("too long, or it starts with a dash"));
    }
    Ok(mailbox)
}

/// The address of an envelope.
pub fn address(text: &str) -> Result<Address, String> {
    mailbox(text).map(|mailbox| mailbox.email)
}

/// The address of every recipient, once; what is no address stands as it was written.
pub fn recipients(email: &Email) -> Vec<String> {
    let mut recipients = Vec::new();
    for text in email.to.iter().chain(&email.cc).chain(&email.bcc) {
        let address = mailbox(text).map_or_else(|_| text.clone(), |mailbox| mailbox.email.to_string());
        if !recipients.contains(&address) {
            recipients.push(address);
        }
    }
    recipients
}
