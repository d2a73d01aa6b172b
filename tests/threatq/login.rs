//! Logins: the forms in which a ThreatQ takes a password, tokens that are refused, and keys that are pinned.

use serde_json::json;
use threatq_sim::{Fault, FaultKind, LoginEncoding, LoginName, Settings, World};

use super::{COLLECTION, WATCHLIST};
use crate::support::certificates::Certificates;
use crate::support::site::{Site, secret_file};

/// How often a login was tried, in this run.
fn logins(site: &Site) -> usize {
    site.sim.requests().iter().filter(|request| request.path == "/api/token").count()
}

#[test]
fn a_login_is_tried_in_another_form_where_the_request_was_not_understood() {
    for (login_encoding, login_name, tries) in [
        (LoginEncoding::Query, LoginName::Any, 1),
        (LoginEncoding::Json, LoginName::Any, 2),
        (LoginEncoding::Form, LoginName::Email, 3),
        (LoginEncoding::Any, LoginName::Username, 4),
        (LoginEncoding::Form, LoginName::Username, 6),
    ] {
        let site = Site::with(World::demo(), Settings { login_encoding, login_name, ..Settings::default() });
        // The second login, in the middle of the run, is in the form that was understood.
        site.sim.fault(Fault::next("/api/indicators/query", FaultKind::Revoke));
        site.program(COLLECTION).run().succeeds();
        assert_eq!(logins(&site), tries + 1, "{login_encoding:?}, {login_name:?}");
    }
}

#[test]
fn the_encoding_that_is_set_is_the_only_one() {
    let settings = Settings { login_encoding: LoginEncoding::Form, ..Settings::default() };
    let site = Site::with(World::demo(), settings);
    site.program(COLLECTION).args(&["--login-encoding", "form"]).run().succeeds();
    assert_eq!(logins(&site), 1);
    let run = site.program(COLLECTION).args(&["--login-encoding", "json"]).run();
    run.ends_with(77).complains(&["refused the login", "missing a required parameter"]);
}

#[test]
fn a_wrong_password_is_sent_once_and_never_in_another_form() {
    let site = Site::new();
    let wrong = secret_file(site.path(), "wrong", "not-the-password");
    site.program(COLLECTION).arg("--password-file").arg(&wrong).run().ends_with(77);
    assert_eq!(logins(&site), 1);
    for (status, body, words) in [
        (400, r#"{"error":"invalid_grant","error_description":"wrong"}"#, "wrong"),
        (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
        (422, r#"{"errors":{"email":["These credentials do not match our records."]}}"#, "do not match"),
        (400, "<h1>no</h1>", "no"),
    ] {
        site.sim.clear_requests();
        site.sim.fault(Fault::next("/api/token", FaultKind::Status(status, body.to_owned())));
        site.program(COLLECTION).run().ends_with(77).complains(&["refused the login", words]);
        assert_eq!(logins(&site), 1, "{body}");
    }
    site.sim.clear_requests();
    let unsupported = Fault::next("/api/token", FaultKind::Status(415, String::new()));
    site.sim.fault(unsupported);
    site.program(COLLECTION).run().succeeds();
    assert_eq!(logins(&site), 2, "a body of a type that is not taken was not looked at");
}

#[test]
fn a_password_that_is_refused_in_the_middle_of_a_run_is_not_sent_again() {
    let watched = |site: &Site| {
        let mut world = site.sim.world();
        for number in 0..40 {
            let id = world.add_indicator(0, &format!("host{number}.example.net"), "FQDN").expect("a new one");
            world.watch(2, "indicators", id).expect("Ana exists");
        }
    };
    let refused = |site: &Site| {
        site.sim.requests().iter().filter(|one| one.path == "/api/token" && one.status != 200).count()
    };
    let collections = ["--collection", "Ransomware IOCs", "--collection", "A", "--collection", "B"];
    for (fetcher, flags, changed_after, revoked_at) in [
        (WATCHLIST, &[][..], "/api/users/2/watchlist", "/api/indicators/"),
        (COLLECTION, &collections[..], "/api/search/query", "/api/indicators/query"),
    ] {
        let site = Site::new();
        watched(&site);
        for name in ["A", "B"] {
            let query = json!({"criteria": {}, "filters": {}});
            site.sim.world().add_saved_search(2, name, &["indicators"], query, true).expect("Ana exists");
        }
        site.sim.after(changed_after, 1, 1, |world| world.set_password(2, "changed"));
        site.sim.fault(Fault { times: 1000, ..Fault::next(revoked_at, FaultKind::Revoke) });
        let run = site.program(fetcher).args(flags).run().ends_with(77);
        assert!(run.stderr.contains("refused the login") && run.records_of("checkpoint").is_empty());
        assert_eq!(refused(&site), 1, "{fetcher}");
    }
}

#[test]
fn a_login_that_fails_in_the_middle_of_a_run_is_about_no_object() {
    for (status, exit) in [(500, 75), (403, 77)] {
        let site = Site::new();
        site.sim.fault(Fault { times: 1000, ..Fault::next("/api/adversaries/", FaultKind::Revoke) });
        let answer = FaultKind::Status(status, "no".to_owned());
        site.sim.fault(Fault { skip: 1, times: 1000, ..Fault::next("/api/token", answer) });
        let run = site.program(WATCHLIST).run().ends_with(exit).complains(&["/api/token"]);
        assert!(run.records_of("checkpoint").is_empty());
    }
}

#[test]
fn a_key_that_is_pinned_is_trusted_and_no_other_is() {
    let pinned = |stderr: &str| {
        let (_, rest) = stderr.split_once("threatq.pin_sha256 = \"").expect("the error has the line to set");
        rest.split('"').next().expect("a pin").to_owned()
    };
    let site_with = |certificates: &Certificates| {
        let tls = Some((certificates.cert_pem.clone(), certificates.key_pem.clone()));
        Site::with(World::demo(), Settings { tls, ..Settings::default() })
    };
    let site = site_with(&Certificates::of_an_appliance());
    let pin = pinned(&site.program(COLLECTION).run().ends_with(78).complains(&["not trusted"]).stderr);
    site.program(COLLECTION).args(&["--pin-sha256", &pin]).run().succeeds();
    let other = site_with(&Certificates::for_names(&["127.0.0.1"]));
    let run = other.program(COLLECTION).args(&["--pin-sha256", &pin]).run().ends_with(78);
    assert_ne!(pinned(&run.complains(&["not the pinned one"]).stderr), pin);
    let run = site.program(COLLECTION).args(&["--pin-sha256", "sha256"]).run();
    run.ends_with(78).complains(&["threatq.pin_sha256 is not 64 hexadecimal digits"]);
    assert!(other.sim.requests().is_empty(), "nothing is asked of somebody who is not trusted");
}
