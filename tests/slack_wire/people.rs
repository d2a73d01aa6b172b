//! People: by name, by e-mail address and by id, looked for once a run and only where a message is for one.

use serde_json::json;

use super::{POST, Site, is, outcomes};

#[test]
fn a_message_for_somebody_goes_to_the_conversation_with_them_and_the_receipt_names_them_as_the_message_does()
{
    let site = Site::new();
    site.slack.workspace().page_limit = 1;
    let to = ["@zach", "@Ana", "@ana@example.com", "U000ZACH1", "#soc", "@zach"];
    let ended = site.post(&to).succeeds();
    let receipts = ended.records_of("receipt");
    let addresses: Vec<_> =
        receipts.iter().map(|receipt| receipt["recipients"][0]["address"].clone()).collect();
    assert_eq!(addresses, to);
    let places: Vec<String> = site.slack.posted().into_iter().map(|posted| posted.channel).collect();
    assert_eq!(places, ["D000ZACH1", "D0000ANA1", "D0000ANA1", "D000ZACH1", "C0000SOC1", "D000ZACH1"]);
    let calls = site.slack.calls();
    let count = |method: &str| calls.iter().filter(|call| *call == method).count();
    // Four people, one a page.
    assert_eq!((count("users.list"), count("users.lookupByEmail"), count(POST)), (4, 1, 6), "{calls:?}");
}

#[test]
fn a_message_for_a_channel_asks_after_nobody() {
    let site = Site::new();
    site.post(&["#soc", "C00ALERT1"]).succeeds();
    assert_eq!(site.slack.calls(), [POST, POST]);
}

#[test]
fn somebody_who_is_not_there_keeps_no_message_from_the_others() {
    let site = Site::new();
    let ended = site.post(&["@zahc", "@nobody@example.com", "@zach", "#nowhere", "#soc"]).ends_with(78);
    let outcomes: Vec<String> = outcomes(&ended).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["held", "held", "accepted", "held", "accepted"]);
    for words in ["did you mean 'zach'?", "users_not_found", "channel_not_found", "/invite the app"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let site = Site::new();
    site.slack.workspace().scopes = vec!["chat:write".to_owned()];
    let ended = site.post(&["@zach"]).ends_with(77);
    is(&ended, "held", "missing_scope: the app needs the scope users:read; add it to the app");
    site.post(&["#soc"]).succeeds();
    assert_eq!(site.slack.posted()[0].message["text"], json!("m0"));
}
