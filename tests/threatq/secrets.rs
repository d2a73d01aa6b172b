//! Passwords and tokens that a server sends back, in words or in an address: no message shows them.

use std::time::Duration;

use threatq_sim::{Fault, FaultKind, Settings, Target, World};

use super::COLLECTION;
use crate::support::site::{Site, secret_file};

const TOKEN: &str = "/api/token";

#[test]
fn a_password_that_an_answer_to_the_login_repeats_is_not_shown_whatever_the_answer() {
    let password = "w\"a/t&ch wäit";
    let json = r#"{"message":"SQL error: {\"password\":\"w\\\"a\\/t&ch w\\u00e4it\"}"}"#;
    let long = format!("{}{password}", "x".repeat(505));
    let shown_of_long = format!("{}***", "x".repeat(505));
    for (status, body, exit, shown) in [
        (500, json, 75, r#"SQL error: {"password":"***"}"#),
        (500, "denied: password=w%22a%2Ft%26ch+w%C3%A4it", 75, "denied: password=***"),
        (500, &long, 75, &shown_of_long),
        (400, r#"{"errors":{"input":{"password":"w\"a\/t&ch w\u00e4it"}}}"#, 77, "***"),
        (400, "bad password w&quot;a/t&amp;ch wäit", 77, "bad password ***"),
        (403, password, 69, "***"),
        (503, "w%22a%2ft%26ch%20w%c3%a4it", 75, "***"),
    ] {
        let site = Site::new();
        secret_file(site.path(), "password", password);
        let answer = FaultKind::Status(status, body.to_owned());
        site.sim.fault(Fault { times: 10, ..Fault::next(TOKEN, answer) });
        let run = site.program(COLLECTION).run().ends_with(exit);
        let stderr = run.complains(&[]).stderr;
        assert!(stderr.ends_with(&format!(": {shown}\n")), "{stderr}");
    }
}

#[test]
fn a_redirect_of_a_renewal_is_named_without_the_token_in_its_query() {
    let settings = Settings { token_lifetime: Duration::from_secs(2), ..Settings::default() };
    let site = Site::with(World::demo(), settings);
    // When this answer comes, nine tenths of the token's life are over.
    site.sim.fault(Fault::next("/api/search/query", FaultKind::Slow(Duration::from_millis(1900))));
    let elsewhere = Target::Host("https://elsewhere.example".to_owned());
    site.sim.fault(Fault { skip: 1, times: 5, ..Fault::next(TOKEN, FaultKind::Redirect(307, elsewhere)) });
    let run = site.program(COLLECTION).run().ends_with(78);
    run.complains(&["redirects to https://elsewhere.example/api/token; set threatq.url"]);
    let renewal = site.sim.requests().into_iter().find(|request| request.query.contains("refresh_token="));
    assert!(renewal.is_some(), "it was a renewal that was redirected");
}

#[test]
fn a_private_clients_secret_that_an_answer_repeats_is_not_shown() {
    let site = Site::new();
    let secret = secret_file(site.path(), "secret", "demo-private-secret");
    let echo = FaultKind::Status(401, "no client demo-private:demo-private-secret".to_owned());
    site.sim.fault(Fault::next(TOKEN, echo));
    let run = site.program(COLLECTION).args(&["--client-id", "demo-private"]).arg("--client-secret-file");
    run.arg(secret).run().ends_with(77).complains(&["no client demo-private:***"]);
}

#[test]
fn a_token_that_an_answer_repeats_is_not_shown_whether_or_not_it_calls_itself_a_success() {
    for status in [200, 500] {
        let site = Site::new();
        let token = br#"{"access_token":"to.ken-7"}"#.to_vec();
        site.sim.fault(Fault::next(TOKEN, FaultKind::Body(token)));
        let words = r#"{"errors":["no right for Bearer to.ken-7"]}"#.to_owned();
        site.sim.fault(Fault::next("/api/objects", FaultKind::Status(status, words)));
        let run = site.program(COLLECTION).run();
        assert!(run.status > 0 && run.stderr.ends_with(": no right for ***\n"), "{run:?}");
    }
}
