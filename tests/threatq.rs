//! ThreatQ as the fetchers meet it: logins, certificates, and answers that are late, broken or not ThreatQ's.

mod faults;
mod login;
mod progress;
mod query;
mod secrets;
mod shapes;
mod zone;

use std::time::Duration;

use threatq_sim::{Fault, FaultKind, Settings, World};

use crate::support::certificates::Certificates;
use crate::support::program::program;
use crate::support::site::{Site, secret_file};

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";

#[test]
fn a_token_that_expires_between_pages_costs_one_new_login() {
    let site = Site::new();
    let query = Fault::next("/api/indicators/query", FaultKind::Revoke);
    site.sim.fault(query);
    site.program(COLLECTION).run().succeeds();
    let logins = site.sim.requests().iter().filter(|request| request.path == "/api/token").count();
    assert_eq!(logins, 2);
}

#[test]
fn a_private_client_logs_in_with_its_secret() {
    let site = Site::new();
    let secret = secret_file(site.path(), "secret", "demo-private-secret");
    let run = site
        .program(COLLECTION)
        .args(&["--client-id", "demo-private"])
        .arg("--client-secret-file")
        .arg(secret);
    run.run().succeeds();
    let login = &site.sim.requests()[0];
    assert_eq!((login.path.as_str(), login.status), ("/api/token", 200));
    assert!(login.query.contains("grant_type=client_credentials"), "{}", login.query);
}

#[test]
fn failures_are_told_apart_and_say_what_to_do() {
    let site = Site::new();
    let wrong = secret_file(site.path(), "wrong", "not-the-password");
    let open = secret_file(site.path(), "open", "watch-and-wait");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("it is ours");
    let (wrong, open) = (wrong.display().to_string(), open.display().to_string());
    let rows: [(&str, &[&str], i32, &[&str]); 11] = [
        (WATCHLIST, &["--password-file", &wrong], 77, &["refused the login"]),
        (WATCHLIST, &["--password-file", &open], 78, &["chmod 600"]),
        (
            WATCHLIST,
            &["--users", "Anna Ortis"],
            78,
            &["no ThreatQ user 'Anna Ortis'", "did you mean 'Ana Ortiz'?"],
        ),
        (COLLECTION, &["--collection", "Ransomwar IOC"], 78, &["did you mean 'Ransomware IOCs'?"]),
        (
            COLLECTION,
            &["--collection", "Ransomware IOCs", "--objects", "indicator,evnts"],
            78,
            &["'evnts'", "'events'"],
        ),
        (COLLECTION, &["--threatq", "http://127.0.0.1:1"], 75, &["/api/token"]),
        (COLLECTION, &["--threatq", "http://threatq.example.com"], 78, &["https://"]),
        (COLLECTION, &["--threatq", "https://threatq.example.com/x"], 78, &["the path is ours to add"]),
        (COLLECTION, &["--objects", "events"], 64, &["--collection"]),
        (COLLECTION, &["--colection", "x"], 64, &["--colection", "--collection"]),
        (WATCHLIST, &["--config", "/nowhere.toml"], 78, &["/nowhere.toml"]),
    ];
    for (fetcher, arguments, status, words) in rows {
        let mut run = program(fetcher);
        if !arguments.contains(&"--config") {
            run = run.arg("--config").arg(site.config());
        }
        run.args(arguments).run().ends_with(status).complains(words);
    }
    let logged = site.sim.requests().iter().any(|request| request.body.contains("not-the-password"));
    assert!(!logged, "the simulator's log keeps no password");
}

#[test]
fn an_answer_that_is_not_threatqs_ends_without_a_checkpoint() {
    for (kind, status, words) in [
        (FaultKind::Html200, 76, "not an answer of ThreatQ's API"),
        (FaultKind::ErrorsIn200, 69, "refused with 200"),
        (FaultKind::Status(500, "<h1>down</h1>".to_owned()), 75, "ThreatQ answered 500: <h1>down</h1>"),
        (FaultKind::Status(403, r#"{"errors":["not yours"]}"#.to_owned()), 69, "refused with 403: not yours"),
    ] {
        let site = Site::new();
        site.sim.fault(Fault::next("/api/indicators/query", kind));
        let run = site.program(COLLECTION).run().ends_with(status).complains(&[words, "Ransomware IOCs"]);
        assert!(run.records_of("checkpoint").is_empty());
    }
}

#[test]
fn a_threatq_that_is_busy_or_breaks_off_is_asked_again_and_in_the_end_given_up() {
    for (kind, words) in [
        (FaultKind::Torn, "the answer broke off"),
        (FaultKind::Status(429, "slow down".to_owned()), "ThreatQ answered 429: slow down"),
        (FaultKind::Status(503, "<h1>down</h1>".to_owned()), "ThreatQ answered 503: <h1>down</h1>"),
    ] {
        for (times, status) in [(1, 0), (100, 75)] {
            let site = Site::new();
            site.sim.fault(Fault { times, ..Fault::next("/api/indicators/query", kind.clone()) });
            let run = site.program(COLLECTION).run().ends_with(status);
            assert_eq!(run.records_of("checkpoint").len(), usize::from(status == 0), "{words}");
            if status != 0 {
                run.complains(&[words]);
            }
            let asked =
                site.sim.requests().iter().filter(|request| request.path == "/api/indicators/query").count();
            assert_eq!(asked, if status == 0 { 2 } else { 4 }, "{words}");
        }
    }
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let site =
        Site::with(World::demo(), Settings { token_lifetime: Duration::from_secs(2), ..Settings::default() });
    // The answer comes when nine tenths of the token's life are over; the next request must not use it any more.
    site.sim.fault(Fault::next("/api/search/query", FaultKind::Slow(Duration::from_millis(1900))));
    site.program(COLLECTION).run().succeeds();
    let requests = site.sim.requests();
    let grants: Vec<&str> =
        requests.iter().filter(|one| one.path == "/api/token").map(|one| one.query.as_str()).collect();
    assert_eq!(grants.len(), 2, "{grants:?}");
    assert!(grants[1].starts_with("grant_type=refresh_token"), "{grants:?}");
    assert!(requests.iter().all(|request| request.status == 200), "{requests:?}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_78_and_one_of_a_named_authority_is_fine() {
    let certificates = Certificates::for_names(&["localhost", "127.0.0.1"]);
    let tls = Some((certificates.cert_pem.clone(), certificates.key_pem.clone()));
    let site = Site::with(World::demo(), Settings { tls, ..Settings::default() });
    let (ca_file, _, _) = certificates.write_to(site.path());
    site.program(COLLECTION).arg("--ca-file").arg(ca_file).run().succeeds();
    let other = Certificates::for_names(&["localhost"]);
    let (other_ca, _, _) = other.write_to(site.path());
    let run = site.program(COLLECTION).arg("--ca-file").arg(other_ca).run();
    run.ends_with(78).complains(&["certificate is not trusted", "set threatq.ca_file"]);
}

#[test]
fn null_rows_and_a_missing_total_are_tolerated() {
    let settings =
        Settings { omit_total: true, null_rows: true, json_as_string: true, ..Settings::default() };
    let site = Site::with(World::demo(), settings);
    site.run("tq-fetch-collection").succeeds();
    site.play("added");
    assert_eq!(site.program(COLLECTION).run().succeeds().records_of("alert").len(), 3);
}

#[test]
fn a_proxy_is_asked_where_one_is_set_and_never_because_of_the_environment() {
    let site = Site::new();
    let elsewhere = ["--threatq", "http://127.0.0.1:1"];
    // The simulator answers what a proxy is asked, too.
    site.program(COLLECTION).args(&elsewhere).arg("--proxy").arg(site.sim.url()).run().succeeds();
    site.sim.clear_requests();
    let run = site.program(COLLECTION).args(&elsewhere).env("http_proxy", &site.sim.url()).run();
    run.ends_with(75).complains(&["Connection refused"]);
    assert!(site.sim.requests().is_empty());
    for wrong in ["nonsense://x", "proxy", "http://user:canary@127.0.0.1:1"] {
        let run = site.program(COLLECTION).args(&["--proxy", wrong]).run().ends_with(78);
        assert!(!run.complains(&["threatq.proxy: not http://HOST:PORT"]).stderr.contains("canary"));
    }
}

#[test]
fn a_secret_that_is_put_or_sent_back_where_it_does_not_belong_is_not_repeated() {
    let site = Site::new();
    let run =
        site.program(COLLECTION).args(&["--threatq", "https://u:canary-in-url@threatq.example.com"]).run();
    assert!(!run.ends_with(78).complains(&["threatq.example.com"]).stderr.contains("canary-in-url"));
}
