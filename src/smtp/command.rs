//! What is said to the relay for one mail, in the words of RFC 5321, and what the relay says it can do.

use lettre::Address;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::MailParameter;

use super::reply::Reply;

/// What the relay offered in its answer to EHLO; nothing after HELO.
#[derive(Clone, Debug, Default)]
pub(super) struct Capabilities {
    /// Keywords and their parameters, in upper case: keywords are compared without case.
    offered: Vec<Vec<String>>,
}

impl Capabilities {
    pub(super) fn from_reply(reply: &Reply) -> Self {
        // The first line is the greeting.
        let words = |text: &[u8]| {
            String::from_utf8_lossy(text).to_uppercase().split_whitespace().map(str::to_owned).collect()
        };
        Self { offered: reply.texts().skip(1).map(words).collect() }
    }

    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.parameters(keyword).is_some()
    }

    pub(super) fn offers_login(&self, mechanism: Mechanism) -> bool {
        let name = mechanism.to_string();
        // "AUTH=PLAIN" is how some old servers write it.
        let old_form = self.parameters(&format!("AUTH={name}")).is_some();
        old_form || self.parameters("AUTH").is_some_and(|mechanisms| mechanisms.contains(&name))
    }

    /// The largest mail that the relay takes; `None` when it does not say.
    pub(super) fn size_limit(&self) -> Option<u64> {
        self.parameters("SIZE")?.first()?.parse().ok().filter(|limit| *limit > 0)
    }

    pub(super) fn parameters(&self, keyword: &str) -> Option<&[String]> {
        self.offered
            .iter()
            .find_map(|words| words.split_first().filter(|(first, _)| *first == keyword))
            .map(|(_, rest)| rest)
    }
}

/// MAIL, with what the relay should know beforehand.
pub(super) fn mail(sender: &Address, size: usize, utf8: bool, capabilities: &Capabilities) -> String {
    let mut parameters = Vec::new();
    if capabilities.offers("SIZE") {
        parameters.push(MailParameter::Size(size));
    }
    if utf8 {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    Mail::new(Some(sender.clone()), parameters).to_string()
}

/// RCPT.
pub(super) fn rcpt(recipient: &Address) -> String {
    Rcpt::new(recipient.clone(), Vec::new()).to_string()
}

/// DATA.
pub(super) fn data() -> String {
    Data.to_string()
}

/// The mail as it goes over the wire: dots at the start of a line doubled, and the final dot (section 4.5.2).
pub(super) fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(bytes.len() + bytes.len() / 50 + 8);
    if bytes.starts_with(b".") {
        wire.push(b'.');
    }
    let mut copied = 0;
    for end in memchr::memmem::find_iter(bytes, b"\n.") {
        let (line, _) = bytes.split_at(end + 1);
        wire.extend_from_slice(line.get(copied..).unwrap_or_default());
        wire.push(b'.');
        copied = line.len();
    }
    wire.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    if !bytes.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, stuffed};
    use crate::smtp::reply::Reply;

    #[test]
    fn dots_at_the_start_of_a_line_are_doubled_and_no_others() {
        assert_eq!(stuffed(b".\r\na.b\r\n..c\r\n"), b"..\r\na.b\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(b"no end"), b"no end\r\n.\r\n");
        assert_eq!(stuffed(b""), b"\r\n.\r\n");
    }

    #[test]
    fn keywords_are_compared_without_case() {
        let lines = ["mx.example greets you", "starttls", "Size 1000", "auth plain login", "PIPELINING"];
        let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let capabilities = Capabilities::from_reply(&Reply::new(250, lines));
        assert!(capabilities.offers("STARTTLS") && capabilities.offers("PIPELINING"));
        assert!(capabilities.offers_login(lettre::transport::smtp::authentication::Mechanism::Plain));
        assert_eq!(capabilities.size_limit(), Some(1000));
        assert!(!capabilities.offers("MX.EXAMPLE") && !capabilities.offers("8BITMIME"));
    }
}
