//! A collection's query, run on several object types.

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind};

use super::COLLECTION;
use crate::support::site::Site;

/// The `filters` that were asked for of a type.
fn filters(site: &Site, collection: &str) -> Value {
    let path = format!("/api/{collection}/query");
    let requests = site.sim.requests();
    let request = requests.iter().find(|request| request.path == path).expect("it was asked");
    serde_json::from_str::<Value>(&request.body).expect("JSON")["filters"].clone()
}

#[test]
fn a_condition_that_does_not_apply_to_a_type_is_left_out_for_that_type_alone() {
    let site = Site::new();
    let filters_of_all = json!({"+and": [{"+or": [{"type_name": "IP Address"}, {"type_name": "FQDN"}]}, {"score": {"+gte": 5}}, {"mentions": "heron"}]});
    let query = json!({"criteria": {}, "filters": filters_of_all});
    let types = ["indicators", "adversaries"];
    site.sim.world().add_saved_search(2, "Heron", &types, query.clone(), true).expect("Ana exists");
    let heron = ["--collection", "Heron", "-v", "2"];
    let run = site.program(COLLECTION).args(&heron).run().ends_with(0);
    assert_eq!(filters(&site, "indicators"), filters_of_all);
    assert_eq!(filters(&site, "adversaries"), json!({"+and": [{"mentions": "heron"}]}));
    let said = "collection 'Heron': does not apply to Adversaries, and is left out: type_name: \"IP Address\", type_name: \"FQDN\", score: {\"+gte\":5}";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stdout.contains("collection/Heron/adversary/3"), "{}", run.stdout);
}

/// An object type as `/api/objects` lists it.
fn row(name: &str, collection: &str, more: &Value) -> Value {
    let mut row = json!({"name": name, "display_name": name, "display_name_plural": collection, "collection": collection});
    row.as_object_mut().expect("a row").extend(more.as_object().expect("members").clone());
    row
}

/// The next run is told of these object types.
fn lists(site: &Site, types: &[Value]) {
    let body = json!({"total": types.len(), "data": types}).to_string().into_bytes();
    site.sim.fault(Fault::next("/api/objects", FaultKind::Body(body)));
}

#[test]
fn a_status_that_was_renamed_and_one_that_is_not_listed_once_make_nothing_new() {
    let site = Site::new();
    let query = json!({"criteria": {}, "filters": {"+and": [{"status_name": "Review"}]}});
    site.sim.world().add_saved_search(2, "To review", &["indicators"], query, true).expect("Ana exists");
    let to_review = ["--collection", "To review", "--rescan", "0s"];
    site.program(COLLECTION).args(&to_review).run().succeeds();
    let found =
        site.program("tq-format-email").run_on(site.program(COLLECTION).args(&to_review).run().stdout);
    site.program("tq-send-smtp").run_on(found.stdout).succeeds();
    let tasks = row("task", "tasks", &json!({"statuses": [{"id": 1, "name": "To Do"}]}));
    for indicators in [
        json!({"statuses": [{"id": 1, "name": "Active"}, {"id": 4, "name": "In Review"}]}),
        json!({"statuses": null}),
        json!({"statuses": []}),
        json!({}),
    ] {
        lists(&site, &[row("indicator", "indicators", &indicators), tasks.clone()]);
        site.sim.clear_requests();
        let run = site.program(COLLECTION).args(&to_review).run().succeeds();
        assert!(run.records_of("alert").is_empty(), "{indicators}");
        assert_eq!(filters(&site, "indicators"), json!({"+and": [{"status_name": "Review"}]}));
    }
}

#[test]
fn an_object_type_of_which_other_conditions_hold_than_before_gets_a_new_baseline() {
    let site = Site::new();
    let query = json!({"criteria": {}, "filters": {"+and": [{"type_name": "FQDN"}]}});
    let types = ["indicators", "adversaries"];
    site.sim.world().add_saved_search(2, "Names", &types, query, true).expect("Ana exists");
    let names = ["--collection", "Names", "--rescan", "0s"];
    let run_on = |sim_lists: Option<Value>| {
        if let Some(adversaries) = sim_lists {
            let indicators = row("indicator", "indicators", &json!({"types": [{"id": 11, "name": "FQDN"}]}));
            lists(&site, &[indicators, row("adversary", "adversaries", &adversaries)]);
        }
        let run = site.program(COLLECTION).args(&names).run().ends_with(0);
        assert!(run.records_of("alert").is_empty());
        let emails = site.program("tq-format-email").run_on(&*run.stdout).succeeds();
        site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
        run
    };
    run_on(None).succeeds();
    run_on(None).succeeds();
    let warning = "adversaries are asked for in another way";
    run_on(Some(json!({"types": [{"id": 7, "name": "Group"}]}))).complains(&[warning]);
    run_on(Some(json!({}))).complains(&[warning]);
    run_on(Some(json!({}))).succeeds();
}
