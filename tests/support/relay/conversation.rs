//! One connection of a scripted relay, from the greeting to its end.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::script::{AuthRule, Script, StartTls, strings};
use super::wire::{Socket, Wire};
use super::{After, Received, Shared};

const MIB: usize = 1024 * 1024;

/// How a conversation ends before QUIT.
pub(super) enum End {
    Close,
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Close
    }
}

pub(super) struct Conversation<'a> {
    pub(super) shared: &'a Shared,
    number: usize,
    pub(super) wire: BufReader<Wire>,
    drip: Option<Duration>,
    pub(super) authenticated: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<'a> Conversation<'a> {
    pub(super) fn hold(shared: &'a Shared, number: usize, stream: Arc<TcpStream>) {
        let _ = stream.set_nodelay(true);
        let socket = Socket { stream, held: false };
        let mut conversation = Self {
            shared,
            number,
            wire: BufReader::new(Wire { socket, tls: None }),
            drip: None,
            authenticated: false,
            sender: None,
            recipients: Vec::new(),
        };
        let end = conversation.run();
        let wire = conversation.wire.into_inner();
        match end {
            Ok(()) => wire.close(true),
            Err(End::Close) => wire.close(false),
            Err(End::Reset) => drop(wire),
        }
    }

    fn run(&mut self) -> Result<(), End> {
        if let Some((config, None)) = &self.shared.script.tls {
            self.wire.get_mut().start_tls(config);
        }
        if let Some(After::Silence(pause)) = self.shared.rule("DRIP") {
            self.drip = Some(pause);
        }
        self.answer("CONNECT", b"220 relay.test ESMTP\r\n")?;
        while let Some(line) = self.line()? {
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            if matches!(verb.as_str(), "EHLO" | "HELO" | "RSET") {
                self.sender = None;
                self.recipients.clear();
            }
            match verb.as_str() {
                "EHLO" => drop(self.answer(&verb, &self.hello())?),
                "HELO" | "RSET" | "NOOP" => drop(self.answer(&verb, b"250 2.0.0 ok\r\n")?),
                "STARTTLS" => self.starttls()?,
                "AUTH" => self.auth(&line)?,
                "MAIL" => self.mail(&line)?,
                "RCPT" => self.recipient(&line)?,
                "DATA" => self.data()?,
                "QUIT" => return self.answer(&verb, b"221 2.0.0 bye\r\n").map(drop),
                _ => drop(self.answer(&verb, b"500 5.5.2 not understood\r\n")?),
            }
        }
        Ok(())
    }

    fn hello(&self) -> Vec<u8> {
        let Script { before_tls, extensions, auth, tls, .. } = &self.shared.script;
        let secure = self.wire.get_ref().tls.is_some();
        let mut lines = strings(&["relay.test"]);
        if let (Some(list), false) = (before_tls, secure) {
            lines.extend_from_slice(list);
        } else {
            lines.extend_from_slice(extensions);
            if !secure && tls.is_some() {
                lines.push("STARTTLS".into());
            } else if let Some(rule) = auth {
                let mechanisms = match rule {
                    AuthRule::Password(..) => "AUTH PLAIN LOGIN",
                    AuthRule::Token(..) => "AUTH XOAUTH2",
                    AuthRule::Challenge(_) => "AUTH PLAIN LOGIN XOAUTH2",
                };
                lines.push(mechanisms.into());
            }
        }
        let last = lines.pop().unwrap_or_default();
        let others: Vec<_> = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{}250 {last}\r\n", others.concat()).into()
    }

    fn starttls(&mut self) -> Result<(), End> {
        const READY: &[u8] = b"220 2.0.0 go ahead\r\n";
        let offer = match &self.shared.script.tls {
            Some((config, Some(how))) if self.wire.get_ref().tls.is_none() => Some((config, how)),
            _ => None,
        };
        let reply = match offer {
            None => b"503 5.5.1 not offered\r\n".to_vec(),
            Some((_, StartTls::Reply(reply))) => reply.clone(),
            Some((_, StartTls::InjectedPlaintext(injected))) => [READY, injected].concat(),
            Some(_) => READY.to_vec(),
        };
        let code = self.answer("STARTTLS", &reply)?;
        if let (Some((config, how)), b'2') = (offer, code) {
            // What came before TLS must not count under it (RFC 3207 section 4.2).
            let early = self.wire.buffer().len();
            self.wire.consume(early);
            self.sender = None;
            self.recipients.clear();
            if let StartTls::InjectedLater(injected) = how {
                self.wire.get_mut().socket.peek(&mut [0])?;
                self.write(injected)?;
            }
            self.wire.get_mut().start_tls(config);
        }
        Ok(())
    }

    fn mail(&mut self, line: &str) -> Result<(), End> {
        let stranger = self.shared.script.auth.is_some() && !self.authenticated;
        let reply: &[u8] = match &self.sender {
            _ if stranger => b"530 5.7.0 authentication required\r\n",
            Some(_) => b"503 5.5.1 a transaction is open\r\n",
            None => b"250 2.1.0 ok\r\n",
        };
        if self.answer("MAIL", reply)? == b'2' {
            self.sender = Some(address(line).to_owned());
        }
        Ok(())
    }

    fn recipient(&mut self, line: &str) -> Result<(), End> {
        let reply: &[u8] = match &self.sender {
            Some(_) => b"250 2.1.5 ok\r\n",
            None => b"503 5.5.1 MAIL first\r\n",
        };
        let recipient = address(line);
        if self.answer(&format!("RCPT:{recipient}"), reply)? == b'2' {
            self.recipients.push(recipient.to_owned());
        }
        Ok(())
    }

    fn data(&mut self) -> Result<(), End> {
        let reply: &[u8] = match self.recipients.as_slice() {
            [] => b"554 5.5.1 no valid recipients\r\n",
            _ => b"354 go ahead\r\n",
        };
        if self.answer("DATA", reply)? != b'3' {
            return Ok(());
        }
        let received = Received {
            body: self.body()?,
            sender: self.sender.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
        };
        let after = self.shared.rule(".");
        let reply = match &after {
            Some(After::Reply(reply) | After::ReplyAndClose(reply)) => reply.first(),
            _ => None,
        };
        if !matches!(reply, Some(b'4' | b'5')) {
            self.shared.lock().messages.push(received);
        }
        self.play(after, b"250 2.0.0 taken\r\n").map(drop)
    }

    /// Only CRLF ends a line here (RFC 5321 section 2.3.8), so only CRLF . CRLF ends the mail.
    fn body(&mut self) -> Result<Vec<u8>, End> {
        let (mut body, mut line, mut fresh, mut paused) = (Vec::new(), Vec::new(), true, 0);
        loop {
            line.clear();
            if self.wire.read_until(b'\n', &mut line)? == 0 {
                return Err(End::Close);
            }
            if fresh && line == b".\r\n" {
                return Ok(body);
            }
            if body.len() >= paused * MIB {
                paused += 1;
                self.answer("BODY", b"")?;
            }
            let stuffed = fresh && line.starts_with(b".");
            body.extend_from_slice(&line[usize::from(stuffed)..]);
            fresh = line.ends_with(b"\r\n");
        }
    }

    /// Replies to a moment and returns the first byte of the reply.
    pub(super) fn answer(&mut self, moment: &str, reply: &[u8]) -> Result<u8, End> {
        let after = self.shared.rule(moment);
        self.play(after, reply)
    }

    pub(super) fn play(&mut self, after: Option<After>, default: &[u8]) -> Result<u8, End> {
        let reply = match after {
            None => default.to_vec(),
            Some(After::Silence(duration)) => {
                self.shared.pause(duration);
                default.to_vec()
            }
            Some(After::Reply(reply)) => reply,
            Some(After::ReplyAndClose(reply)) => {
                self.write(&reply)?;
                return Err(End::Close);
            }
            Some(After::Endless(bytes)) => {
                let many = bytes.repeat(1 + 65_536 / bytes.len().max(1));
                loop {
                    self.write(&many)?;
                }
            }
            Some(After::Close) => return Err(End::Close),
            Some(After::Reset) => return Err(End::Reset),
        };
        self.write(&reply)?;
        if reply.starts_with(b"421") {
            return Err(End::Close);
        }
        Ok(reply.first().copied().unwrap_or(0))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let Some(pause) = self.drip else {
            return Ok(self.wire.get_mut().write_all(bytes)?);
        };
        for byte in bytes.chunks(1) {
            self.shared.pause(pause);
            self.wire.get_mut().write_all(byte)?;
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, prompt: &[u8]) -> Result<String, End> {
        self.write(prompt)?;
        self.line()?.ok_or(End::Close)
    }

    fn line(&mut self) -> Result<Option<String>, End> {
        let mut line = Vec::new();
        if self.wire.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        self.shared.lock().transcripts[self.number].push(line.clone());
        Ok(Some(line))
    }
}

fn address(line: &str) -> &str {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(line, |(address, _)| address)
}
