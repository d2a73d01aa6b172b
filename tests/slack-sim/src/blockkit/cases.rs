//! Good and bad messages, each limit at its edge.

use serde_json::{Value, json};

use super::{Refused, check};

fn of_length(length: usize) -> String {
    "a".repeat(length)
}

fn plain(length: usize) -> Value {
    json!({"type": "plain_text", "text": of_length(length)})
}

fn mrkdwn(length: usize) -> Value {
    json!({"type": "mrkdwn", "text": of_length(length), "verbatim": true})
}

fn section(text: Value) -> Value {
    json!({"type": "section", "text": text})
}

fn button(more: Value) -> Value {
    let mut button = json!({"type": "button", "text": plain(4)});
    button.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "actions", "elements": [button]})
}

fn table(rows: Value) -> Value {
    json!({"type": "table", "rows": rows})
}

fn cells(count: usize) -> Value {
    json!(vec![json!({"type": "raw_text", "text": "x"}); count])
}

fn with(blocks: &[Value]) -> Result<(), Refused> {
    check(&json!({"text": "fallback", "blocks": blocks}))
}

#[test]
fn a_message_within_the_published_limits_is_taken() {
    let elements = |count: usize| json!({"type": "context", "elements": vec![plain(4); count]});
    let link =
        json!({"type": "link", "url": "https://example.com", "text": "there", "style": {"bold": true}});
    let rich = json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "text", "text": "seen "}, link]}]});
    for block in [
        section(plain(1)),
        section(mrkdwn(3000)),
        section(json!({"type": "plain_text", "text": "x", "emoji": false})),
        json!({"type": "section", "fields": vec![plain(200); 10], "block_id": of_length(255), "expand": true}),
        json!({"type": "section", "fields": [mrkdwn(2000)]}),
        json!({"type": "section", "text": plain(1), "accessory": {"type": "button", "text": plain(75)}}),
        json!({"type": "header", "text": plain(150)}),
        elements(10),
        json!({"type": "divider"}),
        json!({"type": "actions", "elements": vec![json!({"type": "button", "text": plain(1)}); 25]}),
        button(
            json!({"url": format!("https://{}", of_length(2992)), "action_id": of_length(255), "style": "danger",
            "value": of_length(2000), "accessibility_label": of_length(75)}),
        ),
        table(json!([cells(20), cells(20)])),
        table(json!(vec![cells(1); 100])),
        json!({"type": "table", "rows": [cells(2)], "column_settings": [null, {"align": "right", "is_wrapped": true}]}),
        table(json!([[rich]])),
        rich,
    ] {
        assert_eq!(with(std::slice::from_ref(&block)), Ok(()), "{block}");
    }
    assert_eq!(with(&vec![json!({"type": "divider"}); 50]), Ok(()));
    assert_eq!(check(&json!({"text": of_length(40_000)})), Ok(()));
    let metadata = json!({"event_type": "tq_alert", "event_payload": {"id": "1"}});
    assert_eq!(check(&json!({"text": "x", "metadata": metadata})), Ok(()));
}

#[test]
fn a_block_beyond_the_published_limits_is_refused_with_the_place() {
    let elements = |count: usize| json!({"type": "context", "elements": vec![plain(4); count]});
    for (block, message) in [
        (json!("x"), "unsupported type:  [json-pointer:/blocks/0/type]"),
        (json!({"type": "video"}), "unsupported type: video [json-pointer:/blocks/0/type]"),
        (json!({"type": "section"}), "missing required field: text or fields [json-pointer:/blocks/0]"),
        (
            json!({"type": "divider", "text": "x"}),
            "invalid additional property: text [json-pointer:/blocks/0]",
        ),
        (
            json!({"type": "divider", "block_id": of_length(256)}),
            "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        ),
        (section(json!("x")), "missing required field: type [json-pointer:/blocks/0/text]"),
        (section(json!({"type": "mrkdwn"})), "missing required field: text [json-pointer:/blocks/0/text]"),
        (
            section(json!({"type": "markdown", "text": "x"})),
            "unsupported type: markdown [json-pointer:/blocks/0/text/type]",
        ),
        (section(plain(0)), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section(mrkdwn(3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (
            section(json!({"type": "mrkdwn", "text": "x", "emoji": true})),
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            section(json!({"type": "plain_text", "text": "x", "verbatim": true})),
            "invalid additional property: verbatim [json-pointer:/blocks/0/text]",
        ),
        (
            section(json!({"type": "plain_text", "text": "x", "emoji": "no"})),
            "must be a boolean [json-pointer:/blocks/0/text/emoji]",
        ),
        (
            section(json!({"type": "plain_text", "text": 7})),
            "must be a string [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({"type": "section", "fields": vec![plain(1); 11]}),
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            json!({"type": "section", "fields": []}),
            "must have at least 1 item [json-pointer:/blocks/0/fields]",
        ),
        (
            json!({"type": "section", "fields": [plain(2001)]}),
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            json!({"type": "header", "text": plain(151)}),
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({"type": "header", "text": mrkdwn(1)}),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (json!({"type": "context"}), "missing required field: elements [json-pointer:/blocks/0]"),
        (elements(11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
        (
            json!({"type": "actions", "elements": vec![json!({"type": "button", "text": plain(1)}); 26]}),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            json!({"type": "actions", "elements": [{"type": "checkboxes"}]}),
            "unsupported type: checkboxes [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            button(json!({"text": plain(76)})),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            button(json!({"text": mrkdwn(4)})),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
        ),
        (
            button(json!({"url": format!("https://{}", of_length(2993))})),
            "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
        ),
        (
            button(json!({"url": "javascript:alert(1)"})),
            "must be a valid URL [json-pointer:/blocks/0/elements/0/url]",
        ),
        (
            button(json!({"style": "warning"})),
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            button(json!({"href": "x"})),
            "invalid additional property: href [json-pointer:/blocks/0/elements/0]",
        ),
        (
            json!({"type": "actions", "elements": vec![json!({"type": "button", "text": plain(1), "action_id": "a"}); 2]}),
            "must be unique: a [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        (table(json!(vec![cells(1); 101])), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
        (table(json!([cells(21)])), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
        (
            table(json!([[plain(1)]])),
            "must be one of: raw_text, rich_text [json-pointer:/blocks/0/rows/0/0/type]",
        ),
        (
            table(json!([[{"type": "raw_text", "text": ""}]])),
            "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]",
        ),
        (
            json!({"type": "table", "rows": [cells(1)], "column_settings": [{"align": "middle"}]}),
            "must be one of: left, center, right [json-pointer:/blocks/0/column_settings/0/align]",
        ),
        (
            json!({"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": []}]}),
            "must be rich_text_section [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "user"}]}]}),
            "must be one of: text, link [json-pointer:/blocks/0/elements/0/elements/0/type]",
        ),
    ] {
        let refused = with(std::slice::from_ref(&block)).expect_err(&block.to_string());
        assert_eq!(
            (refused.error, refused.messages.as_slice()),
            ("invalid_blocks", [message.to_owned()].as_slice()),
            "{block}"
        );
    }
}

#[test]
fn a_message_as_a_whole_is_refused_in_words_of_its_own() {
    let divider = json!({"type": "divider"});
    let twice = json!({"type": "divider", "block_id": "a"});
    let one_table = table(json!([cells(1)]));
    let long = section(mrkdwn(2900));
    for (message, error, about) in [
        (json!({}), "no_text", ""),
        (json!({"text": " "}), "no_text", ""),
        (json!({"blocks": []}), "no_text", ""),
        (json!({"text": of_length(40_001)}), "msg_too_long", ""),
        (json!({"text": 7}), "invalid_arguments", "text"),
        (json!({"text": "x", "blocks": {}}), "invalid_blocks_format", ""),
        (
            json!({"text": "x", "blocks": vec![divider; 51]}),
            "invalid_blocks",
            "no more than 50 items allowed",
        ),
        (json!({"text": "x", "blocks": [twice, twice]}), "invalid_blocks", "must be unique: a"),
        (
            json!({"text": "x", "blocks": [one_table, one_table]}),
            "invalid_attachments",
            "only_one_table_allowed",
        ),
        (json!({"text": "x", "blocks": vec![long; 5]}), "msg_blocks_too_long", ""),
        (
            json!({"text": "x", "metadata": {"event_type": "tq alert", "event_payload": {}}}),
            "invalid_metadata_format",
            "",
        ),
        (json!({"text": "x", "metadata": {"event_type": "tq_alert"}}), "invalid_metadata_format", ""),
    ] {
        let refused = check(&message).expect_err(error);
        assert_eq!(refused.error, error);
        assert!(refused.to_string().contains(about), "{refused}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let blocks = [json!({"type": "header", "text": plain(151)}), section(plain(0))];
    assert_eq!(with(&blocks).expect_err("both").messages.len(), 2);
}
