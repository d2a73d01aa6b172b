//! The connection under a scripted relay's conversation: plain or TLS, and able to end by FIN or RST.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

/// A connection, its TLS when that has begun.
pub(super) struct Wire {
    pub(super) socket: Socket,
    pub(super) tls: Option<ServerConnection>,
}

impl Wire {
    pub(super) fn start_tls(&mut self, config: &Arc<ServerConfig>) {
        let tls = ServerConnection::new(Arc::clone(config)).expect("the configuration is complete");
        self.tls = Some(tls);
    }

    /// Ends with a FIN, for which nothing that has come may be left unread.
    pub(super) fn close(mut self, notify: bool) {
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
pub(super) struct Socket {
    pub(super) stream: Arc<TcpStream>,
    pub(super) held: bool,
}

impl Socket {
    pub(super) fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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
