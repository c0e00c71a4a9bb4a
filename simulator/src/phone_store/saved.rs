//! A phone's Signal store in a file.

use std::collections::BTreeMap;

use whatsapp_rust::wacore::libsignal::protocol::{
    GenericSignedPreKey as _, IdentityKey, IdentityKeyPair, PreKeyRecord, SenderKeyRecord, SessionRecord,
    SignedPreKeyRecord,
};

use crate::noise::saved::key_pair;
use crate::phone_store::{Identities, PhoneStore, Prekeys, SenderKeys, Sessions, SignedPrekeys};
use crate::saved::{Blob, Unsound};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPhoneStore {
    identity_key: Blob,
    registration_id: u32,
    known: BTreeMap<String, Blob>,
    sessions: BTreeMap<String, Blob>,
    prekeys: BTreeMap<u32, Blob>,
    signed_prekeys: BTreeMap<u32, Blob>,
    #[serde(default)]
    sender_keys: BTreeMap<String, Blob>,
}

impl SavedPhoneStore {
    pub(crate) fn of(store: &PhoneStore) -> Result<Self, Unsound> {
        let unsound = |_| Unsound("a phone's key cannot be written down");
        Ok(Self {
            identity_key: Blob::of(store.identities.own.private_key().serialize()),
            registration_id: store.identities.registration_id,
            known: store
                .identities
                .known
                .iter()
                .map(|(address, key)| (address.clone(), Blob::of(key.serialize())))
                .collect(),
            sessions: store
                .sessions
                .0
                .iter()
                .map(|(address, session)| Ok((address.clone(), Blob::of(session.serialize().map_err(unsound)?))))
                .collect::<Result<_, _>>()?,
            prekeys: store
                .prekeys
                .0
                .iter()
                .map(|(id, key)| Ok((*id, Blob::of(key.serialize().map_err(unsound)?))))
                .collect::<Result<_, _>>()?,
            signed_prekeys: store
                .signed
                .0
                .iter()
                .map(|(id, key)| Ok((*id, Blob::of(key.serialize().map_err(unsound)?))))
                .collect::<Result<_, _>>()?,
            sender_keys: store
                .sender_keys
                .0
                .iter()
                .map(|(name, key)| Ok((name.clone(), Blob::of(key.serialize().map_err(unsound)?))))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn restore(self) -> Result<PhoneStore, Unsound> {
        let own = key_pair(&self.identity_key, "a phone's identity is not a key")?;
        Ok(PhoneStore {
            sessions: Sessions(restored(self.sessions, |bytes| {
                SessionRecord::deserialize(bytes).map_err(|_| Unsound("a phone's session does not decode"))
            })?),
            identities: Identities {
                own: IdentityKeyPair::new(IdentityKey::new(own.public_key), own.private_key),
                registration_id: self.registration_id,
                known: restored(self.known, |bytes| {
                    IdentityKey::decode(bytes).map_err(|_| Unsound("an identity a phone knows is not a key"))
                })?,
            },
            prekeys: Prekeys(restored(self.prekeys, |bytes| {
                PreKeyRecord::deserialize(bytes).map_err(|_| Unsound("a phone's prekey does not decode"))
            })?),
            signed: SignedPrekeys(restored(self.signed_prekeys, |bytes| {
                SignedPreKeyRecord::deserialize(bytes).map_err(|_| Unsound("a phone's signed prekey does not decode"))
            })?),
            sender_keys: SenderKeys(restored(self.sender_keys, |bytes| {
                SenderKeyRecord::deserialize(bytes).map_err(|_| Unsound("a group's key does not decode"))
            })?),
        })
    }
}

fn restored<K, T, C: FromIterator<(K, T)>>(
    saved: BTreeMap<K, Blob>,
    decode: impl Fn(&[u8]) -> Result<T, Unsound>,
) -> Result<C, Unsound> {
    saved
        .into_iter()
        .map(|(key, blob)| Ok((key, decode(blob.bytes())?)))
        .collect()
}
