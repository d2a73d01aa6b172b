//! What a scripted relay does: the data of [`super::Relay`].

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use crate::support::certificates::Certificates;

/// What the relay does at a moment.
#[derive(Clone)]
pub(crate) enum After {
    /// These bytes are the reply. One that begins with 421 also closes (RFC 5321 section 3.8).
    Reply(Vec<u8>),
    ReplyAndClose(Vec<u8>),
    /// These bytes again and again, until the client goes.
    Endless(Vec<u8>),
    /// The connection ends: FIN, under TLS without `close_notify`.
    Close,
    /// The connection ends: RST. At "CONNECT" nothing has been read yet and it is a FIN.
    Reset,
    /// Nothing for this long, then as if there were no rule.
    Silence(Duration),
}

/// Who may log in. MAIL is then refused before; a relay that has TLS takes logins under TLS only.
#[derive(Clone)]
pub(crate) enum AuthRule {
    /// AUTH PLAIN and LOGIN with user and password.
    Password(&'static str, &'static str),
    /// AUTH XOAUTH2 with user and token; a wrong one gets the 334 with JSON before the 535.
    Token(&'static str, &'static str),
    /// Every line is answered with these bytes until the client gives up.
    Challenge(Vec<u8>),
}

/// What follows the STARTTLS command.
#[derive(Clone)]
pub(crate) enum StartTls {
    Normal,
    /// These bytes in the same write as the 220, in front of the handshake.
    InjectedPlaintext(Vec<u8>),
    /// These bytes once the client has begun its handshake.
    InjectedLater(Vec<u8>),
    /// This reply, and no TLS.
    Reply(Vec<u8>),
}

#[derive(Clone)]
pub(super) struct Rule {
    pub(super) moment: String,
    pub(super) after: After,
    pub(super) skip: usize,
    pub(super) left: usize,
}

/// What a relay does; the default is a good relay without TLS and login.
#[derive(Clone)]
pub(crate) struct Script {
    pub(super) extensions: Vec<String>,
    pub(super) before_tls: Option<Vec<String>>,
    pub(super) rules: Vec<Rule>,
    pub(super) auth: Option<AuthRule>,
    /// Without a [`StartTls`], TLS from the first byte.
    pub(super) tls: Option<(Arc<ServerConfig>, Option<StartTls>)>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            extensions: strings(&["PIPELINING", "8BITMIME", "SIZE 10485760", "ENHANCEDSTATUSCODES"]),
            before_tls: None,
            rules: Vec::new(),
            auth: None,
            tls: None,
        }
    }

    /// The rule all others are made of.
    pub(crate) fn on(mut self, moment: &str, after: After) -> Self {
        let moment = moment.to_owned();
        self.rules.push(Rule { moment, after, skip: 0, left: usize::MAX });
        self
    }

    /// The rules made inside are played `n` times each, then used up.
    pub(crate) fn times(self, n: usize, rules: impl FnOnce(Self) -> Self) -> Self {
        self.adding(rules, |rule| rule.left = n)
    }

    /// The rules made inside let their moment pass `n` times first.
    pub(crate) fn after_first(self, n: usize, rules: impl FnOnce(Self) -> Self) -> Self {
        self.adding(rules, |rule| rule.skip = n)
    }

    fn adding(self, rules: impl FnOnce(Self) -> Self, change: impl FnMut(&mut Rule)) -> Self {
        let before = self.rules.len();
        let mut script = rules(self);
        script.rules[before..].iter_mut().for_each(change);
        script
    }

    pub(crate) fn greeting(self, reply: impl Into<Vec<u8>>) -> Self {
        self.reply_to("CONNECT", reply)
    }

    pub(crate) fn reply_to(self, moment: &str, reply: impl Into<Vec<u8>>) -> Self {
        self.on(moment, After::Reply(reply.into()))
    }

    pub(crate) fn reply_to_recipient(self, address: &str, reply: impl Into<Vec<u8>>) -> Self {
        self.reply_to(&format!("RCPT:{address}"), reply)
    }

    /// When the whole mail is there. It counts as taken unless a reply says 4xx or 5xx.
    pub(crate) fn after_data(self, after: After) -> Self {
        self.on(".", after)
    }

    pub(crate) fn close_on(self, moment: &str) -> Self {
        self.on(moment, After::Close)
    }

    pub(crate) fn silent_on(self, moment: &str, duration: Duration) -> Self {
        self.on(moment, After::Silence(duration))
    }

    /// Replies come byte by byte, each after this pause; counts in connections.
    pub(crate) fn drip(self, pause: Duration) -> Self {
        self.silent_on("DRIP", pause)
    }

    /// The extensions of the EHLO reply; STARTTLS and AUTH are added when they are to be had.
    pub(crate) fn extensions(mut self, extensions: &[&str]) -> Self {
        self.extensions = strings(extensions);
        self
    }

    /// All that the EHLO reply lists before TLS; nothing is added.
    pub(crate) fn extensions_before_tls(mut self, extensions: &[&str]) -> Self {
        self.before_tls = Some(strings(extensions));
        self
    }

    pub(crate) fn auth(mut self, rule: AuthRule) -> Self {
        self.auth = Some(rule);
        self
    }

    /// TLS from the first byte.
    pub(crate) fn tls(mut self, certificates: &Certificates) -> Self {
        self.tls = Some((certificates.server_config(), None));
        self
    }

    /// TLS from the first byte, for clients that show a certificate of this authority.
    pub(crate) fn tls_for_clients_of(mut self, certificates: &Certificates, client_ca: &str) -> Self {
        self.tls = Some((certificates.server_config_for(Some(client_ca)), None));
        self
    }

    pub(crate) fn starttls(mut self, certificates: &Certificates, how: StartTls) -> Self {
        self.tls = Some((certificates.server_config(), Some(how)));
        self
    }
}

pub(super) fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
