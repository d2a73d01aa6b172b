//! Who may log in, and the sources that authors and feeds appear as.
//!
//! Follows sections 2 and 5.3 of the API reference: the author of anything is a source row of type `users`.

use super::{FIRST_USER, World};
use crate::stamp::Stamp;

/// TLP colours by id, from 1 (section 3.4).
pub const TLP: [&str; 4] = ["red", "amber", "green", "white"];

#[derive(Clone, Debug)]
pub struct User {
    pub id: u64,
    pub email: String,
    pub display_name: String,
    pub password: String,
    /// The per-user value that the password grant sends along.
    pub client_id: String,
    pub source_id: u64,
    pub created_at: Stamp,
}

/// A private OAuth client: logs in by itself and is no user.
#[derive(Clone, Debug)]
pub struct Client {
    pub client_id: String,
    pub client_secret: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Connector,
    User,
}

impl SourceKind {
    /// The word of the row's `type`.
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Connector => "connectors",
            SourceKind::User => "users",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Source {
    pub id: u64,
    pub kind: SourceKind,
    /// Guess of the reference: the user's id for a user.
    pub reference_id: u64,
    pub name: String,
    pub created_at: Stamp,
}

impl World {
    /// Adds a user and returns the id; the first one gets 2.
    pub fn add_user(
        &mut self,
        email: &str,
        display_name: &str,
        password: &str,
        client_id: &str,
    ) -> Result<u64, String> {
        if self.users.iter().any(|user| user.email == email) {
            return Err(format!("there is a user {email} already"));
        }
        let id = self.users.iter().map(|user| user.id + 1).max().unwrap_or(FIRST_USER);
        let source_id = self.source_named(SourceKind::User, Some(id), display_name);
        self.users.push(User {
            id,
            email: email.to_owned(),
            display_name: display_name.to_owned(),
            password: password.to_owned(),
            client_id: client_id.to_owned(),
            source_id,
            created_at: self.now,
        });
        Ok(id)
    }

    pub fn set_email(&mut self, id: u64, email: &str) -> Result<(), String> {
        let user = self.users.iter_mut().find(|user| user.id == id);
        email.clone_into(&mut user.ok_or_else(|| format!("no user {id}"))?.email);
        Ok(())
    }

    pub fn rename_user(&mut self, id: u64, display_name: &str) -> Result<(), String> {
        let user = self.users.iter_mut().find(|user| user.id == id);
        let user = user.ok_or_else(|| format!("no user {id}"))?;
        display_name.clone_into(&mut user.display_name);
        let source = user.source_id;
        if let Some(row) = self.sources.get_mut(&source) {
            display_name.clone_into(&mut row.name);
        }
        Ok(())
    }

    pub fn set_password(&mut self, id: u64, password: &str) -> Result<(), String> {
        let user = self.users.iter_mut().find(|user| user.id == id);
        password.clone_into(&mut user.ok_or_else(|| format!("no user {id}"))?.password);
        Ok(())
    }

    pub fn users(&self) -> &[User] {
        &self.users
    }

    pub fn user(&self, id: u64) -> Result<&User, String> {
        self.users.iter().find(|user| user.id == id).ok_or_else(|| format!("no user {id}"))
    }

    pub fn user_by_email(&self, email: &str) -> Result<&User, String> {
        self.users.iter().find(|user| user.email == email).ok_or_else(|| format!("no user {email}"))
    }

    pub fn set_client(&mut self, client_id: &str, client_secret: &str) {
        self.client =
            Some(Client { client_id: client_id.to_owned(), client_secret: client_secret.to_owned() });
    }

    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    pub fn source(&self, id: u64) -> Option<&Source> {
        self.sources.get(&id)
    }

    /// The source of this kind and name, which is made when it is new. Two users may bear one name, so they are told
    /// apart by `reference`.
    pub(super) fn source_named(&mut self, kind: SourceKind, reference: Option<u64>, name: &str) -> u64 {
        let same = |source: &&Source| {
            source.kind == kind && source.name == name && reference.is_none_or(|id| source.reference_id == id)
        };
        if let Some(known) = self.sources.values().find(same) {
            return known.id;
        }
        let id = self.sources.keys().next_back().map_or(1, |last| last + 1);
        let source = Source {
            id,
            kind,
            reference_id: reference.unwrap_or(id),
            name: name.to_owned(),
            created_at: self.now,
        };
        self.sources.insert(id, source);
        id
    }
}
