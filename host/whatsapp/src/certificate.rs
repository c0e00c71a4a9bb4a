//! Whether this build checks who it talks to.
//!
//! WhatsApp's server proves itself with a chain of Noise certificates. A feature of whatsapp-rust switches that check off, so that tests
//! can talk to a simulator, and cargo unites features: any crate of a build can switch it on for all. Asking our own feature is therefore
//! not enough. The check itself is tried, with a chain nobody signed; when it is accepted, this build must not leave the machine.

use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::noise::HandshakeUtils;
use whatsapp_rust::waproto::whatsapp as wa;

use crate::endpoint::Endpoint;
use crate::proxy::Proxy;
use crate::session_proxy::ProxyError;

/// What this build does with a server's certificate chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Checked: only WhatsApp's own server is accepted.
    Checked,
    /// Not checked: any server is accepted.
    Skipped,
}

/// An endpoint this build must not talk to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this build accepts any server's certificate (it was built for the simulator) and therefore only talks to loopback addresses, not to {endpoint}"
)]
pub struct WeakenedBuild {
    endpoint: Endpoint,
}

/// Tries the check with a chain whose signatures are all zeros.
#[must_use]
pub fn verification() -> Verification {
    let server_key = [9; 32];
    let details = |serial: u32, issuer: u32, key: [u8; 32]| wa::cert_chain::noise_certificate::Details {
        serial: Some(serial),
        issuer_serial: Some(issuer),
        key: Some(key.to_vec()),
        ..Default::default()
    };
    let certificate = |details: wa::cert_chain::noise_certificate::Details| {
        MessageField::some(wa::cert_chain::NoiseCertificate {
            details: Some(encode(&details)),
            signature: Some(vec![0; 64]),
        })
    };
    let chain = wa::CertChain {
        intermediate: certificate(details(1, 0, [7; 32])),
        leaf: certificate(details(2, 1, server_key)),
    };
    match HandshakeUtils::verify_server_cert(&encode(&chain), &server_key) {
        Ok(_) => Verification::Skipped,
        Err(_) => Verification::Checked,
    }
}

fn encode<M: whatsapp_rust::buffa::Message>(message: &M) -> Vec<u8> {
    message.encode_to_vec()
}

/// Refuses endpoints beyond loopback when the check is off, by feature or by trial.
///
/// # Errors
/// [`WeakenedBuild`].
pub(crate) fn permit(endpoint: &Endpoint, verification: Verification) -> Result<(), WeakenedBuild> {
    let weakened = cfg!(feature = "simulator") || verification == Verification::Skipped;
    if weakened && !endpoint.is_loopback() {
        return Err(WeakenedBuild {
            endpoint: endpoint.clone(),
        });
    }
    Ok(())
}

/// The same for a proxy, through which such a build would leave the machine.
pub(crate) fn permit_proxy(proxy: &Proxy) -> Result<(), ProxyError> {
    let weakened = cfg!(feature = "simulator") || verification() == Verification::Skipped;
    if weakened && !proxy.is_loopback() {
        return Err(ProxyError::WeakenedBuild { proxy: proxy.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_skips_the_check_stays_on_this_machine() {
        let here: Endpoint = "ws://127.0.0.1:1/ws/chat".parse().expect("valid");
        assert!(permit(&Endpoint::whatsapp(), Verification::Skipped).is_err());
        assert!(permit(&here, Verification::Skipped).is_ok());
    }

    #[test]
    fn the_trial_finds_the_feature() {
        if cfg!(feature = "simulator") {
            assert_eq!(verification(), Verification::Skipped);
            assert!(
                permit(&Endpoint::whatsapp(), Verification::Checked).is_err(),
                "our own feature is enough"
            );
        } else if verification() == Verification::Checked {
            assert!(permit(&Endpoint::whatsapp(), verification()).is_ok());
        }
    }
}
