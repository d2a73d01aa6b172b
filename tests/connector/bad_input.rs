//! What a person gets wrong: one line that says so, the right status, and nothing half-written.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::connector;
use crate::support::relay::{AuthRule, Relay, Script};
use crate::support::site::{Site, secret_file};

/// What is wrong, how it came to be, the status, and a word of the line.
type Row = (&'static str, fn(&Site), i32, &'static str);

fn edit(site: &Site, from: &str, to: &str) {
    let text = fs::read_to_string(site.config()).expect("the configuration");
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(site.config(), text.replacen(from, to, 1)).expect("it is ours");
}

/// Takes a key out.
fn without(site: &Site, key: &str) {
    let text = fs::read_to_string(site.config()).expect("the configuration");
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).expect("the key is there");
    edit(site, &format!("{line}\n"), "");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// What is in the folder of the configuration, but not in the state's.
fn names(site: &Site) -> BTreeSet<String> {
    let entries = fs::read_dir(site.path()).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

const KEYS: [Row; 15] = [
    ("an unknown key", |site| edit(site, "client_id", "client_ids"), 78, "did you mean `client_id`?"),
    ("an unknown section", |site| edit(site, "[email]", "[emails]"), 78, "did you mean `email`?"),
    (
        "a wrong type",
        |site| edit(site, "client_id = \"demo-client\"", "client_id = 1"),
        78,
        "line 3, column 13",
    ),
    ("no TOML", |site| edit(site, "[email]", "[email"), 78, "line "),
    ("no ThreatQ", |site| without(site, "url"), 78, "threatq.url is not set"),
    ("no client", |site| without(site, "client_id"), 78, "threatq.client_id is not set"),
    ("no user", |site| without(site, "email"), 78, "threatq.email is not set"),
    ("no password", |site| without(site, "password_file"), 78, "threatq.password_file"),
    ("no author", |site| without(site, "from"), 78, "email.from is not set"),
    ("no recipient", |site| without(site, "to"), 78, "email.to is not set"),
    ("no relay", |site| without(site, "maildir"), 78, "smtp.host is not set"),
    ("no watched user", |site| without(site, "users"), 78, "watchlist.users is not set"),
    ("an unknown user", |site| edit(site, "Ana Ortiz", "Ana Ortis"), 78, "Ana Ortiz"),
    ("an unknown collection", |site| edit(site, "Ransomware IOCs", "Ransomware IOC"), 78, "Ransomware IOCs"),
    (
        "a folder in the place of the configuration",
        |site| {
            fs::remove_file(site.config()).expect("it is ours");
            fs::create_dir(site.config()).expect("a folder can be made");
        },
        78,
        "site.toml",
    ),
];

const SECRETS: [Row; 5] = [
    (
        "a secret that is not there",
        |site| fs::remove_file(site.path().join("password")).expect("ours"),
        78,
        "password: ",
    ),
    ("a secret for the group", |site| mode(&site.path().join("password"), 0o640), 78, "chmod 600"),
    ("a secret for all", |site| mode(&site.path().join("password"), 0o604), 78, "chmod 600"),
    (
        "a secret behind a link",
        |site| {
            fs::rename(site.path().join("password"), site.path().join("other")).expect("it is ours");
            symlink("other", site.path().join("password")).expect("a link can be made");
        },
        78,
        "symbolic link",
    ),
    ("an empty secret", |site| fs::write(site.path().join("password"), "\n").expect("ours"), 78, "empty"),
];

const STATES: [Row; 6] = [
    (
        "a file in the place of the state's folder",
        |site| {
            fs::remove_dir(site.path().join("site")).expect("it is empty");
            fs::write(site.path().join("site"), "").expect("a file can be written");
        },
        73,
        "cannot create ",
    ),
    (
        "a folder in the place of the lock",
        |site| fs::create_dir(site.path().join("site/lock")).expect("ours"),
        73,
        "cannot write ",
    ),
    (
        "a state's folder that others may write to",
        |site| mode(&site.path().join("site"), 0o777),
        78,
        "chmod 700",
    ),
    (
        "a folder in the place of the state",
        |site| fs::create_dir(site.state()).expect("ours"),
        78,
        "plain file",
    ),
    (
        "a state that is none",
        |site| {
            fs::write(site.state(), "Dear diary,\n".repeat(100)).expect("ours");
            mode(&site.state(), 0o600);
        },
        78,
        "damaged",
    ),
    (
        "a state that was lost",
        |site| {
            let lock = site.path().join("site/state.db.lock");
            fs::write(&lock, "There is a state beside this file.\n").expect("ours");
            mode(&lock, 0o600);
        },
        78,
        "is missing",
    ),
];

#[test]
fn each_mistake_is_one_line_and_its_status_and_leaves_nothing_behind() {
    for (what, spoil, status, words) in KEYS.into_iter().chain(SECRETS).chain(STATES) {
        let site = Site::new();
        spoil(&site);
        let before = names(&site);
        let run = connector(&site).run().ends_with(status);
        let said: Vec<&str> = run.stderr.lines().collect();
        assert!(matches!(said.as_slice(), [line] if line.contains(words)), "{what}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{what}");
        let mut after = names(&site);
        // Where the mail goes is made before the first mail.
        after.remove("Maildir");
        assert_eq!(after, before, "{what}");
        assert_eq!(site.mails().len(), 0, "{what}");
    }
}

#[test]
fn a_relays_password_that_others_can_read_is_one_line_once_there_is_mail_and_keeps_it() {
    let relay = Relay::start(Script::new().auth(AuthRule::Password("alerts", "sesame")));
    let site = Site::new().smtp(&format!(
        "host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nusername = \"alerts\"\npassword_file = \"relay\"\n",
        relay.port()
    ));
    mode(&secret_file(site.path(), "relay", "sesame"), 0o644);
    let run = connector(&site).run().ends_with(78);
    assert!(run.stderr.lines().count() == 1 && run.stderr.contains("chmod 600"), "{}", run.stderr);
    mode(&site.path().join("relay"), 0o600);
    connector(&site).run().succeeds();
    site.play("added");
    connector(&site).run().succeeds();
    assert_eq!(relay.messages().len(), 2);
}

#[test]
fn what_two_stages_complain_of_in_the_same_words_is_in_the_log_for_each() {
    let site = Site::new();
    secret_file(site.path(), "password", "something else");
    let run = connector(&site).arg("-ll").arg(site.path()).run().ends_with(77);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let log = fs::read_to_string(site.path().join("site.log")).expect("the log");
    for fetcher in ["tq-fetch-watchlist: ", "tq-fetch-collection: "] {
        assert_eq!(log.lines().filter(|line| line.contains(fetcher)).count(), 1, "{log}");
    }
}
