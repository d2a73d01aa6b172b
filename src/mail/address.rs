//! Addresses as people write them, with or without a name, read strictly: what is odd has no business in a header or an
//! envelope.
//!
//! Fails with what is wrong with an address.

use std::net::{IpAddr, Ipv6Addr};

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
    // RFC 5322 allows much in quotes and brackets that a relay might take for the end of the address.
    if user.contains(['<', '>']) || !is_host(mailbox.email.domain()) {
        return Err(refused("an angle bracket, or what is no IP address in brackets"));
    }
    Ok(mailbox)
}

/// Whether this is no literal of an address (RFC 5321, section 4.1.3), or one of an IP address. The rest of the form is
/// lettre's to look at.
fn is_host(domain: &str) -> bool {
    let Some(literal) = domain.strip_prefix('[') else { return true };
    let literal = literal.strip_suffix(']').unwrap_or_default();
    literal
        .strip_prefix("IPv6:")
        .map_or_else(|| literal.parse::<IpAddr>().is_ok(), |address| address.parse::<Ipv6Addr>().is_ok())
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

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn nothing_in_an_address_looks_like_its_end() {
        for good in ["a@example.com", "\"a b\"@example.com", "a@[127.0.0.1]", "a@[IPv6:::1]"] {
            assert_eq!(address(good).map(|address| address.to_string()).as_deref(), Ok(good));
        }
        for bad in ["a@[1<7.0.0.1]", "a@[1>SIZE=1]", "a@[IPv6:x]", "a@[]", "\"a>b\"@example.com", "a@b@c>"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
