//! The header fields that every mail has: which thread and which list it belongs to, and that a machine wrote it.
//!
//! A thread hangs on a root that no mail is: its Message-ID is derived from what the thread is about, so that every run
//! finds it again without remembering anything.

use crate::record::digest;

/// Fields of every mail: machines must not answer it (RFC 3834, and Microsoft's own word for the same).
const MACHINE: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];

/// What a thread is about, in words that stay the same.
pub(super) fn root(about: &[&str], domain: &str) -> String {
    let id = digest(about.iter().copied());
    format!("<tq1.thread.{}@{domain}>", id.get(..32).unwrap_or(&id))
}

/// The fields of a mail of this source (RFC 2919 for the list), from this address.
pub(super) fn headers(source: &str, root: Option<&str>, from: &str, domain: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        MACHINE.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    headers.push(("List-Id".to_owned(), format!("<{}.tq-alerts.{domain}>", label(source))));
    headers.push(("X-Loop".to_owned(), from.to_owned()));
    if let Some(root) = root {
        headers.push(("In-Reply-To".to_owned(), root.to_owned()));
        headers.push(("References".to_owned(), root.to_owned()));
    }
    headers
}

/// A source as one label: `watchlist`, `collection-ransomware-iocs-1f2e3d4c`.
fn label(source: &str) -> String {
    if source == "watchlist" {
        return source.to_owned();
    }
    let mut label = String::new();
    for character in source.chars().take(40) {
        if character.is_ascii_alphanumeric() {
            label.push(character.to_ascii_lowercase());
        } else if !label.ends_with('-') && !label.is_empty() {
            label.push('-');
        }
    }
    let id = digest([source]);
    format!("{}-{}", label.trim_end_matches('-'), id.get(..8).unwrap_or(&id))
        .trim_start_matches('-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{headers, root};

    #[test]
    fn a_thread_has_the_same_root_in_every_run_and_another_one_for_something_else() {
        let one = root(&["watchlist", "indicator", "8"], "example.com");
        assert_eq!(one, root(&["watchlist", "indicator", "8"], "example.com"));
        assert_ne!(one, root(&["watchlist", "indicator", "9"], "example.com"));
        assert!(one.starts_with("<tq1.thread.") && one.ends_with("@example.com>"));
    }

    #[test]
    fn a_list_is_named_after_its_source_in_one_label() {
        for (source, label) in [
            ("watchlist", "<watchlist.tq-alerts.example.com>"),
            ("collection/Ransomware IOCs", "<collection-ransomware-iocs-"),
            ("collection/\r\nBcc: x> é", "<collection-bcc-x-"),
            ("例え", "<"),
        ] {
            let headers = headers(source, None, "tq@example.com", "example.com");
            let (_, list) = headers.iter().find(|(name, _)| name == "List-Id").unwrap();
            assert!(list.starts_with(label) && list.is_ascii() && !list.contains(' '), "{list}");
            assert!(list.split('.').next().unwrap().len() <= 64, "{list}");
        }
    }
}
