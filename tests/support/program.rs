//! Running the real binaries on real pipes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// All programs.
pub(crate) const PROGRAMS: [&str; 6] = [
    "tq-fetch-watchlist",
    "tq-fetch-collection",
    "tq-format-email",
    "tq-format-slack",
    "tq-send-slack",
    "tq-send-smtp",
];

/// A program of ours with its arguments.
pub(crate) struct Program {
    name: &'static str,
    command: Command,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    name: &'static str,
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where the binaries of this build are.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tq-send-smtp")).parent().expect("a binary is in a folder")
}

/// Where the scripts are.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// One of the programs.
pub(crate) fn program(name: &'static str) -> Program {
    Program { name, command: Command::new(folder().join(name)) }
}

/// A script, which finds the programs of this build.
pub(crate) fn script(name: &'static str) -> Program {
    let mut command = Command::new(scripts().join(name));
    command.env("PATH", format!("{}:/usr/bin:/bin", folder().display()));
    Program { name, command }
}

/// A program of `examples/`, which finds the programs of this build. One in Rust was built beside them.
pub(crate) fn example(name: &'static str) -> Program {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let built = folder().join("examples").join(name);
    let mut command = Command::new(if script.exists() { script } else { built });
    command.env("PATH", format!("{}:/usr/bin:/bin", folder().display()));
    Program { name, command }
}

/// Waits until something holds, and panics when it does not in time.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

impl Program {
    /// Any other command, to be run likewise.
    pub(crate) fn of(name: &'static str, command: Command) -> Self {
        Self { name, command }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The command itself; for tests that join programs by pipes of their own.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Starts it with pipes on all three; for tests that watch it or kill it.
    pub(crate) fn start(mut self) -> Child {
        let piped = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().unwrap_or_else(|error| panic!("{} cannot be started: {error}", self.name))
    }

    /// Runs it with nothing on standard input.
    pub(crate) fn run(self) -> Ended {
        self.run_on("")
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_on(self, input: impl Into<Vec<u8>>) -> Ended {
        let (name, input) = (self.name, input.into());
        let mut child = self.start();
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A program that ends early leaves its input unread, as it may.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("a child can be waited for");
        writer.join().expect("writing does not panic");
        Ended::new(name, &output)
    }
}

impl Ended {
    pub(crate) fn new(name: &'static str, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code().unwrap_or(-1);
        Self { name, status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\n{}\n{}", self.name, self.stdout, self.stderr);
        self
    }

    /// Asserts success, and silence on standard error.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.stderr, "", "{}", self.name);
        self.ends_with(0)
    }

    /// Asserts that standard error is one line that holds all of these words.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        assert_eq!(self.stderr.lines().count(), 1, "{}: {}", self.name, self.stderr);
        assert!(self.stderr.starts_with(&format!("{}: ", self.name)), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "'{word}' is not in: {}", self.stderr);
        }
        self
    }

    /// The records on standard output.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The records of one kind.
    #[track_caller]
    pub(crate) fn records_of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["record"] == kind).collect()
    }
}
