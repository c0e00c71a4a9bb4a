//! Accounts: what people see of one, and what the server keeps.

pub(crate) mod saved;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use whatsapp_rust::CompactString;
use whatsapp_rust::wacore_binary::Jid;

use crate::address::{AccountId, Namespace, PHONE};
use crate::appstate::AppState;
use crate::chats::Chats;
use crate::device::Device;
use crate::identity::AccountIdentity;
use crate::pairing::Passkey;
use crate::phone::{Duty, Phone};
use crate::presence::Whereabouts;
use crate::privacy::Privacy;
use crate::profile::Profile;
use crate::refusal::{BanReason, LoginRefusal};
use crate::simulator::Reachability;
use crate::status_privacy::StatusPrivacy;
use crate::tokens::{Reachout, Tokens};

/// What to make an account from.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The name contacts see (`notify` on the wire).
    pub push_name: String,
    /// Phone number, 7 to 15 digits with the country code; without one, a number under code 999 is drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// An account that exists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// Phone digits, without plus.
    pub phone: String,
    /// Digits of the linked id.
    pub lid: String,
    /// The name contacts see.
    pub push_name: String,
}

impl Account {
    /// `number@s.whatsapp.net`.
    pub fn jid(&self) -> String {
        format!("{}@s.whatsapp.net", self.phone)
    }

    /// `digits@lid`.
    pub fn lid_jid(&self) -> String {
        format!("{}@lid", self.lid)
    }
}

/// Companions an account may have linked at once.
pub(crate) const MAX_COMPANIONS: usize = 4;

/// The server's record of an account.
pub(crate) struct AccountState {
    pub(crate) phone: CompactString,
    pub(crate) lid: CompactString,
    pub(crate) push_name: String,
    pub(crate) identity: AccountIdentity,
    /// By device number; [`PHONE`] is always there.
    pub(crate) devices: BTreeMap<u16, Device>,
    /// Numbers and indexes are never given out twice.
    next_device: u16,
    next_key_index: u32,
    pub(crate) reachability: Reachability,
    pub(crate) refusal: Option<LoginRefusal>,
    /// Why and until when the account is banned.
    pub(crate) ban: Option<(BanReason, u64)>,
    pub(crate) app_state: AppState,
    /// What the phone remembers.
    pub(crate) chats: Chats,
    /// Accounts that know this one's devices and are told when they change.
    pub(crate) watchers: BTreeSet<AccountId>,
    pub(crate) blocked: BTreeSet<AccountId>,
    pub(crate) privacy: Privacy,
    pub(crate) status_privacy: StatusPrivacy,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) profile: Profile,
    pub(crate) tokens: Tokens,
    pub(crate) reachout: Reachout,
    /// What the phone has been asked to do.
    pub(crate) duties: VecDeque<Duty>,
    pub(crate) phone_wake: Arc<Notify>,
    /// What clients have to show before they are linked.
    pub(crate) passkey: Option<Passkey>,
    /// The phone that takes the place of the one that runs.
    pub(crate) successor: Option<Box<Phone>>,
}

impl AccountState {
    pub(crate) fn new(
        phone: CompactString,
        lid: CompactString,
        push_name: String,
        identity: AccountIdentity,
        phone_device: Device,
        app_state: AppState,
    ) -> Self {
        Self {
            phone,
            lid,
            push_name,
            identity,
            devices: BTreeMap::from([(PHONE, phone_device)]),
            next_device: 1,
            next_key_index: 1,
            reachability: Reachability::Online,
            refusal: None,
            ban: None,
            app_state,
            chats: Chats::default(),
            watchers: BTreeSet::new(),
            blocked: BTreeSet::new(),
            privacy: Privacy::default(),
            status_privacy: StatusPrivacy::default(),
            whereabouts: Whereabouts::default(),
            profile: Profile::default(),
            tokens: Tokens::default(),
            reachout: Reachout::default(),
            duties: VecDeque::new(),
            phone_wake: Arc::new(Notify::new()),
            passkey: None,
            successor: None,
        }
    }

    pub(crate) fn public(&self) -> Account {
        Account {
            phone: self.phone.to_string(),
            lid: self.lid.to_string(),
            push_name: self.push_name.clone(),
        }
    }

    /// A JID of this account, with a device number unless it is the phone's.
    pub(crate) fn jid(&self, device: u16, namespace: Namespace) -> Jid {
        match namespace {
            Namespace::Phone => Jid::pn_device(self.phone.clone(), device),
            Namespace::Lid => Jid::lid_device(self.lid.clone(), device),
        }
    }

    /// Companions, in order of their number.
    pub(crate) fn companions(&self) -> impl Iterator<Item = (u16, &Device)> {
        self.devices
            .iter()
            .filter(|(number, _)| **number != PHONE)
            .map(|(number, device)| (*number, device))
    }

    /// Reserves a device number and a key index; `None` once the numbers are used up.
    pub(crate) fn reserve_device(&mut self) -> Option<(u16, u32)> {
        let reserved = (self.next_device, self.next_key_index);
        self.next_device = self.next_device.checked_add(1)?;
        self.next_key_index = self.next_key_index.checked_add(1)?;
        Some(reserved)
    }

    /// The newest key index given out, 0 before the first.
    pub(crate) fn current_key_index(&self) -> u32 {
        self.next_key_index - 1
    }

    /// Key indexes of the linked companions.
    pub(crate) fn valid_key_indexes(&self) -> Vec<u32> {
        self.companions()
            .filter_map(|(_, device)| device.companion.as_ref())
            .map(|companion| companion.key_index)
            .collect()
    }
}
