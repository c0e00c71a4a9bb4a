//! A passkey's answer to a challenge: WebAuthn, as far as a server has to check it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The relying party passkeys of the service are made for.
const RELYING_PARTY: &str = "web.whatsapp.com";
const ORIGIN: &str = "https://web.whatsapp.com";
/// Flags: somebody was there, and the authenticator knows who.
const PRESENT_AND_VERIFIED: u8 = 0b101;

/// A passkey that an account has registered, with P-256.
#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its credential id.
    pub credential_id: Vec<u8>,
    /// Its public key as an uncompressed point, 65 bytes.
    pub public_key: Vec<u8>,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passkey").finish_non_exhaustive()
    }
}

/// The part of an assertion that is looked at.
#[derive(Deserialize)]
struct Assertion {
    #[serde(rename = "rawId")]
    raw_id: String,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
}

impl Passkey {
    /// What the client's authenticator is asked, as `PublicKeyCredentialRequestOptions` in JSON.
    pub(super) fn options(&self, challenge: &[u8]) -> String {
        serde_json::json!({
            "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "rpId": RELYING_PARTY,
            "allowCredentials": [{"type": "public-key", "id": URL_SAFE_NO_PAD.encode(&self.credential_id)}],
            "userVerification": "required",
            "timeout": 60_000,
        })
        .to_string()
    }

    /// Checks an assertion: whose it is, what it answers, for whom it was made, and its signature.
    pub(super) fn verify(&self, challenge: &[u8], credential_id: &[u8], json: &[u8]) -> Result<(), &'static str> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "it is not base64");
        let assertion: Assertion = serde_json::from_slice(json).map_err(|_| "it is not an assertion")?;
        if credential_id != self.credential_id || decode(&assertion.raw_id)? != self.credential_id {
            return Err("it is of another credential");
        }
        let client_data = decode(&assertion.response.client_data)?;
        let data: ClientData = serde_json::from_slice(&client_data).map_err(|_| "its client data are none")?;
        if data.kind != "webauthn.get" || data.origin != ORIGIN {
            return Err("it was made for somebody else");
        }
        if decode(&data.challenge)? != challenge {
            return Err("it answers another challenge");
        }
        let authenticator = decode(&assertion.response.authenticator_data)?;
        let party: [u8; 32] = Sha256::digest(RELYING_PARTY).into();
        match authenticator.get(..33) {
            Some(head) if head[..32] == party => {
                if head[32] & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED {
                    return Err("nobody was there, or it is not known who");
                }
            }
            Some(_) | None => return Err("it was made for another party"),
        }
        let signed = [&authenticator[..], &Sha256::digest(&client_data)[..]].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.public_key)
            .verify(&signed, &decode(&assertion.response.signature)?)
            .map_err(|_| "its signature does not verify")
    }
}
