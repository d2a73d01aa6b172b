//! The token: from a file that nobody else can read or from a program, and shown to nobody but Slack.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use slack_sim::{Fault, FaultKind, Workspace};

use super::{POST, Site, is, messages};
use crate::support::site::secret_file;

#[test]
fn a_token_comes_from_a_closed_file_or_from_a_program() {
    let site = Site::new();
    let posted = |arguments: &[&str]| site.bare().args(arguments).run_on(messages(&["#soc"]));
    let path = |name: &str| site.path().join(name).display().to_string();
    is(&posted(&["--token-command", &format!("cat {}", path("token"))]).succeeds(), "accepted", "");
    let open = secret_file(site.path(), "open", Workspace::TOKEN);
    fs::set_permissions(&open, PermissionsExt::from_mode(0o640)).expect("it is ours");
    symlink(site.path().join("token"), site.path().join("link")).expect("a link can be made");
    secret_file(site.path(), "spaced", "xoxb canary");
    for (arguments, status, words) in [
        (&[][..], 78, "no token: set slack.token_file (--token-file)"),
        (&["--token-file", &path("open")], 78, "chmod 600"),
        (&["--token-file", &path("link")], 78, "symbolic link"),
        (&["--token-file", &path("nowhere")], 78, "No such file"),
        (&["--token-file", &path("spaced")], 78, "slack.token is no token"),
        (&["--token-file", &path("token"), "--token-command", "true"], 78, "both set"),
        (&["--token-command", "false"], 75, "a secret from false"),
    ] {
        let ended = posted(arguments).ends_with(status).complains(&[words]);
        assert!(!ended.stderr.contains("canary") && ended.stdout.is_empty(), "{}", ended.stderr);
    }
    assert_eq!(site.slack.posted().len(), 1);
}

#[test]
fn a_token_that_is_refused_is_77_and_is_tried_once() {
    for (token_is, words) in
        [(None, "invalid_auth; put the app's token"), (Some("token_revoked"), "token_revoked")]
    {
        let site = Site::new();
        site.slack.workspace().token_is = token_is.map(str::to_owned);
        if token_is.is_none() {
            secret_file(site.path(), "token", "xoxb-another");
        }
        let ended = site.post(&["#soc", "@zach"]).ends_with(77).complains(&[words]);
        assert_eq!((ended.records_of("receipt").len(), site.slack.calls()), (2, vec![POST.to_owned()]));
    }
}

#[test]
fn no_word_of_the_program_has_the_token_in_it_whatever_slack_repeats_and_however_much_is_said() {
    let token = Workspace::TOKEN;
    for kind in [
        FaultKind::Status(500, format!("<p>{token}</p>"), None),
        FaultKind::Body(format!("Bearer {token}")),
        FaultKind::Error(token.to_owned()),
        FaultKind::Redirect(format!("http://127.0.0.1:1/{token}")),
        FaultKind::Cut,
        FaultKind::RateLimited(600),
    ] {
        let site = Site::new();
        site.slack.fault(Fault::next(POST, kind.clone()));
        let ended = site.program().args(&["--verbosity", "3"]).run_on(messages(&["#soc"]));
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.is_empty() && !said.contains(token), "{kind:?}: {said}");
    }
}
