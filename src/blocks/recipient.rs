//! Who gets a message: a channel as `#name`, a person as `@` and a name or an address, or either by Slack's id.

/// The channels and people as a message names them, each once, in the order of the settings.
///
/// Fails with the key and the reason where a name can be none.
pub(super) fn recipients(
    channels: &[String],
    users: &[String],
) -> Result<Vec<String>, (&'static str, String)> {
    let channels = channels.iter().map(|name| named("slack.channels", name, '#', &['C', 'D', 'G']));
    let users = users.iter().map(|name| named("slack.users", name, '@', &['U', 'W']));
    let mut all: Vec<String> = Vec::new();
    for one in channels.chain(users) {
        let one = one?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

fn named(key: &'static str, name: &str, sign: char, ids: &[char]) -> Result<String, (&'static str, String)> {
    let bare = name.strip_prefix(sign).unwrap_or(name);
    let is_wrong =
        |character: char| character.is_whitespace() || character.is_control() || "<>&|,#".contains(character);
    if bare.is_empty() || bare.contains(is_wrong) || bare.starts_with('@') {
        return Err((key, format!("'{}' cannot be a name", name.escape_debug())));
    }
    Ok(if bare == name && is_id(name, ids) { name.to_owned() } else { format!("{sign}{bare}") })
}

/// Whether it has the form of Slack's ids, which names have not: they are in lower case.
fn is_id(name: &str, kinds: &[char]) -> bool {
    let is_of_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    name.len() >= 9 && name.starts_with(kinds) && name.bytes().all(is_of_id)
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
