//! The tokens given out, and who holds them.
//!
//! Follows section 2 of the API reference. Guesses: a refresh token is good for one use, and refreshing leaves the old
//! access token alive.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::world::hex_digest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    User(u64),
    Client,
}

impl Caller {
    pub fn user(self) -> Option<u64> {
        match self {
            Caller::User(id) => Some(id),
            Caller::Client => None,
        }
    }
}

#[derive(Debug, Default)]
pub struct Tokens {
    count: u64,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Caller>,
}

#[derive(Debug)]
struct Access {
    caller: Caller,
    ends: Instant,
    /// How many requests it is still good for.
    left: usize,
    revoked: bool,
}

impl Tokens {
    /// A new access token and a refresh token. The former is good for a time and for so many requests.
    pub fn issue(&mut self, caller: Caller, lifetime: Duration, requests: usize) -> (String, String) {
        self.count += 1;
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let access = hex_digest(&format!("access {} {nanos}", self.count));
        let refresh = hex_digest(&format!("refresh {} {nanos}", self.count));
        let now = Instant::now();
        // A lifetime too long for the clock is as good as a day of tests.
        let ends = now.checked_add(lifetime).unwrap_or(now + Duration::from_secs(86_400));
        self.access.insert(access.clone(), Access { caller, ends, left: requests, revoked: false });
        self.refresh.insert(refresh.clone(), caller);
        (access, refresh)
    }

    /// Who holds this live token; counts the request that it lets in.
    pub fn admit(&mut self, token: &str) -> Option<Caller> {
        let access = self.access.get_mut(token)?;
        let alive = !access.revoked && access.left > 0 && Instant::now() < access.ends;
        alive.then(|| {
            access.left -= 1;
            access.caller
        })
    }

    /// Who once held it, alive or not: a refresh is asked for when it is about to end.
    pub fn former_caller(&self, token: &str) -> Option<Caller> {
        self.access.get(token).map(|access| access.caller)
    }

    pub fn spend_refresh(&mut self, token: &str, caller: Caller) -> bool {
        let good = self.refresh.get(token) == Some(&caller);
        if good {
            self.refresh.remove(token);
        }
        good
    }

    pub fn revoke(&mut self, token: &str) {
        if let Some(access) = self.access.get_mut(token) {
            access.revoked = true;
        }
    }

    pub fn revoke_all(&mut self) {
        for access in self.access.values_mut() {
            access.revoked = true;
        }
    }
}

/// The token of an `Authorization` header. The scheme minds its capital, as a live instance did (section 2.4).
pub fn bearer(authorization: Option<&str>) -> Option<&str> {
    authorization?.strip_prefix("Bearer ").map(str::trim)
}
