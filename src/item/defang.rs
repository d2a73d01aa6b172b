//! Makes unclickable what mail and chat programs would make links of, in the customary form: `hxxp://evil[.]com`.
//!
//! Works on any text, word by word, so that a URL in a comment is no more clickable than one that is the object.
//! Defanging twice is the same as once; every mark can be taken away again, and the text is then what it was.
//!
//! Links by the public conventions of threat-intelligence tools: `hxxp` and `fxp` for the schemes, brackets around dots,
//! `@`, the colon of other schemes, and the backslashes of a network path.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::config::Defang;

/// Schemes that act without the slashes.
const SCHEMES: [&str; 13] = [
    "callto:",
    "data:",
    "file:",
    "im:",
    "javascript:",
    "magnet:",
    "mailto:",
    "search-ms:",
    "sip:",
    "skype:",
    "sms:",
    "tel:",
    "vbscript:",
];

/// The text, with what could be clicked made unclickable.
pub(crate) fn text(text: &str, what: Defang) -> Cow<'_, str> {
    let plain = |character: char| !matches!(character, '.' | '@' | ':' | '\\' | '。' | '．' | '｡');
    if what == Defang::Never || text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(marked(text, |word| is_clickable(word) || (what == Defang::All && is_address(word))))
}

/// A value that is a link by its type, whatever it looks like.
pub(crate) fn link(value: &str) -> String {
    marked(value, |_| true)
}

fn marked(text: &str, wants_marks: impl Fn(&str) -> bool) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find(|character| !ends_word(character)) {
        let (between, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(ends_word).unwrap_or(from.len()));
        safe.push_str(between);
        if wants_marks(word) {
            push(word, &mut safe);
        } else {
            safe.push_str(word);
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn ends_word(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '<' | '>' | '"' | '\'' | '`' | '(' | ')' | '{' | '}' | '|' | ',' | ';')
}

fn is_dot(character: char) -> bool {
    matches!(character, '.' | '。' | '．' | '｡')
}

/// Whether a program may make a link of a word.
fn is_clickable(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.contains("://")
        || SCHEMES.iter().any(|scheme| lower.contains(scheme))
        || lower.starts_with("ms-")
        || is_network_path(word)
        || word.split_once('@').is_some_and(|(user, host)| {
            user.ends_with(char::is_alphanumeric) && host.starts_with(char::is_alphanumeric)
        })
        || word.split(|character| "/\\?#=&:@[]".contains(character)).any(is_domain)
}

fn is_network_path(word: &str) -> bool {
    word.split_once("\\\\")
        .is_some_and(|(_, host)| host.starts_with(|next: char| next.is_alphanumeric() || next == '?'))
}

/// Labels with dots between them, one of which could be a top-level domain.
fn is_domain(piece: &str) -> bool {
    let mut labels = piece.split(is_dot);
    let mut before = labels.next().unwrap_or_default();
    labels.any(|label| {
        let joins = before.ends_with(|last: char| last.is_alphanumeric() || "-_".contains(last));
        before = label;
        joins && label.starts_with(char::is_alphabetic) && label.chars().nth(1).is_some()
    })
}

/// An IP address, with or without brackets, port, prefix or zone.
fn is_address(word: &str) -> bool {
    let bare = word.trim_start_matches('[').split([']', '/', '%']).next().unwrap_or_default();
    let mut labels = bare.split(is_dot);
    let numbers = labels.clone().count() >= 4
        && labels.all(|label| label.split(':').next().is_some_and(|number| number.parse::<u16>().is_ok()));
    numbers || bare.parse::<Ipv6Addr>().is_ok()
}

/// Writes a word with all its marks.
fn push(word: &str, safe: &mut String) {
    let is_ipv6 = word
        .trim_start_matches('[')
        .split([']', '/', '%'])
        .next()
        .is_some_and(|bare| bare.parse::<Ipv6Addr>().is_ok());
    let mut rest = word;
    while let Some(next) = rest.chars().next() {
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        let is_marked = safe.ends_with('[') && after.starts_with(']');
        let is_mark = |safe: &mut String, length: usize| {
            let (marked, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            safe.push('[');
            safe.push_str(marked);
            safe.push(']');
            after
        };
        rest = if let Some(scheme) = scheme_at(rest, safe) {
            let (letters, after) = rest.split_at_checked(scheme).unwrap_or((rest, ""));
            safe.extend(letters.chars().map(|letter| match letter {
                't' => 'x',
                'T' => 'X',
                other => other,
            }));
            after
        } else if (is_dot(next) && !after.is_empty() || next == '@' || (next == ':' && is_ipv6)) && !is_marked
        {
            is_mark(safe, next.len_utf8())
        } else if next == ':' && !is_marked && has_scheme(safe, after) {
            is_mark(safe, 1)
        } else if rest.starts_with("\\\\")
            && !(safe.ends_with('[') && rest.get(2..).is_some_and(|after| after.starts_with(']')))
        {
            is_mark(safe, 2)
        } else {
            safe.push(next);
            after
        };
    }
}

/// The length of `http`, `https`, `ftp` or `ftps` where it stands before `://`.
fn scheme_at(rest: &str, before: &str) -> Option<usize> {
    if before.ends_with(|last: char| last.is_ascii_alphanumeric()) {
        return None;
    }
    ["https", "http", "ftps", "ftp"].into_iter().map(str::len).find(|length| {
        rest.split_at_checked(*length).is_some_and(|(scheme, after)| {
            after.starts_with("://")
                && ["https", "http", "ftps", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        })
    })
}

/// Whether the colon that comes next belongs to a scheme that was not written otherwise.
fn has_scheme(before: &str, after: &str) -> bool {
    let scheme = before.rsplit(|last: char| !(last.is_ascii_alphanumeric() || "+-.".contains(last))).next();
    let scheme = scheme.unwrap_or_default().to_ascii_lowercase();
    if after.starts_with("//") {
        return !["hxxp", "hxxps", "fxp", "fxps"].contains(&scheme.as_str());
    }
    SCHEMES.contains(&format!("{scheme}:").as_str()) || scheme.starts_with("ms-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{link, text};
    use crate::config::Defang;

    /// What a person or a tool does to get the value back.
    fn refang(text: &str) -> String {
        let mut text = text.to_owned();
        for mark in [".", "。", "．", "｡", "@", ":", "\\\\"] {
            text = text.replace(&format!("[{mark}]"), mark);
        }
        for (safe, scheme) in [("xx", "tt"), ("XX", "TT"), ("xX", "tT"), ("Xx", "Tt")] {
            for head in ["h", "H"] {
                for tail in ["p://", "P://", "ps://", "pS://", "Ps://", "PS://"] {
                    text = text.replace(&format!("{head}{safe}{tail}"), &format!("{head}{scheme}{tail}"));
                }
            }
        }
        for (safe, scheme) in [("fx", "ft"), ("FX", "FT"), ("fX", "fT"), ("Fx", "Ft")] {
            for tail in ["p://", "P://", "ps://", "pS://", "Ps://", "PS://"] {
                text = text.replace(&format!("{safe}{tail}"), &format!("{scheme}{tail}"));
            }
        }
        text
    }

    const TABLE: [(&str, &str); 33] = [
        ("http://evil.example/a.php?b=c", "hxxp://evil[.]example/a[.]php?b=c"),
        ("HTTPS://EVIL.EXAMPLE", "HXXPS://EVIL[.]EXAMPLE"),
        ("ftp://10.0.0.1/x", "fxp://10[.]0[.]0[.]1/x"),
        ("smb://server/share", "smb[:]//server/share"),
        ("evil.example", "evil[.]example"),
        ("www.evil.example.", "www[.]evil[.]example."),
        ("see evil.example, or (evil.test)", "see evil[.]example, or (evil[.]test)"),
        ("пример.рф", "пример[.]рф"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd[.]xn--p1ai"),
        ("evil。example", "evil[。]example"),
        ("a@evil.example", "a[@]evil[.]example"),
        ("root@localhost", "root[@]localhost"),
        ("mailto:a@b.example", "mailto[:]a[@]b[.]example"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("data:text/html,x", "data[:]text/html,x"),
        ("ms-msdt:/id", "ms-msdt[:]/id"),
        ("\\\\server\\share", "[\\\\]server\\share"),
        ("file://server/x", "file[:]//server/x"),
        ("http://a.example/?u=http://b.example/", "hxxp://a[.]example/?u=hxxp://b[.]example/"),
        ("http://user:pass@evil.example:8080/", "hxxp://user:pass[@]evil[.]example:8080/"),
        ("http://[2001:db8::1]/", "hxxp://[2001:db8::1]/"),
        ("1.2.3.4/evil.exe", "1[.]2[.]3[.]4/evil[.]exe"),
        ("evil[.]example", "evil[.]example"),
        ("hxxp://evil[.]example/", "hxxp://evil[.]example/"),
        ("evil[.]sub.example", "evil[.]sub[.]example"),
        // Left as they are.
        ("7.8.9.0", "7.8.9.0"),
        ("2001:db8::1", "2001:db8::1"),
        ("44d88612fea8a8f36de82e1278abb02f", "44d88612fea8a8f36de82e1278abb02f"),
        ("2021-10-28 20:32:57", "2021-10-28 20:32:57"),
        ("Country: NL", "Country: NL"),
        ("Seen again. And again, e.g. here...", "Seen again. And again, e.g. here..."),
        ("TLSv1.3", "TLSv1.3"),
        ("@ana", "@ana"),
    ];

    #[test]
    fn what_can_be_clicked_is_marked_and_the_rest_is_left_alone() {
        for (value, safe) in TABLE {
            assert_eq!(text(value, Defang::Auto), safe);
            assert_eq!(text(value, Defang::Never), value);
        }
    }

    #[test]
    fn all_marks_addresses_as_well() {
        for (value, safe) in [
            ("7.8.9.0", "7[.]8[.]9[.]0"),
            ("7.8.9.0:443", "7[.]8[.]9[.]0:443"),
            ("10.0.0.0/8", "10[.]0[.]0[.]0/8"),
            ("2001:db8::1", "2001[:]db8[:][:]1"),
            ("20:32:57", "20:32:57"),
            ("evil.example", "evil[.]example"),
        ] {
            assert_eq!(text(value, Defang::All), safe);
            assert_eq!(text(safe, Defang::All), safe);
            assert_eq!(refang(safe), value);
        }
    }

    #[test]
    fn a_value_that_is_a_link_by_its_type_is_marked_whatever_it_looks_like() {
        assert_eq!(link("1.2.3.4/x, 5.6.7.8"), "1[.]2[.]3[.]4/x, 5[.]6[.]7[.]8");
        assert_eq!(link("hxxp://evil[.]example/"), "hxxp://evil[.]example/");
        assert_eq!(link(""), "");
    }

    proptest! {
        #[test]
        fn twice_is_once_and_the_way_back_leads_to_the_value(
            words in proptest::collection::vec(
                prop_oneof![
                    "[ -~äß。．｡\u{202E}]{0,12}",
                    Just("http://".to_owned()), Just("HtTpS://".to_owned()), Just("ftp://".to_owned()),
                    Just("evil.example".to_owned()), Just("\\\\".to_owned()), Just("@".to_owned()),
                    Just("javascript:".to_owned()), Just("2001:db8::1".to_owned()), Just("1.2.3.4".to_owned()),
                ],
                0..8,
            )
        ) {
            let value: String = words.concat();
            for what in [Defang::Auto, Defang::All] {
                let safe = text(&value, what).into_owned();
                prop_assert_eq!(text(&safe, what), safe.as_str());
                if !value.contains('[') && refang(&value) == value {
                    prop_assert_eq!(refang(&safe), value.as_str());
                }
            }
            let safe = link(&value);
            prop_assert_eq!(link(&safe), safe.as_str());
        }
    }
}
