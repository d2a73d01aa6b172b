//! A limit, and no peer that anybody would use: so many mails of so many bytes, without reading, making or checking one.
//!
//! `bare-smtp PORT COUNT BYTES SESSIONS` sends one body again and again, each with the announcement of the next in one
//! write, and counts lines of answers. No sender that speaks to a relay mail by mail does it with less. Fails when the
//! server says anything else than what fits.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

const ANNOUNCEMENT: &[u8] = b"MAIL FROM:<threatq@example.com>\r\nRCPT TO:<soc@example.com>\r\nDATA\r\n";

/// Reads so many lines, the last of which begins with this code.
fn hear(stream: &mut TcpStream, mut lines: usize, code: &[u8]) -> io::Result<()> {
    let (mut buffer, mut last) = ([0; 4096], Vec::new());
    while lines > 0 {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            if last.ends_with(b"\n") {
                last.clear();
            }
            last.extend_from_slice(piece);
            lines = lines.saturating_sub(usize::from(last.ends_with(b"\n")));
        }
    }
    if last.starts_with(code) { Ok(()) } else { Err(io::Error::other(String::from_utf8_lossy(&last))) }
}

/// EHLO's answer has as many lines as the server likes; the last one has a space behind its code.
fn greet(stream: &mut TcpStream) -> io::Result<()> {
    hear(stream, 1, b"220")?;
    stream.write_all(b"EHLO localhost\r\n")?;
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !(answer.ends_with(b"\n")
        && answer.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"250 ")))
    {
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    Ok(())
}

fn session(port: u16, count: usize, bytes: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    greet(&mut stream)?;
    stream.write_all(ANNOUNCEMENT)?;
    hear(&mut stream, 3, b"354")?;
    let line = b"Seen again, by a sensor of the network that nobody had asked.\r\n";
    let mut mail: Vec<u8> =
        line.iter().copied().cycle().take(bytes.div_ceil(line.len()) * line.len()).collect();
    mail.extend_from_slice(b".\r\n");
    let last = mail.clone();
    mail.extend_from_slice(ANNOUNCEMENT);
    for _ in 1..count {
        stream.write_all(&mail)?;
        hear(&mut stream, 4, b"354")?;
    }
    stream.write_all(&last)?;
    hear(&mut stream, 1, b"250")?;
    stream.write_all(b"QUIT\r\n")
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [port, count, bytes, sessions] = numbers[..] else {
        return Err("usage: bare-smtp PORT COUNT BYTES SESSIONS".into());
    };
    let port = port.try_into()?;
    let work = move || session(port, count / sessions, bytes);
    let running: Vec<_> = (0..sessions).map(|_| thread::spawn(work)).collect();
    for session in running {
        session.join().map_err(|_| "a session has panicked")??;
    }
    Ok(())
}
