//! An account in a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::AccountState;
use crate::address::{AccountId, PHONE};
use crate::appstate::saved::SavedAppState;
use crate::chats::saved::SavedChats;
use crate::device::saved::SavedDevice;
use crate::identity::AccountIdentity;
use crate::noise::saved::key_pair;
use crate::pairing::Passkey;
use crate::phone::Duty;
use crate::privacy::saved::SavedPrivacy;
use crate::profile::saved::SavedProfile;
use crate::refusal::{BanReason, LoginRefusal};
use crate::saved::{Blob, Unsound, account_id};
use crate::simulator::Reachability;
use crate::status_privacy::saved::SavedStatusPrivacy;
use crate::tokens::Reachout;
use crate::tokens::saved::SavedTokens;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedAccount {
    phone: String,
    lid: String,
    push_name: String,
    identity_key: Blob,
    raw_id: u32,
    devices: BTreeMap<u16, SavedDevice>,
    next_device: u16,
    next_key_index: u32,
    #[serde(default = "online")]
    reachability: Reachability,
    #[serde(default)]
    refusal: Option<LoginRefusal>,
    /// Why, and until when.
    #[serde(default)]
    ban: Option<(BanReason, u64)>,
    #[serde(default)]
    passkey: Option<SavedPasskey>,
    app_state: SavedAppState,
    #[serde(default)]
    chats: SavedChats,
    #[serde(default)]
    watchers: Vec<usize>,
    #[serde(default)]
    privacy: SavedPrivacy,
    #[serde(default)]
    status_privacy: SavedStatusPrivacy,
    #[serde(default)]
    last_seen: Option<u64>,
    #[serde(default)]
    profile: SavedProfile,
    #[serde(default)]
    tokens: SavedTokens,
    #[serde(default)]
    reachout: Reachout,
    #[serde(default)]
    blocked: Vec<usize>,
    #[serde(default)]
    duties: Vec<Duty>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedPasskey {
    credential_id: Blob,
    public_key: Blob,
}

fn online() -> Reachability {
    Reachability::Online
}

impl SavedAccount {
    pub(crate) fn of(account: &AccountState) -> Result<Self, Unsound> {
        let numbers = |accounts: &BTreeSet<AccountId>| accounts.iter().map(|account| account.0).collect();
        Ok(Self {
            phone: account.phone.to_string(),
            lid: account.lid.to_string(),
            push_name: account.push_name.clone(),
            identity_key: Blob::of(account.identity.keys.private_key.serialize()),
            raw_id: account.identity.raw_id,
            devices: account
                .devices
                .iter()
                .map(|(number, device)| Ok((*number, SavedDevice::of(device)?)))
                .collect::<Result<_, _>>()?,
            next_device: account.next_device,
            next_key_index: account.next_key_index,
            reachability: account.reachability,
            refusal: account.refusal,
            ban: account.ban,
            passkey: account.passkey.as_ref().map(|passkey| SavedPasskey {
                credential_id: Blob::of(&passkey.credential_id),
                public_key: Blob::of(&passkey.public_key),
            }),
            app_state: SavedAppState::of(&account.app_state),
            chats: SavedChats::of(&account.chats),
            watchers: numbers(&account.watchers),
            privacy: SavedPrivacy::of(&account.privacy),
            status_privacy: SavedStatusPrivacy::of(&account.status_privacy),
            last_seen: account.whereabouts.last_seen,
            profile: SavedProfile::of(&account.profile),
            tokens: SavedTokens::of(&account.tokens),
            reachout: account.reachout,
            blocked: numbers(&account.blocked),
            duties: account.duties.iter().copied().collect(),
        })
    }

    /// The account again, one of `count`.
    pub(crate) fn restore(self, count: usize) -> Result<AccountState, Unsound> {
        let accounts = |numbers: Vec<usize>| {
            numbers
                .into_iter()
                .map(|number| account_id(number, count))
                .collect::<Result<BTreeSet<_>, _>>()
        };
        let identity = AccountIdentity {
            keys: key_pair(&self.identity_key, "an account's identity is not a key")?,
            raw_id: self.raw_id,
        };
        let mut devices = self
            .devices
            .into_iter()
            .map(|(number, device)| Ok((number, device.restore(count)?)))
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        let phone = devices.remove(&PHONE).ok_or(Unsound("an account has no phone"))?;
        let mut account = AccountState::new(
            self.phone.into(),
            self.lid.into(),
            self.push_name,
            identity,
            phone,
            self.app_state.restore()?,
        );
        account.devices.append(&mut devices);
        account.next_device = self.next_device;
        account.next_key_index = self.next_key_index;
        account.reachability = self.reachability;
        account.refusal = self.refusal;
        account.ban = self.ban;
        account.chats = self.chats.restore()?;
        account.passkey = self.passkey.map(|passkey| Passkey {
            credential_id: passkey.credential_id.into_bytes(),
            public_key: passkey.public_key.into_bytes(),
        });
        account.watchers = accounts(self.watchers)?;
        account.privacy = self.privacy.restore(count)?;
        account.status_privacy = self.status_privacy.restore(count)?;
        account.whereabouts.last_seen = self.last_seen;
        account.profile = self.profile.restore();
        account.tokens = self.tokens.restore(count)?;
        account.reachout = self.reachout;
        account.blocked = accounts(self.blocked)?;
        account.duties = self.duties.into();
        Ok(account)
    }
}
