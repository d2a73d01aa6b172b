//! Texts that fit: cut at so many characters, visibly, and never within what stands for one thing: an escape, the mark of
//! a defanged link.
//!
//! A character is a Unicode scalar value.

/// What stands where something was cut off.
const CUT: char = '…';
/// The longest escape: `\u{10FFFF}`.
const LONGEST_ESCAPE: usize = 10;

/// The text in at most so many characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    fit(text, limit, |unit, into| into.push_str(unit))
}

/// The text in at most so many characters, as Slack asks it where it parses marks: `&`, `<` and `>` are escaped, and what
/// would become an emoji loses its first colon to an escape of ours.
///
/// Follows <https://docs.slack.dev/messaging/formatting-message-text>.
pub(super) fn escaped(text: &str, limit: usize) -> String {
    let text = without_emoji(text);
    fit(&text, limit, |unit, into| match unit {
        "&" => into.push_str("&amp;"),
        "<" => into.push_str("&lt;"),
        ">" => into.push_str("&gt;"),
        other => into.push_str(other),
    })
}

fn fit(text: &str, limit: usize, write: impl Fn(&str, &mut String)) -> String {
    let (mut fitting, mut length) = (String::with_capacity(text.len().min(4 * limit)), 0);
    // Where there is still room for the ellipsis.
    let mut safe = 0;
    let mut written = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (unit, after) = rest.split_at_checked(unit(rest)).unwrap_or((rest, ""));
        written.clear();
        write(unit, &mut written);
        length += written.chars().count();
        if length > limit {
            fitting.truncate(safe);
            fitting.push(CUT);
            return fitting;
        }
        fitting.push_str(&written);
        if length < limit {
            safe = fitting.len();
        }
        rest = after;
    }
    fitting
}

/// The bytes of the first thing in a text that is not empty.
fn unit(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let within = |start: &str, end: char, most: usize| {
        let inside = text.strip_prefix(start)?;
        let (length, _) = inside.char_indices().take(most).find(|(_, character)| *character == end)?;
        Some(start.len() + length + end.len_utf8())
    };
    let unit = within("\\u{", '}', LONGEST_ESCAPE - 3).or_else(|| within("[", ']', 3));
    unit.unwrap_or(first)
}

/// The text with `:name:` as `\u{3A}name:`.
fn without_emoji(text: &str) -> String {
    let is_of_name =
        |character: char| character.is_lowercase() || character.is_numeric() || "_-+'".contains(character);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        plain.push_str(before);
        let name = after.find(|character| !is_of_name(character)).unwrap_or(after.len());
        let is_emoji = name > 0 && after.get(name..).is_some_and(|after| after.starts_with(':'));
        plain.push_str(if is_emoji { "\\u{3A}" } else { ":" });
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{cut, escaped};

    #[test]
    fn a_text_is_cut_visibly_and_between_things() {
        for (text, limit, expected) in [
            ("äöü", 3, "äöü"),
            ("äöüx", 3, "äö…"),
            ("", 3, ""),
            ("abc\\u{202E}", 11, "abc\\u{202E}"),
            ("abc\\u{202E}", 10, "abc…"),
            ("abc\\u{202E}d", 11, "abc…"),
            ("abc\\u{202E}de", 12, "abc\\u{202E}…"),
            ("\\u{never closed", 5, "\\u{n…"),
            ("evil[.]example", 6, "evil…"),
            ("evil[.]example", 7, "evil…"),
            ("evil[.]example", 8, "evil[.]…"),
            ("[\\\\]server", 3, "…"),
            ("[long bracket]", 4, "[lo…"),
        ] {
            assert_eq!(cut(text, limit), expected, "{text} {limit}");
        }
    }

    #[test]
    fn slacks_marks_are_escaped_whole_or_cut_off() {
        for (text, limit, expected) in [
            ("<!channel> & <@U1>", 100, "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
            ("a&b", 7, "a&amp;b"),
            ("a&b", 6, "a…"),
            ("a&bc", 7, "a&amp;…"),
            ("&amp;", 100, "&amp;amp;"),
            (":smile:", 100, "\\u{3A}smile:"),
            (":a::b:", 100, "\\u{3A}a:\\u{3A}b:"),
            ("12:30:45", 100, "12\\u{3A}30:45"),
            ("a: b :c", 100, "a: b :c"),
            ("hxxp://x", 100, "hxxp://x"),
        ] {
            assert_eq!(escaped(text, limit), expected, "{text} {limit}");
        }
    }
}
