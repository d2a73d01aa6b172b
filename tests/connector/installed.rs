//! The installed product: what goes where, and that it runs from there.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::program::{folder, scripts};
use crate::support::site::Site;

/// The files below a folder, sorted.
fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("it is below").display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn install(root: &Path) {
    let mut command = Command::new(scripts().join("install"));
    command.arg(folder()).env("DESTDIR", root).env("PREFIX", "/opt/tq").current_dir("/");
    let output = command.output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn an_installation_has_programs_pages_completions_and_examples_below_its_prefix_and_nothing_else() {
    let root = tempfile::tempdir().expect("a folder");
    install(root.path());
    let found = files_below(root.path());
    let pages = fs::read_dir(scripts().join("../man")).expect("there are pages");
    let mut expected: Vec<String> = pages
        .map(|page| {
            let name = page.expect("an entry").file_name().into_string().expect("names are ASCII");
            format!("opt/tq/share/man/man{}/{name}", name.rsplit('.').next().unwrap_or_default())
        })
        .collect();
    for program in [
        "tq-conn-email-alerts",
        "tq-fetch-collection",
        "tq-fetch-watchlist",
        "tq-format-email",
        "tq-format-slack",
        "tq-send-slack",
        "tq-send-smtp",
    ] {
        expected.push(format!("opt/tq/bin/{program}"));
        let completions = [
            format!("bash-completion/completions/{program}"),
            format!("fish/vendor_completions.d/{program}.fish"),
            format!("zsh/site-functions/_{program}"),
        ];
        expected.extend(completions.map(|file| format!("opt/tq/share/{file}")));
    }
    let documents =
        ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "extending.md", "templates.md"];
    let schemas = ["alert", "checkpoint", "email", "mark", "message", "receipt", "status"];
    expected.extend(schemas.map(|name| format!("opt/tq/share/doc/tq-alerts/schemas/{name}.json")));
    let examples = [
        "examples/cron/tq-alerts",
        "examples/drop-low-score",
        "examples/fetch-kev",
        "examples/logrotate/tq-alerts",
        "examples/send-lines",
        "examples/summary.rs",
        "examples/systemd/tq-alerts.service",
        "examples/systemd/tq-alerts.timer",
    ];
    expected
        .extend(documents.iter().chain(&examples).map(|name| format!("opt/tq/share/doc/tq-alerts/{name}")));
    expected.sort();
    assert_eq!(found, expected);
    for example in ["cron/tq-alerts", "systemd/tq-alerts.service"] {
        let path = root.path().join("opt/tq/share/doc/tq-alerts/examples").join(example);
        let text = fs::read_to_string(path).expect("an example");
        assert!(text.contains("/opt/tq/bin/tq-conn-email-alerts -c /etc/tq_labs"), "{text}");
    }
}

#[test]
fn what_is_installed_runs_in_crons_environment() {
    let site = Site::new();
    let root = tempfile::tempdir().expect("a folder");
    install(root.path());
    site.run_both();
    site.play("added");
    let mut command = Command::new(root.path().join("opt/tq/bin/tq-conn-email-alerts"));
    command.env_clear().current_dir("/").arg("-c").arg(site.path()).args(["-n", "site"]);
    let output = command.output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn without_built_programs_nothing_is_installed() {
    let root = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(scripts().join("install"));
    let output = command.arg(root.path()).env("DESTDIR", root.path()).output().expect("it starts");
    assert_eq!(output.status.code(), Some(66), "{output:?}");
    assert!(files_below(root.path()).is_empty());
}

#[test]
fn the_service_is_shut_in() {
    let service = scripts().join("../packaging/systemd/tq-alerts.service");
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--threshold=20"]).arg(service);
    let output = command.output().expect("systemd-analyze is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
