//! Who may see and do what with the account.

use waspnest_core::address::Party;
use waspnest_core::affairs::{PrivacyCategory, PrivacySetting, PrivacyValue, StatusAudience, StatusPrivacy};
use waspnest_core::live::Refusal;
use whatsapp_rust::wacore::iq::privacy::{PrivacyCategory as WireCategory, PrivacyValue as WireValue};
use whatsapp_rust::wacore::request::InfoQuery;
use whatsapp_rust::wacore_binary::{NodeContent, NodeRef};
use whatsapp_rust::{Client, Jid as WireJid, NodeBuilder, Server};

use crate::live::group::other_address;
use crate::live::party;
use crate::live::refusal::of_query;

pub(super) async fn all(client: &Client) -> Result<Vec<PrivacySetting>, Refusal> {
    let told = client.fetch_privacy_settings().await.map_err(of_query)?;
    let settings = told.settings.iter();
    Ok(settings
        .filter_map(|told| {
            Some(PrivacySetting {
                category: category(&told.category)?,
                value: value(&told.value),
            })
        })
        .collect())
}

pub(super) async fn set(client: &Client, setting: PrivacySetting) -> Result<(), Refusal> {
    let PrivacySetting { category, value } = setting;
    let wanted = wire_value(value).filter(|_| category.allowed().contains(&value));
    let wanted = wanted.ok_or_else(|| {
        let (category, value) = (category.name(), value.name());
        Refusal::Invalid(format!("privacy: {category} cannot be {value}").into())
    })?;
    let set = client.set_privacy_setting(wire_category(category), wanted).await;
    set.map(drop).map_err(of_query)
}

pub(super) async fn set_default_timer(client: &Client, seconds: Option<u32>) -> Result<(), Refusal> {
    let set = client.set_default_disappearing_mode(seconds.unwrap_or(0)).await;
    set.map_err(of_query)
}

fn category(told: &WireCategory) -> Option<PrivacyCategory> {
    Some(match told {
        WireCategory::Last => PrivacyCategory::LastSeen,
        WireCategory::Online => PrivacyCategory::Online,
        WireCategory::Profile => PrivacyCategory::Picture,
        WireCategory::Status => PrivacyCategory::About,
        WireCategory::GroupAdd => PrivacyCategory::Groups,
        WireCategory::ReadReceipts => PrivacyCategory::ReadReceipts,
        WireCategory::CallAdd => PrivacyCategory::Calls,
        WireCategory::Messages => PrivacyCategory::Messages,
        WireCategory::DefenseMode => PrivacyCategory::Defense,
        // What WhatsApp adds is of no use to callers before they know what it is.
        WireCategory::Other(_) => return None,
    })
}

const fn wire_category(category: PrivacyCategory) -> WireCategory {
    match category {
        PrivacyCategory::LastSeen => WireCategory::Last,
        PrivacyCategory::Online => WireCategory::Online,
        PrivacyCategory::Picture => WireCategory::Profile,
        PrivacyCategory::About => WireCategory::Status,
        PrivacyCategory::Groups => WireCategory::GroupAdd,
        PrivacyCategory::ReadReceipts => WireCategory::ReadReceipts,
        PrivacyCategory::Calls => WireCategory::CallAdd,
        PrivacyCategory::Messages => WireCategory::Messages,
        PrivacyCategory::Defense => WireCategory::DefenseMode,
    }
}

const fn value(told: &WireValue) -> PrivacyValue {
    match told {
        WireValue::All => PrivacyValue::Everyone,
        WireValue::Contacts => PrivacyValue::Contacts,
        WireValue::ContactBlacklist => PrivacyValue::ContactsExcept,
        WireValue::None => PrivacyValue::Nobody,
        WireValue::MatchLastSeen => PrivacyValue::MatchLastSeen,
        WireValue::Known => PrivacyValue::Known,
        WireValue::Off => PrivacyValue::Off,
        WireValue::OnStandard => PrivacyValue::On,
        WireValue::Other(_) => PrivacyValue::Other,
    }
}

const fn wire_value(value: PrivacyValue) -> Option<WireValue> {
    Some(match value {
        PrivacyValue::Everyone => WireValue::All,
        PrivacyValue::Contacts => WireValue::Contacts,
        PrivacyValue::ContactsExcept => WireValue::ContactBlacklist,
        PrivacyValue::Nobody => WireValue::None,
        PrivacyValue::MatchLastSeen => WireValue::MatchLastSeen,
        PrivacyValue::Known => WireValue::Known,
        PrivacyValue::Off => WireValue::Off,
        PrivacyValue::On => WireValue::OnStandard,
        PrivacyValue::Other => return None,
    })
}

/// whatsapp-rust has no call for it: `<iq xmlns="status" type="get"><privacy/></iq>`, answered with every list there is, of which one is
/// marked as the one that counts.
pub(super) async fn of_status(client: &Client) -> Result<StatusPrivacy, Refusal> {
    let asked = NodeContent::Nodes(vec![NodeBuilder::new("privacy").build()]);
    let query = InfoQuery::get("status", WireJid::new("", Server::Pn), Some(asked));
    let answer = client.send_iq(query).await.map_err(of_query)?;
    let answer = answer.get();
    let lists = answer.get_optional_child("privacy");
    let lists: Vec<_> = lists
        .into_iter()
        .flat_map(|privacy| privacy.get_children_by_tag("list"))
        .collect();
    let audience = lists
        .iter()
        .find(|list| has(list, "default", "true"))
        .and_then(|list| audience(list));
    let (mut except, mut only) = (Vec::new(), Vec::new());
    for list in &lists {
        match self::audience(list) {
            Some(StatusAudience::Except) => except = listed(client, list).await,
            Some(StatusAudience::Only) => only = listed(client, list).await,
            Some(StatusAudience::Contacts) | None => {}
        }
    }
    Ok(StatusPrivacy {
        audience: audience.unwrap_or(StatusAudience::Contacts),
        except,
        only,
    })
}

fn has(node: &NodeRef<'_>, name: &str, value: &str) -> bool {
    node.get_attr(name).is_some_and(|found| found.as_str() == value)
}

fn audience(list: &NodeRef<'_>) -> Option<StatusAudience> {
    let named = list.get_attr("type")?;
    match &*named.as_str() {
        "contacts" => Some(StatusAudience::Contacts),
        "blacklist" => Some(StatusAudience::Except),
        "whitelist" => Some(StatusAudience::Only),
        _ => None,
    }
}

async fn listed(client: &Client, list: &NodeRef<'_>) -> Vec<Party> {
    let users = list.get_children_by_tag("user");
    let users: Vec<WireJid> = users
        .filter_map(|user| user.get_attr("jid")?.as_str().parse().ok())
        .collect();
    let mut people = Vec::new();
    for user in users {
        let other = other_address(client, &user).await;
        people.extend(party(&user, [other.as_ref(), None]));
    }
    people
}
