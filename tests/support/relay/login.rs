//! The AUTH command of a scripted relay (RFC 4954): PLAIN, LOGIN and XOAUTH2.

use super::AuthRule;
use super::conversation::{Conversation, End};

impl Conversation<'_> {
    pub(super) fn auth(&mut self, line: &str) -> Result<(), End> {
        let mut code = self.answer("AUTH", b"")?;
        if code == 0 {
            let verdict = self.login(line)?;
            code = self.play(None, verdict)?;
        }
        self.authenticated = code == b'2';
        Ok(())
    }

    fn login(&mut self, line: &str) -> Result<&'static [u8], End> {
        let mut words = line.split(' ').skip(1).map(str::to_owned);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let script = &self.shared.script;
        if script.tls.is_some() && self.wire.get_ref().tls.is_none() {
            return Ok(b"538 5.7.11 encryption required\r\n");
        }
        let mut first = |prompt: &[u8]| words.next().map_or_else(|| self.ask(prompt), Ok);
        let good = match (&script.auth, mechanism.as_str()) {
            (Some(AuthRule::Challenge(challenge)), _) => {
                while self.ask(challenge)? != "*" {}
                return Ok(b"501 5.7.0 cancelled\r\n");
            }
            (Some(AuthRule::Password(user, password)), "PLAIN") => {
                first(b"334 \r\n")? == base64(&format!("\0{user}\0{password}"))
            }
            (Some(AuthRule::Password(user, password)), "LOGIN") => {
                let name = first(b"334 VXNlcm5hbWU6\r\n")?;
                let secret = self.ask(b"334 UGFzc3dvcmQ6\r\n")?;
                name == base64(user) && secret == base64(password)
            }
            (Some(AuthRule::Token(user, token)), "XOAUTH2") => {
                let expected = base64(&format!("user={user}\x01auth=Bearer {token}\x01\x01"));
                let good = first(b"334 \r\n")? == expected;
                if !good {
                    // {"status":"401"}; the client answers with an empty line.
                    self.ask(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")?;
                }
                good
            }
            _ => return Ok(b"504 5.5.4 not offered\r\n"),
        };
        Ok(if good { b"235 2.7.0 ok\r\n" } else { b"535 5.7.8 bad credentials\r\n" })
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let octet = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 63) as usize];
            encoded.push(if n <= three.len() { digit.into() } else { '=' });
        }
    }
    encoded
}
