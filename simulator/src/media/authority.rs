//! The certificate authority of one simulator, and the certificate of its media server.
//!
//! Its key is drawn from the seed, so the same seed gives the same certificate and a client may keep trusting it from run to run. That
//! makes the key no secret; therefore the certificate itself limits what it can vouch for to loopback addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Everything of a PKCS #8 Ed25519 private key but the key itself (RFC 8410).
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Why the media server has no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate could not be made.
    #[error("making a certificate failed")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take the certificate.
    #[error("setting up TLS failed")]
    Setup(#[from] rustls::Error),
}

/// See the module.
pub(crate) struct Authority {
    /// What clients must trust.
    pub(crate) pem: String,
    pub(crate) der: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    key: [u8; 32],
}

impl Authority {
    /// Makes the authority and the certificate of a server at `address`; each key follows from its seed.
    pub(crate) fn make(authority_seed: [u8; 32], server_seed: [u8; 32], address: SocketAddr) -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "WhatsApp simulator, for tests on this machine only");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted(address.ip()),
            excluded_subtrees: Vec::new(),
        });
        let authority_key = key(authority_seed)?;
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);

        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "WhatsApp simulator media server");
        params.subject_alt_names = vec![
            SanType::IpAddress(IpAddr::from([127, 0, 0, 1])),
            SanType::IpAddress(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
            SanType::DnsName("localhost".try_into()?),
        ];
        if !address.ip().is_unspecified() {
            params.subject_alt_names.push(SanType::IpAddress(address.ip()));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = params.signed_by(&key(server_seed)?, &issuer)?;
        Ok(Self {
            pem: authority.pem(),
            der: authority.der().clone(),
            chain: vec![server.der().clone(), authority.der().clone()],
            key: server_seed,
        })
    }

    /// What the listener needs.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), PrivateKeyDer::Pkcs8(pkcs8(self.key)))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Loopback, and the address served if it is another one.
fn permitted(served: IpAddr) -> Vec<GeneralSubtree> {
    let mut permitted = vec![
        GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
        GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)),
        GeneralSubtree::DnsName("localhost".to_owned()),
    ];
    if !served.is_loopback() && !served.is_unspecified() {
        let prefix = match served {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(served, prefix)));
    }
    permitted
}

fn pkcs8(seed: [u8; 32]) -> PrivatePkcs8KeyDer<'static> {
    [&ED25519_PKCS8[..], &seed[..]].concat().into()
}

fn key(seed: [u8; 32]) -> Result<KeyPair, rcgen::Error> {
    KeyPair::try_from(&pkcs8(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_authority_and_another_seed_another_one() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let make = |seed| Authority::make([seed; 32], [2; 32], address).expect("an authority");
        assert_eq!(make(1).pem, make(1).pem);
        assert_ne!(make(1).pem, make(3).pem);
        make(1).server_config().expect("TLS takes the certificate");
    }
}
