//! Business accounts: what they tell about themselves, and the certificate of their name.

pub(crate) mod saved;

use std::collections::HashMap;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::waproto::whatsapp::{VerifiedNameCertificate, verified_name_certificate};

use crate::address::{AccountId, Namespace, PHONE};
use crate::notification::Notification;
use crate::world::World;

/// A category of businesses.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessCategory {
    /// Digits.
    pub id: String,
    /// In words.
    pub name: String,
}

/// When a business is open on one day of the week.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessDay {
    /// `sun`, `mon`, `tue`, `wed`, `thu`, `fri` or `sat`.
    pub day: String,
    /// `open_24h`, `specific_hours` or `appointment_only`.
    pub mode: String,
    /// Minutes after midnight; with `specific_hours` only.
    #[serde(default)]
    pub open: Option<u32>,
    /// Minutes after midnight; with `specific_hours` only.
    #[serde(default)]
    pub close: Option<u32>,
}

/// When a business is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessHours {
    /// The zone of the times, such as `Europe/Berlin`.
    pub timezone: String,
    /// Days on which it is open.
    pub days: Vec<BusinessDay>,
}

/// What a business tells about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusinessProfile {
    /// The verified name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Where it is.
    pub address: Option<String>,
    /// Where to write to.
    pub email: Option<String>,
    /// Its pages.
    pub websites: Vec<String>,
    /// What kind of business it is.
    pub categories: Vec<BusinessCategory>,
    /// When it is open.
    pub hours: Option<BusinessHours>,
}

/// All business accounts.
#[derive(Debug, Default)]
pub(crate) struct Businesses {
    of: HashMap<AccountId, BusinessProfile>,
}

impl Businesses {
    pub(crate) fn get(&self, account: AccountId) -> Option<&BusinessProfile> {
        self.of.get(&account)
    }
}

impl World {
    /// Makes an account a business, or changes what it tells; whoever knows it is told.
    pub(crate) fn set_business(&mut self, account: AccountId, profile: BusinessProfile) {
        self.businesses.of.insert(account, profile);
        let jid = self.account(account).jid(PHONE, Namespace::Phone);
        let change = NodeBuilder::new("profile").attr("jid", jid.clone()).build();
        let notification = Notification::from("business", jid).about(account).content([change]);
        let mut audience: Vec<AccountId> = self.account(account).watchers.iter().copied().collect();
        audience.retain(|watcher| *watcher != account);
        audience.push(account);
        for watcher in audience {
            self.notify_companions(watcher, None, &notification);
        }
    }

    /// The certificate of a business's name. Modelled: it is not signed, because no client looks at the signature.
    pub(crate) fn verified_name(&self, account: AccountId) -> Option<VerifiedName> {
        let profile = self.businesses.get(account)?;
        let serial = self.account(account).phone.parse().unwrap_or_default();
        let details = verified_name_certificate::Details {
            serial: Some(serial),
            issuer: Some("smb:wa".to_owned()),
            verified_name: Some(profile.name.clone()),
            ..Default::default()
        };
        let certificate = VerifiedNameCertificate {
            details: Some(details.encode_to_vec()),
            ..Default::default()
        };
        Some(VerifiedName {
            serial,
            certificate: certificate.encode_to_vec(),
        })
    }
}

/// See [`World::verified_name`].
pub(crate) struct VerifiedName {
    pub(crate) serial: u64,
    pub(crate) certificate: Vec<u8>,
}
