//! The people of this ThreatQ: `GET /api/users`, which may take an administrator's role (inferred).

use serde::Deserialize;

use super::{Client, Error, lenient};
use crate::candidates;
use crate::record::Watcher;

/// One user.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// The number.
    #[serde(deserialize_with = "lenient::id")]
    pub id: u64,
    pub(super) email: Option<String>,
    display_name: Option<String>,
}

impl User {
    /// The user as named in an alert.
    pub fn watcher(&self) -> Watcher {
        Watcher { name: self.label().to_owned(), email: self.email.clone() }
    }

    /// What memory knows the user by.
    pub fn key(&self) -> String {
        self.email.as_deref().unwrap_or_else(|| self.label()).to_lowercase()
    }

    fn label(&self) -> &str {
        self.display_name.as_deref().or(self.email.as_deref()).unwrap_or("(a user without a name)")
    }

    /// Whether this is the user's display name or e-mail address, whatever the case.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.answers_to(&name.trim().to_lowercase())
    }

    fn answers_to(&self, wanted: &str) -> bool {
        [&self.email, &self.display_name].into_iter().flatten().any(|name| name.to_lowercase() == wanted)
    }
}

/// All users.
pub struct Users {
    users: Vec<User>,
}

impl Users {
    /// Asks ThreatQ.
    pub fn read(client: &Client) -> Result<Self, Error> {
        Ok(Self { users: client.list("/api/users")? })
    }

    /// The user with this display name or e-mail address, whatever the case.
    pub fn find(&self, name: &str) -> Result<&User, Error> {
        let wanted = name.trim().to_lowercase();
        let found: Vec<&User> = self.users.iter().filter(|user| user.answers_to(&wanted)).collect();
        match found.as_slice() {
            [user] => Ok(user),
            [] => {
                let known = self.users.iter().flat_map(|user| [&user.display_name, &user.email]).flatten();
                let hint = candidates::sentence(name, known.map(String::as_str));
                Err(Error::Name(format!("no ThreatQ user '{name}'; {hint}")))
            }
            several => {
                let emails: Vec<&str> = several.iter().filter_map(|user| user.email.as_deref()).collect();
                Err(Error::Name(format!(
                    "several ThreatQ users are called '{name}': use one of {}",
                    emails.join(", ")
                )))
            }
        }
    }
}
