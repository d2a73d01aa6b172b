//! Mails that wait: when they are tried again and when no more, and what a person does about them.

use serde_json::Value;

use super::table::each;
use super::{OPS, SOC, Sender, checkpoint, complaints, email, lines, outcomes, receipts, stream, taken};
use crate::support::program::Ended;
use crate::support::relay::{After, Relay, Script};

/// A relay that says "later" to every recipient.
pub(super) fn busy() -> Relay {
    Relay::start(Script::new().reply_to("RCPT", "450 4.2.0 later\r\n"))
}

pub(super) fn good() -> Relay {
    Relay::start(Script::new())
}

/// Changes the state as time would have: there is no other way to make a mail old.
fn sql(sender: &Sender, sql: &str) {
    let database = rusqlite::Connection::open(sender.state()).expect("the state can be opened");
    database.execute_batch(sql).expect("the words are the state's");
}

fn age(sender: &Sender, span: &str) {
    let earlier =
        |column: &str| format!("{column} = strftime('%Y-%m-%dT%H:%M:%S+00:00', {column}, '-{span}')");
    let (queued, first) = (earlier("queued_at"), earlier("first_attempt"));
    let (last, due, at) = (earlier("last_attempt"), earlier("due_at"), earlier("at"));
    sql(sender, &format!("UPDATE mail SET {queued}; UPDATE delivery SET {first}, {last}, {due}, {at};"));
}

pub(super) fn queue(sender: &Sender, words: &[&str]) -> Ended {
    sender.program(1).arg("--queue").args(words).run()
}

/// The outcome and the words of each recipient that waits.
pub(super) fn listed(sender: &Sender) -> Vec<(String, String)> {
    queue(sender, &[])
        .succeeds()
        .records_of("receipt")
        .iter()
        .flat_map(|receipt| receipt["recipients"].as_array().expect("a list").clone())
        .map(|one| [&one["outcome"], &one["reply"]].map(|word| word.as_str().unwrap_or_default().to_owned()))
        .map(|[outcome, reply]| (outcome, reply))
        .collect()
}

#[test]
fn a_mail_that_is_not_due_is_left_alone_and_the_run_says_so() {
    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC]), email("e2", &[SOC])]).ends_with(75);
    age(&sender, "2 hours");
    // It has been tried for two hours, so it waits for one.
    sender.resume(&busy()).ends_with(75);
    let relay = good();
    let ended = sender.resume(&relay).ends_with(75).complains(&[
        "2 mails wait",
        "not to be tried before",
        "retry all",
    ]);
    assert_eq!((ended.stdout.as_str(), relay.connections()), ("", 0));
    assert_eq!(listed(&sender).len(), 2);

    let other = [email("e3", &[SOC])];
    let records = lines(other.iter().chain([&checkpoint(1, &other)]));
    sender.program(relay.port()).run_on(records).ends_with(75).complains(&["2 mails wait"]);
    assert_eq!(taken(&relay), ["e3"], "what is not due keeps nothing back");

    queue(&sender, &["retry", "e2"]).succeeds();
    sender.resume(&relay).ends_with(75).complains(&["1 mail waits"]);
    queue(&sender, &["retry", "all"]).succeeds();
    assert_eq!(receipts(&sender.resume(&relay).succeeds())[0].attempt, 3);
    assert_eq!(taken(&relay), ["e3", "e2", "e1"]);

    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    age(&sender, "2 hours");
    sender.resume(&busy()).ends_with(75);
    age(&sender, "61 minutes");
    sender.resume(&good()).succeeds();
}

#[test]
fn a_clock_that_was_wrong_keeps_no_mail_back() {
    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    sql(&sender, "UPDATE delivery SET due_at = '2099-01-01T00:00:00+00:00', first_attempt = due_at");
    sender.resume(&good()).succeeds();
}

#[test]
fn a_mail_that_was_refused_for_now_for_days_becomes_a_dead_letter() {
    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    age(&sender, "119 hours");
    assert_eq!(outcomes(&sender.resume(&busy()).ends_with(75)), ["deferred"]);
    age(&sender, "61 minutes");
    // No relay, no fault of the mail.
    age(&sender, "9 days");
    assert_eq!(outcomes(&sender.program(1).run().ends_with(75)), ["deferred"]);
    let ended = sender.resume(&busy()).ends_with(1);
    let receipt = &receipts(&ended)[0];
    assert_eq!((receipt.outcome.as_str(), receipt.recipients[0].code), ("rejected", Some(450)));
    assert!(
        receipt.recipients[0]
            .reply
            .as_deref()
            .is_some_and(|reply| reply.starts_with("given up after 14 days: "))
    );
    assert!(ended.stderr.contains("email e1: soc@example.com: given up after 14 days"), "{}", ended.stderr);
    let relay = good();
    assert_eq!(sender.resume(&relay).succeeds().stdout, "");

    queue(&sender, &["retry", "all"]).succeeds();
    assert_eq!(sender.resume(&relay).succeeds().stdout, "", "a dead letter is tried again under its own id");
    queue(&sender, &["retry", "e1"]).succeeds();
    assert_eq!(outcomes(&sender.resume(&relay).succeeds()), ["accepted"]);
    assert_eq!(listed(&sender), []);
}

#[test]
fn a_mail_that_may_have_arrived_five_times_is_held_and_told_of_in_every_run() {
    let relay = Relay::start(Script::new().times(6, |script| script.after_data(After::Close)));
    let sender = Sender::with_state();
    assert_eq!(outcomes(&sender.send(&relay, &[email("e1", &[SOC])]).ends_with(75)), ["unknown"]);
    for _ in 0..3 {
        assert_eq!(outcomes(&sender.resume(&relay).ends_with(75)), ["unknown"]);
    }
    let fifth = sender.resume(&relay).ends_with(1);
    assert_eq!(outcomes(&fifth), ["held"]);
    assert!(fifth.stderr.contains("--queue retry ID or --queue drop ID"), "{}", fifth.stderr);
    for _ in 0..2 {
        let ended =
            sender.resume(&relay).ends_with(1).complains(&["1 mail may have arrived and is not sent again"]);
        assert_eq!(ended.stdout, "");
    }
    let copies = relay.messages();
    assert_eq!(copies.len(), 5);
    assert!(copies.iter().all(|copy| *copy == copies[0]));

    queue(&sender, &["retry", "e1"]).succeeds();
    assert_eq!(outcomes(&sender.resume(&relay).ends_with(75)), ["unknown"]);
    queue(&sender, &["drop", "e1"]).succeeds();
    assert_eq!(sender.resume(&relay).succeeds().stdout, "");
    assert_eq!(relay.messages().len(), 6);
}

#[test]
fn what_may_have_arrived_is_not_told_as_anything_less_when_the_relay_is_down_or_busy() {
    let lossy = Relay::start(Script::new().after_data(After::Close));
    let sender = Sender::with_state();
    sender.send(&lossy, &[email("e1", &[SOC])]).ends_with(75);
    let refusing = Relay::start(Script::new().greeting("554 5.7.1 go away\r\n"));
    for (run, words) in [
        (sender.program(1).run().ends_with(75), "Connection refused"),
        (sender.resume(&busy()).ends_with(75), "4.2.0 later"),
        (sender.resume(&refusing).ends_with(69), "5.7.1 go away"),
    ] {
        let receipt = &receipts(&run)[0];
        let reply = receipt.recipients[0].reply.as_deref().unwrap_or_default();
        assert_eq!(receipt.outcome, "unknown", "{reply}");
        assert!(
            reply.starts_with("an earlier attempt may have brought it; now ") && reply.contains(words),
            "{reply}"
        );
        assert_eq!(listed(&sender)[0].0, "unknown");
    }
    assert_eq!(outcomes(&sender.resume(&good()).succeeds()), ["accepted"]);
}

/// A sender whose `[state]` has these lines.
fn with_settings(lines: &str) -> Sender {
    let sender = Sender::with_state();
    let path = sender.path().join("tq.toml");
    std::fs::write(&path, format!("[state]\n{lines}\n")).expect("a file can be written");
    sender.set("--config", super::text(&path))
}

#[test]
fn a_full_outbox_takes_no_source_with_mails_until_there_is_room() {
    let sender = with_settings("most_waiting = 2");
    let [first, more, last] = ["e1", "e2", "e3"].map(|id| [email(id, &[SOC])]);
    sender.send(&busy(), &first).ends_with(75);
    let stream_at = |base: u64, emails: &[Value]| lines(emails.iter().chain([&checkpoint(base, emails)]));
    let relay = busy();
    sender.program(relay.port()).run_on(stream_at(1, &more)).ends_with(75);
    let ended = sender.program(relay.port()).run_on(stream_at(2, &last)).ends_with(75);
    assert!(ended.stderr.contains("source 'watchlist': 2 mails wait"), "{}", ended.stderr);
    assert_eq!(ended.records_of("checkpoint"), Vec::<Value>::new());
    // What only remembers takes no room.
    let ended = sender.program(relay.port()).run_on(stream_at(2, &[])).ends_with(75);
    assert_eq!(ended.records_of("checkpoint").len(), 1);
    let relay = good();
    sender.program(relay.port()).run_on(stream_at(3, &last)).succeeds();
    assert_eq!(taken(&relay), ["e1", "e2", "e3"]);
}

#[test]
fn what_everybody_has_is_forgotten_after_a_while_and_what_somebody_lacks_is_not() {
    let sender = with_settings("keep_delivered = \"7d\"");
    let relay = Relay::start(Script::new().reply_to_recipient(OPS, "550 no\r\n"));
    sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[OPS])]).ends_with(1);
    let kept = || {
        let database = rusqlite::Connection::open(sender.state()).expect("the state can be opened");
        let mut mails = database.prepare("SELECT email FROM mail ORDER BY id").expect("a table");
        let names = mails.query_map([], |row| row.get(0)).expect("rows");
        names.collect::<Result<Vec<String>, _>>().expect("text")
    };
    age(&sender, "6 days");
    sender.resume(&relay).succeeds();
    assert_eq!(kept(), ["e1", "e2"]);
    age(&sender, "25 hours");
    sender.resume(&relay).succeeds();
    assert_eq!(kept(), ["e2"]);
}

#[test]
fn the_worst_status_of_a_run_is_its_own() {
    let refused = |script: Script| script.reply_to_recipient("no@example.com", "550 5.1.1 no\r\n");
    let later = |script: Script| script.reply_to_recipient("later@example.com", "450 4.2.0 later\r\n");
    let mails = [email("e1", &[SOC]), email("e2", &["no@example.com"]), email("e3", &["later@example.com"])];
    let whole = stream(&mails);
    let cut = format!("{whole}{{\"record\":");
    let old = stream(&mails).replace("\"base\":0", "\"base\":9");
    let (good, both) = (Script::new(), refused(later(Script::new())));
    let rows = [
        ("all accepted", good.clone(), whole.clone(), 0),
        ("one refused", refused(good.clone()), whole.clone(), 1),
        ("one refused, one later", both.clone(), whole.clone(), 75),
        ("a garbage greeting", Script::new().greeting("hello\r\n"), whole.clone(), 76),
        ("refused, later, and a broken stream", both.clone(), cut.clone(), 65),
        ("a garbage greeting and a broken stream", Script::new().greeting("hello\r\n"), cut.clone(), 65),
        (
            "a refused login and a broken stream",
            Script::new().reply_to("MAIL", "530 5.7.0 log in\r\n"),
            cut,
            77,
        ),
        ("a refused sender", Script::new().reply_to("MAIL", "550 5.7.60 not you\r\n"), whole, 78),
        ("a source of another time", good, old, 75),
    ];
    each(
        &rows,
        |row| row.0.to_owned(),
        |(_, script, stream, status)| {
            let relay = Relay::start(script.clone());
            let ended = Sender::with_state().program(relay.port()).run_on(stream.as_str()).ends_with(*status);
            assert_eq!(complaints(&ended) == 0, *status == 0);
        },
    );
}
