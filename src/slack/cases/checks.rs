//! What a check finds without posting anything.

use super::Case;
use crate::config::Slack;
use crate::exit::Status;
use crate::slack::Workspace;

/// What a check tells, and how it ends.
fn checked(case: &Case, channels: &[&str], users: &[&str]) -> (Vec<String>, Option<(Status, String)>) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let settings = Slack { channels: owned(channels), users: owned(users), ..case.settings() };
    let mut told = Vec::new();
    let mut workspace = Workspace::new(&settings).expect("the settings are fine");
    let failed = workspace.check(&mut |line| told.push(line.to_owned())).err();
    assert!(case.sim.posted().is_empty() && !case.sim.calls().contains(&"conversations.open".to_owned()));
    (told, failed.map(|failure| (failure.status, failure.to_string())))
}

#[test]
fn a_check_finds_everybody_and_posts_nothing() {
    let case = Case::new();
    let (told, failed) = checked(
        &case,
        &["#tq-alerts", "soc", "C0000SOC1"],
        &["zach", "@Ana", "ana@example.com", "U000ZACH1"],
    );
    assert!(failed.is_none(), "{failed:?}");
    let expected = [
        "token: of alerts in the workspace Example",
        "channel #tq-alerts: C00ALERT1",
        "channel soc: C0000SOC1",
        "channel C0000SOC1: C0000SOC1",
        "user zach: U000ZACH1",
        "user @Ana: U0000ANA1",
        "user ana@example.com: U0000ANA1",
        "user U000ZACH1: U000ZACH1",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_check_shows_what_slack_says_as_it_is() {
    let case = Case::new();
    case.sim.workspace().team = "Evil\u{1b}[2J".to_owned();
    assert_eq!(checked(&case, &[], &[]).0, ["token: of alerts in the workspace Evil\\u{1B}[2J"]);
}

#[test]
fn a_check_says_what_is_in_the_way() {
    let scopes = |case: &Case, scopes: &[&str]| {
        case.sim.workspace().scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    };
    for (channels, users, status, words) in [
        (
            &["#elsewhere"][..],
            &[][..],
            Status::Config,
            "channel #elsewhere: the app is not in it: /invite @APP there",
        ),
        (
            &["#secret"],
            &[],
            Status::Config,
            "channel #secret: not found; check its name, and if it is private",
        ),
        (&["#old"], &[], Status::Config, "channel #old: is archived"),
        (&["C00NONE01"], &[], Status::Config, "channel C00NONE01: channel_not_found"),
        (
            &[],
            &["zahc"],
            Status::Config,
            "user zahc: nobody in the workspace is called 'zahc'; did you mean 'zach'?",
        ),
    ] {
        let case = Case::new();
        let (_, failed) = checked(&case, channels, users);
        let (ends, said) = failed.expect(words);
        assert!(ends == status && said.contains(words) && said.starts_with("slack 127.0.0.1:"), "{said}");
    }
    let case = Case::new();
    scopes(&case, &["chat:write"]);
    let (told, failed) = checked(&case, &["#soc", "C0000SOC1"], &[]);
    assert!(failed.is_none(), "{failed:?}");
    assert_eq!(told[1], "channel #soc: not asked for, as the app has no scope channels:read and groups:read");
    assert_eq!(told[2], "channel C0000SOC1: not asked for, as the app has no scope channels:read");
    scopes(&case, &["chat:write", "chat:write.public", "channels:read"]);
    assert_eq!(checked(&case, &["#elsewhere"], &[]).1, None);
    scopes(&case, &["channels:read"]);
    let (status, said) = checked(&case, &[], &[]).1.expect("it cannot post");
    assert!(status == Status::LoginRefused && said.contains("needs the scope chat:write"), "{said}");
    case.sim.workspace().token_is = Some("token_revoked".to_owned());
    assert_eq!(checked(&case, &[], &[]).1.expect("it is refused").0, Status::LoginRefused);
}
