//! People by name, e-mail address or id, and the conversations with them.
//!
//! The list of all people is asked for once a run, and only where somebody is named who has to be found in it. Names are
//! those that Slack shows: the display name, the full name, and the older handle. Somebody who has left is nobody, and so is
//! a bot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::api::{Api, Arguments};
use super::{Error, Refusal, Trouble};
use crate::exit::Status;
use crate::http::WORDS_LIMIT;
use crate::record::{Message, Outcome};
use crate::{candidates, escape};

/// How many are asked for at once: the most that Slack gives.
const PAGE_SIZE: &str = "1000";
/// More pages than the largest workspaces have.
const MOST_PAGES: usize = 1000;

/// Those that were looked for in this run, and what came of it.
#[derive(Default)]
pub(super) struct People {
    listed: Option<Result<Vec<Person>, Trouble>>,
    conversations: BTreeMap<String, Result<String, Trouble>>,
}

struct Person {
    id: String,
    names: Vec<String>,
}

impl People {
    /// The conversation with somebody.
    pub(super) fn conversation(&mut self, api: &Api, name: &str) -> Result<String, Trouble> {
        if let Some(known) = self.conversations.get(name) {
            return known.clone();
        }
        let opened = self.id_of(api, name).and_then(|id| open(api, &id));
        self.conversations.insert(name.to_owned(), opened.clone());
        opened
    }

    /// The id of somebody.
    pub(super) fn id_of(&mut self, api: &Api, name: &str) -> Result<String, Trouble> {
        if Message::is_to_id(name, "UW") {
            return Ok(name.to_owned());
        }
        if name.contains('@') {
            let reply = api.call("users.lookupByEmail", &Arguments::Form(&[("email", name)]));
            let reply = reply.map_err(|trouble| of_one(trouble, name))?;
            let id = reply.text("/user/id").map(str::to_owned);
            return id.ok_or_else(|| nonsense("users.lookupByEmail"));
        }
        let listed = self.listed.get_or_insert_with(|| list(api));
        let people = listed.as_ref().map_err(|trouble| of_one(trouble.clone(), name))?;
        let wanted = name.to_lowercase();
        let is_meant = |person: &&Person| person.names.iter().any(|known| known.to_lowercase() == wanted);
        let ids: Vec<&str> = people.iter().filter(is_meant).map(|person| person.id.as_str()).collect();
        match ids.as_slice() {
            [id] => Ok((*id).to_owned()),
            [] => {
                let names: BTreeSet<&str> =
                    people.iter().flat_map(|person| &person.names).map(String::as_str).collect();
                let hint = candidates::closest(name, names.into_iter());
                let hint = hint.as_deref().unwrap_or("check the name in slack.users");
                Err(held(&format!("nobody in the workspace is called '{name}'; {hint}")))
            }
            ids => Err(held(&format!(
                "several are called '{name}': {}; put the id or the e-mail address into slack.users",
                ids.join(", ")
            ))),
        }
    }
}

fn open(api: &Api, id: &str) -> Result<String, Trouble> {
    let reply = api.call("conversations.open", &Arguments::Form(&[("users", id)]));
    let reply = reply.map_err(|trouble| of_one(trouble, id))?;
    reply.text("/channel/id").map(str::to_owned).ok_or_else(|| nonsense("conversations.open"))
}

/// Everybody who can be written to.
fn list(api: &Api) -> Result<Vec<Person>, Trouble> {
    let mut people = Vec::new();
    each_page(api, "users.list", &[], "/members", |row| {
        let is = |place: &str| row.pointer(place).and_then(Value::as_bool) == Some(true);
        let text = |place: &str| row.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
        if is("/deleted") || is("/is_bot") {
            return;
        }
        let names = ["/profile/display_name", "/profile/real_name", "/real_name", "/name"];
        let names: Vec<String> = names.into_iter().filter_map(text).map(str::to_owned).collect();
        people.extend(text("/id").map(|id| Person { id: id.to_owned(), names }));
    })?;
    Ok(people)
}

/// Reads a list page by page.
pub(super) fn each_page(
    api: &Api,
    method: &str,
    arguments: &[(&str, &str)],
    place: &str,
    mut each: impl FnMut(&Value),
) -> Result<(), Trouble> {
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let page = [("limit", PAGE_SIZE), ("cursor", cursor.as_str())];
        let reply = api.call(method, &Arguments::Form(&[arguments, page.as_slice()].concat()))?;
        reply.list(place).iter().for_each(&mut each);
        match reply.next_cursor() {
            None => return Ok(()),
            Some(next) if next == cursor => break,
            Some(next) => cursor = next,
        }
    }
    Err(nonsense(method))
}

/// What a failed search means for the one who was looked for. Nothing was posted, so nothing is unknown; and whoever needs
/// no search may get theirs.
fn of_one(trouble: Trouble, name: &str) -> Trouble {
    let refusal = match trouble {
        Trouble::Down(Error::MissingScope(words)) => {
            Refusal { outcome: Outcome::Held, status: Status::LoginRefused, code: None, words }
        }
        Trouble::Down(error) => return Trouble::Down(error),
        Trouble::One(refusal) => refusal,
    };
    let outcome = match refusal.outcome {
        Outcome::Unknown => Outcome::Deferred,
        Outcome::Rejected => Outcome::Held,
        other => other,
    };
    let status = if refusal.status == Status::Refused { Status::Config } else { refusal.status };
    Trouble::One(Refusal { outcome, status, words: format!("{name}: {}", refusal.words), ..refusal })
}

/// Names are whatever people call themselves.
fn held(words: &str) -> Trouble {
    let words = escape::words(words.as_bytes(), WORDS_LIMIT);
    Trouble::One(Refusal { outcome: Outcome::Held, status: Status::Config, code: None, words })
}

/// A success without what it is for.
fn nonsense(method: &str) -> Trouble {
    Trouble::Down(Error::Nonsense(format!("{method}: not an answer of Slack's API")))
}
