//! Whether a peer is trusted: by an authority, or because it has the key that was pinned.
//!
//! Either way it must prove that the key is its own. A refusal names the pin that would trust it.

use std::fmt::{self, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use sha2::{Digest, Sha256};

use super::Trust;

/// The SHA-256 of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin([u8; 32]);

impl Pin {
    /// From hexadecimal digits; colons between them, as OpenSSL prints some, do not count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u32>> =
            text.chars().filter(|character| *character != ':').map(|digit| digit.to_digit(16)).collect();
        let octets: Option<Vec<u8>> = digits?
            .chunks(2)
            .map(|pair| if let [high, low] = pair { u8::try_from(high * 16 + low).ok() } else { None })
            .collect();
        Some(Self(octets?.try_into().ok()?))
    }

    fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        Ok(Self(Sha256::digest(&key).into()))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Whom a peer must be known to.
#[derive(Debug)]
enum Standard {
    Authority(Arc<dyn ServerCertVerifier>),
    Pin(Pin),
}

/// The check of a peer's certificate.
#[derive(Debug)]
pub(super) struct Checked {
    standard: Standard,
    provider: Arc<CryptoProvider>,
    section: &'static str,
    takes_pin: bool,
}

/// Why a peer is not trusted, in words that name the pin it would need.
#[derive(Debug)]
struct Distrust(String);

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Distrust {}

impl From<Distrust> for Error {
    fn from(distrust: Distrust) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(distrust))))
    }
}

impl Checked {
    pub(super) fn by_authority(
        authority: Arc<dyn ServerCertVerifier>,
        provider: &Arc<CryptoProvider>,
        trust: &Trust<'_>,
    ) -> Self {
        Self::new(Standard::Authority(authority), provider, trust)
    }

    pub(super) fn by_pin(pin: Pin, provider: &Arc<CryptoProvider>, trust: &Trust<'_>) -> Self {
        Self::new(Standard::Pin(pin), provider, trust)
    }

    fn new(standard: Standard, provider: &Arc<CryptoProvider>, trust: &Trust<'_>) -> Self {
        let (section, takes_pin) = (trust.section, trust.takes_pin);
        Self { standard, provider: Arc::clone(provider), section, takes_pin }
    }
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let section = self.section;
        match &self.standard {
            Standard::Pin(pinned) => {
                let shown = Pin::of(certificate)?;
                if shown == *pinned {
                    return Ok(ServerCertVerified::assertion());
                }
                let reason = format!(
                    "its key is not the pinned one; if it was changed rightfully, set {section}.pin_sha256 = \"{shown}\""
                );
                Err(Distrust(reason).into())
            }
            Standard::Authority(authority) => authority
                .verify_server_cert(certificate, intermediates, name, ocsp_response, now)
                .map_err(|error| {
                    let Error::InvalidCertificate(reason) = &error else { return error };
                    let mut words = format!("{reason}; for a private authority set {section}.ca_file");
                    if self.takes_pin
                        && let Ok(shown) = Pin::of(certificate)
                    {
                        // Writing to a String cannot fail.
                        let _ = write!(words, ", for this key alone {section}.pin_sha256 = \"{shown}\"");
                    }
                    Distrust(words).into()
                }),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn a_pin_is_64_hexadecimal_digits_and_nothing_else() {
        let digits = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        let pin = Pin::parse(digits).expect("a pin");
        assert_eq!(pin.to_string(), digits.to_lowercase());
        let pairs: Vec<&str> =
            digits.as_bytes().chunks(2).map(|two| str::from_utf8(two).expect("ASCII")).collect();
        assert_eq!(Pin::parse(&pairs.join(":")), Some(pin));
        for bad in
            ["", "00", &digits[1..], &format!("{digits}0"), &format!("{digits}00"), &digits.replace('2', "g")]
        {
            assert_eq!(Pin::parse(bad), None, "{bad}");
        }
    }
}
