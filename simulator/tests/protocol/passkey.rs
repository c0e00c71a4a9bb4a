//! Linking to an account that wants a passkey: with a software authenticator in the place of a phone's or a browser's.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use waspnest_simulator::{NewAccount, Passkey, ScanError, Simulator};
use whatsapp_rust::passkey::{Assertion, AssertionRequest, CallbackAuthenticator, build_webauthn_assertion_json};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, end, strict};

const CREDENTIAL: &[u8] = b"the one credential";

/// Breaks one thing before the authenticator signs, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    Challenge,
    Party,
    Presence,
    Signature,
}

struct Authenticator {
    key: EcdsaKeyPair,
}

impl Authenticator {
    fn new() -> Arc<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Arc::new(Self { key })
    }

    fn passkey(&self) -> Passkey {
        Passkey {
            credential_id: CREDENTIAL.to_vec(),
            public_key: self.key.public_key().as_ref().to_vec(),
        }
    }

    fn assert(&self, request: &AssertionRequest, fault: Fault) -> Assertion {
        let mut challenge = request.challenge.clone();
        if fault == Fault::Challenge {
            challenge[0] ^= 1;
        }
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"https://web.whatsapp.com"}}"#,
            URL_SAFE_NO_PAD.encode(challenge)
        );
        let party = match fault {
            Fault::Party => "example.org",
            Fault::Nothing | Fault::Challenge | Fault::Presence | Fault::Signature => {
                request.rp_id.as_deref().expect("a party")
            }
        };
        let flags = if fault == Fault::Presence { 0b001 } else { 0b101 };
        let mut data = Sha256::digest(party).to_vec();
        data.extend([flags, 0, 0, 0, 7]);
        let signed = [&data[..], &Sha256::digest(client_data.as_bytes())[..]].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        if fault == Fault::Signature {
            data[36] ^= 1;
        }
        let json = build_webauthn_assertion_json(CREDENTIAL, client_data.as_bytes(), &data, signature.as_ref(), None);
        Assertion {
            assertion_json: json,
            credential_id: CREDENTIAL.to_vec(),
        }
    }
}

async fn unlinked(simulator: &Simulator, authenticator: &Arc<Authenticator>, fault: Fault) -> Companion {
    let account = simulator.create_account(NewAccount::default()).unwrap();
    simulator
        .require_passkey(&account.phone, Some(authenticator.passkey()))
        .unwrap();
    let companion = Companion::unlinked(simulator, account).await;
    let authenticator = Arc::clone(authenticator);
    let callback = CallbackAuthenticator::new(move |request: AssertionRequest| {
        let assertion = authenticator.assert(&request, fault);
        Box::pin(async move { Ok(assertion) })
    });
    companion.client().set_passkey_authenticator(Arc::new(callback)).await;
    companion
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_the_accounts_passkey_is_linked_after_both_show_the_same_code() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let authenticator = Authenticator::new();
    let mut ada = unlinked(&simulator, &authenticator, Fault::Nothing).await;
    let phone = ada.account.phone.clone();
    let qr = ada.qr().await;
    let compare = async {
        let shown = ada.events.first("the code to compare", |event| match event {
            Event::PairPasskeyConfirmation(confirmation) => Some(Ok(confirmation.code.clone())),
            Event::PairPasskeyError(error) => Some(Err(error.error.clone())),
            _ => None,
        });
        let shown = shown.await.expect("the client goes through with it");
        let on_phone = simulator.passkey_code(&phone).unwrap().expect("a code on the phone");
        assert_eq!(shown.replace('-', ""), on_phone);
        ada.client().send_passkey_confirmation().await.unwrap();
    };
    let (linked, ()) = tokio::join!(simulator.scan_qr(&phone, &qr), compare);
    assert_eq!(linked.unwrap().device, 1);
    ada.connected().await;
    assert_eq!(simulator.passkey_code(&ada.account.phone).unwrap(), None);
    assert_eq!(simulator.stats().companions, 1);
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_that_is_not_the_accounts_opens_nothing() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let authenticator = Authenticator::new();
    let faults = [Fault::Challenge, Fault::Party, Fault::Presence, Fault::Signature];
    for fault in faults {
        let mut ada = unlinked(&simulator, &authenticator, fault).await;
        let qr = ada.qr().await;
        let scan = simulator.scan_qr(&ada.account.phone, &qr).await;
        assert!(matches!(scan, Err(ScanError::Passkey(_))), "{fault:?}: {scan:?}");
        ada.events
            .first("the refusal", |event| {
                matches!(event, Event::PairPasskeyError(_)).then_some(())
            })
            .await;
        ada.stop().await;
    }
    // Somebody else's passkey is none either.
    let stranger = Authenticator::new();
    let mut ada = unlinked(&simulator, &authenticator, Fault::Nothing).await;
    simulator
        .require_passkey(&ada.account.phone, Some(stranger.passkey()))
        .unwrap();
    let qr = ada.qr().await;
    let scan = simulator.scan_qr(&ada.account.phone, &qr).await;
    assert!(matches!(scan, Err(ScanError::Passkey(_))), "{scan:?}");
    ada.stop().await;
    let stats = simulator.stats();
    assert_eq!((stats.companions, stats.refused_links), (0, 5));
    end(simulator).await;
}
