//! Properties of what is read from a relay: any bytes, cut anywhere, are a reply by the grammar or are refused.

use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::reply::{self, LINE_LIMIT, Reply};
use super::wire::Wire;

/// What a relay may send: near to replies, and not near at all.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[2-5][0-9]{2}[ -][ -~]{0,40}\r\n".prop_map(String::into_bytes),
        "[2-5][0-9]{2}\r?\n".prop_map(String::into_bytes),
        "[0-9]{0,4}[ -]?.{0,10}\r?\n?".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(vec![b'2'; LINE_LIMIT + 2]),
        // Up to the limit, and beyond it.
        (LINE_LIMIT - 6..LINE_LIMIT + 2)
            .prop_map(|length| [b"250 ", &vec![b'a'; length][..], b"\r\n"].concat()),
    ];
    proptest::collection::vec(line, 1..6).prop_map(|lines| lines.concat())
}

/// The first reply in these bytes by the grammar of RFC 5321, section 4.2, read at leisure.
fn first_reply(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut code = None;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_LIMIT || line.len() < 3 || !line[..3].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number =
            u16::from(line[0] - b'0') * 100 + u16::from(line[1] - b'0') * 10 + u16::from(line[2] - b'0');
        if !(200..600).contains(&number) || *code.get_or_insert(number) != number {
            return None;
        }
        match line.get(3) {
            None | Some(b' ') => return Some((number, index + 1)),
            Some(b'-') => (),
            Some(_) => return None,
        }
    }
    None
}

/// What [`Wire`] makes of these bytes, sent in two pieces, and then of the end of the line.
fn read(bytes: &[u8], cut: usize) -> Option<(u16, usize)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    thread::scope(|scope| {
        scope.spawn(move || {
            let (mut peer, _) = listener.accept().expect("a client comes");
            // A reader that has seen enough may be gone.
            let _ = peer.write_all(first).and_then(|()| peer.write_all(second));
            let _ = peer.shutdown(Shutdown::Write);
        });
        let patience = Duration::from_secs(20);
        let mut wire = Wire::connect(address, patience).expect("the listener is there");
        let reply = wire.reply(patience).ok()?;
        assert!(reply.words().chars().count() <= 512 && !reply.words().contains(char::is_control));
        if let Some(enhanced) = reply.enhanced() {
            assert!(enhanced.starts_with(&(reply.code / 100).to_string()), "{enhanced}");
        }
        Some((reply.code, reply.texts().count()))
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_reply_by_the_grammar_or_refused_however_they_are_cut(bytes in lines(), cut in any::<prop::sample::Index>()) {
        prop_assert_eq!(read(&bytes, cut.index(bytes.len() + 1)), first_reply(&bytes));
    }

    #[test]
    fn no_line_of_any_bytes_is_taken_for_more_than_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        if let Some(line) = reply::line(&bytes) {
            prop_assert!((200..=599).contains(&line.code) && line.text.len() < bytes.len());
            let reply = Reply::new(line.code, vec![line.text.to_vec()]);
            prop_assert!(!reply.to_string().contains(char::is_control));
            prop_assert!(reply.queue_id().is_none_or(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')));
        }
    }
}
