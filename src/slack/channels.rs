//! Whether a message could be posted to a channel, asked without posting any.
//!
//! Slack tells it only to an app that may read the list of channels; one that may not is told by its first message.

use serde_json::Value;

use super::api::{Api, Arguments};
use super::people::each_page;
use super::{Error, Trouble};
use crate::exit::{Failure, Status};
use crate::record::Message;

/// The kinds of channel. Each may be listed by its own scope.
const KINDS: [&str; 2] = ["public_channel", "private_channel"];

/// Says where a channel is, or fails where nothing can be posted there.
///
/// `posts_anywhere`: the app may post to public channels that it is not in.
pub(super) fn check(api: &Api, name: &str, posts_anywhere: bool) -> Result<String, Failure> {
    let refused = |reason: &str| Err(Failure::new(Status::Config, format_args!("channel {name}: {reason}")));
    let channel = match find(api, name.trim_start_matches('#')) {
        Ok(Found::Channel(channel)) => channel,
        Ok(Found::Unseen(needed)) => {
            return Ok(format!("channel {name}: not asked for, as the app has no scope {needed}"));
        }
        Ok(Found::Nowhere) => {
            return refused("not found; check its name, and if it is private: /invite the app there");
        }
        Err(trouble) => return Err(Failure::from(trouble).about(format_args!("channel {name}"))),
    };
    let is = |member: &str| channel.get(member).and_then(Value::as_bool) == Some(true);
    if is("is_archived") {
        return refused("is archived; name another one");
    }
    let may_post = is("is_member") || posts_anywhere && !is("is_private");
    if !may_post {
        return refused("the app is not in it: /invite @APP there");
    }
    let id = channel.get("id").and_then(Value::as_str).unwrap_or_default();
    Ok(format!("channel {name}: {id}"))
}

/// What a search came to.
enum Found {
    Channel(Value),
    /// Not where the app may look; this scope would let it look further.
    Unseen(String),
    Nowhere,
}

fn find(api: &Api, name: &str) -> Result<Found, Trouble> {
    if Message::is_to_id(name, "CDG") {
        return match api.call("conversations.info", &Arguments::Form(&[("channel", name)])) {
            Ok(reply) => Ok(Found::Channel(reply.member("channel").clone())),
            Err(Trouble::Down(Error::MissingScope(_))) => Ok(Found::Unseen("channels:read".to_owned())),
            Err(trouble) => Err(trouble),
        };
    }
    let mut unseen = Vec::new();
    for kind in KINDS {
        let mut found = None;
        let listed = each_page(api, "conversations.list", &[("types", kind)], "/channels", |row| {
            if row.get("name").and_then(Value::as_str) == Some(name) {
                found = Some(row.clone());
            }
        });
        match (listed, found) {
            (Ok(()), Some(channel)) => return Ok(Found::Channel(channel)),
            (Ok(()), None) => (),
            (Err(Trouble::Down(Error::MissingScope(_))), _) => {
                unseen.push(if kind == "public_channel" { "channels:read" } else { "groups:read" });
            }
            (Err(trouble), _) => return Err(trouble),
        }
    }
    Ok(if unseen.is_empty() { Found::Nowhere } else { Found::Unseen(unseen.join(" and ")) })
}
