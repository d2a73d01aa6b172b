//! Cases that take more than one conversation: pipes, kills and disks.
//!
//! A scene says what must come of it in words, asserts it, and gives the status that was seen. Disks are small ones in
//! memory, in a namespace that ends with the programs in it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use threatq_sim::{Fault, FaultKind};

use crate::send_smtp::{SOC, Sender, checkpoint, email, lines, stream, taken};
use crate::support::program::{Ended, eventually, folder, script};
use crate::support::relay::{Relay, Script};
use crate::support::site::{Site, private_folder};

/// The case, what happens, what must come of it, and how it is played: the status that was seen.
pub(super) type Scene = (u8, &'static str, &'static str, fn() -> i32);

pub(super) const SCENES: [Scene; 7] = [
    (2, "fetcher killed, in a shell without pipefail", "no mail, then all once", killed_in_a_plain_shell),
    (4, "fetcher fails after its checkpoint", "delivered", failed_after_the_checkpoint),
    (13, "standard output of the other stages is full", "nothing lost", full_output),
    (16, "connector killed, its stages alive", "still active, then all once", killed_connector),
    (34, "state restored from a copy", "sent again, the same bytes", restored),
    (41, "no inode left", "nothing sent, then all once", no_inode),
    (43, "the disk becomes read-only", "nothing sent, then all once", read_only),
];

fn two() -> [serde_json::Value; 2] {
    ["e1", "e2"].map(|id| email(id, &[SOC]))
}

/// The sender behind a stage of a shell's: what it ends with.
fn behind(stage: &str, sender: &Sender, relay: &Relay) -> i32 {
    let file = sender.path().join("stream");
    fs::write(&file, stream(&two())).expect("a file can be written");
    let program = sender.program(relay.port()).into_command();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("sh -c '{stage}' \"$0\" | \"$@\"")).arg(&file);
    shell.arg(program.get_program()).args(program.get_args()).stderr(Stdio::null());
    Ended::new("sh", &shell.output().expect("there is a shell")).status
}

fn killed_in_a_plain_shell() -> i32 {
    let (relay, sender) = (Relay::start(Script::new()), Sender::with_state());
    let status = behind(r#"head -n 2 "$0"; kill -9 $$"#, &sender, &relay);
    assert_eq!((status, relay.connections()), (65, 0));
    sender.send(&relay, &two()).succeeds();
    assert_eq!(taken(&relay), ["e1", "e2"]);
    status
}

fn failed_after_the_checkpoint() -> i32 {
    let (relay, sender) = (Relay::start(Script::new()), Sender::with_state());
    let status = behind(r#"cat "$0"; exit 1"#, &sender, &relay);
    assert_eq!((status, taken(&relay)), (0, vec!["e1".to_owned(), "e2".to_owned()]));
    status
}

fn full_output() -> i32 {
    let site = Site::new();
    site.run_both();
    site.play("added");
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let mut status = 0;
    for (name, input) in
        [("tq-fetch-watchlist", ""), ("tq-fetch-collection", ""), ("tq-format-email", &alerts)]
    {
        let file = site.path().join("input");
        fs::write(&file, input).expect("a file can be written");
        let mut command = site.program(name).into_command();
        command.stdin(File::open(&file).expect("it is there"));
        command.stdout(File::options().write(true).open("/dev/full").expect("Linux has it"));
        let output = command.stderr(Stdio::piped()).spawn().and_then(std::process::Child::wait_with_output);
        let ended = Ended::new(name, &output.expect("it can be started")).ends_with(74);
        ended.complains(&["standard output"]);
        status = 74;
    }
    site.run_both();
    assert!(!site.mails().is_empty());
    status
}

fn killed_connector() -> i32 {
    let site = Site::new();
    site.run_both();
    site.play("added");
    let connector = || script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]);
    let before = site.sim.requests().len();
    site.sim.fault(Fault::next("/api/objects", FaultKind::Slow(Duration::from_secs(3))));
    let mut first = connector().start();
    drop(first.stdin.take());
    eventually("a stage is at work", || site.sim.requests().len() > before);
    first.kill().expect("it runs");
    first.wait().expect("it was killed");
    let second = connector().run().ends_with(75);
    let status = second.complains(&["still active"]).status;
    // The stages hold its end of the pipe until they are done.
    first.stderr.take().expect("a pipe").read_to_end(&mut Vec::new()).expect("it can be read");
    connector().run().succeeds();
    connector().run().succeeds();
    assert_eq!(site.mails().len(), 2);
    status
}

fn restored() -> i32 {
    let (relay, sender) = (Relay::start(Script::new()), Sender::with_state());
    let [first, second] = two();
    sender.send(&relay, &[first]).succeeds();
    let copy = sender.path().join("copy");
    fs::copy(sender.state(), &copy).expect("it can be copied");
    let second = [second];
    let records = lines(second.iter().chain([&checkpoint(1, &second)]));
    sender.program(relay.port()).run_on(records.as_str()).succeeds();
    fs::copy(&copy, sender.state()).expect("it can be put back");
    let status = sender.program(relay.port()).run_on(records).succeeds().status;
    assert_eq!(taken(&relay), ["e1", "e2", "e2"]);
    assert_eq!(relay.messages()[1], relay.messages()[2]);
    status
}

/// Mounts a disk of its own, takes the mails over with no relay, spoils the disk, sends, mends the disk, and sends.
const DISK: &str = r#"
set -eu
disk=$1 sender=$2 port=$3 stream=$4 options=$5 spoil=$6 mend=$7
mount -t tmpfs -o "$options" tmpfs "$disk"
send() { "$sender" --host 127.0.0.1 --tls none --state "$disk/state/state.db" --port "$@"; }
send 1 <"$stream" && exit 9 || [ $? -eq 75 ]
eval "$spoil"
for run in 1 2 3; do
    send "$port" </dev/null && echo 0 || echo $?
done
eval "$mend"
send "$port" </dev/null && echo 0 || echo $?
"#;

/// The status of the runs on a disk that is spoilt, which are all the same.
fn on_a_disk(options: &str, spoil: &str, mend: &str) -> i32 {
    let (relay, place) = (Relay::start(Script::new()), private_folder());
    let (input, disk) = (place.path().join("stream"), place.path().join("disk"));
    fs::write(&input, stream(&two())).expect("a file can be written");
    fs::create_dir(&disk).expect("a folder can be made");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", DISK, "sh"]).arg(&disk).arg(program_path());
    command.arg(relay.port().to_string()).arg(&input).args([options, spoil, mend]);
    let ended =
        Ended::new("unshare", &command.stdin(Stdio::null()).output().expect("unshare can be started"));
    let statuses: Vec<i32> =
        ended.stdout.lines().filter(|line| !line.starts_with('{')).flat_map(str::parse).collect();
    let [first, second, third, last] = statuses.as_slice() else { panic!("{ended:?}") };
    assert!(first == second && second == third && *last == 0, "{ended:?}");
    assert_eq!(taken(&relay), ["e1", "e2"], "{ended:?}");
    *first
}

fn program_path() -> std::path::PathBuf {
    Path::new(folder()).join("tq-send-smtp")
}

fn no_inode() -> i32 {
    let status = on_a_disk(
        "mode=0700,nr_inodes=40",
        r#"i=0; while echo 2>/dev/null >"$disk/$i"; do i=$((i + 1)); done"#,
        r#"rm -f "$disk"/[0-9]*"#,
    );
    assert_eq!(status, 74);
    status
}

fn read_only() -> i32 {
    let status = on_a_disk("mode=0700", r#"mount -o remount,ro "$disk""#, r#"mount -o remount,rw "$disk""#);
    assert_eq!(status, 73);
    status
}
