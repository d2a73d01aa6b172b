//! What a relay may answer: any bytes are replies or are refused, the same ones however they are cut on their way, and
//! nothing of a reply leaves it that could forge a line.

#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use tq_alerts::smtp::{Broken, Inbox, Reply};

/// A line that brings so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(buffer.len());
        self.0.by_ref().take(length as u64).read(buffer)
    }
}

/// The replies, and whether it was a malformed one that ended them.
fn replies(bytes: &[u8], at_a_time: usize) -> (Vec<Reply>, bool) {
    let (mut inbox, mut line, mut replies) = (Inbox::default(), Pieces(bytes, at_a_time), Vec::new());
    loop {
        match inbox.reply(&mut line) {
            Ok(reply) => replies.push(reply),
            Err(Broken::Lost(_)) => return (replies, false),
            Err(Broken::Malformed(_)) => return (replies, true),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = replies(bytes, usize::MAX);
    for at_a_time in [5, 1000] {
        assert_eq!(replies(bytes, at_a_time), whole, "{at_a_time} bytes at a time");
    }
    for reply in &whole.0 {
        assert!((200..600).contains(&reply.code));
        let words = reply.words();
        assert!(words.chars().count() <= 512 && !words.contains(char::is_control), "{words:?}");
        if let Some(enhanced) = reply.enhanced() {
            assert!(enhanced.starts_with(&format!("{}.", reply.code / 100)), "{enhanced}");
        }
        if let Some(id) = reply.queue_id() {
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{id:?}");
        }
    }
});
