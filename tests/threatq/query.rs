//! A collection's query, run on several object types.

use serde_json::{Value, json};

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
