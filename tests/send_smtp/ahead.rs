//! The next mail announced together with the final dot of the one before it (RFC 2920): one round trip a mail, and each
//! mail's outcome as if it had been sent alone.

use std::io::Write;

use super::table::with_both;
use super::{BOTH, OPS, SOC, Sender, email, outcomes, stream, taken};
use crate::support::relay::{After, Relay, Script, answering};

#[test]
fn the_next_mail_is_announced_in_the_write_that_ends_the_one_before() {
    for sender in BOTH {
        announces(&sender());
    }
}

fn announces(sender: &Sender) {
    let (port, relay) = answering([
        "220 relay.test\r\n",
        "250-relay.test\r\n250 PIPELINING\r\n",
        "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        "250 2.0.0 taken\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        "250 2.0.0 taken\r\n",
    ]);
    let mails = [email("e1", &[SOC]), email("e2", &[OPS, SOC])];
    sender.program(port).run_on(stream(&mails)).succeeds();
    let [_, _, first, second, quit] = relay.join().expect("the relay saw a whole session");
    let announced = "MAIL FROM:<alerts@example.com>\r\nRCPT TO:<ops@example.com>\r\nRCPT TO:<soc@example.com>\r\nDATA\r\n";
    assert!(first.ends_with(&format!("\r\n\r\nThe text of e1.\r\n\r\n.\r\n{announced}")), "{first}");
    assert!(second.ends_with("\r\n\r\nThe text of e2.\r\n\r\n.\r\n") && !second.contains("MAIL"), "{second}");
    assert_eq!(quit, "QUIT\r\n");
}

#[test]
fn what_becomes_of_a_mail_says_nothing_about_the_one_that_is_announced_with_it() {
    const DOT: &str = ".";
    let close = |words: &str| After::ReplyAndClose(words.as_bytes().to_vec());
    let reply = |words: &str| After::Reply(words.as_bytes().to_vec());
    // At which moment of the second mail's way, what the relay does, and what the three mails come to.
    let rows = [
        (
            "451 after the first dot",
            DOT,
            0,
            reply("451 4.3.0 later\r\n"),
            ["deferred", "accepted", "accepted"],
        ),
        ("550 after the first dot", DOT, 0, reply("550 5.7.1 no\r\n"), ["rejected", "accepted", "accepted"]),
        ("354 after the first dot", DOT, 0, reply("354 what\r\n"), ["unknown", "accepted", "accepted"]),
        ("nonsense after the first dot", DOT, 0, reply("hello\r\n"), ["unknown", "accepted", "accepted"]),
        ("421 after the second dot", DOT, 1, reply("421 4.3.2 bye\r\n"), ["accepted"; 3]),
        ("closed after the first dot", DOT, 0, After::Close, ["unknown", "accepted", "accepted"]),
        ("reset after the first dot", DOT, 0, After::Reset, ["unknown", "accepted", "accepted"]),
        ("taken and closed", DOT, 0, close("250 2.0.0 taken\r\n"), ["accepted"; 3]),
        ("taken, 421 and closed", DOT, 0, close("250 2.0.0 ok\r\n421 4.4.2 bye\r\n"), ["accepted"; 3]),
        ("closed after the second dot", DOT, 1, After::Close, ["accepted", "unknown", "accepted"]),
        ("second MAIL 451", "MAIL", 1, reply("451 4.3.0 later\r\n"), ["accepted", "deferred", "accepted"]),
        ("second MAIL 550", "MAIL", 1, reply("550 5.1.8 no\r\n"), ["accepted", "held", "accepted"]),
        ("second RCPT 550", "RCPT", 1, reply("550 5.1.1 no\r\n"), ["accepted", "rejected", "accepted"]),
        ("second DATA 451", "DATA", 1, reply("451 4.3.0 later\r\n"), ["accepted", "deferred", "accepted"]),
        ("second DATA 250", "DATA", 1, reply("250 2.0.0 ok\r\n"), ["accepted", "deferred", "accepted"]),
        ("closed on the second MAIL", "MAIL", 1, After::Close, ["accepted"; 3]),
        ("closed on the second DATA", "DATA", 1, After::Close, ["accepted"; 3]),
        ("421 to the second MAIL", "MAIL", 1, reply("421 4.3.2 bye\r\n"), ["accepted"; 3]),
    ];
    with_both(
        &rows,
        |row| row.0.to_owned(),
        |(_, moment, skipped, after, expected), sender| {
            let script = Script::new()
                .after_first(*skipped, |script| script.times(1, |script| script.on(moment, after.clone())));
            let relay = Relay::start(script);
            let mails = ["e1", "e2", "e3"].map(|id| email(id, &[SOC]));
            let ended = sender.send(&relay, &mails);
            assert_eq!(outcomes(&ended), *expected, "{}", ended.stderr);
            let has =
                |id: &&str| expected[["e1", "e2", "e3"].iter().position(|one| one == id).expect("ours")];
            let sure: Vec<&str> = ["e1", "e2", "e3"].into_iter().filter(|id| has(id) == "accepted").collect();
            let got: Vec<String> = taken(&relay);
            assert_eq!(got.iter().filter(|id| has(&id.as_str()) == "accepted").collect::<Vec<_>>(), sure);
            assert!(got.iter().all(|id| matches!(has(&id.as_str()), "accepted" | "unknown")), "{got:?}");
        },
    );
}

#[test]
fn a_mail_is_not_kept_back_for_one_that_has_not_come() {
    let relay = Relay::start(Script::new());
    let mut child = Sender::without_state().program(relay.port()).start();
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    for id in ["e1", "e2"] {
        writeln!(stdin, "{}", email(id, &[SOC])).expect("the program reads");
        let mut receipt = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut receipt).expect("the program writes");
        assert!(receipt.contains(id) && receipt.contains("accepted"), "{receipt}");
    }
    drop(stdin);
    assert_eq!(child.wait().expect("a child can be waited for").code(), Some(0));
    assert_eq!((relay.connections(), taken(&relay)), (1, vec!["e1".to_owned(), "e2".to_owned()]));
}
