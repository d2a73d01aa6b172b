//! Certificates for the test servers: a CA made for one test, and a server certificate signed by it.
//!
//! Two certificates, because rustls refuses a self-signed CA as a server's own. A client that is
//! to refuse a server gets other names, [`Certificates::expired`], or the CA of another set.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A CA and a server certificate it signed, as PEM.
#[derive(Clone)]
#[allow(clippy::struct_field_names, reason = "as paths and as text these are three other things")]
pub(crate) struct Certificates {
    pub ca_pem: String,
    pub cert_pem: String,
    pub key_pem: String,
}

impl Certificates {
    /// A certificate valid now for these host names and IP addresses.
    pub(crate) fn for_names(names: &[&str]) -> Self {
        Self::signed((2020, 4000), names)
    }

    /// The same, its time over since 2021.
    pub(crate) fn expired(names: &[&str]) -> Self {
        Self::signed((2020, 2021), names)
    }

    /// One that the server made for itself, for no name, and over since 2021: what an appliance may have.
    pub(crate) fn of_an_appliance() -> Self {
        let mut server = CertificateParams::default();
        server.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        server.not_before = date_time_ymd(2020, 1, 1);
        server.not_after = date_time_ymd(2021, 1, 1);
        let key = KeyPair::generate().expect("ring makes a key for the server");
        let cert_pem = server.self_signed(&key).expect("the server signs for itself").pem();
        Self { ca_pem: cert_pem.clone(), cert_pem, key_pem: key.serialize_pem() }
    }

    fn signed((from, until): (i32, i32), names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, "tq-alerts test CA");
        let ca_key = KeyPair::generate().expect("ring makes a key for the CA");
        let ca_pem = ca.self_signed(&ca_key).expect("the CA signs itself").pem();

        let mut server =
            CertificateParams::new(names.clone()).expect("the names are host names or addresses");
        server.not_before = date_time_ymd(from, 1, 1);
        server.not_after = date_time_ymd(until, 1, 1);
        server.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        // OpenSSL's strict mode, Python's default since 3.13, asks for this one.
        server.use_authority_key_identifier_extension = true;
        // Like the CA's, the default name is rcgen's, and a chain must not name itself as issuer.
        server.distinguished_name.push(DnType::CommonName, format!("tq-alerts test server {names:?}"));
        let key = KeyPair::generate().expect("ring makes a key for the server");
        let cert_pem = server
            .signed_by(&key, &Issuer::new(ca, ca_key))
            .expect("the CA signs the server's certificate")
            .pem();
        Self { ca_pem, cert_pem, key_pem: key.serialize_pem() }
    }

    /// Writes ca.pem, cert.pem and key.pem (mode 0600) and returns the three paths.
    pub(crate) fn write_to(&self, folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
        let write = |name: &str, pem: &str| {
            let path = folder.join(name);
            fs::write(&path, pem).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        let key = write("key.pem", &self.key_pem);
        fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).expect("the key is ours");
        (write("ca.pem", &self.ca_pem), write("cert.pem", &self.cert_pem), key)
    }

    /// TLS as a server that shows this certificate.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        self.server_config_for(None)
    }

    /// The same, for clients that show a certificate of this authority.
    pub(crate) fn server_config_for(&self, client_ca: Option<&str>) -> Arc<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(self.cert_pem.as_bytes())
            .collect::<Result<_, _>>()
            .expect("cert_pem is PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).expect("key_pem is a PEM key");
        let builder = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions");
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let provider = ring::default_provider().into();
                let clients = WebPkiClientVerifier::builder_with_provider(roots(pem).into(), provider);
                builder.with_client_cert_verifier(clients.build().expect("there is an authority"))
            }
        };
        let config = builder.with_single_cert(chain, key).expect("key and certificate belong together");
        Arc::new(config)
    }
}

fn roots(ca_pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.expect("ca_pem is PEM")).expect("ca_pem is a CA's certificate");
    }
    roots
}

/// TLS as a client that trusts this CA and no other.
pub(crate) fn client_config(ca_pem: &str) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots(ca_pem))
        .with_no_client_auth();
    Arc::new(config)
}
