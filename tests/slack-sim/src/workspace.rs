//! A workspace: its people, its channels, what its app may do, and what was posted.
//!
//! Times are made up and rise by a second for each message, so that every `ts` is decided.

use serde_json::{Value, json};

/// A person, or a bot.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    /// What the older guides call the handle.
    pub name: String,
    pub real_name: String,
    /// What others see; may be empty, then they see the real name.
    pub display_name: String,
    pub email: String,
    pub deleted: bool,
    pub is_bot: bool,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: String,
    /// Without the `#`.
    pub name: String,
    pub is_private: bool,
    pub is_archived: bool,
    /// Whether the app was invited.
    pub has_app: bool,
    /// A word that posting is answered with, such as `restricted_action`.
    pub refuses: Option<String>,
}

/// A message that Slack took.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// The id of the channel, or of the conversation with one person.
    pub channel: String,
    pub ts: String,
    /// All that was sent but for the channel.
    pub message: Value,
}

/// Who and what is there.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub team: String,
    pub team_id: String,
    /// The name of the app's own user.
    pub app: String,
    /// The one token that is good.
    pub token: String,
    /// A word that every call with that token is answered with, such as `token_revoked`.
    pub token_is: Option<String>,
    pub scopes: Vec<String>,
    pub users: Vec<User>,
    pub channels: Vec<Channel>,
    /// No page of a list is longer, whatever is asked for.
    pub page_limit: usize,
    pub posted: Vec<Posted>,
}

impl User {
    pub fn new(id: &str, name: &str, real_name: &str, email: &str) -> User {
        User {
            id: id.to_owned(),
            name: name.to_owned(),
            real_name: real_name.to_owned(),
            display_name: name.to_owned(),
            email: email.to_owned(),
            deleted: false,
            is_bot: false,
        }
    }

    /// The members that a client may use.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "team_id": "T0000SIM1", "name": self.name, "deleted": self.deleted,
            "real_name": self.real_name, "is_bot": self.is_bot,
            "profile": {
                "real_name": self.real_name, "display_name": self.display_name, "email": self.email,
                "real_name_normalized": self.real_name, "display_name_normalized": self.display_name,
            },
        })
    }
}

impl Channel {
    /// A public channel that the app was invited to.
    pub fn new(id: &str, name: &str) -> Channel {
        Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            is_private: false,
            is_archived: false,
            has_app: true,
            refuses: None,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "is_channel": !self.is_private, "is_private": self.is_private,
            "is_archived": self.is_archived, "is_member": self.has_app,
        })
    }
}

impl Workspace {
    /// The token of [`Workspace::demo`].
    pub const TOKEN: &str = "xoxb-0000-simulated-workspace";

    /// Three people, of whom one has left; `#tq-alerts` and `#soc`, a channel without the app, a private one without it,
    /// and one that is archived; an app that may do all that the methods here need.
    pub fn demo() -> Workspace {
        let zach = User::new("U000ZACH1", "zach", "Zach Example", "zach@example.com");
        let ana = User {
            display_name: "Ana".to_owned(),
            ..User::new("U0000ANA1", "aortiz", "Ana Ortiz", "ana@example.com")
        };
        let gone = User { deleted: true, ..User::new("U000GONE1", "gone", "Gone Away", "gone@example.com") };
        let bot = User { is_bot: true, ..User::new("U0000BOT1", "alerts", "alerts", "") };
        let strangers = Channel { has_app: false, ..Channel::new("C00ELSE01", "elsewhere") };
        let secret = Channel { is_private: true, has_app: false, ..Channel::new("C00SECRET", "secret") };
        let old = Channel { is_archived: true, ..Channel::new("C0000OLD1", "old") };
        Workspace {
            team: "Example".to_owned(),
            team_id: "T0000SIM1".to_owned(),
            app: "alerts".to_owned(),
            token: Workspace::TOKEN.to_owned(),
            token_is: None,
            scopes: [
                "chat:write",
                "users:read",
                "users:read.email",
                "im:write",
                "channels:read",
                "groups:read",
            ]
            .map(str::to_owned)
            .to_vec(),
            users: vec![bot, gone, ana, zach],
            channels: vec![
                Channel::new("C00ALERT1", "tq-alerts"),
                Channel::new("C0000SOC1", "soc"),
                strangers,
                secret,
                old,
            ],
            page_limit: 1000,
            posted: Vec::new(),
        }
    }

    /// The channel of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn channel(&mut self, name: &str) -> &mut Channel {
        self.channels.iter_mut().find(|channel| channel.name == name).expect("the workspace has the channel")
    }

    /// What the conversation of the app with one person is called.
    pub fn conversation_with(user: &User) -> String {
        user.id.replacen('U', "D", 1)
    }

    /// Takes a message, and says its `ts`.
    pub(crate) fn take(&mut self, channel: &str, message: Value) -> String {
        let ts = format!("{}.000100", 1_700_000_000 + self.posted.len());
        self.posted.push(Posted { channel: channel.to_owned(), ts: ts.clone(), message });
        ts
    }

    /// The texts that were posted to a channel of this name, or to the person of this name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let channels =
            self.channels.iter().filter(|channel| channel.name == name).map(|channel| channel.id.clone());
        let people = self.users.iter().filter(|user| user.name == name).map(Workspace::conversation_with);
        let places: Vec<String> = channels.chain(people).collect();
        let here = self.posted.iter().filter(|posted| places.contains(&posted.channel));
        here.map(|posted| posted.message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
