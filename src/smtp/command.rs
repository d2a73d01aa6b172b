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

/// How much of a mail is made ready at once. All of it for most; a large one would stand in memory twice.
const PIECE: usize = 1024 * 1024;

/// The first lines of a large mail, and the rest of it, which is never empty.
pub(super) fn first_piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (most, _) = bytes.split_at_checked(PIECE).filter(|(_, rest)| !rest.is_empty())?;
    let end = memchr::memrchr(b'\n', most)?;
    bytes.split_at_checked(end + 1)
}

/// The mail as it goes over the wire, or what is left of it: with the final dot.
pub(super) fn ended(bytes: &[u8]) -> Vec<u8> {
    let mut wire = stuffed(bytes);
    if !bytes.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Lines with dots at their start doubled (section 4.5.2).
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
    wire
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, PIECE, ended, first_piece, stuffed};
    use crate::smtp::reply::Reply;

    #[test]
    fn dots_at_the_start_of_a_line_are_doubled_and_no_others() {
        assert_eq!(ended(b".\r\na.b\r\n..c\r\n"), b"..\r\na.b\r\n...c\r\n.\r\n");
        assert_eq!(ended(b"no end"), b"no end\r\n.\r\n");
        assert_eq!(ended(b""), b"\r\n.\r\n");
    }

    #[test]
    fn a_large_mail_in_pieces_is_the_mail() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let mail: Vec<u8> = b".a line\r\n..\r\n".iter().copied().cycle().take(length).collect();
            let (mut rest, mut wire) = (mail.as_slice(), Vec::new());
            while let Some((piece, after)) = first_piece(rest) {
                assert!(piece.len() <= PIECE && piece.ends_with(b"\n") && !after.is_empty());
                wire.extend(stuffed(piece));
                rest = after;
            }
            assert!(rest.len() <= PIECE);
            wire.extend(ended(rest));
            assert_eq!(wire, ended(&mail), "{length}");
        }
        assert_eq!(first_piece(&vec![b'a'; 2 * PIECE]), None, "no line ends there");
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
