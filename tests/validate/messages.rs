//! Messages of a source, which stand beside its alerts: `rule messages`, by the word of `--validate`.

use serde_json::{Value, json};

use super::{ALERTS, COLLECTION, edit, recorded, validate};

/// What is told where this rule is broken.
pub(super) const RULE: &str = "rule messages";

/// The recorded alerts, with two messages made of those of the collection.
fn with_messages() -> Vec<String> {
    let lines =
        edit(recorded(ALERTS), COLLECTION, "checkpoint", "\"alerts\":3", "\"alerts\":3,\"messages\":2");
    let message = |id: &str, to: &str| {
        let members = json!({"record": "message", "v": 1, "id": id, "source": COLLECTION, "to": to,
            "date": "2021-10-28T20:32:57Z", "text": "1 New Item", "alerts": []});
        members.to_string()
    };
    let (before, checkpoint) = lines.split_at(6);
    let messages = [message("m1", "#tq-alerts"), message("m2", "@zach")];
    [before, &messages, checkpoint].concat()
}

#[test]
fn a_source_has_as_many_messages_with_different_ids_as_its_checkpoint_says() {
    let good = with_messages();
    validate(good.join("\n")).succeeds();
    let (mut less, mut more, mut twice) = (good.clone(), good.clone(), good.clone());
    less.remove(6);
    more.insert(6, good[6].clone());
    twice[7].clone_from(&good[6]);
    for (broken, words, line) in [
        (less, "its checkpoint counts 2 messages, the stream has 1", 8),
        (more, "the stream has 3; message m1 stands twice", 10),
        (twice, "message m1 stands twice", 9),
    ] {
        let place = format!("line {line}: source '{COLLECTION}': {RULE}: ");
        validate(broken.join("\n")).ends_with(65).complains(&[&place, words]);
    }
}

#[test]
fn messages_that_a_sender_has_taken_are_not_missed_and_the_alerts_still_are() {
    let mut taken: Vec<String> = with_messages();
    taken.drain(6..8);
    let taken =
        edit(taken, COLLECTION, "checkpoint", "\"messages\":2", "\"messages\":2,\"taken\":[\"message\"]");
    validate(taken.join("\n")).succeeds();
    let mut without = taken;
    without.remove(3);
    validate(without.join("\n")).ends_with(65).complains(&["rule count"]);
}

#[test]
fn a_receipt_is_of_an_email_or_of_a_message_and_never_of_both_or_of_none() {
    let receipt = |more: Value| {
        let mut receipt = json!({"record": "receipt", "v": 1, "outcome": "accepted", "attempt": 1,
            "at": "2021-10-28T20:32:57Z", "relay": "slack.com", "recipients": []});
        let members = more.as_object().expect("members").clone();
        receipt.as_object_mut().expect("a record").extend(members);
        validate(receipt.to_string())
    };
    receipt(json!({"message": "m"})).succeeds();
    receipt(json!({"email": "e", "message_id": "<e@example.com>"})).succeeds();
    for (more, words) in [
        (json!({}), "receipt: missing field `email` or `message`"),
        (json!({"email": "e"}), "receipt: missing field `message_id`"),
        (json!({"message_id": "<e@example.com>"}), "receipt: `message_id` without `email`"),
        (json!({"message": "m", "message_id": "<e@example.com>"}), "receipt: `message_id` without `email`"),
        (
            json!({"email": "e", "message_id": "<e@example.com>", "message": "m"}),
            "both `email` and `message`",
        ),
    ] {
        receipt(more).ends_with(65).complains(&[words]);
    }
}
