//! `scripts/test-installed`: the Debian package in a clean root, from its installation to its purge.
//!
//! A program of its own, because it needs root, a package and a Debian to install it in: the arguments are the package,
//! the tarball and the root, in which /proc is mounted. Prints a line for each thing that holds, and panics at the first
//! that does not.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
// The servers that other tests stand on.
#![allow(dead_code, unused_imports)]

#[path = "installed/root.rs"]
mod root;
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use root::Root;
use support::postfix::MailServer;
use support::site::Site;

const IN_TIME: Duration = Duration::from_secs(20);
const CONFIGURATION: &str = "/etc/tq-alerts/tq-conn-email-alerts.toml";
const STATE: &str = "/var/lib/tq-alerts/tq-conn-email-alerts/state.db";
const LOG: &str = "/var/log/tq-alerts/tq-conn-email-alerts.log";
const CONNECTOR: &str = "/usr/bin/tq-conn-email-alerts";

/// What each path must be: its mode, owner and group, and what it is.
const MODES: [(&str, &str); 12] = [
    ("/usr/bin/tq-send-smtp", "755 root:root regular file"),
    (CONNECTOR, "755 root:root regular file"),
    ("/usr/share/man/man7/tq-alerts.7.gz", "644 root:root regular file"),
    ("/usr/share/bash-completion/completions/tq-send-smtp", "644 root:root regular file"),
    ("/usr/lib/systemd/system/tq-alerts.service", "644 root:root regular file"),
    ("/etc/cron.d/tq-alerts", "644 root:root regular file"),
    ("/etc/logrotate.d/tq-alerts", "644 root:root regular file"),
    ("/etc/tq-alerts", "750 root:tq-alerts directory"),
    (CONFIGURATION, "644 root:root regular file"),
    ("/etc/tq-alerts/tq-conn-email-alerts", "777 root:root symbolic link"),
    ("/var/lib/tq-alerts/tq-conn-email-alerts", "700 tq-alerts:tq-alerts directory"),
    ("/var/log/tq-alerts", "700 tq-alerts:tq-alerts directory"),
];

fn main() {
    let paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [package, tarball, root] = paths.as_slice() else { panic!("usage: PACKAGE TARBALL ROOT") };
    let root = Root::new(root);
    let began = Instant::now();
    let holds = |what: &str| println!("{:5.1} s  {what}", began.elapsed().as_secs_f32());

    root.unpack_and_install(tarball);
    for begin in ["useradd ", "install -d "] {
        root.run(&shown(begin)).is_silent();
    }
    let run = root.run_as_user(&shown("-u tq-alerts tq-conn-email-alerts -ll "));
    assert_eq!(run.output.status.code(), Some(78), "it asks nothing without a terminal: {run:?}");
    root.run("userdel tq-alerts && rmdir /etc/tq_labs /var/log/tq_labs").is_silent();
    root.run("find /usr/local -depth -name '*tq-*' -exec rm -r {} +").is_silent();
    holds("the tarball installs below /usr/local without a network, and its programs start");

    root.install(package);
    holds("the package installs without a network and asks nothing");
    modes_are_right(&root);
    holds("user, folders and files are there, with their owners and modes");
    service_is_shut_in(&root);
    holds("the service is shut in");
    let shipped = root.read(CONFIGURATION);
    for key in ["url", "client_id", "email", "password_file", "[email]\n", "[smtp]\nhost"] {
        assert!(shipped.contains(&format!("\n{key}")), "{key} is not in {shipped}");
    }
    root.run_cron().is_silent();
    assert!(root.read(LOG).contains("is not enabled; set enabled = true"), "{}", root.read(LOG));
    holds("cron's line runs, and says in the log that the instance is not enabled");

    let (server, site) = (MailServer::start(), Site::new());
    configure(&root, &server, &site);
    let check = root.run_as_user(&shown("-u tq-alerts tq-conn-email-alerts -c /etc/tq-alerts --check"));
    assert!(check.output.status.success(), "{check:?}");
    root.run_cron().is_silent();
    for scene in ["added", "commented"] {
        site.play(scene);
        root.run_cron().is_silent();
    }
    assert_eq!(server.imap("ops@example.com").wait_for(3, IN_TIME).len(), 3);
    assert!(server.mail_log().contains("sasl_username=ops@example.com"), "{}", server.mail_log());
    assert_eq!(root.stat(STATE), "600 tq-alerts:tq-alerts regular file");
    holds("three mails in a real mailbox, over TLS and a login, from cron's empty environment");

    root.run("logrotate --force /etc/logrotate.d/tq-alerts").is_silent();
    root.run_cron().is_silent();
    assert!(root.has(&format!("{LOG}.1")) && root.has(LOG));
    holds("the log is rotated, and the next run begins a new one");

    let kept = [CONFIGURATION, "/etc/tq-alerts/password"].map(|path| (path, root.read(path)));
    root.install(&root.newer(package, 2, ""));
    root.install(&root.newer(package, 3, "# a default that is new"));
    for (path, text) in &kept {
        assert_eq!(root.read(path), *text, "{path}");
    }
    modes_are_right(&root);
    root.run_cron().is_silent();
    holds("two upgrades keep what was changed by hand, without a question");

    root.run("dpkg --remove tq-alerts").succeeds();
    assert!(!root.has(CONNECTOR) && root.has(STATE) && root.has(CONFIGURATION) && root.has(LOG));
    root.run_cron().is_silent();
    root.install(package);
    root.run_cron().is_silent();
    assert_eq!(server.imap("ops@example.com").wait_for(3, IN_TIME).len(), 3);
    holds("removed, it keeps configuration and state; installed again, it mails nothing twice");

    root.run("dpkg --purge tq-alerts").succeeds();
    let left = root.run("find / -path /proc -prune -o -name '*tq-*' -print");
    let left = left.succeeds().replace("/var/lib/dpkg/info", "");
    assert_eq!(left, "", "left behind");
    assert!(!root.read("/etc/passwd").contains("tq-alerts"));
    holds("purged, it leaves nothing behind");
}

/// The command that the README runs with sudo and that begins so; the user is not a part of it.
#[track_caller]
fn shown(begin: &str) -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README");
    let commands = readme.lines().filter_map(|line| line.strip_prefix("    sudo "));
    let command = commands.into_iter().find(|command| command.starts_with(begin));
    let command = command.unwrap_or_else(|| panic!("the README has no 'sudo {begin}'"));
    command.trim_start_matches("-u tq-alerts ").to_owned()
}

#[track_caller]
fn modes_are_right(root: &Root) {
    for (path, expected) in MODES {
        assert_eq!(root.stat(path), expected, "{path}");
    }
    let account = root.run("getent passwd tq-alerts").succeeds();
    assert!(account.ends_with(":/nonexistent:/usr/sbin/nologin\n"), "{account}");
    assert!(root.read("/etc/shadow").contains("\ntq-alerts:!"), "nobody can log in");
}

fn service_is_shut_in(root: &Root) {
    let service = root.path("/usr/lib/systemd/system/tq-alerts.service");
    let mut analyze = Command::new("systemd-analyze");
    let output = analyze.args(["security", "--offline=true", "--threshold=20"]).arg(service).output();
    let output = output.expect("systemd-analyze is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Does what the README says: the configuration by hand, the passwords by `install`.
fn configure(root: &Root, server: &MailServer, site: &Site) {
    let text = fs::read_to_string(site.config()).expect("the site has a configuration");
    let (text, _) = text.split_once("[smtp]\n").expect("it says where mail goes");
    let port = server.starttls_port;
    let configuration = format!(
        "{text}[smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"starttls\"\nusername = \"ops@example.com\"\n\
         password_file = \"relay-password\"\nca_file = \"ca.pem\"\n"
    );
    root.write(CONFIGURATION, &configuration);
    root.write("/etc/tq-alerts/ca.pem", &fs::read_to_string(server.ca_file()).expect("a certificate"));
    for (name, secret) in [("password", "watch-and-wait"), ("relay-password", MailServer::PASSWORD)] {
        let line = shown("install -o ").replace("tq-conn-email-alerts.threatq-password", name);
        root.run_on(&line, &format!("{secret}\n")).is_silent();
    }
}
