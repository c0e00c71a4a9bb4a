//! The signatures that tie companions to an account: the account signs the device, the device signs back, and the account signs the list
//! of key indexes that are still valid.

use rand_signal::rngs::StdRng;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore::libsignal::crypto::hmac_sha256;
use whatsapp_rust::wacore::libsignal::protocol::{CurveError, KeyPair, PublicKey};
use whatsapp_rust::waproto::whatsapp::{
    ADVDeviceIdentity, ADVEncryptionType, ADVKeyIndexList, ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC,
    ADVSignedKeyIndexList,
};

/// What is signed starts with one of these, so that no signature can stand for another.
const ACCOUNT_SIGNS_DEVICE: &[u8] = &[6, 0];
const DEVICE_SIGNS_BACK: &[u8] = &[6, 1];
const ACCOUNT_SIGNS_INDEXES: &[u8] = &[6, 2];

/// An account's identity: the phone's Signal identity key and the number that names this incarnation of the account.
#[derive(Clone)]
pub(crate) struct AccountIdentity {
    pub(crate) keys: KeyPair,
    pub(crate) raw_id: u32,
}

/// An offer to link, signed by the account and waiting for the device's signature.
#[derive(Debug, Clone)]
pub(crate) struct LinkOffer {
    pub(crate) key_index: u32,
    details: Vec<u8>,
    account_signature: [u8; 64],
    device_identity: [u8; 32],
}

impl AccountIdentity {
    pub(crate) fn public(&self) -> &[u8] {
        self.keys.public_key.public_key_bytes()
    }

    /// Signs a device's identity key into the account.
    pub(crate) fn offer(
        &self,
        rng: &mut StdRng,
        device_identity: [u8; 32],
        key_index: u32,
        at_s: u64,
    ) -> Result<LinkOffer, CurveError> {
        let details = ADVDeviceIdentity {
            raw_id: Some(self.raw_id),
            timestamp: Some(at_s),
            key_index: Some(key_index),
            account_type: Some(ADVEncryptionType::E2EE),
            device_type: Some(ADVEncryptionType::E2EE),
        }
        .encode_to_vec();
        let account_signature = self
            .keys
            .private_key
            .calculate_signature_for_multipart_message(&[ACCOUNT_SIGNS_DEVICE, &details, &device_identity], rng)?;
        Ok(LinkOffer {
            key_index,
            details,
            account_signature,
            device_identity,
        })
    }

    /// The offer as it travels in `pair-success`, authenticated with the secret from the QR code.
    pub(crate) fn seal(&self, offer: &LinkOffer, adv_secret: &[u8]) -> Vec<u8> {
        let details = ADVSignedDeviceIdentity {
            details: Some(offer.details.clone()),
            account_signature_key: Some(self.public().to_vec()),
            account_signature: Some(offer.account_signature.to_vec()),
            device_signature: None,
        }
        .encode_to_vec();
        ADVSignedDeviceIdentityHMAC {
            hmac: Some(hmac_sha256(adv_secret, &details).to_vec()),
            details: Some(details),
            account_type: Some(ADVEncryptionType::E2EE),
        }
        .encode_to_vec()
    }

    /// Checks what the device sent back. On success the blob is what contacts are served as `device-identity`.
    pub(crate) fn verify_back(&self, offer: &LinkOffer, blob: &[u8]) -> Result<(), &'static str> {
        let signed = ADVSignedDeviceIdentity::decode_from_slice(blob).map_err(|_| "it is not a signed identity")?;
        if signed.details.as_deref() != Some(&offer.details[..]) {
            return Err("it is of another offer");
        }
        if signed.account_signature.as_deref() != Some(&offer.account_signature[..]) {
            return Err("it carries another account signature");
        }
        let signature = signed.device_signature.as_deref().ok_or("there is no signature")?;
        let device = PublicKey::from_djb_public_key_bytes(&offer.device_identity)
            .map_err(|_| "the device's identity is not a key")?;
        let message = [
            DEVICE_SIGNS_BACK,
            &offer.details[..],
            &offer.device_identity[..],
            self.public(),
        ];
        if device.verify_signature_for_multipart_message(&message, signature) {
            Ok(())
        } else {
            Err("it does not verify")
        }
    }

    /// Whether `given` is the signed identity `held`, in either of its forms: with this account's key in it, or without.
    pub(crate) fn is_same(&self, held: &[u8], given: &[u8]) -> bool {
        let (Ok(held), Ok(given)) = (
            ADVSignedDeviceIdentity::decode_from_slice(held),
            ADVSignedDeviceIdentity::decode_from_slice(given),
        ) else {
            return false;
        };
        let account = given.account_signature_key.as_deref().unwrap_or_default();
        given.details == held.details
            && given.account_signature == held.account_signature
            && given.device_signature == held.device_signature
            && (account.is_empty() || account == self.public())
    }

    /// The signed list of key indexes that are still linked.
    pub(crate) fn sign_indexes(
        &self,
        rng: &mut StdRng,
        current: u32,
        valid: Vec<u32>,
        at_s: u64,
    ) -> Result<Vec<u8>, CurveError> {
        let details = ADVKeyIndexList {
            raw_id: Some(self.raw_id),
            timestamp: Some(at_s),
            current_index: Some(current),
            valid_indexes: valid,
            account_type: Some(ADVEncryptionType::E2EE),
        }
        .encode_to_vec();
        let signature = self
            .keys
            .private_key
            .calculate_signature_for_multipart_message(&[ACCOUNT_SIGNS_INDEXES, &details], rng)?;
        Ok(ADVSignedKeyIndexList {
            details: Some(details),
            account_signature: Some(signature.to_vec()),
            account_signature_key: Some(self.public().to_vec()),
        }
        .encode_to_vec())
    }
}
