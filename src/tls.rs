//! One TLS for every connection: rustls with ring, TLS 1.2 or later, certificates and names always checked.
//!
//! A private certificate authority is named with a file, and the key of one peer with its fingerprint; there is no way
//! to switch the check off. A certificate that is not trusted is refused with the line that would trust its key.

mod trust;

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

use self::trust::{Checked, Pin};
use crate::exit::{Failure, Status};
use crate::secret;

/// Whom to trust.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The authorities in this PEM file instead of those that the system trusts.
    pub ca_file: Option<&'a Path>,
    /// The peer that has this key, and nobody else: the SHA-256 of its public key (`SubjectPublicKeyInfo`) in 64
    /// hexadecimal digits. No authority and no name is asked for then, so that a certificate that an appliance made for
    /// itself can be trusted; one that is renewed with the same key stays trusted.
    pub pin_sha256: Option<&'a str>,
    /// The certificate to show the peer, and its key: two PEM files, the second one a secret.
    pub client: Option<(&'a Path, &'a Path)>,
    /// The section of the configuration where this is set, for what is said about it.
    pub section: &'static str,
    /// Whether that section has a key for a pin, so that the refusal of a certificate names it.
    pub takes_pin: bool,
}

/// Trusts nobody. For an HTTP client that never uses TLS and wants a configuration all the same.
pub fn trust_nobody() -> Result<Arc<ClientConfig>, Failure> {
    Ok(Arc::new(builder(&provider())?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Failure> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Status::Bug, error))
}

/// Whether a host is this machine itself, the only one that secrets may go to without TLS.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why the peer's certificate was not trusted, when that is what went wrong somewhere below this error, and the setting
/// that would trust it.
pub fn distrust(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An I/O error hands out its own cause's causes, so it is looked into first.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        for candidate in [Some(error), inner].into_iter().flatten() {
            if let Some(rustls::Error::InvalidCertificate(reason)) = candidate.downcast_ref() {
                return Some(match reason {
                    CertificateError::Other(words) => words.0.to_string(),
                    other => other.to_string(),
                });
            }
        }
        cause = inner.or_else(|| error.source());
    }
    None
}

/// How to check a peer.
///
/// Fails with 78 when there is no authority to check against, or the pin is none.
pub fn client_config(trust: &Trust<'_>) -> Result<Arc<ClientConfig>, Failure> {
    let provider = provider();
    let checked = match trust.pin_sha256 {
        Some(pin) => {
            let pin = Pin::parse(pin).ok_or_else(|| {
                let section = trust.section;
                let reason = format!("{section}.pin_sha256 is not 64 hexadecimal digits: {pin}");
                Failure::new(Status::Config, reason)
            })?;
            Checked::by_pin(pin, &provider, trust)
        }
        None => Checked::by_authority(authorities(trust.ca_file, &provider)?, &provider, trust),
    };
    let checked = builder(&provider)?.dangerous().with_custom_certificate_verifier(Arc::new(checked));
    let Some((certificate, key)) = trust.client else {
        return Ok(Arc::new(checked.with_no_client_auth()));
    };
    let chain = certificates(certificate)?;
    let text = secret::read(key)?;
    let refused = |reason: &dyn Display| unreadable(key, reason);
    let secret = PrivateKeyDer::from_pem_slice(text.reveal().as_bytes()).map_err(|error| refused(&error))?;
    Ok(Arc::new(checked.with_client_auth_cert(chain, secret).map_err(|error| refused(&error))?))
}

fn unreadable(path: &Path, reason: &dyn Display) -> Failure {
    Failure::new(Status::Config, format_args!("{}: {reason}", path.display()))
}

/// The certificates in a PEM file, of which there must be one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unreadable = |reason: &dyn Display| unreadable(path, reason);
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(&error))?;
    if certificates.is_empty() { Err(unreadable(&"no certificate in PEM form")) } else { Ok(certificates) }
}

/// The check against the authorities in a file, or those that the system trusts.
fn authorities(
    ca_file: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let refused = |reason: String| Failure::new(Status::Config, reason);
    let Some(path) = ca_file else {
        let system = Verifier::new(Arc::clone(provider)).map_err(|error| {
            refused(format!("the system's certificate authorities: {error}; name a file with --ca-file"))
        })?;
        return Ok(Arc::new(system));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unreadable(path, &error))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    Ok(verifier.build().map_err(|error| unreadable(path, &error))?)
}
