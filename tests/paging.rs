//! Lists in pages, and bodies of every kind: no row is lost, and nothing that a server sends is stuck or too large.

mod totals;

use std::collections::BTreeSet;

use serde_json::Value;
use threatq_sim::{Fault, FaultKind, Settings, World};

use crate::support::program::Ended;
use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";
const QUERY: &str = "/api/indicators/query";
const BY_HASH: &str = "/api/indicators/query/hash";

/// The demo's world with so many indicators in its collection, and their ids.
fn world_with_tagged(count: usize) -> (World, Vec<u64>) {
    let mut world = World::demo();
    let ids = (0..count).map(|number| add_tagged(&mut world, number).expect("a new indicator")).collect();
    (world, ids)
}

fn add_tagged(world: &mut World, number: usize) -> Result<u64, String> {
    let id = world.add_indicator(0, &format!("host{number}.example.net"), "FQDN")?;
    world.add_tag("indicators", id, "ransomware")?;
    Ok(id)
}

/// The ids of the indicators that a run remembers.
#[track_caller]
fn remembered(run: &Ended) -> BTreeSet<u64> {
    let records = run.records_of("mark");
    let marks = records.iter().flat_map(|record| record["marks"].as_array().expect("marks"));
    let id = |mark: &Value| mark["key"].as_str()?.rsplit_once("/indicator/")?.1.parse().ok();
    marks.filter_map(id).collect()
}

/// How many requests went to paths that begin so.
fn requests(site: &Site, prefix: &str) -> usize {
    site.sim.requests().iter().filter(|request| request.path.starts_with(prefix)).count()
}

/// From now on ThreatQ knows no cursors.
fn refuse_cursors(site: &Site) {
    let refusal = FaultKind::Status(404, r#"{"errors":["no such route"]}"#.to_owned());
    site.sim.fault(Fault { times: 1000, ..Fault::next(BY_HASH, refusal) });
}

/// So many times after a page of the collection, its first row leaves and another one enters behind its last.
fn keep_moving(site: &Site, ids: Vec<u64>, times: usize) {
    let mut leaving = ids.into_iter();
    let mut number = 10_000;
    site.sim.after(QUERY, 1, times, move |world| {
        let id = leaving.next().ok_or("nobody is left")?;
        world.remove_tag("indicators", id, "ransomware")?;
        number += 1;
        add_tagged(world, number)
    });
}

#[test]
fn a_row_that_leaves_while_another_enters_hides_no_row_between_two_pages() {
    for has_cursors in [true, false] {
        let (world, ids) = world_with_tagged(1200);
        let site = Site::with(world, Settings::default());
        if !has_cursors {
            refuse_cursors(&site);
        }
        keep_moving(&site, ids.clone(), 1);
        let found = remembered(&site.program(COLLECTION).run().succeeds());
        let lost: Vec<&u64> = ids.iter().filter(|id| !found.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let (by_offset, by_hash) = if has_cursors { (3, 4) } else { (6, 1) };
        assert_eq!(requests(&site, BY_HASH), by_hash);
        assert_eq!(requests(&site, QUERY) - by_hash, by_offset);
    }
}

#[test]
fn a_list_that_never_rests_is_read_by_cursor_or_given_up_without_a_checkpoint() {
    for has_cursors in [true, false] {
        let (world, ids) = world_with_tagged(1200);
        let site = Site::with(world, Settings::default());
        if !has_cursors {
            refuse_cursors(&site);
        }
        keep_moving(&site, ids.clone(), 1000);
        let run = site.program(COLLECTION).run();
        if has_cursors {
            let found = remembered(&run.succeeds());
            assert!(ids.iter().skip(50).all(|id| found.contains(id)));
        } else {
            let run = run.ends_with(75).complains(&["Indicators changed while they were read, 3 times"]);
            assert!(run.records_of("checkpoint").is_empty());
        }
    }
}

#[test]
fn pages_of_any_length_with_and_without_a_total_are_read_to_the_end() {
    for page_limit in [1, 2, 3, 7, 40, 41] {
        for (omit_total, null_rows) in [(false, false), (true, false), (false, true), (true, true)] {
            let (world, mut ids) = world_with_tagged(40);
            let settings =
                Settings { page_limit: Some(page_limit), omit_total, null_rows, ..Settings::default() };
            let site = Site::with(world, settings);
            let found = remembered(&site.program(COLLECTION).run().succeeds());
            ids.retain(|id| !found.contains(id));
            assert!(ids.is_empty(), "{page_limit} {omit_total} {null_rows}: {ids:?}");
        }
    }
}

#[test]
fn a_page_that_repeats_the_one_before_ends_it_with_76() {
    for omit_total in [false, true] {
        let (world, _) = world_with_tagged(1200);
        let settings = Settings { first_page_always: true, omit_total, ..Settings::default() };
        let site = Site::with(world, settings);
        let run = site.program(COLLECTION).run().ends_with(76).complains(&["a page repeats the one before"]);
        assert!(run.records_of("checkpoint").is_empty());
        assert!(requests(&site, QUERY) < 10);
    }
}

#[test]
fn more_rows_of_one_second_than_a_page_holds_are_each_one_alert() {
    let site = Site::new();
    site.run("tq-fetch-collection").succeeds();
    let ids: BTreeSet<u64> = {
        let mut world = site.sim.world();
        world.advance(60);
        (0..1200).map(|number| add_tagged(&mut world, number).expect("a new indicator")).collect()
    };
    let alerts = site.program(COLLECTION).run().succeeds().records_of("alert");
    assert_eq!(alerts.len(), ids.len());
    let told: BTreeSet<u64> = alerts.iter().filter_map(|alert| alert["object"]["id"].as_u64()).collect();
    assert_eq!(told, ids);
}

#[test]
fn lists_that_come_in_pieces_or_ignore_the_offset_are_read_whole() {
    for (page_limit, omit_total, first_page_always) in
        [(Some(1), true, false), (Some(2), false, false), (Some(3), true, false), (None, true, true)]
    {
        let mut world = World::demo();
        for id in 5..=11 {
            world.watch(2, "indicators", id).expect("Ana and the indicator exist");
        }
        let settings = Settings { page_limit, omit_total, first_page_always, ..Settings::default() };
        let site = Site::with(world, settings);
        let found = remembered(&site.program(WATCHLIST).run().succeeds());
        assert_eq!(found, (5..=11).collect(), "{page_limit:?} {omit_total} {first_page_always}");
    }
}

#[test]
fn a_watchlist_whose_rows_move_while_it_is_read_is_read_again() {
    let mut world = World::demo();
    for id in 5..=10 {
        world.watch(2, "indicators", id).expect("Ana and the indicator exist");
    }
    let site = Site::with(world, Settings { page_limit: Some(3), ..Settings::default() });
    site.sim.after("/api/users/2/watchlist", 1, 1, |world| {
        world.unwatch(2, "indicators", 5)?;
        world.watch(2, "indicators", 11)
    });
    let found = remembered(&site.program(WATCHLIST).run().succeeds());
    assert_eq!(found, (6..=11).collect());
}

/// Case 109.
#[test]
fn a_torn_answer_is_asked_for_again_and_never_read_by_half() {
    for (gzip, kind) in [(true, FaultKind::Torn), (true, FaultKind::TornChunk), (false, FaultKind::TornChunk)]
    {
        let (world, ids) = world_with_tagged(700);
        let site = Site::with(world, Settings { gzip, ..Settings::default() });
        site.sim.fault(Fault { skip: 1, ..Fault::next(QUERY, kind) });
        let found = remembered(&site.program(COLLECTION).run().succeeds());
        assert!(ids.iter().all(|id| found.contains(id)));
        assert_eq!(requests(&site, QUERY), 3);
    }
}

#[test]
fn a_body_is_read_up_to_32_mib_whether_its_length_is_declared_or_packed() {
    const MIB: u64 = 1 << 20;
    for (kind, status) in [
        (FaultKind::Huge { bytes: 31 * MIB, declared: true }, 0),
        (FaultKind::Huge { bytes: 33 * MIB, declared: true }, 76),
        (FaultKind::Huge { bytes: 1 << 40, declared: true }, 76),
        (FaultKind::Huge { bytes: 1 << 40, declared: false }, 76),
        (FaultKind::GzipBomb(1 << 30), 76),
    ] {
        let site = Site::new();
        site.sim.fault(Fault::next(QUERY, kind.clone()));
        let run = site.program(COLLECTION).run().ends_with(status);
        if status != 0 {
            let run = run.complains(&["larger than 33554432 bytes"]);
            assert!(run.records_of("checkpoint").is_empty(), "{kind:?}");
        }
    }
}

/// What a run tells of a collection whose one changed row is this one.
fn run_on_row(row: &[u8], before: &[u8]) -> Ended {
    let site = Site::new();
    site.run("tq-fetch-collection").succeeds();
    let body = [before, b"{\"total\":2,\"data\":[{\"id\":9,\"value\":\"well\"},", row, b"]}"].concat();
    site.sim.fault(Fault::next(QUERY, FaultKind::Body(body)));
    site.program(COLLECTION).run()
}

#[test]
fn a_row_that_is_strange_json_is_read_or_named_and_blocks_no_other() {
    let deep = |member: &str| {
        format!("{{\"id\":8,\"value\":\"odd\",\"{member}\":{}{}}}", "[".repeat(200), "]".repeat(200))
            .into_bytes()
    };
    let rows: [(&[u8], Option<&[&str]>); 7] = [
        (&deep("unknown"), None),
        (&deep("status"), None),
        (br#"{"id":8,"value":"odd","value":"odder"}"#, Some(&["object 8 cannot be read: duplicate field"])),
        (br#"{"id":8,"value":"odd","unknown":1,"unknown":2}"#, None),
        (br#"{"id":8,"value":"odd","score":1e999}"#, Some(&["object 8 cannot be read: number out of range"])),
        (br#"{"id":8,"value":"odd","unknown":1e999}"#, None),
        (br#"{"value":"odd"}"#, Some(&["object without an id cannot be read: missing field `id`"])),
    ];
    for (row, words) in rows {
        let run = run_on_row(row, b"");
        let told: Vec<Value> =
            run.records_of("alert").iter().map(|alert| alert["object"]["value"].clone()).collect();
        match words {
            None => assert_eq!((run.succeeds().status, told), (0, vec!["well".into(), "odd".into()])),
            Some(words) => {
                run.ends_with(1).complains(words);
                assert_eq!(told, ["well"]);
            }
        }
    }
}

#[test]
fn text_that_is_no_unicode_is_read_as_well_as_it_can_be_and_logged() {
    for row in [br#"{"id":8,"value":"o\ud800d"}"#.as_slice(), b"{\"id\":8,\"value\":\"o\xFFd\"}"] {
        let run = run_on_row(row, b"").ends_with(0).complains(&["some text is no Unicode"]);
        let told = run.records_of("alert");
        assert_eq!((told.len(), &told[1]["object"]["value"]), (2, &"o\u{FFFD}d".into()));
    }
    let run = run_on_row(br#"{"id":8,"value":"odd"}"#, b"\xEF\xBB\xBF").succeeds();
    assert_eq!(run.records_of("alert").len(), 2, "a byte order mark says nothing");
}

#[test]
fn a_page_that_is_broken_json_says_where() {
    for (row, place) in [
        (b"{\"id\":8".as_slice(), "at line 1 column 51"),
        (b"{\"id\":8}\n,", "at line 2 column 2"),
        (b"\xFF", "at line 1 column 44"),
    ] {
        let run = run_on_row(row, b"").ends_with(76).complains(&["not an answer of ThreatQ's API", place]);
        assert!(run.records_of("checkpoint").is_empty() && run.records_of("alert").is_empty());
    }
}
