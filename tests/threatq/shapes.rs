//! Parts that come in odd shapes: the object is read without them, and nothing that was not understood is a change.

use serde_json::{Map, Value, json};
use threatq_sim::{Fault, FaultKind};

use super::{COLLECTION, WATCHLIST};
use crate::support::site::Site;

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().expect("members").clone()
}

#[test]
fn an_object_with_an_odd_part_is_read_without_that_part() {
    for (odd, status) in [
        (json!({"status": 1}), "Active"),
        (json!({"status": {"id": 1, "name": null}}), "Active"),
        (json!({"status": 4711}), "Review"),
        (json!({"status": [[]], "type": {"id": 4711}}), "Review"),
        (json!({"type": {"id": 15, "name": null}}), "Review"),
        (json!({"tags": [null]}), "Review"),
        (json!({"tags": "x"}), "Review"),
        (json!({"attributes": [null]}), "Review"),
        (json!({"attributes": [{"name": "a", "value": "b"}]}), "Review"),
        (json!({"comments": {"1": {"id": 1, "value": "x"}}}), "Review"),
        (json!({"sources": ["Feed X"]}), "Review"),
        (json!({"description": 7}), "Review"),
    ] {
        let site = Site::new();
        site.run(COLLECTION).succeeds();
        site.play("added");
        site.run(WATCHLIST).succeeds();
        site.sim.world().advance(60);
        site.sim.world().set_score("indicators", 8, Some(3)).expect("a score");
        site.sim.world().spoil_row("indicators", 8, members(&odd), &[]).expect("it exists");
        let told = site.program(WATCHLIST).run().succeeds().records_of("alert");
        let changes: Vec<&Value> =
            told[0]["changes"].as_array().expect("changes").iter().map(|change| &change["field"]).collect();
        let expected = if status == "Active" { vec!["status", "score"] } else { vec!["score"] };
        let gone = odd.get("tags").is_some_and(Value::is_array)
            || odd.get("attributes").is_some_and(|rows| rows[0].is_null());
        assert!(gone || changes == expected, "{odd}: {changes:?}");
        let told = site.program(COLLECTION).run().succeeds().records_of("alert");
        let told = told.iter().find(|one| one["object"]["id"] == 8).expect("it is told");
        if odd.get("status").is_some_and(|status| status == 1) {
            assert_eq!(told["object"]["status"], "Active");
        }
    }
}

#[test]
fn an_object_type_that_lacks_a_name_for_the_screens_is_called_by_another_and_one_without_a_code_is_passed_over()
 {
    let row = |more: &Value| {
        let mut row =
            members(&json!({"name": "indicator", "display_name": "Indicator", "collection": "indicators"}));
        row.extend(members(more));
        Value::Object(row)
    };
    let card =
        json!({"name": "card", "display_name": null, "display_name_plural": null, "collection": "card"});
    let nameless = json!({"name": null, "display_name_plural": "Xs", "collection": "x"});
    for (types, words) in [
        (vec![row(&json!({"display_name_plural": null})), card], None),
        (
            vec![row(&json!({"display_name_plural": "Indicators"})), nameless],
            Some("1 object types without a code"),
        ),
    ] {
        let site = Site::new();
        let body = json!({"total": 2, "data": types}).to_string().into_bytes();
        site.sim.fault(Fault::next("/api/objects", FaultKind::Body(body)));
        let run = site.program(COLLECTION).run().ends_with(0);
        assert_eq!(run.records_of("checkpoint").len(), 1);
        match words {
            Some(words) => assert!(run.complains(&[words]).status == 0),
            None => assert!(run.succeeds().status == 0),
        }
    }
}
