//! The gzip form (RFC 1952, RFC 1951), as far as a simulator writes it: bodies that are not made smaller, and bombs.

use axum::body::Bytes;

/// Magic, deflate, no flags, no time, no hints, no system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The longest stored block.
const BLOCK: usize = 65_535;
/// In the fixed codes: the length 258 (285, its bits reversed) and the distance 1. Repeats the last byte.
const REPEAT: (u64, u32) = (0xa3, 13);
const REPEATED: u64 = 258;
/// So many repeats are made at once; a multiple of 8 of them ends on a byte where it began on one.
const AT_ONCE: u64 = 8 * 1024;

/// The body in gzip's form, in stored blocks.
pub fn stored(body: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let mut blocks = body.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        store(&mut out, block, blocks.peek().is_none());
    }
    let mut sum = Sum::default();
    sum.add(body);
    out.extend(sum.trailer());
    out
}

/// `head`, whose last byte is repeated some `bytes` times, and `tail`, piece by piece as they are asked for.
pub fn bomb(head: &'static [u8], bytes: u64, tail: &'static [u8]) -> impl Iterator<Item = Bytes> {
    let repeated = head.last().copied().unwrap_or_default();
    let piece = vec![repeated; (REPEATED * AT_ONCE) as usize];
    let mut left = bytes / REPEATED;
    let mut sum = Sum::default();
    let mut bits = Bits::default();
    let mut state = State::Head;
    std::iter::from_fn(move || {
        let mut out = Vec::new();
        match state {
            State::Head => {
                out.extend(HEADER);
                store(&mut out, head, false);
                sum.add(head);
                // Not the last block, fixed codes.
                bits.push(&mut out, 0b010, 3);
                state = State::Middle;
            }
            State::Middle if left > 0 => {
                let count = left.min(AT_ONCE);
                left -= count;
                for _ in 0..count {
                    bits.push(&mut out, REPEAT.0, REPEAT.1);
                }
                sum.add(&piece[..(REPEATED * count) as usize]);
            }
            State::Middle => {
                // End of the block, then the last block, stored, from the next byte on.
                bits.push(&mut out, 0, 7);
                bits.push(&mut out, 0b001, 3);
                bits.flush(&mut out);
                lengths(&mut out, tail);
                sum.add(tail);
                out.extend(sum.trailer());
                state = State::Done;
            }
            State::Done => return None,
        }
        Some(Bytes::from(out))
    })
}

#[derive(Clone, Copy)]
enum State {
    Head,
    Middle,
    Done,
}

/// A stored block that begins on a byte.
fn store(out: &mut Vec<u8>, block: &[u8], last: bool) {
    out.push(u8::from(last));
    lengths(out, block);
}

fn lengths(out: &mut Vec<u8>, block: &[u8]) {
    let length = block.len() as u16;
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(block);
}

/// Bits on their way into bytes, the lowest first.
#[derive(Default)]
struct Bits {
    held: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, out: &mut Vec<u8>, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            out.push(self.held as u8);
        }
        *self = Bits::default();
    }
}

/// What stands at the end: the checksum and the length.
struct Sum {
    crc: u32,
    length: u32,
}

impl Default for Sum {
    fn default() -> Sum {
        Sum { crc: u32::MAX, length: 0 }
    }
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.crc = TABLE[(self.crc as u8 ^ byte) as usize] ^ (self.crc >> 8);
        }
        // The length is counted modulo 2^32.
        self.length = self.length.wrapping_add(bytes.len() as u32);
    }

    fn trailer(&self) -> impl Iterator<Item = u8> + use<> {
        (!self.crc).to_le_bytes().into_iter().chain(self.length.to_le_bytes())
    }
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::{bomb, stored};

    fn unzipped(body: Vec<u8>) -> Vec<u8> {
        let mut gzip = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gzip is on every machine");
        let mut input = gzip.stdin.take().expect("it is piped");
        let writer = std::thread::spawn(move || input.write_all(&body));
        let output = gzip.wait_with_output().expect("gzip ends");
        writer.join().expect("no panic").expect("gzip reads everything");
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        for length in [1, 65_535, 65_536, 200_000] {
            let body: Vec<u8> = (0..length).map(|place: u64| (place * place / 8) as u8).collect();
            assert_eq!(unzipped(stored(&body)), body, "{length}");
        }
    }

    #[test]
    fn a_bomb_is_whole_and_far_larger_than_it_looks() {
        let body: Vec<u8> = bomb(b"{\"data\":[ ", 20 << 20, b"]}").flat_map(|piece| piece.to_vec()).collect();
        let out = unzipped(body.clone());
        assert!(out.len() / body.len() > 150, "{} of {}", out.len(), body.len());
        assert!(out.starts_with(b"{\"data\":[  ") && out.ends_with(b"  ]}"));
        assert!(out.len() > (20 << 20) - 258);
    }
}
