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

/// `waspnest plugin sign` with a password, if there is one; what it printed, or why it failed.
fn sign(arguments: &[&str], password: Option<&str>) -> Result<String, String> {
    let words = ["waspnest", "plugin", "sign"].iter().chain(arguments).map(Into::into);
    let env = password.map(|password| ("WASPNEST_KEY_PASSWORD".to_owned(), password.to_owned()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let output = crate::cli::Output {
        out: &mut out,
        err: &mut err,
    };
    let exit = crate::cli::run(words, env.into_iter(), output);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    match exit {
        crate::cli::Exit::Success => Ok(text(out)),
        _ => Err(text(err)),
    }
}

#[test]
fn what_the_command_line_signs_is_good_with_and_without_a_password() {
    let place = tempfile::tempdir().expect("a directory");
    let path = |name: &str| place.path().join(name).to_str().expect("text").to_owned();
    let manifest = include_str!("../../../../../plugins/echo/plugin.toml");
    std::fs::write(place.path().join("plugin.toml"), manifest).expect("written");
    std::fs::write(place.path().join("echo.wasm"), b"not looked at").expect("written");
    std::fs::write(place.path().join("config.schema.json"), b"{}").expect("written");
    let package = waspnest_engine::pack(place.path()).expect("a package").digest();
    for (key, password) in [("plain.key", None), ("sealed.key", Some("swordfish"))] {
        let (dir, key) = (path(""), path(key));
        let asked = [dir.as_str(), "--key", &key, "--generate", "--json"];
        let said = sign(&asked, password).expect("it signs");
        let told: serde_json::Value = serde_json::from_str(&said).expect("one object");
        let trusted = TrustedKey::parse(told["trust"].as_str().expect("a key")).expect("a key");
        let signature = std::fs::read(place.path().join(FILE)).expect("a signature");
        let signed_by = signer(&[trusted], Needed::Yes, package, Some(&signature)).expect("it is good");
        assert_eq!(signed_by.as_deref(), told["trust"].as_str());
        // The key stays, and signs again.
        assert!(
            sign(&asked, password)
                .expect_err("it is there")
                .contains("cannot make the key")
        );
        sign(&asked[..3], password).expect("it signs");
    }
    let (dir, key) = (path(""), path("sealed.key"));
    let asked = [dir.as_str(), "--key", &key];
    assert!(sign(&asked, None).expect_err("sealed").contains("has a password"));
    assert!(
        sign(&asked, Some("herring"))
            .expect_err("sealed")
            .contains("cannot be opened")
    );
    let (nothing, public) = (path("no.key"), path("plain.pub"));
    assert!(
        sign(&[&dir, "--key", &nothing], None)
            .expect_err("missing")
            .contains("--generate makes one")
    );
    assert!(sign(&[&dir, "--key", &public], None).is_err());
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
