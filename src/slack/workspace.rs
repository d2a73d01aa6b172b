//! The workspace as the rest of the program sees it: a message goes in, an answer comes out.
//!
//! A workspace that is down stays so for the run. It is also down when it twice in a row took a message and did not say
//! what became of it: each such message may be there, and a third one could double as well.

use super::api::{Api, Arguments};
use super::people::People;
use super::{Error, Refusal, Trouble, channels};
use crate::config::Slack;
use crate::escape;
use crate::exit::{Failure, Status};
use crate::record::{Message, Outcome};

/// How many messages in a row may be lost.
const MOST_LOST: usize = 2;
/// What an app needs to post, and to post where it was not invited.
const POST: &str = "chat:write";
const POST_ANYWHERE: &str = "chat:write.public";

/// A workspace.
pub struct Workspace {
    api: Api,
    people: People,
    channels: Vec<String>,
    users: Vec<String>,
    down: Option<Error>,
    /// How many messages in a row were lost.
    lost: usize,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Never partial.
    pub outcome: Outcome,
    /// What the exit status must tell of it.
    pub status: Status,
    /// Whether the message was offered to Slack; where not, all that wait are in the same case.
    pub asked: bool,
    /// The HTTP status, where there is one that is not 200.
    pub code: Option<u16>,
    /// Slack's word and what to do, or our own words; none where the message was taken.
    pub words: Option<String>,
    /// Slack's own name for a message that was taken.
    pub ts: Option<String>,
    /// What to say about it.
    pub complaint: Option<String>,
}

impl Workspace {
    /// Checks the settings and reads the token; asks nobody yet.
    pub fn new(settings: &Slack) -> Result<Self, Failure> {
        let (channels, users) = (settings.channels.clone(), settings.users.clone());
        Ok(Self { api: Api::new(settings)?, people: People::default(), channels, users, down: None, lost: 0 })
    }

    /// The host, and the port where it is not the usual one.
    pub fn name(&self) -> String {
        self.api.name()
    }

    /// Why nobody is asked any more.
    pub fn down(&self) -> Option<&Error> {
        self.down.as_ref()
    }

    /// Posts a message: a JSON object of what `chat.postMessage` takes, but for `channel`.
    ///
    /// `to` is a channel as `#name`, somebody as `@` and a name or an e-mail address, or an id of either.
    pub fn post(&mut self, to: &str, message: &[u8]) -> Answer {
        if let Some(down) = &self.down {
            return Answer::without(down);
        }
        let Some(rest) = message.trim_ascii().strip_prefix(b"{") else {
            let words = "the message is no JSON object".to_owned();
            let (outcome, status) = (Outcome::Rejected, Status::Refused);
            return Answer::refused(to, Refusal { outcome, status, code: None, words });
        };
        let posted = self.place(to).and_then(|place| {
            // The rest stays as it was frozen.
            let comma = if rest.trim_ascii_start().starts_with(b"}") { "" } else { "," };
            let start = format!("{{\"channel\":{}{comma}", serde_json::Value::from(place));
            self.api.call("chat.postMessage", &Arguments::Json(&[start.as_bytes(), rest].concat()))
        });
        match posted {
            Ok(reply) => {
                self.lost = 0;
                Answer::accepted(reply.text("/ts").map(str::to_owned))
            }
            Err(Trouble::Down(error)) => {
                let answer = Answer::without(&error);
                self.down = Some(error);
                answer
            }
            Err(Trouble::One(refusal)) => {
                self.lost = if refusal.outcome == Outcome::Unknown { self.lost + 1 } else { 0 };
                if self.lost >= MOST_LOST {
                    let sentence = format!("did not say what became of {} messages in a row", self.lost);
                    self.down = Some(Error::Failing(sentence));
                }
                Answer::refused(to, refusal)
            }
        }
    }

    /// What Slack calls the place of a message.
    fn place(&mut self, to: &str) -> Result<String, Trouble> {
        match to.strip_prefix('@') {
            Some(name) => self.people.conversation(&self.api, name),
            None if Message::is_to_id(to, "UW") => self.people.conversation(&self.api, to),
            None => Ok(to.to_owned()),
        }
    }

    /// Asks whose token it is, and after everybody whom the settings name, and posts nothing. Tells of each step that is
    /// done.
    pub fn check(&mut self, told: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let name = self.name();
        // What Slack says is somebody's choice.
        self.checked(&mut |step| told(&escape::visible(step)))
            .map_err(|failure| failure.about(format_args!("slack {name}")))
    }

    fn checked(&mut self, told: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let reply = self.api.call("auth.test", &Arguments::Form(&[]))?;
        let (team, user) = (reply.text("/team").unwrap_or("?"), reply.text("/user").unwrap_or("?"));
        told(&format!("token: of {user} in the workspace {team}"));
        let scopes: Option<Vec<&str>> =
            reply.scopes.as_deref().map(|scopes| scopes.split(',').map(str::trim).collect());
        let may = |scope: &str| scopes.as_ref().is_some_and(|scopes| scopes.contains(&scope));
        if scopes.is_some() && !may(POST) {
            let words = format!("the app needs the scope {POST}; add it and install the app again");
            return Err(Error::MissingScope(words).into());
        }
        for channel in &self.channels {
            told(&channels::check(&self.api, channel, may(POST_ANYWHERE))?);
        }
        for user in &self.users {
            let name = user.strip_prefix('@').unwrap_or(user);
            let id = self.people.id_of(&self.api, name);
            let id = id.map_err(|trouble| Failure::from(trouble).about(format_args!("user {user}")))?;
            told(&format!("user {user}: {id}"));
        }
        Ok(())
    }
}

impl Answer {
    fn accepted(ts: Option<String>) -> Self {
        let (outcome, status) = (Outcome::Accepted, Status::Done);
        Self { outcome, status, asked: true, code: None, words: None, ts, complaint: None }
    }

    /// Nobody was asked, and it is said elsewhere why.
    fn without(error: &Error) -> Self {
        let (outcome, status, words) = (error.outcome(), error.status(), Some(error.to_string()));
        Self { outcome, status, asked: false, code: None, words, ts: None, complaint: None }
    }

    fn refused(to: &str, Refusal { outcome, status, code, words }: Refusal) -> Self {
        let shown = code.map(|code| format!("{code} ")).unwrap_or_default();
        let complaint = Some(format!("{to} {outcome}: {shown}{words}"));
        Self { outcome, status, asked: true, code, words: Some(words), ts: None, complaint }
    }
}
