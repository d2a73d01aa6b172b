//! A state that was there before: one that is lost is no first run, and one of an older release is brought up to date.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use super::table::each;
use super::waiting::queue;
use super::{OPS, SOC, Sender, email, outcomes, taken};
use crate::support::relay::{Relay, Script};
use crate::support::site::Site;

fn lock(state: &Path) -> PathBuf {
    state.with_extension("db.lock")
}

fn replace(state: &Path, make: impl FnOnce(&Path)) {
    fs::remove_file(state).expect("it is ours");
    make(state);
    if state.exists() {
        fs::set_permissions(state, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

#[test]
fn a_lost_state_is_78_for_every_program_and_only_a_person_begins_anew() {
    type Lose = fn(&Path);
    let ways: [(&str, Lose, &str); 3] = [
        ("removed", |state| replace(state, |_| ()), "is missing"),
        ("emptied", |state| fs::write(state, "").expect("it is ours"), "is empty"),
        (
            "replaced by an empty database",
            |state| {
                replace(state, |state| {
                    let database = Connection::open(state).expect("it can be made");
                    database.execute_batch("VACUUM").expect("it can be written");
                });
            },
            "has no tables",
        ),
    ];
    each(
        &ways,
        |way| way.0.to_owned(),
        |(_, lose, words)| {
            let site = Site::new();
            site.run_both();
            lose(&site.state());
            let before = fs::read(site.state()).ok();
            let lock = lock(&site.state());
            let named = lock.to_str().expect("text");
            for name in ["tq-fetch-watchlist", "tq-fetch-collection", "tq-send-smtp"] {
                let ended = site.program(name).run().ends_with(78);
                assert_eq!(ended.complains(&["state", words, named, "to begin anew"]).stdout, "");
            }
            site.program("tq-send-smtp").arg("--queue").run().ends_with(78);
            assert_eq!(fs::read(site.state()).ok(), before, "it was touched");

            fs::remove_file(&lock).expect("it is there");
            site.run_both();
            assert_eq!(site.mails().len(), 0, "what is there now is no news");
        },
    );
}

#[test]
fn a_first_run_that_ended_before_there_was_a_state_is_a_first_run_again() {
    let sender = Sender::with_state();
    let relay = Relay::start(Script::new());
    fs::create_dir(sender.path().join("state")).expect("a folder can be made");
    for file in [sender.state(), lock(&sender.state())] {
        fs::write(&file, "").expect("a file can be made");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
    sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
}

#[test]
fn a_lock_that_is_a_link_is_78_and_what_it_leads_to_is_not_touched() {
    let sender = Sender::with_state();
    let relay = Relay::start(Script::new());
    fs::create_dir(sender.path().join("state")).expect("a folder can be made");
    let target = sender.path().join("diary");
    fs::write(&target, "").expect("a file can be made");
    std::os::unix::fs::symlink(&target, lock(&sender.state())).expect("a link can be made");
    sender.send(&relay, &[email("e1", &[SOC])]).ends_with(78).complains(&["plain file"]);
    assert_eq!((fs::read(&target).expect("it is there").len(), relay.connections()), (0, 0));
}

#[test]
fn damage_in_the_middle_is_found_before_anything_is_sent() {
    let sender = Sender::with_state();
    sender.program(1).run_on(super::stream(&[email("e1", &[SOC])])).ends_with(75);
    let mut bytes = fs::read(sender.state()).expect("it is ours");
    // The first bytes of every page but the first, where a tree's structure stands.
    bytes.chunks_mut(4096).skip(1).for_each(|page| page[..16].fill(0xAA));
    fs::write(sender.state(), &bytes).expect("it is ours");
    let relay = Relay::start(Script::new());
    sender.resume(&relay).ends_with(78).complains(&["damaged", "restore it from a copy"]);
    assert_eq!(relay.connections(), 0);
    assert_eq!(fs::read(sender.state()).expect("it is there"), bytes);
}

/// A sender with the state that the release before version 2 left: one mail delivered, one refused for a recipient and
/// deferred for the other, one interrupted, one deferred.
fn old_release() -> Sender {
    of_version(1)
}

fn of_version(version: u8) -> Sender {
    let sender = Sender::with_state();
    let folder = sender.path().join("state");
    fs::create_dir(&folder).expect("a folder can be made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/state-v{version}.sql"));
    let database = Connection::open(sender.state()).expect("it can be made");
    database.execute_batch(&fs::read_to_string(fixture).expect("text")).expect("it is SQL");
    fs::set_permissions(sender.state(), fs::Permissions::from_mode(0o600)).expect("it is ours");
    sender
}

#[test]
fn a_state_of_version_1_is_brought_up_to_date_and_loses_nothing() {
    let sender = old_release();
    queue(&sender, &[]).ends_with(78).complains(&["version 1", "brings it to version 4"]);
    // Interrupted, so it may have arrived; and no relay to ask.
    assert_eq!(outcomes(&sender.program(1).run().ends_with(75)), ["deferred", "unknown", "deferred"]);
    let relay = Relay::start(Script::new());
    let ended = sender.resume(&relay).succeeds();
    let attempts: Vec<u64> = super::receipts(&ended).iter().map(|receipt| receipt.attempt).collect();
    assert_eq!(attempts, [3, 2, 1]);
    assert_eq!(taken(&relay), ["e1", "e2", "e3"]);
    let to: Vec<usize> = relay.messages().iter().map(|mail| mail.recipients.len()).collect();
    assert_eq!(to, [1, 2, 2], "ops has refused the first of them");
    let waiting = queue(&sender, &[]).succeeds();
    assert_eq!(waiting.records_of("receipt")[0]["recipients"][0]["address"], Value::from(OPS));
    sender.program(1).arg("--dead-letters").run().ends_with(1).complains(&["e1", "--queue retry"]);
    queue(&sender, &["retry", "e1"]).succeeds();
    sender.resume(&relay).succeeds();
    assert_eq!(relay.messages().len(), 4);
}

#[test]
fn a_state_of_version_3_is_looked_at_as_it_is_and_sent_from_by_the_first_sender() {
    let sender = of_version(3);
    let waiting = queue(&sender, &[]).succeeds();
    assert_eq!(waiting.records_of("receipt")[0]["email"], "e1");
    let status = sender.program(1).arg("--status").run().succeeds();
    assert_eq!(status.records()[0]["sources"][0]["generation"], 1);
    let relay = Relay::start(Script::new());
    sender.resume(&relay).succeeds();
    assert_eq!(taken(&relay), ["e1"]);
}

#[test]
fn a_state_that_was_brought_up_to_date_is_like_a_new_one() {
    let relay = Relay::start(Script::new());
    let columns = |sender: &Sender| {
        sender.resume(&relay).succeeds();
        let database = Connection::open(sender.state()).expect("it can be opened");
        let sql =
            "SELECT t.name || '.' || c.name || ' ' || c.type || c.\"notnull\" || coalesce(c.dflt_value, '')
                   FROM sqlite_schema t, pragma_table_info(t.name) c
                   UNION ALL SELECT sql FROM sqlite_schema WHERE type = 'index' ORDER BY 1";
        let mut statement = database.prepare(sql).expect("it is SQL");
        let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).expect("rows");
        rows.map(|row| row.expect("text")).collect::<Vec<_>>()
    };
    let new = columns(&Sender::with_state());
    for version in [1, 3] {
        assert_eq!(columns(&of_version(version)), new, "from version {version}");
    }
}
