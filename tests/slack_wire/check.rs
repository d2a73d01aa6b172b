//! `--check`: asks whose token it is and after everybody whom the settings name, and posts nothing.

use std::fs;

use super::Site;
use crate::support::program::Ended;

fn check(site: &Site, to: &str) -> Ended {
    let config = site.path().join("tq.toml");
    let url = site.slack.url();
    fs::write(&config, format!("[slack]\nurl = \"{url}\"\ntoken_file = \"token\"\n{to}\n"))
        .expect("it is ours");
    let ended =
        crate::support::program::program("tq-send-slack").arg("--config").arg(config).arg("--check").run();
    assert!(site.slack.posted().is_empty());
    ended
}

#[test]
fn everybody_who_is_named_is_asked_after() {
    let site = Site::new();
    let ended = check(&site, "channels = [\"#soc\", \"C00ALERT1\"]\nusers = [\"zach\", \"ana@example.com\"]")
        .succeeds();
    for line in [
        "token: of alerts in the workspace Example",
        "channel #soc: C0000SOC1",
        "channel C00ALERT1: C00ALERT1",
        "user zach: U000ZACH1",
        "user ana@example.com: U0000ANA1",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
}

#[test]
fn what_is_in_the_way_is_said_with_what_to_do() {
    for (to, words) in [
        ("channels = [\"#elsewhere\"]", "channel #elsewhere: the app is not in it: /invite @APP there"),
        ("channels = [\"#secret\"]", "channel #secret: not found"),
        ("channels = [\"#old\"]", "channel #old: is archived"),
        ("users = [\"zahc\"]", "user zahc: nobody in the workspace is called 'zahc'; did you mean 'zach'?"),
    ] {
        check(&Site::new(), to).ends_with(78).complains(&[words, "slack 127.0.0.1:"]);
    }
    let site = Site::new();
    site.slack.workspace().scopes = vec!["users:read".to_owned()];
    check(&site, "").ends_with(77).complains(&["the app needs the scope chat:write"]);
    site.slack.workspace().token_is = Some("account_inactive".to_owned());
    check(&site, "").ends_with(77).complains(&["account_inactive"]);
}
