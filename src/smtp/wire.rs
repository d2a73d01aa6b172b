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
use super::inbox::{Broken, Inbox};
use super::reply::Reply;
use crate::{interrupt, tls};

/// How much of a mail must be gone before the wait for it begins anew (RFC 5321, section 4.5.3.2.5, has three minutes for
/// each TCP SEND and leaves its size open): whole records of TLS, and less than what a kernel buffers.
const BLOCK: usize = 64 * 1024;

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

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

/// The line to the relay.
pub(super) struct Wire {
    channel: Channel,
    inbox: Inbox,
}

impl Wire {
    /// Connects to one address.
    pub(super) fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_nodelay(true)?;
        let socket = Socket { stream, deadline: Instant::now() + timeout };
        socket.wait_at_most(timeout.min(interrupt::LOOK))?;
        Ok(Self { channel: Channel::Plain(socket), inbox: Inbox::default() })
    }

    /// Starts TLS. Fails when anything was received that no command asked for (RFC 3207, section 6).
    pub(super) fn start_tls(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        if !self.inbox.bytes().is_empty() {
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
        Ok(Self { channel, inbox: Inbox::default() })
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

    /// The same, with how many bytes the kernel took. Under TLS a block that fails counts for none of its bytes.
    ///
    /// The time is for each block, so that a mail of any size may take as long as a slow line needs, and none longer.
    pub(super) fn send_counted(&mut self, bytes: &[u8], timeout: Duration) -> (usize, Result<(), Broken>) {
        if let Err(broken) = self.listen_first() {
            return (0, Err(broken));
        }
        let mut sent = 0;
        while sent < bytes.len() {
            self.set_deadline(timeout);
            if let Err(error) = self.send_block(bytes, &mut sent) {
                return (sent, Err(Broken::lost(&error)));
            }
        }
        (sent, Ok(()))
    }

    /// Sends on from `sent`, and moves it on, until a block is gone. The kernel is offered all that is left each time:
    /// a mail that it takes at once is one write.
    fn send_block(&mut self, bytes: &[u8], sent: &mut usize) -> io::Result<()> {
        let end = bytes.len().min(*sent + BLOCK);
        match &mut self.channel {
            Channel::Plain(socket) => {
                while *sent < end {
                    match socket.write(bytes.get(*sent..).unwrap_or_default())? {
                        0 => return Err(ErrorKind::WriteZero.into()),
                        count => *sent += count,
                    }
                }
            }
            Channel::Tls(stream) => {
                stream.write_all(bytes.get(*sent..end).unwrap_or_default())?;
                stream.flush()?;
                *sent = end;
            }
        }
        Ok(())
    }

    fn listen_first(&self) -> Result<(), Broken> {
        if self.inbox.bytes().starts_with(b"421") {
            // The one thing that a relay may say at any time (RFC 5321, section 3.8).
            return Err(Broken::Lost("the relay is closing the connection".to_owned()));
        }
        if !self.inbox.bytes().is_empty() {
            return Err(Broken::Malformed("sent a reply that no command asked for".to_owned()));
        }
        Ok(())
    }

    /// The next reply, whole, before the time is up.
    pub(super) fn reply(&mut self, timeout: Duration) -> Result<Reply, Broken> {
        self.set_deadline(timeout);
        self.inbox.reply(&mut self.channel)
    }

    fn set_deadline(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        match &mut self.channel {
            Channel::Plain(socket) => socket.deadline = deadline,
            Channel::Tls(stream) => stream.sock.deadline = deadline,
        }
    }
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
        None => Broken::lost(error).into(),
    }
}
