//! The commands of the control route, as JSON reads them.
//!
//! One for each change that the world knows, one for each knob that can be turned while the simulator runs. Unknown
//! members are refused, so that a misspelt one does not pass unseen.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Fault;

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    // Clock and story
    SetClock {
        to: String,
    },
    Advance {
        seconds: u64,
    },
    Play {
        name: String,
    },
    // People
    AddUser {
        email: String,
        display_name: String,
        password: String,
        client_id: String,
    },
    RenameUser {
        user: Who,
        display_name: String,
    },
    SetPassword {
        user: Who,
        password: String,
    },
    SetClient {
        client_id: String,
        client_secret: String,
    },
    // Objects
    AddObjectType {
        code: String,
        display_name: String,
        plural: String,
    },
    AddIndicator {
        #[serde(default)]
        id: u64,
        value: String,
        #[serde(rename = "type")]
        type_name: String,
    },
    AddObject {
        collection: String,
        #[serde(default)]
        id: u64,
        name: String,
    },
    RemoveObject {
        collection: String,
        id: u64,
    },
    SetStatus {
        collection: String,
        id: u64,
        status: String,
    },
    SetType {
        collection: String,
        id: u64,
        #[serde(rename = "type")]
        type_name: String,
    },
    SetScore {
        collection: String,
        id: u64,
        score: Option<u8>,
    },
    SetGeneratedScore {
        collection: String,
        id: u64,
        score: f64,
    },
    SetDescription {
        collection: String,
        id: u64,
        description: Option<String>,
    },
    Rename {
        collection: String,
        id: u64,
        name: String,
    },
    SetStamp {
        collection: String,
        id: u64,
        column: String,
        to: String,
    },
    // What hangs on them
    AddAttribute {
        collection: String,
        id: u64,
        name: String,
        value: String,
    },
    SetAttribute {
        collection: String,
        id: u64,
        attribute: u64,
        value: String,
    },
    RemoveAttribute {
        collection: String,
        id: u64,
        attribute: u64,
    },
    AddComment {
        collection: String,
        id: u64,
        user: Who,
        text: String,
    },
    EditComment {
        collection: String,
        id: u64,
        comment: u64,
        text: String,
    },
    RemoveComment {
        collection: String,
        id: u64,
        comment: u64,
    },
    AddTag {
        collection: String,
        id: u64,
        tag: String,
    },
    RemoveTag {
        collection: String,
        id: u64,
        tag: String,
    },
    AddSource {
        collection: String,
        id: u64,
        source: String,
        tlp: Option<String>,
    },
    RemoveSource {
        collection: String,
        id: u64,
        source: String,
    },
    Relate {
        collection: String,
        id: u64,
        other_collection: String,
        other_id: u64,
    },
    Unrelate {
        collection: String,
        id: u64,
        other_collection: String,
        other_id: u64,
    },
    // Watchlists and saved searches
    Watch {
        user: Who,
        collection: String,
        id: u64,
    },
    Unwatch {
        user: Who,
        collection: String,
        id: u64,
    },
    AddSavedSearch {
        user: Who,
        name: String,
        objects: Vec<String>,
        query: Value,
        #[serde(default)]
        shared: bool,
    },
    SetSavedSearchQuery {
        search: String,
        query: Value,
    },
    SetSavedSearchObjects {
        search: String,
        objects: Vec<String>,
    },
    RenameSavedSearch {
        search: String,
        name: String,
    },
    ShareSavedSearch {
        search: String,
        shared: bool,
    },
    RemoveSavedSearch {
        search: String,
    },
    SpoilRow {
        collection: String,
        id: u64,
        #[serde(default)]
        members: Map<String, Value>,
        #[serde(default)]
        without: Vec<String>,
    },
    WatchGenerated {
        user: Who,
        count: u64,
    },
    // The server
    Fault(Fault),
    ClearFaults,
    Turn {
        knobs: Map<String, Value>,
    },
    After {
        path_prefix: String,
        requests: usize,
        #[serde(default = "once")]
        times: usize,
        /// Changes of the world; a command to the server is none.
        commands: Vec<Value>,
    },
    ClearAfter,
    ClearRequests,
    RevokeTokens,
}

/// A user by id or by e-mail address.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Who {
    Id(u64),
    Email(String),
}

fn once() -> usize {
    1
}
