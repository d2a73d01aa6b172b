//! What somebody may have meant: the names closest to one that does not exist.

/// How alike two names must be to be worth suggesting, and how many are suggested.
const LIKENESS: f64 = 0.7;
const MOST: usize = 3;

/// A sentence that names the closest candidates, or all where there are few.
pub fn sentence<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.collect();
    if let Some(sentence) = closest(wanted, candidates.iter().copied()) {
        return sentence;
    }
    if candidates.is_empty() {
        return "there are none that this login may see".to_owned();
    }
    let names: Vec<String> = candidates.iter().take(10).map(|name| format!("'{name}'")).collect();
    let more = if candidates.len() > names.len() { ", …" } else { "" };
    format!("there are {}{more}", names.join(", "))
}

/// A sentence that names the closest candidates, where there are some.
pub fn closest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let folded = wanted.to_lowercase();
    let mut likely: Vec<(f64, &str)> = candidates
        .map(|name| (likeness(&folded, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .collect();
    likely.sort_by(|left, right| right.0.total_cmp(&left.0));
    let names: Vec<String> = likely.iter().take(MOST).map(|(_, name)| format!("'{name}'")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

fn likeness(wanted: &str, name: &str) -> f64 {
    if !wanted.is_empty() && name.contains(wanted) { 1.0 } else { strsim::jaro_winkler(wanted, name) }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn close_names_come_first_and_all_where_none_is_close() {
        let names = ["Ransomware IOCs", "Phishing", "Botnets"];
        assert_eq!(sentence("ransomwear iocs", names.into_iter()), "did you mean 'Ransomware IOCs'?");
        assert_eq!(sentence("Phish", names.into_iter()), "did you mean 'Phishing'?");
        assert_eq!(sentence("zzz", names.into_iter()), "there are 'Ransomware IOCs', 'Phishing', 'Botnets'");
        assert_eq!(sentence("zzz", [].into_iter()), "there are none that this login may see");
    }
}
