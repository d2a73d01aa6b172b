//! A minimal IMAP client (RFC 3501) over TLS: log in, read the inbox, wait for mail.
//!
//! Reads whole messages as the server stores them and marks nothing. Anything but OK from the
//! server, or ten seconds without a byte of it, is a panic that quotes what was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::certificates::client_config;

const SILENCE: Duration = Duration::from_secs(10);
const BETWEEN_POLLS: Duration = Duration::from_millis(10);

/// A logged-in connection.
pub(crate) struct Session {
    wire: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    tag: usize,
}

/// One response of the server: its line, and the literals that stood in it, in order.
struct Response {
    line: String,
    literals: Vec<Vec<u8>>,
}

impl Session {
    /// Connects to 127.0.0.1, where the certificate must name `localhost`.
    pub(crate) fn connect(port: u16, ca_pem: &str, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .unwrap_or_else(|error| panic!("no IMAP server on port {port}: {error}"));
        stream.set_read_timeout(Some(SILENCE)).expect("a timeout above zero is taken");
        stream.set_nodelay(true).expect("TCP has this option");
        let name = ServerName::try_from("localhost").expect("localhost is a name");
        let tls = ClientConnection::new(client_config(ca_pem), name).expect("TLS starts");
        let mut session = Self { wire: BufReader::new(StreamOwned::new(tls, stream)), tag: 0 };
        let greeting = session.response("the greeting").line;
        assert!(greeting.starts_with("* OK"), "IMAP greeting: {greeting}");
        session.command(&format!("LOGIN \"{user}\" \"{password}\""));
        session
    }

    /// Every message of the inbox, oldest first.
    pub(crate) fn messages(&mut self) -> Vec<Vec<u8>> {
        // SELECT also makes the server look into the mailbox again.
        let inbox = self.command("SELECT INBOX");
        if inbox.iter().any(|response| response.line == "* 0 EXISTS") {
            return Vec::new();
        }
        let fetched = self.command("UID FETCH 1:* BODY.PEEK[]");
        let messages = fetched.into_iter().filter(|response| response.line.contains(" FETCH ("));
        messages.flat_map(|response| response.literals).collect()
    }

    /// The messages of the inbox once there are `count` of them, or more.
    ///
    /// # Panics
    /// When they are still fewer at the deadline, with those that are there.
    pub(crate) fn wait_for(&mut self, count: usize, deadline: Duration) -> Vec<Vec<u8>> {
        let end = Instant::now() + deadline;
        loop {
            let messages = self.messages();
            if messages.len() >= count {
                return messages;
            }
            if Instant::now() >= end {
                let there: Vec<_> = messages.iter().map(|m| String::from_utf8_lossy(m)).collect();
                panic!(
                    "{} of {count} messages after {deadline:?}:\n{}",
                    there.len(),
                    there.join("\n-- next --\n")
                );
            }
            // The server has no other signal than IDLE, and that one can take half a minute.
            thread::sleep(BETWEEN_POLLS);
        }
    }

    /// The threads of the inbox by what they refer to and not by their subjects (RFC 5256, Dovecot's REFS), each with the numbers of its
    /// messages, sorted.
    pub(crate) fn threads(&mut self) -> Vec<Vec<u32>> {
        self.command("SELECT INBOX");
        let answer = self.command("THREAD REFS UTF-8 ALL");
        let list =
            answer.iter().find_map(|response| response.line.strip_prefix("* THREAD ")).unwrap_or_default();
        let mut threads: Vec<Vec<u32>> = Vec::new();
        let mut depth = 0;
        for word in list.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
            match word {
                "(" if depth == 0 => {
                    threads.push(Vec::new());
                    depth = 1;
                }
                "(" => depth += 1,
                ")" => depth -= 1,
                number => threads.last_mut().expect("a thread").push(number.parse().expect("a number")),
            }
        }
        for thread in &mut threads {
            thread.sort_unstable();
        }
        threads.sort();
        threads
    }

    /// Sends one command and returns the untagged responses it brought.
    fn command(&mut self, command: &str) -> Vec<Response> {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        let wire = self.wire.get_mut();
        wire.write_all(format!("{tag}{command}\r\n").as_bytes())
            .and_then(|()| wire.flush())
            .unwrap_or_else(|error| panic!("IMAP {command}: {error}"));
        let mut untagged = Vec::new();
        loop {
            let response = self.response(command);
            match response.line.strip_prefix(&tag) {
                Some(status) if status.starts_with("OK") => return untagged,
                Some(status) => panic!("IMAP {command}: {status}"),
                None => untagged.push(response),
            }
        }
    }

    /// Reads one response; `{n}` at the end of a line says that n octets follow, then the rest.
    fn response(&mut self, command: &str) -> Response {
        let mut response = Response { line: String::new(), literals: Vec::new() };
        loop {
            let mut line = Vec::new();
            let read = self.wire.read_until(b'\n', &mut line);
            assert!(
                read.is_ok() && line.ends_with(b"\r\n"),
                "IMAP {command}: connection ended ({read:?}) after {:?}",
                String::from_utf8_lossy(&line)
            );
            response.line += String::from_utf8_lossy(&line).trim_end();
            let Some(length) = literal_length(&response.line) else {
                return response;
            };
            let mut literal = vec![0; length];
            self.wire
                .read_exact(&mut literal)
                .unwrap_or_else(|error| panic!("IMAP {command}: literal cut short: {error}"));
            response.literals.push(literal);
        }
    }
}

fn literal_length(line: &str) -> Option<usize> {
    let (_, length) = line.strip_suffix('}')?.rsplit_once('{')?;
    length.parse().ok()
}
