//! A collection's query, without the conditions that do not apply to the object type it is run on.
//!
//! The vendor's public SDK does this, so a collection of several types finds here what it finds there: a condition on
//! the type of indicators says nothing about adversaries, which have no types. It widens the query where the condition was
//! one of several that had to hold, and all of the type is found where no condition is left. So nothing is left out because
//! of its value: where a status was renamed, nothing has the old one, and that is what ThreatQ answers. Which object types
//! have types and statuses is ThreatQ's word (`GET /api/objects`); where it says nothing, nothing is left out.

use serde_json::{Map, Value};

use super::ObjectType;
use super::object_type::Choice;

/// The part of a query that applies to a type, and the conditions that were left out.
pub(super) fn to_type(part: &Value, object_type: &ObjectType) -> (Value, Vec<String>) {
    let mut left_out = Vec::new();
    let cleaned = cleaned(part, object_type, &mut left_out);
    // A query to which everything applies is run as it is.
    let part = if left_out.is_empty() { part.clone() } else { cleaned.unwrap_or(Value::Object(Map::new())) };
    (part, left_out)
}

/// The same without what does not apply; nothing where nothing is left.
fn cleaned(value: &Value, object_type: &ObjectType, left_out: &mut Vec<String>) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, value) in members {
                if !applies(name, object_type) {
                    left_out.push(format!("{name}: {value}"));
                } else if !name.starts_with('+') {
                    kept.insert(name.clone(), value.clone());
                } else if let Some(value) = cleaned(value, object_type, left_out) {
                    kept.insert(name.clone(), value);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(parts) => {
            let kept: Vec<Value> =
                parts.iter().filter_map(|part| cleaned(part, object_type, left_out)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => Some(other.clone()),
    }
}

/// Whether objects of the type have anything that a condition on this field could be about.
fn applies(field: &str, object_type: &ObjectType) -> bool {
    let has_any = |choices: &Option<Vec<Choice>>| choices.as_ref().is_none_or(|choices| !choices.is_empty());
    match field {
        "type_name" | "types" => has_any(&object_type.types),
        "status_name" | "statuses" => has_any(&object_type.statuses),
        "score" => object_type.collection == "indicators",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ObjectType, to_type};
    use crate::threatq::object_type::Row;

    fn object_type(collection: &str, more: &Value) -> ObjectType {
        let mut row = json!({"name": collection, "display_name": "X", "display_name_plural": "Xs",
            "collection": collection});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<Row>(row).unwrap().object_type().unwrap()
    }

    #[test]
    fn what_cannot_hold_for_a_type_is_left_out_and_nothing_else() {
        let indicators = json!({"types": [{"id": 11, "name": "FQDN"}, {"id": "15", "name": "IP Address"}],
            "statuses": [{"id": 1, "name": "Active"}]});
        let indicators = object_type("indicators", &indicators);
        let events = object_type("events", &json!({"types": ["Spearphish"], "statuses": []}));
        let adversaries = object_type("adversaries", &json!({"types": [], "statuses": []}));
        let unknown = object_type("asset", &json!({"types": null, "statuses": "none"}));
        let fqdn = json!({"type_name": "FQDN"});
        let window = json!({"touched_at": {"+gt": "2021-10-28 00:00:00"}});
        let rows = [
            (&indicators, json!({"+and": [fqdn, {"score": {"+gte": 5}}]}), None),
            (&indicators, json!({"+or": [{"type_name": "Spearphish"}, fqdn]}), None),
            (&indicators, json!({"types": [11, 99], "statuses": {"is": "active"}}), None),
            (&indicators, json!({"types": [{"id": 99, "name": "Gone"}], "status_name": "Renamed"}), None),
            (&indicators, json!({"type_name": {"+contains": "Address"}, "status_name": {}}), None),
            (&adversaries, json!({"+and": [fqdn, window]}), Some(json!({"+and": [window]}))),
            (&adversaries, json!({"+and": [{"+or": [fqdn, {"score": 5}]}, {}]}), Some(json!({}))),
            (
                &adversaries,
                json!({"+not": [{"status_name": "Active"}], "tags": ["x"]}),
                Some(json!({"tags": ["x"]})),
            ),
            (&adversaries, json!({"tags": {"type_name": "FQDN"}, "+and": []}), None),
            (&events, json!({"+and": [fqdn, {"statuses": 1}]}), Some(json!({"+and": [fqdn]}))),
            (&unknown, json!({"+and": [fqdn, {"statuses": "Active"}]}), None),
            (&unknown, json!({"score": "7", "value": "x"}), Some(json!({"value": "x"}))),
        ];
        for (object_type, query, expected) in rows {
            let (part, left_out) = to_type(&query, object_type);
            assert_eq!(left_out.is_empty(), expected.is_none(), "{query}: {left_out:?}");
            assert_eq!(part, expected.unwrap_or(query));
        }
    }
}
