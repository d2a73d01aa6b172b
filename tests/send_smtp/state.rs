//! The state's file: made private, refused when it is not, and emptied of what everybody has.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::table::each;
use super::{SOC, Sender, email, stream, taken, text};
use crate::support::relay::{Relay, Script};

/// Makes something of a state that it must not be.
type Spoil = fn(&Path);

const CANARY: &str = "nobody-may-find-this-canary";

/// A sender with a state that has been used.
fn used(relay: &Relay) -> Sender {
    let sender = Sender::with_state();
    sender.send(relay, &[email("e1", &[SOC])]).succeeds();
    sender
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o7777
}

fn change_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// Writes a number into the header of a SQLite database (section 1.3 of its file format).
fn change_header(path: &Path, offset: u64, number: u32) {
    let file = fs::File::options().write(true).open(path).expect("it is there");
    file.write_all_at(&number.to_be_bytes(), offset).expect("it can be written");
}

#[test]
fn a_new_state_is_private_whatever_the_umask() {
    let relay = Relay::start(Script::new().reply_to("RCPT", "450 4.2.0 later\r\n"));
    let sender = Sender::with_state();
    let mut command = sender.program(relay.port()).into_command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    command = shell;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sh is there");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(stream(&[email("e1", &[SOC])]).as_bytes()).expect("it reads");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(75));
    let folder = sender.path().join("state");
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> =
        fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    assert!(files.contains(&sender.state()), "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_state_that_is_not_private_or_not_ours_is_78_and_left_alone() {
    let ways: [(&str, Spoil, &str); 10] = [
        ("readable by the group", |path| change_mode(path, 0o640), "chmod 600"),
        ("readable by all", |path| change_mode(path, 0o604), "chmod 600"),
        (
            "in a folder that others may write to",
            |path| change_mode(path.parent().expect("a folder"), 0o770),
            "chmod 700",
        ),
        ("a symbolic link", redirect, "plain file"),
        ("a link that leads nowhere", |path| redirect_to(path, "nowhere"), "plain file"),
        ("a folder", replace_by_folder, "plain file"),
        ("somebody's text", |path| fs::write(path, "Dear diary,\n".repeat(100)).expect("ours"), "database"),
        ("cut short", |path| truncate(path, 5000), "damaged"),
        ("another program's database", |path| change_header(path, 68, 0x1234), "not a state"),
        ("a newer release's", |path| change_header(path, 60, 99), "version 99"),
    ];
    each(
        &ways,
        |way| way.0.to_owned(),
        |(_, spoil, words)| {
            let relay = Relay::start(Script::new());
            let sender = used(&relay);
            spoil(&sender.state());
            let before = fs::read(sender.state()).ok();
            let ended = sender.program(relay.port()).run_on(stream(&[email("e2", &[SOC])])).ends_with(78);
            assert_eq!(ended.complains(&["state", words]).stdout, "");
            assert_eq!(fs::read(sender.state()).ok(), before, "it was touched");
            assert_eq!(taken(&relay), ["e1"]);
        },
    );
}

fn redirect(path: &Path) {
    let target = path.with_extension("elsewhere");
    fs::rename(path, &target).expect("it is ours");
    symlink(target, path).expect("a link can be made");
}

fn redirect_to(path: &Path, target: &str) {
    fs::remove_file(path).expect("it is ours");
    symlink(target, path).expect("a link can be made");
}

fn replace_by_folder(path: &Path) {
    fs::remove_file(path).expect("it is ours");
    fs::create_dir(path).expect("a folder can be made");
}

fn truncate(path: &Path, length: u64) {
    let file = fs::File::options().write(true).open(path).expect("it is there");
    file.set_len(length).expect("it can be cut");
}

#[test]
fn a_state_that_cannot_be_made_is_73() {
    let relay = Relay::start(Script::new());
    let sender = Sender::with_state();
    fs::write(sender.path().join("state"), "").expect("a file can be written");
    let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(73);
    ended.complains(&[&text(&sender.path().join("state"))]);
    assert_eq!(relay.connections(), 0);
}

#[test]
fn what_everybody_has_is_no_longer_in_the_state() {
    each(
        &[1, 5000],
        |lines| format!("{lines} lines"),
        |lines| {
            let busy = |script: Script| script.reply_to("RCPT", "450 4.2.0 later\r\n");
            let relay = Relay::start(Script::new().times(1, busy));
            let sender = Sender::with_state();
            let mut mail = email("e1", &[SOC]);
            // Short lines, so that no soft line break cuts the word in two.
            mail["text"] = format!("{CANARY}\n").repeat(*lines).into();
            sender.send(&relay, &[mail]).ends_with(75);
            assert!(holds_canary(&sender), "it must wait somewhere");
            sender.resume(&relay).succeeds();
            assert!(String::from_utf8_lossy(&relay.messages()[0].body).contains(CANARY));
            // What is left in a journal is gone after the next run at the latest.
            sender.resume(&relay).succeeds();
            assert!(!holds_canary(&sender), "the state still holds what was delivered");
        },
    );
}

fn holds_canary(sender: &Sender) -> bool {
    let files = fs::read_dir(sender.path().join("state")).expect("a folder");
    let holds = |path: &Path| {
        let content = fs::read(path).expect("it is ours");
        content.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    };
    files.map(|file| file.expect("a file").path()).any(|path| holds(&path))
}

/// How often a sender waits for its disk, a slow one, while it sends mails over so many sessions.
fn syncs(connections: &str) -> usize {
    let (relay, sender) =
        (Relay::start(Script::new()), Sender::with_state().set("--connections", connections));
    let mails: Vec<_> = (0..40).map(|number| email(&format!("e{number}"), &[SOC])).collect();
    let (log, input) = (sender.path().join("log"), sender.path().join("stream"));
    fs::write(&input, stream(&mails)).expect("it can be written");
    let command = sender.program(relay.port()).into_command();
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "--seccomp-bpf", "--trace=fsync", "--inject=fsync:delay_enter=40000", "-o"])
        .arg(&log);
    strace.arg("--").arg(command.get_program()).args(command.get_args()).stdout(Stdio::null());
    let ended = strace.stdin(fs::File::open(&input).expect("it is there")).status();
    assert!(ended.expect("strace can be started: install it").success());
    assert_eq!(taken(&relay).len(), mails.len());
    fs::read_to_string(log).expect("strace has written it").matches("fsync(").count()
}

#[test]
fn outcomes_that_wait_for_the_disk_together_are_one_durable_step() {
    let [one, four] = ["1", "4"].map(syncs);
    assert!(one > 40 && four < one, "{one} with one session, {four} with four");
}
