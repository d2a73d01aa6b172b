//! Which addresses a mail may lead to: those of one ThreatQ, and no other.

/// The scheme, host and port of an http address, in lower case and without the port that goes without saying.
pub(super) fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let authority = authority.strip_suffix(usual).unwrap_or(&authority);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (!authority.is_empty() && authority.bytes().all(is_plain)).then(|| format!("{scheme}://{authority}"))
}

/// The origin of a host as the configuration gives it, https where it does not say.
pub(super) fn configured(host: &str) -> Option<String> {
    if host.contains("://") { origin(host) } else { origin(&format!("https://{host}")) }
}

/// What is wrong with an address that a mail would lead to.
pub(super) fn flaw(address: &str, wanted: Option<&str>) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$*+,=%".contains(&byte);
    let Some(found) = origin(address).filter(|_| address.bytes().all(is_plain)) else {
        return Some("is not an http address".to_owned());
    };
    let wanted = wanted.filter(|wanted| *wanted != found)?;
    Some(format!("leads to {found} and not to {wanted}; see --link-host"))
}

#[cfg(test)]
mod tests {
    use super::{configured, flaw};

    #[test]
    fn a_link_leads_to_the_configured_threatq_or_nowhere() {
        let wanted = configured("ThreatQ.example.com").unwrap();
        for good in [
            "https://threatq.example.com/indicators/8/details",
            "HTTPS://THREATQ.example.com:443/indicators/8/details",
            "https://threatq.example.com",
        ] {
            assert_eq!(flaw(good, Some(&wanted)), None, "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "https://evil.example/",
            "https://threatq.example.com.evil.example/",
            "https://threatq.example.com@evil.example/",
            "https://threatq.example.com:8443/",
            "http://threatq.example.com/",
            "//threatq.example.com/",
            "https://threatq.example.com/\"onclick=",
            "https://threatq.example.com/ x",
            "https://threatq.example.com/<b>",
            "https://threatq.example.com\\@evil.example/",
            "https://threatq.exämple.com/",
            "https:///indicators",
            "",
        ] {
            assert!(flaw(bad, Some(&wanted)).is_some(), "{bad}");
        }
        assert_eq!(
            flaw(
                "http://127.0.0.1:8080/indicators/8/details",
                configured("http://127.0.0.1:8080/").as_deref()
            ),
            None
        );
        assert_eq!(flaw("https://[::1]:8080/x", None), None);
    }
}
