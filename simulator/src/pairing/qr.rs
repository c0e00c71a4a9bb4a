//! Linking by QR code: the codes a client shows one after the other, and the phone that scans one.
//!
//! The phone compares the keys in the code with the waiting client's before it offers anything.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use tokio::sync::oneshot;
use whatsapp_rust::NodeBuilder;

use crate::error::ScanError;
use crate::outgoing::ConnectionId;
use crate::pairing::{Outcome, server_iq};
use crate::world::World;

/// Codes a client is given at once.
const REFS: usize = 6;
/// How long clients show the first code, and each later one.
const FIRST_SHOWN_MS: u64 = 60_000;
const NEXT_SHOWN_MS: u64 = 20_000;
/// Modelled: a code that has just left the screen is still good, for a camera that was slow.
const GRACE_MS: u64 = 20_000;

/// What stands in front of the code when the phone's camera opened it.
const DEEP_LINK: &str = "https://wa.me/settings/linked_devices#";

/// A scanned code.
pub(crate) struct QrCode {
    reference: String,
    noise: [u8; 32],
    identity: [u8; 32],
    adv_secret: [u8; 32],
}

impl QrCode {
    /// Parses `ref,noise,identity,secret[,client type]`, with or without the deep link.
    pub(crate) fn parse(text: &str) -> Result<Self, ScanError> {
        let text = text.trim();
        let body = text.strip_prefix(DEEP_LINK).unwrap_or(text);
        let fields: Vec<&str> = body.split(',').collect();
        let [reference, noise, identity, secret, ..] = fields[..] else {
            return Err(ScanError::BadCode("fewer than four fields"));
        };
        if fields.len() > 5 {
            return Err(ScanError::BadCode("more than five fields"));
        }
        let key = |field: &str| -> Option<[u8; 32]> { STANDARD.decode(field).ok()?.try_into().ok() };
        Ok(Self {
            reference: reference.to_owned(),
            noise: key(noise).ok_or(ScanError::BadCode("the noise key is not 32 bytes"))?,
            identity: key(identity).ok_or(ScanError::BadCode("the identity key is not 32 bytes"))?,
            adv_secret: key(secret).ok_or(ScanError::BadCode("the secret is not 32 bytes"))?,
        })
    }
}

/// The codes on screens: whose each is, and until when it is good.
#[derive(Default)]
pub(crate) struct QrRefs(HashMap<String, (ConnectionId, u64)>);

impl QrRefs {
    /// Drops the codes of a client that went away or is being linked.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.0.retain(|_, (holder, _)| *holder != connection);
    }

    fn holder(&self, reference: &str, now_ms: u64) -> Result<ConnectionId, ScanError> {
        let (connection, until_ms) = self.0.get(reference).ok_or(ScanError::UnknownRef)?;
        if now_ms > *until_ms {
            return Err(ScanError::Expired);
        }
        Ok(*connection)
    }
}

impl World {
    /// Gives an unpaired client its codes.
    pub(crate) fn offer_codes(&mut self, connection: ConnectionId) {
        let now = self.now_ms();
        let mut until = now + FIRST_SHOWN_MS + GRACE_MS;
        let mut refs = Vec::with_capacity(REFS);
        for _ in 0..REFS {
            let reference = format!("2@{}", URL_SAFE.encode(self.random_bytes::<66>()));
            refs.push(NodeBuilder::new("ref").bytes(reference.as_bytes().to_vec()).build());
            self.pairings.refs.0.insert(reference, (connection, until));
            until += NEXT_SHOWN_MS;
        }
        let iq = self.stanza_id();
        let node = server_iq(&iq)
            .children([NodeBuilder::new("pair-device").children(refs).build()])
            .build();
        if let Some(waiting) = self.pairings.waiting.get(&connection) {
            let outgoing = waiting.outgoing.clone();
            self.answer(None, &outgoing, node);
        }
    }

    /// The phone of `phone` scanned `code`: checks it and sends the offer. The channel yields how it ended.
    pub(crate) fn scan(&mut self, phone: &str, code: &QrCode) -> Result<Outcome, ScanError> {
        let account = self
            .by_phone(phone)
            .ok_or_else(|| ScanError::UnknownAccount(phone.to_owned()))?;
        let connection = self.pairings.refs.holder(&code.reference, self.now_ms())?;
        let waiting = self.pairings.waiting(connection).ok_or(ScanError::UnknownRef)?;
        if waiting.noise != code.noise {
            return Err(ScanError::KeyMismatch("noise"));
        }
        if waiting.keys.identity != code.identity {
            return Err(ScanError::KeyMismatch("identity"));
        }
        let (told, outcome) = oneshot::channel();
        self.admit_link(connection, account, &code.adv_secret, told);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_taken_bare_and_as_deep_links_and_refused_when_malformed() {
        let key = STANDARD.encode([7; 32]);
        let bare = format!("2@abc,{key},{key},{key},1");
        for text in [
            bare.clone(),
            format!("{DEEP_LINK}{bare}"),
            format!("2@abc,{key},{key},{key}"),
        ] {
            let code = QrCode::parse(&text).expect("a valid code");
            assert_eq!(code.reference, "2@abc");
            assert_eq!(code.identity, [7; 32]);
        }
        for text in [
            "",
            "2@abc",
            "2@abc,x,y,z",
            &format!("2@abc,{key},{key},AAAA"),
            &format!("2@abc,{key},{key},{key},1,2"),
        ] {
            assert!(matches!(QrCode::parse(text), Err(ScanError::BadCode(_))));
        }
    }
}
