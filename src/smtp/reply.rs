//! Replies of the relay (RFC 5321, section 4.2): bytes in, a code and words out, nothing believed beyond the form.
//!
//! The text need not be UTF-8 and may be absent. Every line of a reply must carry the same code.

use std::fmt;

use crate::escape;

/// The longest line and the longest reply that are read. RFC 5321 allows a server 512 octets a line.
pub(super) const LINE_LIMIT: usize = 4 * 1024;
pub(super) const REPLY_LIMIT: usize = 64 * 1024;
/// How many characters of the relay's words are kept.
const WORDS_LIMIT: usize = 512;

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    lines: Vec<Vec<u8>>,
}

/// What one line of a reply says.
pub(super) struct Line<'a> {
    pub(super) code: u16,
    pub(super) is_last: bool,
    pub(super) text: &'a [u8],
}

/// Takes a line apart; `None` when it is not a reply line.
pub(super) fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let (code, rest) = bytes.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code: u16 = str::from_utf8(code).ok()?.parse().ok()?;
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    (200..=599).contains(&code).then_some(Line { code, is_last, text })
}

impl Reply {
    /// A reply from its lines, which carry the same code.
    pub(super) fn new(code: u16, lines: Vec<Vec<u8>>) -> Self {
        Self { code, lines }
    }

    /// The reply, with its words withheld where they repeat any of these secrets.
    pub(super) fn without(self, secrets: &[String]) -> Self {
        let joined = self.lines.join(&b' ');
        let repeats =
            |secret: &String| joined.windows(secret.len().max(1)).any(|part| part == secret.as_bytes());
        if !secrets.iter().any(repeats) {
            return self;
        }
        Self { lines: vec![b"(words withheld: they repeat the login)".to_vec()], ..self }
    }

    /// 2yz: done.
    pub(super) fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: not now.
    pub(super) fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5yz: never.
    pub(super) fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The lines' texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    /// The enhanced status code (RFC 2034), when it agrees with the reply's own.
    pub fn enhanced(&self) -> Option<String> {
        let first = self.lines.first()?.split(u8::is_ascii_whitespace).next()?;
        let first = str::from_utf8(first).ok()?;
        let mut parts = first.split('.');
        let class: u16 = parts.next()?.parse().ok()?;
        let rest: Vec<&str> = parts.collect();
        let numbers = rest
            .iter()
            .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()));
        (rest.len() == 2 && numbers && class == self.code / 100).then(|| first.to_owned())
    }

    /// The relay's words in one line, escaped and cut.
    pub fn words(&self) -> String {
        let joined = self.lines.join(&b' ');
        escape::words(joined.trim_ascii(), WORDS_LIMIT)
    }

    /// The relay's own id for an accepted mail, where the words have a form that Postfix or Exim is known for.
    pub fn queue_id(&self) -> Option<String> {
        let words = self.words();
        let after = words.split_once("queued as ").or_else(|| words.split_once(" id="))?.1;
        let id: String = after
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '-')
            .collect();
        (!id.is_empty()).then_some(id)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::{Reply, line};

    fn reply(code: u16, text: &str) -> Reply {
        Reply::new(code, vec![text.as_bytes().to_vec()])
    }

    #[test]
    fn only_reply_lines_are_reply_lines() {
        for good in ["250", "250 ok", "250-more", "354 go on", "421 \u{e9}"] {
            assert!(line(good.as_bytes()).is_some(), "{good}");
        }
        for bad in
            ["", "25", "25O ok", "661 ok", "150 ok", "999", "250ok", "2500 ok", " 250 ok", "HTTP/1.1 400"]
        {
            assert!(line(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_enhanced_code_must_agree_with_the_reply() {
        assert_eq!(reply(550, "5.1.1 no such user").enhanced().as_deref(), Some("5.1.1"));
        assert_eq!(reply(250, "5.1.1 odd").enhanced(), None);
        assert_eq!(reply(250, "127.0.0.1 greets you").enhanced(), None);
        assert_eq!(reply(250, "2.0 ok").enhanced(), None);
    }

    #[test]
    fn queue_ids_of_known_servers_are_found() {
        assert_eq!(reply(250, "2.0.0 Ok: queued as 4F1A2B").queue_id().as_deref(), Some("4F1A2B"));
        assert_eq!(reply(250, "OK id=1rABCD-0001Ab-2C").queue_id().as_deref(), Some("1rABCD-0001Ab-2C"));
        assert_eq!(reply(250, "2.0.0 Ok").queue_id(), None);
    }
}
