//! The line to the relay: bytes out in one write, replies in within an absolute deadline, TLS from a moment on.
//!
//! A peer that sends one byte a minute gains nothing: the deadline is for the whole reply, and holds below TLS too.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::Error;
use super::reply::{self, LINE_LIMIT, REPLY_LIMIT, Reply};
use crate::{interrupt, tls};

/// A socket whose reads and writes end at a deadline.
struct Socket {
    stream: TcpStream,
    deadline: Instant,
}

impl Socket {
    /// Waits a while at a time, so that a signal is seen, until the deadline or that of the signal.
    fn patiently(&self, mut work: impl FnMut(&TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            let deadline = interrupt::latest().map_or(self.deadline, |then| then.min(self.deadline));
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            match work(&self.stream) {
                // On Unix a socket's own timeout is "would block".
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    self.wait_at_most(left.min(interrupt::LOOK))?;
                }
                other => return other,
            }
        }
    }

    fn wait_at_most(&self, while_at_a_time: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(while_at_a_time))?;
        self.stream.set_write_timeout(Some(while_at_a_time))
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(|mut stream| stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|mut stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

enum Channel {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

/// Why no reply came.
#[derive(Debug)]
pub(super) enum Broken {
    /// The line is gone, or the time is up.
    Lost(String),
    /// What came is not a reply.
    Malformed(String),
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Lost(reason) => Self::Unreachable(reason),
            Broken::Malformed(reason) => Self::Protocol(reason),
        }
    }
}

/// The line to the relay.
pub(super) struct Wire {
    channel: Channel,
    /// What was received and not yet read as a reply.
    inbox: Vec<u8>,
}

impl Wire {
    /// Connects to one address.
    pub(super) fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_nodelay(true)?;
        let socket = Socket { stream, deadline: Instant::now() + timeout };
        socket.wait_at_most(timeout.min(interrupt::LOOK))?;
        Ok(Self { channel: Channel::Plain(socket), inbox: Vec::new() })
    }

    /// Starts TLS. Fails when anything was received that no command asked for (RFC 3207, section 6).
    pub(super) fn start_tls(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        if !self.inbox.is_empty() {
            return Err(Error::Protocol("sent more than its reply before TLS began".to_owned()));
        }
        let Channel::Plain(mut socket) = self.channel else {
            return Err(Error::Protocol("TLS is on already".to_owned()));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Error::Settings(format!("smtp.host {host} is not a name that a certificate can have"))
        })?;
        let mut connection =
            ClientConnection::new(config, name).map_err(|error| Error::Settings(format!("TLS: {error}")))?;
        socket.deadline = Instant::now() + timeout;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).map_err(|error| tls_error(&error))?;
        }
        let channel = Channel::Tls(Box::new(StreamOwned::new(connection, socket)));
        Ok(Self { channel, inbox: Vec::new() })
    }

    /// The TLS version in the form that people write it.
    pub(super) fn tls_version(&self) -> Option<String> {
        let Channel::Tls(stream) = &self.channel else {
            return None;
        };
        let name = format!("{:?}", stream.conn.protocol_version()?);
        Some(name.replace("TLSv1_", "TLSv1."))
    }

    /// Whether TLS is on.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self.channel, Channel::Tls(_))
    }

    /// Sends bytes in one write, after making sure that the relay has not spoken out of turn.
    pub(super) fn send(&mut self, bytes: &[u8], timeout: Duration) -> Result<(), Broken> {
        self.send_counted(bytes, timeout).1
    }

    /// The same, with how many bytes the kernel took. Under TLS a write that fails counts for none.
    pub(super) fn send_counted(&mut self, bytes: &[u8], timeout: Duration) -> (usize, Result<(), Broken>) {
        if let Err(broken) = self.listen_first() {
            return (0, Err(broken));
        }
        self.set_deadline(timeout);
        let mut sent = 0;
        let result = match &mut self.channel {
            Channel::Plain(socket) => {
                let mut result = Ok(());
                while sent < bytes.len() && result.is_ok() {
                    match socket.write(bytes.get(sent..).unwrap_or_default()) {
                        Ok(0) => result = Err(ErrorKind::WriteZero.into()),
                        Ok(count) => sent += count,
                        Err(error) => result = Err(error),
                    }
                }
                result
            }
            Channel::Tls(stream) => {
                stream.write_all(bytes).and_then(|()| stream.flush()).inspect(|()| sent = bytes.len())
            }
        };
        (sent, result.map_err(|error| lost(&error)))
    }

    fn listen_first(&self) -> Result<(), Broken> {
        if self.inbox.starts_with(b"421") {
            // The one thing that a relay may say at any time (RFC 5321, section 3.8).
            return Err(Broken::Lost("the relay is closing the connection".to_owned()));
        }
        if !self.inbox.is_empty() {
            return Err(Broken::Malformed("sent a reply that no command asked for".to_owned()));
        }
        Ok(())
    }

    /// The next reply, whole, before the time is up.
    pub(super) fn reply(&mut self, timeout: Duration) -> Result<Reply, Broken> {
        self.set_deadline(timeout);
        let mut lines = Vec::new();
        let mut size = 0;
        loop {
            let taken = self.line()?;
            size += taken.len();
            let shown = || crate::escape::words(&taken, 80);
            let line = reply::line(&taken)
                .ok_or_else(|| Broken::Malformed(format!("not an SMTP reply: {}", shown())))?;
            let code = line.code;
            lines.push((code, line.text.to_vec()));
            if lines.iter().any(|(other, _)| *other != code) {
                return Err(Broken::Malformed(format!("a reply with two codes: {}", shown())));
            }
            if size > REPLY_LIMIT {
                return Err(Broken::Malformed(format!("a reply longer than {REPLY_LIMIT} bytes")));
            }
            if line.is_last {
                return Ok(Reply::new(code, lines.into_iter().map(|(_, text)| text).collect()));
            }
        }
    }

    /// The next line without its end. A line feed alone ends it too.
    fn line(&mut self) -> Result<Vec<u8>, Broken> {
        let mut searched = 0;
        loop {
            let unsearched = self.inbox.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.inbox.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            searched = self.inbox.len();
            if searched > LINE_LIMIT {
                return Err(Broken::Malformed(format!("a reply line longer than {LINE_LIMIT} bytes")));
            }
            let mut chunk = [0; LINE_LIMIT];
            let read = match &mut self.channel {
                Channel::Plain(socket) => socket.read(&mut chunk),
                Channel::Tls(stream) => stream.read(&mut chunk),
            };
            match read {
                Ok(0) => return Err(Broken::Lost("the relay closed the connection".to_owned())),
                Ok(count) => self.inbox.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(lost(&error)),
            }
        }
    }

    fn set_deadline(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        match &mut self.channel {
            Channel::Plain(socket) => socket.deadline = deadline,
            Channel::Tls(stream) => stream.sock.deadline = deadline,
        }
    }
}

fn lost(error: &io::Error) -> Broken {
    Broken::Lost(match error.kind() {
        ErrorKind::TimedOut => "no answer in time".to_owned(),
        ErrorKind::UnexpectedEof => "the relay closed the connection".to_owned(),
        _ => error.to_string(),
    })
}

/// Tells a certificate that is not trusted from a peer that speaks no TLS and from a line that broke.
fn tls_error(error: &io::Error) -> Error {
    if let Some(reason) = tls::distrust(error) {
        return Error::Certificate(format!("the relay's certificate is not trusted: {reason}"));
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidMessage(_)) => Error::NotOffered(
            "the relay does not speak TLS on this port; set smtp.tls or smtp.port".to_owned(),
        ),
        Some(other) => Error::NotOffered(format!("no TLS with the relay: {other}")),
        None => lost(error).into(),
    }
}
