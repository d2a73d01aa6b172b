//! The control route: changes from outside, scenes, faults, and the log.

use serde_json::{Value, json};

use crate::wire::{Session, send};

#[test]
fn the_scenes_of_the_demo_play_from_outside() {
    let session = Session::demo();
    let control = |body: Value| send(&session.sim, "POST", "/control", &[], &body.to_string());
    let collection = || session.query("indicators/query", json!({"tags": "ransomware"})).ids();
    assert_eq!(collection(), [5, 6]);
    assert_eq!(control(json!({"do": "play", "name": "added"})).json(), json!({"ok": true}));
    assert_eq!(collection(), [5, 6, 8, 9, 10]);
    assert_eq!(session.get("/api/users/2/watchlist").data()[1]["object_id"], 8);
    control(json!({"do": "play", "name": "commented"}));
    assert_eq!(
        session.get("/api/indicators/8?with=comments").data()["comments"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_list_of_commands_builds_a_world() {
    let session = Session::demo();
    let at = |id: u64| json!({"collection": "indicators", "id": id});
    let command = |name: &str, mut members: Value| {
        members["do"] = json!(name);
        members
    };
    let with = |id: u64, more: Value| {
        let mut members = at(id);
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        members
    };
    let story = json!([
        command("set_clock", json!({"to": "2023-05-01 10:00:00"})),
        command("add_indicator", json!({"id": 50, "value": "new.example", "type": "FQDN"})),
        command("add_attribute", with(50, json!({"name": "Port", "value": "443"}))),
        command("add_tag", with(50, json!({"tag": "apt"}))),
        command("add_source", with(50, json!({"source": "Feed", "tlp": "red"}))),
        command("relate", with(50, json!({"other_collection": "malware", "other_id": 4}))),
        command("advance", json!({"seconds": 5})),
        command("set_status", with(50, json!({"status": "Review"}))),
        command("set_score", with(50, json!({"score": 10}))),
        command("set_description", with(50, json!({"description": "<p>New</p>"}))),
        command("add_comment", with(50, json!({"user": "cy@example.com", "text": "Look"}))),
        command("watch", with(50, json!({"user": 3}))),
        command("remove_tag", with(50, json!({"tag": "apt"}))),
        command("rename_saved_search", json!({"search": "Ransomware IOCs", "name": "Ransom"})),
    ]);
    let done = send(&session.sim, "POST", "/control", &[], &story.to_string());
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.json()["results"][1], json!({"ok": true, "id": 50}));
    let row = session.get("/api/indicators/50?with=score,status,malware,comments.sources,tags").data();
    assert_eq!(row["created_at"], "2023-05-01 10:00:00");
    assert_eq!(row["updated_at"], "2023-05-01 10:00:05");
    assert_eq!((&row["score"]["manual_score"], &row["status"]["name"]), (&json!(10), &json!("Review")));
    assert_eq!((&row["malware"][0]["id"], &row["tags"]), (&json!(4), &json!([])));
    assert_eq!(row["comments"][0]["sources"][0]["name"], "Cy Young");
    assert_eq!(session.get("/api/users/3/watchlist").data()[0]["object_id"], 50);
    assert_eq!(session.get("/api/search/query").data()[0]["name"], "Ransom");
}

#[test]
fn a_command_that_cannot_be_done_is_a_400_with_the_reason() {
    let session = Session::demo();
    for (command, reason) in [
        (json!({"do": "sing"}), "sing"),
        (json!({"do": "play", "name": "encore"}), "encore"),
        (json!({"do": "add_tag", "collection": "indicators", "id": 99, "tag": "x"}), "99"),
        (json!({"do": "add_tag", "collection": "indicators", "id": 8, "tag": "x", "tlp": "red"}), "tlp"),
        (json!({"do": "watch", "user": "nobody@example.com", "collection": "indicators", "id": 8}), "nobody"),
        (json!([{"do": "advance", "seconds": 1}, {"do": "set_clock", "to": "noon"}]), "command 2"),
    ] {
        let reply = send(&session.sim, "POST", "/control", &[], &command.to_string());
        assert_eq!(reply.status, 400, "{command}");
        assert!(reply.json()["error"].as_str().unwrap().contains(reason), "{}", reply.body);
    }
}

#[test]
fn the_log_has_what_was_asked_and_nothing_of_the_control_route() {
    let session = Session::demo();
    session.get("/api/indicators?limit=1");
    let lines = send(&session.sim, "GET", "/control/requests", &[], "").body;
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    let row =
        json!({"method": "GET", "path": "/api/indicators", "query": "limit=1", "body": "", "status": 200});
    assert_eq!(rows[1], row);
    assert_eq!(session.sim.requests().len(), 2);
    send(&session.sim, "POST", "/control", &[], r#"{"do":"clear_requests"}"#);
    assert_eq!(session.sim.requests(), []);
}
