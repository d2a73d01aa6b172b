//! Whom the token is shown: a Slack with a certificate that is trusted, over TLS, directly or through a proxy that is set.

use slack_sim::Settings;

use super::{Site, is, messages, outcomes};
use crate::support::certificates::Certificates;

const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

fn site(certificates: &Certificates) -> Site {
    Site::with(&Settings {
        tls: Some((certificates.cert_pem.clone(), certificates.key_pem.clone())),
        ..Settings::default()
    })
}

#[test]
fn a_certificate_of_a_named_authority_is_fine_and_any_other_holds_the_message_and_gets_no_token() {
    let good = Certificates::for_names(&HERE);
    for (name, shown, status) in [
        ("good", &good, 0),
        ("another authority's", &Certificates::for_names(&HERE), 78),
        (
            "another host's",
            &Certificates { ca_pem: good.ca_pem.clone(), ..Certificates::for_names(&["slack.example.com"]) },
            78,
        ),
        ("expired", &Certificates::expired(&HERE), 78),
        ("its own", &Certificates::of_an_appliance(), 78),
    ] {
        let site = site(shown);
        // Expired and another host's are refused even where their authority is trusted.
        let trusted = if name == "another authority's" { &good } else { shown };
        let (ca_file, _, _) = trusted.write_to(site.path());
        let ended =
            site.program().arg("--ca-file").arg(ca_file).run_on(messages(&["#soc"])).ends_with(status);
        if status == 0 {
            is(&ended, "accepted", "");
            continue;
        }
        is(&ended, "held", "its certificate is not trusted");
        assert!(
            ended.stderr.contains("set slack.ca_file") && !ended.stderr.contains("pin_sha256"),
            "{name}: {}",
            ended.stderr
        );
        assert!(site.slack.requests().is_empty(), "{name}");
    }
    let ended = site(&good).post(&["#soc"]).ends_with(78);
    is(&ended, "held", "its certificate is not trusted");
}

#[test]
fn nothing_is_sent_in_the_clear_to_another_machine() {
    let site = Site::new();
    for url in ["http://slack.example.com/api/", "ftp://127.0.0.1/", "https://u:canary@127.0.0.1/api/"] {
        let ended = site.at(url).run_on(messages(&["#soc"])).ends_with(78);
        assert!(!ended.complains(&["slack.url "]).stderr.contains("canary"));
    }
}

#[test]
fn a_redirect_is_not_followed_and_its_address_is_named() {
    let (site, elsewhere) = (Site::new(), Site::new());
    let there = elsewhere.slack.url().replace("/api/", "");
    site.slack.fault(slack_sim::Fault::next("", slack_sim::FaultKind::Redirect(there.clone())));
    let ended = site.post(&["#soc", "#soc"]).ends_with(78);
    assert_eq!(outcomes(&ended).iter().filter(|(outcome, _)| outcome == "held").count(), 2);
    ended.complains(&[&format!("redirects to {there}/api/chat.postMessage; set slack.url")]);
    assert!(elsewhere.slack.requests().is_empty());
}

#[test]
fn a_proxy_is_asked_where_one_is_set_and_never_because_of_the_environment() {
    let site = Site::new();
    let elsewhere = || site.at("http://127.0.0.1:1/api/");
    // The simulator answers what a proxy is asked, too.
    let proxy = site.slack.url().replace("/api/", "");
    let run = elsewhere().args(&["--proxy", &proxy]).run_on(messages(&["#soc"]));
    is(&run.succeeds(), "accepted", "");
    let asked = site.slack.requests().len();
    let run = elsewhere().env("http_proxy", &proxy).run_on(messages(&["#soc"]));
    is(&run.ends_with(75).complains(&["Connection refused"]), "deferred", "Connection refused");
    assert_eq!(site.slack.requests().len(), asked);
    let wrong = site.program().args(&["--proxy", "http://u:canary@127.0.0.1:1"]).run().ends_with(78);
    assert!(!wrong.complains(&["slack.proxy: not http://HOST:PORT"]).stderr.contains("canary"));
}
