//! One TLS for every connection: rustls with ring, TLS 1.2 or later, certificates and names always checked.
//!
//! A private certificate authority is named with a file; there is no way to switch the check off.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::exit::{Failure, Status};

/// Trusts nobody. For an HTTP client that never uses TLS and wants a configuration all the same.
pub fn trust_nobody() -> Result<Arc<ClientConfig>, Failure> {
    Ok(Arc::new(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Failure> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Status::Bug, error))
}

/// Whether a host is this machine itself, the only one that secrets may go to without TLS.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why the peer's certificate was not trusted, when that is what went wrong somewhere below this error.
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
                return Some(reason.to_string());
            }
        }
        cause = inner.or_else(|| error.source());
    }
    None
}

/// How to check a peer: against the authorities in `ca_file`, or those that the system trusts.
///
/// Fails with 78 when there is no authority to check against.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
    let refused = |reason: String| Failure::new(Status::Config, reason);
    let builder = builder()?;
    let Some(path) = ca_file else {
        let checked = builder.with_platform_verifier().map_err(|error| {
            refused(format!("the system's certificate authorities: {error}; name a file with --ca-file"))
        })?;
        return Ok(Arc::new(checked.with_no_client_auth()));
    };
    let unreadable = |error: &dyn std::fmt::Display| refused(format!("{}: {error}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"no certificate in PEM form"));
    }
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
