use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::*;

/// A key pair, and signatures as minisign writes them.
struct Signer {
    pair: Ed25519KeyPair,
    number: [u8; 8],
}

impl Signer {
    fn new(seed: u8) -> Self {
        Self {
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed"),
            number: [seed; 8],
        }
    }

    fn public(&self) -> TrustedKey {
        let key = [&b"Ed"[..], &self.number, self.pair.public_key().as_ref()].concat();
        TrustedKey::parse(&format!("minisign:{}", STANDARD.encode(key))).expect("a key")
    }

    fn sign(&self, algorithm: &[u8; 2], text: &str) -> String {
        let signed = match algorithm {
            b"ED" => self.pair.sign(&Blake2b512::digest(text)),
            _ => self.pair.sign(text.as_bytes()),
        };
        let comment = "timestamp:1767225600\tfile:plugin";
        let global = self.pair.sign(&[signed.as_ref(), comment.as_bytes()].concat());
        let signature = [&algorithm[..], &self.number, signed.as_ref()].concat();
        format!(
            "untrusted comment: signature from a test\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode(signature),
            STANDARD.encode(global)
        )
    }
}

fn digest(number: u8) -> PackageDigest {
    [number; 32].into()
}

fn refusal(trust: &[TrustedKey], needed: Needed, signature: Option<&str>) -> String {
    let refused = signer(trust, needed, digest(1), signature.map(str::as_bytes));
    refused.expect_err("refused").to_string()
}

#[test]
fn both_forms_of_a_trusted_key_are_good() {
    let (ada, bob) = (Signer::new(1), Signer::new(2));
    let trust = [bob.public(), ada.public()];
    for algorithm in [b"Ed", b"ED"] {
        let signature = ada.sign(algorithm, &digest(1).signed_text());
        for needed in [Needed::Yes, Needed::No] {
            let signed_by = signer(&trust, needed, digest(1), Some(signature.as_bytes())).expect("it is good");
            assert!(ada.public().is(signed_by.as_deref().expect("a key")));
        }
    }
}

#[test]
fn what_is_signed_by_nobody_who_is_trusted_is_refused() {
    let (ada, eve) = (Signer::new(1), Signer::new(2));
    let trust = [ada.public()];
    let another_version = ada.sign(b"ED", &digest(2).signed_text());
    let by_eve = eve.sign(b"ED", &digest(1).signed_text());
    let changed = ada
        .sign(b"ED", &digest(1).signed_text())
        .replace("timestamp:1", "timestamp:2");
    for needed in [Needed::Yes, Needed::No] {
        for signature in [&another_version, &by_eve, &changed] {
            assert!(refusal(&trust, needed, Some(signature)).contains("no key of plugins.trust"));
        }
        assert!(refusal(&trust, needed, Some("signed, honestly")).contains("not one of minisign's"));
    }
    assert!(refusal(&trust, Needed::Yes, None).contains("it is not signed"));
    assert_eq!(signer(&trust, Needed::No, digest(1), None).expect("not needed"), None);
    // Without a list there is nobody to compare with.
    assert_eq!(
        signer(&[], Needed::No, digest(1), Some(by_eve.as_bytes())).expect("not needed"),
        None
    );
}

#[test]
fn a_key_that_is_none_is_told() {
    for wrong in [
        "",
        "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
        "minisign:",
        "minisign:RWQ",
        "cosign:RWQ",
    ] {
        assert!(
            TrustedKey::parse(wrong).expect_err("no key").contains("is not a key"),
            "{wrong}"
        );
    }
}
