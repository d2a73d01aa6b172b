//! Who gets a message: a channel as `#name`, a person as `@` and a name or an address, or either by Slack's id.

use crate::record::Message;

/// The channels and people as a message names them, each once, in the order of the settings.
///
/// Fails with the key and the reason where a name can be none.
pub(super) fn recipients(
    channels: &[String],
    users: &[String],
) -> Result<Vec<String>, (&'static str, String)> {
    let channels = channels.iter().map(|name| named("slack.channels", name, '#', "CDG"));
    let users = users.iter().map(|name| named("slack.users", name, '@', "UW"));
    let mut all: Vec<String> = Vec::new();
    for one in channels.chain(users) {
        let one = one?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

fn named(key: &'static str, name: &str, sign: char, ids: &str) -> Result<String, (&'static str, String)> {
    let bare = name.strip_prefix(sign).unwrap_or(name);
    let is_wrong =
        |character: char| character.is_whitespace() || character.is_control() || "<>&|,#".contains(character);
    if bare.is_empty() || bare.contains(is_wrong) || bare.starts_with('@') {
        return Err((key, format!("'{}' cannot be a name", name.escape_debug())));
    }
    Ok(if bare == name && Message::is_to_id(name, ids) { name.to_owned() } else { format!("{sign}{bare}") })
}

#[cfg(test)]
mod tests {
    use super::recipients;

    fn all(channels: &[&str], users: &[&str]) -> Result<Vec<String>, (&'static str, String)> {
        let owned = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        recipients(&owned(channels), &owned(users))
    }

    #[test]
    fn a_recipient_is_named_in_one_way_however_it_was_written() {
        let found = all(
            &["#tq-alerts", "tq-alerts", "soc", "C0123ABCD", "#C0123ABCD", "sécurité"],
            &["zach", "@zach", "zach@example.com", "U0123ABCD", "W0123ABCD", "U012"],
        );
        let expected = [
            "#tq-alerts",
            "#soc",
            "C0123ABCD",
            "#C0123ABCD",
            "#sécurité",
            "@zach",
            "@zach@example.com",
            "U0123ABCD",
            "W0123ABCD",
            "@U012",
        ];
        assert_eq!(found.unwrap(), expected);
        for wrong in ["", "#", "two words", "##x", "<!channel>", "a\nb", "@x"] {
            assert_eq!(all(&[wrong], &[]).unwrap_err().0, "slack.channels", "{wrong}");
        }
        for wrong in ["", "@", "@@x", "a,b"] {
            assert_eq!(all(&[], &[wrong]).unwrap_err().0, "slack.users", "{wrong}");
        }
    }
}
