//! Totals that lie, and cursors that lead nowhere: what was not seen is not taken for gone.

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind, Settings};

use super::{
    BY_HASH, COLLECTION, QUERY, add_tagged, refuse_cursors, remembered, requests, world_with_tagged,
};
use crate::support::site::Site;

#[test]
fn a_total_that_lies_costs_a_few_pages_and_no_checkpoint() {
    for (says, status, words) in [
        (1, 75, "changed while they were read, 3 times"),
        (400, 75, "changed while they were read, 3 times"),
        (90_000_000, 76, "a list of more than 100000 pages"),
        (usize::MAX / 2, 76, "a list of more than 100000 pages"),
    ] {
        for has_cursors in [false, true] {
            let (world, ids) = world_with_tagged(3);
            let site = Site::with(world, Settings { total_says: Some(says), ..Settings::default() });
            if !has_cursors {
                refuse_cursors(&site);
            }
            let run = site.program(COLLECTION).run();
            if has_cursors && says == 1 {
                let found = remembered(&run.succeeds());
                assert!(ids.iter().all(|id| found.contains(id)), "a cursor's total may be too small");
            } else {
                let run = run.ends_with(status).complains(&[words]);
                assert!(run.records_of("checkpoint").is_empty());
            }
            assert!(requests(&site, QUERY) < 40, "{says}");
        }
    }
}

#[test]
fn a_total_that_is_that_of_the_pages_hides_no_row_behind_them() {
    for (says, has_cursors) in [(500, true), (999, true), (500, false), (999, false)] {
        let (world, ids) = world_with_tagged(1500);
        let site = Site::with(world, Settings { total_says: Some(says), ..Settings::default() });
        if !has_cursors {
            refuse_cursors(&site);
        }
        let run = site.program(COLLECTION).run();
        if has_cursors {
            let found = remembered(&run.succeeds());
            assert!(ids.iter().all(|id| found.contains(id)), "{says}");
        } else {
            let run = run.ends_with(75).complains(&["changed while they were read, 3 times"]);
            assert!(run.records_of("checkpoint").is_empty());
        }
    }
}

#[test]
fn a_list_that_ends_with_a_full_page_costs_one_more_page_and_no_other_list_does() {
    // The demo's own collection has two.
    for (more, pages) in [(497, 1), (498, 2), (499, 2), (997, 3)] {
        let (world, ids) = world_with_tagged(more);
        let site = Site::with(world, Settings::default());
        let found = remembered(&site.program(COLLECTION).run().succeeds());
        assert!(ids.iter().all(|id| found.contains(id)));
        assert_eq!((found.len(), requests(&site, QUERY)), (more + 2, pages), "{more}");
    }
}

#[test]
fn a_pass_by_cursor_that_stops_early_makes_nothing_gone() {
    // The first page leads nowhere, or the second one does.
    for (skip, pages) in [(0, vec![("*", 500)]), (1, vec![("stuck", 500), ("stuck", 0)])] {
        let (world, ids) = world_with_tagged(1200);
        let site = Site::with(world, Settings::default());
        site.run(COLLECTION).succeeds();
        let leaving = ids[3];
        site.sim.after(QUERY, 1, 1, move |world| {
            world.remove_tag("indicators", leaving, "ransomware")?;
            add_tagged(world, 10_000)
        });
        let cut: Vec<Value> = ids.iter().skip(498).take(500).map(|id| json!({"id": id})).collect();
        for (number, (mark, rows)) in pages.into_iter().enumerate() {
            let rows = if rows == 0 { json!([]) } else { json!(cut) };
            let page = json!({"total": 1202, "nextCursorMark": mark, "data": rows}).to_string().into_bytes();
            let page = Fault { skip: skip + number, ..Fault::next(BY_HASH, FaultKind::Body(page)) };
            site.sim.fault(page);
        }
        let everything = ["--collection", "Ransomware IOCs", "--rescan", "0s"];
        let run = site.program(COLLECTION).args(&everything).run().succeeds();
        let marks = run.records_of("mark");
        let marks = marks.iter().flat_map(|record| record["marks"].as_array().expect("marks"));
        let forgotten: Vec<&Value> = marks.filter(|mark| mark.get("mark").is_none()).collect();
        assert_eq!(forgotten.len(), 1, "{skip}: {forgotten:?}");
    }
}
