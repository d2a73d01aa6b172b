//! A description as lines of plain text: ThreatQ keeps it as HTML, written by anybody.
//!
//! Tags fall away, the breaks that they stand for stay. Nothing is interpreted further, and what comes out is escaped
//! like every other value.

/// How much of a description is shown.
const LIMIT: usize = 1_000;
const LINES: usize = 12;
/// Elements that begin a new line.
const BREAKS: [&str; 14] =
    ["blockquote", "br", "div", "h1", "h2", "h3", "h4", "li", "ol", "p", "pre", "table", "tr", "ul"];
/// Elements whose content nobody reads.
const SILENT: [&str; 3] = ["script", "style", "title"];

/// The first lines of a description.
pub(crate) fn lines(description: &str) -> Vec<String> {
    // Markup may be most of it.
    let start = description.get(..description.floor_char_boundary(20 * LIMIT)).unwrap_or_default();
    let is_whole = start.len() == description.len();
    let open_tag = start.rfind('<').filter(|at| !is_whole && start.rfind('>').is_none_or(|end| end < *at));
    let text = words(open_tag.and_then(|at| start.get(..at)).unwrap_or(start));
    let was_cut = text.chars().nth(LIMIT).is_some() || !is_whole;
    let shown: String = text.chars().take(LIMIT).collect();
    let mut lines: Vec<String> = Vec::new();
    for line in shown.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() {
            lines.push(line);
        }
    }
    if was_cut || lines.len() > LINES {
        lines.truncate(LINES);
        match lines.last_mut() {
            Some(last) => last.push('…'),
            None => lines.push("…".to_owned()),
        }
    }
    lines
}

/// The text between the tags.
fn words(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, from)) = rest.split_once('<') {
        text.push_str(&unescaped(before));
        let is_tag = from.starts_with(|first: char| first.is_ascii_alphabetic() || "/!?".contains(first));
        let Some((tag, after)) = from.split_once('>').filter(|_| is_tag) else {
            text.push('<');
            rest = from;
            continue;
        };
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        rest = after;
        if BREAKS.contains(&name.as_str()) {
            text.push('\n');
        } else if SILENT.contains(&name.as_str()) && !tag.starts_with('/') {
            let end = format!("</{name}");
            rest = after.to_ascii_lowercase().find(&end).and_then(|at| after.get(at..)).unwrap_or_default();
        }
    }
    text.push_str(&unescaped(rest));
    text
}

/// The few references that writers use.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        plain.push_str(before);
        let found = from.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        if let Some((character, after)) = found {
            plain.push(character);
            rest = after;
        } else {
            plain.push('&');
            rest = from;
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn tags_fall_away_and_breaks_stay() {
        for (html, expected) in [
            ("plain", &["plain"][..]),
            ("<p>One <b>two</b>.</p><p>Three</p>", &["One two.", "Three"]),
            ("a<br/>b<BR>c", &["a", "b", "c"]),
            ("a &lt;script&gt; &amp;amp; &#65;&#x42;&nosuch; & b", &["a <script> &amp; AB&nosuch; & b"]),
            ("<script>alert(1)</script>x<style>p{}</STYLE>y", &["xy"]),
            ("1 < 2 and 3 > 2", &["1 < 2 and 3 > 2"]),
            ("<a href=\"x", &["<a href=\"x"]),
            ("", &[]),
            ("<p> </p>", &[]),
        ] {
            assert_eq!(lines(html), expected, "{html}");
        }
    }

    #[test]
    fn a_long_description_is_cut_and_says_so() {
        let long = lines(&"wörd ".repeat(5_000_000));
        assert!(long.concat().chars().count() <= 1_001 && long.concat().ends_with('…'));
        let many = lines(&"a<br>".repeat(100));
        assert_eq!(many.len(), 12);
        assert_eq!(many[11], "a…");
        assert_eq!(lines(&"<i>".repeat(50_000)), ["…"]);
    }
}
