//! A scripted SMTP server (RFC 5321) that plays the faults of real relays and otherwise behaves.
//!
//! A [`Script`] is data: what the relay offers, and what it does instead of behaving at a *moment*
//! of the conversation. Moments are "CONNECT" (the greeting is due), the verbs "EHLO", "STARTTLS",
//! "AUTH", "MAIL", "RCPT", "DATA", "QUIT" and so on, "RCPT:user@example.com", "BODY" (one line of
//! the mail has come), "." (all of it has) and "DRIP". The first rule for a moment that is not
//! used up is played; where it gives a reply of 2xx or 3xx, the relay goes on as after its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

use super::certificates::Certificates;

/// How long a look at the relay waits until clients that have gone are read to their end.
const SETTLE: Duration = Duration::from_secs(1);

/// What the relay does at a moment.
#[derive(Clone)]
pub(crate) enum After {
    /// These bytes are the reply. One that begins with 421 also closes (RFC 5321 section 3.8).
    Reply(Vec<u8>),
    ReplyAndClose(Vec<u8>),
    /// These bytes again and again, until the client goes.
    Endless(Vec<u8>),
    /// The connection ends: FIN, under TLS without `close_notify`.
    Close,
    /// The connection ends: RST. At "CONNECT" nothing has been read yet and it is a FIN.
    Reset,
    /// Nothing for this long, then as if there were no rule.
    Silence(Duration),
}

/// Who may log in. MAIL is then refused before; a relay that has TLS takes logins under TLS only.
#[derive(Clone)]
pub(crate) enum AuthRule {
    /// AUTH PLAIN and LOGIN with user and password.
    Password(&'static str, &'static str),
    /// AUTH XOAUTH2 with user and token; a wrong one gets the 334 with JSON before the 535.
    Token(&'static str, &'static str),
    /// Every line is answered with these bytes until the client gives up.
    Challenge(Vec<u8>),
}

/// What follows the STARTTLS command.
#[derive(Clone)]
pub(crate) enum StartTls {
    Normal,
    /// These bytes in the same write as the 220, in front of the handshake.
    InjectedPlaintext(Vec<u8>),
    /// These bytes once the client has begun its handshake.
    InjectedLater(Vec<u8>),
    /// This reply, and no TLS.
    Reply(Vec<u8>),
}

#[derive(Clone)]
struct Rule {
    moment: String,
    after: After,
    skip: usize,
    left: usize,
}

/// What a relay does; the default is a good relay without TLS and login.
#[derive(Clone)]
pub(crate) struct Script {
    extensions: Vec<String>,
    before_tls: Option<Vec<String>>,
    rules: Vec<Rule>,
    auth: Option<AuthRule>,
    /// Without a [`StartTls`], TLS from the first byte.
    tls: Option<(Arc<ServerConfig>, Option<StartTls>)>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            extensions: strings(&["PIPELINING", "8BITMIME", "SIZE 10485760", "ENHANCEDSTATUSCODES"]),
            before_tls: None,
            rules: Vec::new(),
            auth: None,
            tls: None,
        }
    }

    /// The rule all others are made of.
    pub(crate) fn on(mut self, moment: &str, after: After) -> Self {
        let moment = moment.to_owned();
        self.rules.push(Rule {
            moment,
            after,
            skip: 0,
            left: usize::MAX,
        });
        self
    }

    /// The rules made inside are played `n` times each, then used up.
    pub(crate) fn times(self, n: usize, rules: impl FnOnce(Self) -> Self) -> Self {
        self.adding(rules, |rule| rule.left = n)
    }

    /// The rules made inside let their moment pass `n` times first.
    pub(crate) fn after_first(self, n: usize, rules: impl FnOnce(Self) -> Self) -> Self {
        self.adding(rules, |rule| rule.skip = n)
    }

    fn adding(self, rules: impl FnOnce(Self) -> Self, change: impl FnMut(&mut Rule)) -> Self {
        let before = self.rules.len();
        let mut script = rules(self);
        script.rules[before..].iter_mut().for_each(change);
        script
    }

    pub(crate) fn greeting(self, reply: impl Into<Vec<u8>>) -> Self {
        self.reply_to("CONNECT", reply)
    }

    pub(crate) fn reply_to(self, moment: &str, reply: impl Into<Vec<u8>>) -> Self {
        self.on(moment, After::Reply(reply.into()))
    }

    pub(crate) fn reply_to_recipient(self, address: &str, reply: impl Into<Vec<u8>>) -> Self {
        self.reply_to(&format!("RCPT:{address}"), reply)
    }

    /// When the whole mail is there. It counts as taken unless a reply says 4xx or 5xx.
    pub(crate) fn after_data(self, after: After) -> Self {
        self.on(".", after)
    }

    pub(crate) fn close_on(self, moment: &str) -> Self {
        self.on(moment, After::Close)
    }

    pub(crate) fn silent_on(self, moment: &str, duration: Duration) -> Self {
        self.on(moment, After::Silence(duration))
    }

    /// Replies come byte by byte, each after this pause; counts in connections.
    pub(crate) fn drip(self, pause: Duration) -> Self {
        self.silent_on("DRIP", pause)
    }

    /// The extensions of the EHLO reply; STARTTLS and AUTH are added when they are to be had.
    pub(crate) fn extensions(mut self, extensions: &[&str]) -> Self {
        self.extensions = strings(extensions);
        self
    }

    /// All that the EHLO reply lists before TLS; nothing is added.
    pub(crate) fn extensions_before_tls(mut self, extensions: &[&str]) -> Self {
        self.before_tls = Some(strings(extensions));
        self
    }

    pub(crate) fn auth(mut self, rule: AuthRule) -> Self {
        self.auth = Some(rule);
        self
    }

    /// TLS from the first byte.
    pub(crate) fn tls(mut self, certificates: &Certificates) -> Self {
        self.tls = Some((certificates.server_config(), None));
        self
    }

    pub(crate) fn starttls(mut self, certificates: &Certificates, how: StartTls) -> Self {
        self.tls = Some((certificates.server_config(), Some(how)));
        self
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A mail the relay has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub sender: String,
    /// Those that were not refused, as written between the angle brackets.
    pub recipients: Vec<String>,
    /// As the client meant it: without the dot that ends it and those that were stuffed.
    pub body: Vec<u8>,
}

/// A running relay; it and all its connections end with the value.
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    script: Script,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    transcripts: Vec<Vec<String>>,
    messages: Vec<Received>,
    open: Vec<Weak<TcpStream>>,
    /// Connections that are neither at their end nor in a scripted silence.
    busy: usize,
    stopped: bool,
}

impl Relay {
    pub(crate) fn start(mut script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let rules = std::mem::take(&mut script.rules);
        let shared = Arc::new(Shared {
            script,
            state: Mutex::new(State {
                rules,
                ..State::default()
            }),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accepting.accept(&listener));
        Self {
            port,
            shared,
            acceptor: Some(acceptor),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Each command line received, login lines included: all of the first connection, then all of
    /// the second, and so on.
    pub(crate) fn transcript(&self) -> Vec<String> {
        self.settled().transcripts.concat()
    }

    /// The mails taken, in order.
    pub(crate) fn messages(&self) -> Vec<Received> {
        self.settled().messages.clone()
    }

    /// Those the relay has taken up; a client that has just connected may not be among them yet.
    pub(crate) fn connections(&self) -> usize {
        self.settled().transcripts.len()
    }

    /// The state once clients that have gone are read to their end; others are not waited for.
    fn settled(&self) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        let settled = self
            .shared
            .changed
            .wait_timeout_while(state, SETTLE, |state| state.busy > 0);
        settled.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        for stream in state.open.iter().filter_map(Weak::upgrade) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // The connection the acceptor waits for.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, listener: &TcpListener) {
        thread::scope(|scope| {
            for stream in listener.incoming().flatten().map(Arc::new) {
                let mut state = self.lock();
                if state.stopped {
                    return;
                }
                let number = state.transcripts.len();
                state.transcripts.push(Vec::new());
                state.open.push(Arc::downgrade(&stream));
                state.busy += 1;
                drop(state);
                scope.spawn(move || {
                    Conversation::hold(self, number, stream);
                    self.lock().busy -= 1;
                    self.changed.notify_all();
                });
            }
        });
    }

    /// What the script has for this moment; counts as played.
    fn rule(&self, moment: &str) -> Option<After> {
        let verb = moment.split(':').next();
        for rule in &mut self.lock().rules {
            if rule.moment != moment && verb != Some(&rule.moment) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.left > 0 {
                rule.left -= 1;
                return Some(rule.after.clone());
            }
        }
        None
    }

    /// Waits, but not longer than the relay lives.
    fn pause(&self, duration: Duration) {
        let mut state = self.lock();
        state.busy -= 1;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(state, duration, |state| !state.stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.busy += 1;
    }
}

/// How a conversation ends before QUIT.
enum End {
    Close,
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Close
    }
}

struct Conversation<'a> {
    shared: &'a Shared,
    number: usize,
    wire: BufReader<Wire>,
    drip: Option<Duration>,
    authenticated: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<'a> Conversation<'a> {
    fn hold(shared: &'a Shared, number: usize, stream: Arc<TcpStream>) {
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
        let Script {
            before_tls,
            extensions,
            auth,
            tls,
            ..
        } = &self.shared.script;
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

    fn auth(&mut self, line: &str) -> Result<(), End> {
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
        Ok(if good {
            b"235 2.7.0 ok\r\n"
        } else {
            b"535 5.7.8 bad credentials\r\n"
        })
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
        let (mut body, mut line, mut fresh) = (Vec::new(), Vec::new(), true);
        loop {
            line.clear();
            if self.wire.read_until(b'\n', &mut line)? == 0 {
                return Err(End::Close);
            }
            if fresh && line == b".\r\n" {
                return Ok(body);
            }
            if body.is_empty() {
                self.answer("BODY", b"")?;
            }
            let stuffed = fresh && line.starts_with(b".");
            body.extend_from_slice(&line[usize::from(stuffed)..]);
            fresh = line.ends_with(b"\r\n");
        }
    }

    /// Replies to a moment and returns the first byte of the reply.
    fn answer(&mut self, moment: &str, reply: &[u8]) -> Result<u8, End> {
        let after = self.shared.rule(moment);
        self.play(after, reply)
    }

    fn play(&mut self, after: Option<After>, default: &[u8]) -> Result<u8, End> {
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

    fn ask(&mut self, prompt: &[u8]) -> Result<String, End> {
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

/// A connection, its TLS when that has begun.
struct Wire {
    socket: Socket,
    tls: Option<ServerConnection>,
}

impl Wire {
    fn start_tls(&mut self, config: &Arc<ServerConfig>) {
        let tls = ServerConnection::new(Arc::clone(config)).expect("the configuration is complete");
        self.tls = Some(tls);
    }

    /// Ends with a FIN, for which nothing that has come may be left unread.
    fn close(mut self, notify: bool) {
        if let (true, Some(tls)) = (notify, &mut self.tls) {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.socket);
        }
        let _ = self.socket.stream.set_nonblocking(true);
        let _ = io::copy(&mut self.socket, &mut io::sink());
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(buffer),
            None => self.socket.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).write(bytes),
            None => self.socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that keeps the last byte it gives out in the kernel until the next read: to be closed
/// with a byte unread is what makes it send a RST, and std has no other way to that.
struct Socket {
    stream: Arc<TcpStream>,
    held: bool,
}

impl Socket {
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.held) {
            (&*self.stream).read_exact(&mut [0])?;
        }
        self.stream.peek(buffer)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.peek(buffer)?;
        if read > 0 {
            (&*self.stream).read_exact(&mut buffer[..read - 1])?;
            self.held = true;
        }
        Ok(read)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
