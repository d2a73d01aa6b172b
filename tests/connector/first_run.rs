//! The first run of an instance, on a terminal: the guide's questions, and what they leave behind.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::man::keys::{keys_on_page, settings_of, uncommented, verdict};
use crate::support::program::{folder, script, scripts};
use crate::support::site::private_folder;

const ANSWERS: [(&str, &str); 5] = [
    ("ThreatQ Host: ", "threatq.example.com"),
    ("ThreatQ Client ID: ", "id \"with\" \\ quotes"),
    ("ThreatQ Username: ", "ana@example.com"),
    ("ThreatQ Password: ", " open \"sesame\" \\$HOME` "),
    ("Status: ", ""),
];

/// The connector on a terminal of its own.
struct Terminal {
    child: Child,
    screen: ChildStdout,
    seen: String,
}

impl Terminal {
    fn open(config: &Path) -> Self {
        let mut command = Command::new("script");
        let connector = scripts().join("tq-conn-email-alerts");
        let line = format!("{} -n soc -c {}", connector.display(), config.display());
        command
            .args(["-qec", &line, "/dev/null"])
            .env("PATH", format!("{}:/usr/bin:/bin", folder().display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
        let screen = child.stdout.take().expect("a pipe");
        Self { child, screen, seen: String::new() }
    }

    /// Waits for a question and types an answer.
    fn answer(&mut self, question: &str, answer: &str) {
        while !self.seen.ends_with(question) {
            let mut byte = [0];
            let read = self.screen.read(&mut byte).expect("the screen can be read");
            assert_eq!(read, 1, "no '{question}' in: {}", self.seen);
            self.seen.push(char::from(byte[0]));
        }
        let keyboard = self.child.stdin.as_mut().expect("a pipe");
        keyboard.write_all(answer.as_bytes()).expect("somebody reads");
    }

    /// What was on the screen, and the status.
    fn end(mut self) -> (String, Option<i32>) {
        self.screen.read_to_string(&mut self.seen).expect("text");
        (self.seen, self.child.wait().expect("it ends").code())
    }
}

fn first_run(config: &Path) -> (String, Option<i32>) {
    let mut terminal = Terminal::open(config);
    for (question, answer) in ANSWERS {
        terminal.answer(question, &format!("{answer}\n"));
    }
    terminal.end()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_first_run_asks_the_guides_questions_and_writes_what_nobody_else_can_read() {
    let folder = private_folder();
    let (screen, status) = first_run(folder.path());
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("Connector configured. Set information in UI\r\n"), "{screen}");
    assert!(screen.contains("You will still need to configure and then enable the connector"), "{screen}");
    assert!(!screen.contains("sesame"), "the password is on the screen: {screen}");

    assert_eq!(names_in(folder.path()), ["soc.threatq-password", "soc.toml"]);
    for name in names_in(folder.path()) {
        let mode = fs::metadata(folder.path().join(&name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let secret = fs::read_to_string(folder.path().join("soc.threatq-password")).expect("a file");
    assert_eq!(secret, " open \"sesame\" \\$HOME` \n");
    let config = fs::read_to_string(folder.path().join("soc.toml")).expect("a file");
    for line in ["enabled = false", "url = \"threatq.example.com\"", "# Status: Review."] {
        assert!(config.contains(&format!("\n{line}")), "{line}");
    }
    assert!(config.contains(r#"client_id = "id \"with\" \\ quotes""#), "{config}");
    assert!(!config.contains("sesame"));
}

#[test]
fn the_configuration_of_a_first_run_is_accepted_and_has_every_key() {
    let folder = private_folder();
    first_run(folder.path());
    let config = fs::read_to_string(folder.path().join("soc.toml")).expect("a file");
    verdict("tq-format-email", &config).succeeds();
    verdict("tq-format-email", &uncommented(&config)).succeeds();
    let keys: Vec<String> = keys_on_page().into_iter().map(|(key, _)| key).collect();
    assert_eq!(settings_of(&config).into_keys().collect::<Vec<_>>(), keys);
}

#[test]
fn a_first_run_that_is_interrupted_at_any_question_writes_nothing() {
    for (last, (question, _)) in ANSWERS.iter().enumerate() {
        for key in ["\u{3}", "\u{4}"] {
            let folder = private_folder();
            let mut terminal = Terminal::open(folder.path());
            for (question, answer) in &ANSWERS[..last] {
                terminal.answer(question, &format!("{answer}\n"));
            }
            terminal.answer(question, key);
            let (screen, status) = terminal.end();
            assert_ne!(status, Some(0), "{screen}");
            assert!(names_in(folder.path()).is_empty(), "{question}{key:?}: {:?}", names_in(folder.path()));
        }
    }
}

#[test]
fn an_empty_answer_is_asked_for_again() {
    let folder = private_folder();
    let mut terminal = Terminal::open(folder.path());
    terminal.answer("ThreatQ Host: ", "\n");
    terminal.answer("Please answer in one line of text.\r\nThreatQ Host: ", "threatq.example.com\n");
    for (question, answer) in &ANSWERS[1..] {
        terminal.answer(question, &format!("{answer}\n"));
    }
    assert_eq!(terminal.end().1, Some(0));
}

#[test]
fn without_a_terminal_a_first_run_asks_nothing_and_names_the_keys_that_are_missing() {
    let folder = private_folder();
    let run = script("tq-conn-email-alerts").arg("-c").arg(folder.path()).run().ends_with(78);
    run.complains(&["threatq.url", "threatq.client_id", "threatq.email", "threatq.password_file"]);
    assert!(names_in(folder.path()).is_empty());
}
