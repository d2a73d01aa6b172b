//! The connector as others watch it: its status, its metrics, and the heartbeat of a run that went well.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;
use threatq_sim::{Fault, FaultKind};

use super::connector;
use crate::support::program::PROGRAMS;
use crate::support::site::{Site, secret_file};

#[track_caller]
fn status(site: &Site) -> Value {
    connector(site).arg("--status").run().succeeds().records().remove(0)
}

/// A server that takes one request, answers like this, and hands on the request's first line.
fn listen(answer: &'static str) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address =
        format!("http://{}/ping/secret-token[1-2]", listener.local_addr().expect("it has an address"));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // The rest of the head.
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            if sender.send(first).is_err() || (&stream).write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
const MOVED: &str = "HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn site_with_heartbeat(address: &str) -> Site {
    let site = Site::new();
    secret_file(site.path(), "heartbeat", address);
    site.write_config("[monitoring]\nheartbeat_file = \"heartbeat\"\n");
    site
}

#[test]
fn the_status_is_that_of_the_whole_run_and_not_of_its_last_pipe() {
    let site = Site::new();
    assert_eq!(status(&site)["last_run"], Value::Null);
    connector(&site).run().succeeds();
    let well = status(&site);
    assert_eq!(well["last_run"]["status"], 0);
    assert_eq!(well["last_success_at"], well["last_run"]["ended_at"]);
    let names: Vec<&Value> =
        well["sources"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["collection/Ransomware IOCs", "watchlist"]);

    site.play("added");
    connector(&site).run().succeeds();
    assert_eq!(status(&site)["last_run"]["receipts"]["accepted"], 2, "of both pipes");

    // The senders have nothing to complain of: nothing was fetched.
    secret_file(site.path(), "password", "something else");
    let refused = connector(&site).run().ends_with(77);
    assert!(refused.stderr.contains("refused"), "{}", refused.stderr);
    let after = status(&site);
    assert_eq!(after["last_run"]["status"], 77);
    assert!(after["last_success_at"].as_str() < after["last_run"]["began_at"].as_str());
}

#[test]
fn a_status_asks_nobody_and_needs_a_configuration_but_no_state() {
    let site = Site::new();
    connector(&site).args(&["--status", "--json"]).run().succeeds();
    assert!(site.sim.requests().is_empty() && !site.state().exists());
    connector(&site).arg("--json").run().ends_with(64).complains(&["--json is for --status"]);
    connector(&site).args(&["--status", "-n", "unknown"]).run().ends_with(78).complains(&["unknown.toml"]);
}

#[test]
fn the_metrics_of_a_run_bear_the_name_of_the_instance_and_the_status_of_the_run() {
    let site = Site::new();
    site.write_config("[monitoring]\nmetrics = \"site.prom\"\n");
    secret_file(site.path(), "password", "something else");
    connector(&site).run().ends_with(77);
    let metrics = fs::read_to_string(site.path().join("site.prom")).expect("metrics");
    assert!(metrics.contains("\ntq_alerts_last_run_status{name=\"site\"} 77\n"), "{metrics}");
}

#[test]
fn the_heartbeat_is_called_after_a_run_that_went_well_and_after_no_other() {
    let (address, heard) = listen(OK);
    let site = site_with_heartbeat(&address);
    connector(&site).run().succeeds();
    assert_eq!(heard.recv().expect("it was called"), "GET /ping/secret-token[1-2] HTTP/1.1");

    site.sim.fault(Fault::next("/api/users", FaultKind::Html200));
    connector(&site).run().ends_with(76);
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), format!("enabled = false\n{text}")).expect("it is ours");
    connector(&site).run().succeeds();
    assert!(heard.try_recv().is_err(), "no run went well");
}

#[test]
fn a_heartbeat_that_fails_is_said_without_its_address_and_does_not_change_the_status() {
    let ((not_found, heard), (moved, heard_again)) = (listen(NOT_FOUND), listen(MOVED));
    let rows = [
        (not_found.as_str(), "status 404"),
        (moved.as_str(), "status 301"),
        ("http://127.0.0.1:1/ping/secret-token", "curl: (7)"),
    ];
    for (address, words) in rows {
        let site = site_with_heartbeat(address);
        let run = connector(&site).arg("-ll").arg(site.path()).arg("-v3").run().ends_with(0);
        assert!(
            run.stderr.contains("the heartbeat was not heard: ") && run.stderr.contains(words),
            "{}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        let log = fs::read_to_string(site.path().join("site.log")).expect("the log");
        assert!(log.contains("the heartbeat was not heard: ") && !log.contains("secret-token"), "{log}");
        assert!(!run.stderr.contains("secret-token"), "{}", run.stderr);
        let shown = site.program("tq-send-smtp").arg("--print-config").run().succeeds().stdout;
        assert!(!shown.contains("secret-token"), "{shown}");
    }
    assert!(heard.recv().is_ok() && heard_again.recv().is_ok());
    assert!(heard_again.try_recv().is_err(), "a redirection is not followed");
}

#[test]
fn an_address_that_is_none_or_is_not_kept_as_a_secret_is_78() {
    let rows = [
        ("ftp://example.com/", 0o600, "not an address"),
        ("https://example.com/\"\noutput = \"/tmp/x", 0o600, "not an address"),
        ("https://example.com/", 0o644, "chmod 600"),
    ];
    for (address, mode, words) in rows {
        let site = site_with_heartbeat(address);
        let path = site.path().join("heartbeat");
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("it is ours");
        let run = connector(&site).run().ends_with(78);
        assert!(run.stderr.lines().count() == 1 && run.stderr.contains(words), "{}", run.stderr);
    }
    let site = Site::new();
    site.write_config("[monitoring]\nheartbeat_file = \"a\"\nheartbeat_command = [\"b\"]\n");
    let run = connector(&site).run().ends_with(78);
    assert!(run.stderr.contains("both set"), "{}", run.stderr);
}

#[test]
fn without_curl_the_heartbeat_says_so() {
    let site = site_with_heartbeat("http://127.0.0.1:1/");
    // A machine on which there is no curl.
    let bin = tempfile::tempdir().expect("a folder");
    let tools = ["bash", "dirname", "readlink", "mkdir", "flock", "date"];
    for tool in tools {
        symlink(format!("/usr/bin/{tool}"), bin.path().join(tool)).expect("a link");
    }
    for program in PROGRAMS {
        symlink(crate::support::program::folder().join(program), bin.path().join(program)).expect("a link");
    }
    let script = fs::read_to_string(crate::support::program::scripts().join("tq-conn-email-alerts"));
    let script = script.expect("the script").replace("/usr/local/bin:/usr/bin:/bin", "");
    fs::write(bin.path().join("connector"), script).expect("a file can be written");
    let mut command = std::process::Command::new(bin.path().join("bash"));
    command.env_clear().env("PATH", bin.path()).arg(bin.path().join("connector"));
    let output = command.arg("-c").arg(site.path()).args(["-n", "site"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.contains("the heartbeat needs curl, which is not installed"), "{said}");
}
