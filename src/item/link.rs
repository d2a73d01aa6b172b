//! Which addresses a reader may be led to: those of one ThreatQ, and no other.

use std::sync::{Arc, OnceLock};

use crate::record::Alert;

/// Where links may lead, once it is known; those who share it learn it together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin(Arc<OnceLock<String>>);

impl Origin {
    /// The origin of a host as the configuration gives it, and where it gives none that of the first alert.
    ///
    /// Fails where it is no host.
    pub(crate) fn of_host(host: Option<&str>) -> Result<Self, String> {
        let origin = Self::default();
        // A host in other letters than these has two forms; the first alert says which.
        if let Some(host) = host.filter(|host| host.is_ascii()) {
            let found = configured(host).ok_or_else(|| format!("{host}: not a host"))?;
            origin.0.get_or_init(|| found);
        }
        Ok(origin)
    }

    /// Scheme, host and port.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// What is wrong with an alert that nothing can be sent about.
    pub(crate) fn flaw(&self, alert: &Alert) -> Option<String> {
        if alert.id.chars().any(char::is_control) {
            return Some("alert: id holds a control character".to_owned());
        }
        let address = &alert.object.link;
        if let Some(flaw) = flaw(address, self.get()) {
            return Some(format!("alert: object.link {flaw}"));
        }
        if let Some(found) = origin(address) {
            self.0.get_or_init(|| found);
        }
        None
    }
}

/// The scheme, host and port of an http address, in lower case and without the port that goes without saying.
fn origin(address: &str) -> Option<String> {
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

/// The origin of a host, https where it does not say.
fn configured(host: &str) -> Option<String> {
    if host.contains("://") { origin(host) } else { origin(&format!("https://{host}")) }
}

/// What is wrong with an address that a reader would be led to.
pub(crate) fn flaw(address: &str, wanted: Option<&str>) -> Option<String> {
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
