//! A disk that is full for days: where "sending" cannot be written nothing is sent, so there is no storm of doubles.
//!
//! The disk is a small one in memory, mounted in a namespace of its own, which ends with the programs in it.

use std::process::{Command, Stdio};

use super::world::{Held, Mails};
use crate::support::program::{Ended, folder};
use crate::support::relay::{Relay, Script};
use crate::support::site::private_folder;

const ALERTS: [&str; 3] = ["alert-1", "alert-2", "alert-3"];

/// Takes the mails over while there is room and no relay; then five runs with so many KiB left, and one with room.
const RUNS: &str = r#"
set -eu
folder=$1 sender=$2 port=$3 left=$4
mount -t tmpfs -o size=1m,mode=0700 tmpfs "$folder"
send() { "$sender" --host 127.0.0.1 --tls none --state "$folder/state/state.db" --port "$@"; }
send 1 && exit 9 || [ $? -eq 75 ]
fill() {
    cat /dev/zero >"$folder/filler" 2>/dev/null || true
    truncate --size=-"$left"K "$folder/filler"
}
for run in 1 2 3 4 5; do
    fill
    send "$port" </dev/null && echo 0 || echo $?
done
rm "$folder/filler"
send "$port" </dev/null && echo 0 || echo $?
"#;

#[test]
fn a_disk_that_stays_full_is_74_and_no_storm_of_doubles() {
    for left in [0, 32, 40, 48, 56, 64, 80, 96] {
        let relay = Relay::start(Script::new());
        let place = private_folder();
        let stream = Held::default().stream(&ALERTS, Mails::Single, &["soc@example.com"]);
        let input = place.path().join("stream");
        std::fs::write(&input, stream).expect("a file can be written");
        let disk = place.path().join("disk");
        std::fs::create_dir(&disk).expect("a folder can be made");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", RUNS, "sh"]).arg(&disk).arg(folder().join("tq-send-smtp"));
        command.arg(relay.port().to_string()).arg(left.to_string());
        command
            .stdin(std::fs::File::open(&input).expect("it is there"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = Ended::new("unshare", &command.output().expect("unshare can be started"));
        let statuses: Vec<&str> = ended.stdout.lines().filter(|line| !line.starts_with('{')).collect();
        assert_eq!((ended.status, statuses.len()), (0, 6), "{left} KiB: {ended:?}");
        assert!(statuses[..5].iter().all(|status| ["74", "0"].contains(status)), "{left} KiB: {statuses:?}");
        assert_eq!(statuses[5], "0", "{left} KiB: {}", ended.stderr);
        let mails = relay.messages();
        let copies = ALERTS.map(|alert| {
            let has = |body: &Vec<u8>| String::from_utf8_lossy(body).contains(&format!("<{alert}>"));
            mails.iter().filter(|mail| has(&mail.body)).count()
        });
        assert!(copies.iter().all(|copies| *copies >= 1), "{left} KiB: {copies:?}");
        assert!(mails.len() <= ALERTS.len() + 1, "{left} KiB left, and doubles: {copies:?}");
        if left == 0 {
            assert_eq!((statuses[..5].to_vec(), mails.len()), (vec!["74"; 5], ALERTS.len()));
        }
    }
}
