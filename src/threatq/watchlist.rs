//! What a user watches.
//!
//! A guess: the route that lists a user's watchlist is not public, nor is the shape of its rows. This is the plainest
//! candidate, and the simulator serves the same guess.

use serde::Deserialize;

use super::{Client, Error, User, lenient};

/// One object on a watchlist.
#[derive(Clone, Debug, Deserialize)]
pub struct Watched {
    /// The code or another name of the object's type.
    pub object_type: String,
    /// The object's number.
    #[serde(deserialize_with = "lenient::id")]
    pub object_id: u64,
}

impl Watched {
    /// Everything on a user's watchlist.
    pub fn by(client: &Client, user: &User) -> Result<Vec<Self>, Error> {
        let route = format!("/api/users/{}/watchlist", user.id);
        client.list(&route, &[]).map_err(|error| match error {
            Error::Refused { route, status, words } => {
                let words =
                    format!("{words} (which route lists a watchlist is not public; this one is a guess)");
                Error::Refused { route, status, words }
            }
            other => other,
        })
    }
}
