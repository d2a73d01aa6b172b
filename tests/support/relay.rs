//! A scripted SMTP server (RFC 5321) that plays the faults of real relays and otherwise behaves.
//!
//! A [`Script`] is data: what the relay offers, and what it does instead of behaving at a *moment*
//! of the conversation. Moments are "CONNECT" (the greeting is due), the verbs "EHLO", "STARTTLS",
//! "AUTH", "MAIL", "RCPT", "DATA", "QUIT" and so on, "RCPT:user@example.com", "BODY" (one line of
//! the mail has come, and then each MiB), "." (all of it has) and "DRIP". The first rule for a moment that is not
//! used up is played; where it gives a reply of 2xx or 3xx, the relay goes on as after its own.

mod conversation;
mod login;
mod script;
mod wire;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use conversation::Conversation;
use script::Rule;
pub(crate) use script::{After, AuthRule, Script, StartTls};

/// How long a look at the relay waits until clients that have gone are read to their end.
const SETTLE: Duration = Duration::from_secs(1);

/// A mail the relay has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub sender: String,
    /// Those that were not refused, as written between the angle brackets.
    pub recipients: Vec<String>,
    /// As the client meant it: without the dot that ends it and those that were stuffed.
    pub body: Vec<u8>,
}

/// A running relay; it and all its connections end with the value.
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    script: Script,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    transcripts: Vec<Vec<String>>,
    messages: Vec<Received>,
    open: Vec<Weak<TcpStream>>,
    /// Connections that are neither at their end nor in a scripted silence.
    busy: usize,
    stopped: bool,
}

impl Relay {
    pub(crate) fn start(mut script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let rules = std::mem::take(&mut script.rules);
        let shared = Arc::new(Shared {
            script,
            state: Mutex::new(State { rules, ..State::default() }),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accepting.accept(&listener));
        Self { port, shared, acceptor: Some(acceptor) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Each command line received, login lines included: all of the first connection, then all of
    /// the second, and so on.
    pub(crate) fn transcript(&self) -> Vec<String> {
        self.settled().transcripts.concat()
    }

    /// The mails taken, in order.
    pub(crate) fn messages(&self) -> Vec<Received> {
        self.settled().messages.clone()
    }

    /// Those the relay has taken up; a client that has just connected may not be among them yet.
    pub(crate) fn connections(&self) -> usize {
        self.settled().transcripts.len()
    }

    /// The state once clients that have gone are read to their end; others are not waited for.
    fn settled(&self) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        let settled = self.shared.changed.wait_timeout_while(state, SETTLE, |state| state.busy > 0);
        settled.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        for stream in state.open.iter().filter_map(Weak::upgrade) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // The connection the acceptor waits for.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, listener: &TcpListener) {
        thread::scope(|scope| {
            for stream in listener.incoming().flatten().map(Arc::new) {
                let mut state = self.lock();
                if state.stopped {
                    return;
                }
                let number = state.transcripts.len();
                state.transcripts.push(Vec::new());
                state.open.push(Arc::downgrade(&stream));
                state.busy += 1;
                drop(state);
                scope.spawn(move || {
                    Conversation::hold(self, number, stream);
                    self.lock().busy -= 1;
                    self.changed.notify_all();
                });
            }
        });
    }

    /// What the script has for this moment; counts as played.
    fn rule(&self, moment: &str) -> Option<After> {
        let verb = moment.split(':').next();
        for rule in &mut self.lock().rules {
            if rule.moment != moment && verb != Some(&rule.moment) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.left > 0 {
                rule.left -= 1;
                return Some(rule.after.clone());
            }
        }
        None
    }

    /// Waits, but not longer than the relay lives.
    fn pause(&self, duration: Duration) {
        let mut state = self.lock();
        state.busy -= 1;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, duration, |state| !state.stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.busy += 1;
    }
}

/// A relay for one client that takes what each of its writes brings, and answers each in turn; its port, and the writes.
pub(crate) fn answering<const N: usize>(replies: [&'static str; N]) -> (u16, JoinHandle<[String; N]>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let relay = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client comes");
        replies.map(|reply| {
            client.write_all(reply.as_bytes()).expect("the client is there");
            // The client waits for an answer now, so that there is no more to read than its last write.
            let mut buffer = vec![0; 64 * 1024];
            let read = client.read(&mut buffer).expect("the client is there");
            buffer.truncate(read);
            String::from_utf8(buffer).expect("our mails are ASCII")
        })
    });
    (port, relay)
}
