//! Logins: the forms in which a ThreatQ takes a password, tokens that are refused, and keys that are pinned.

use threatq_sim::{Fault, FaultKind, LoginEncoding, LoginName, Settings, World};

use super::COLLECTION;
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
