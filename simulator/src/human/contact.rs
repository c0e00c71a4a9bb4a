//! What a human looks up about others: what they show of themselves, and what a business tells.

use whatsapp_rust::wacore::iq::business as wire;

use super::{Human, HumanError, address};
use crate::{BusinessCategory, BusinessDay, BusinessHours};

/// What somebody shows of themselves to whoever asks. The name is not among it: it comes with messages only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Contact")]
pub struct ContactSeen {
    /// Their JID, as the server named them.
    pub jid: String,
    /// Their LID, when the server told it.
    pub lid: Option<String>,
    /// Their about text; empty when there is none or they hide it.
    pub about: String,
    /// Id of their picture; nothing when there is none or they hide it.
    pub picture: Option<String>,
    /// Whether they are a business.
    pub business: bool,
    /// The verified name of a business.
    pub verified_name: Option<String>,
}

/// What a business tells whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct BusinessSeen {
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

impl Human {
    /// What somebody shows of themselves; `None` when the number has no account.
    pub async fn look_up(&self, who: &str) -> Result<Option<ContactSeen>, HumanError> {
        let who = address::parse(who)?;
        let client = self.client()?;
        let found = client.contacts().get_user_info(std::slice::from_ref(&who)).await;
        let found = found.map_err(|error| HumanError::of_request("look somebody up", error))?;
        Ok(found.into_values().next().map(|user| ContactSeen {
            jid: user.jid.to_non_ad_string(),
            lid: user.lid.map(|lid| lid.to_non_ad_string()),
            about: user.status.unwrap_or_default(),
            picture: user.picture_id,
            business: user.is_business,
            verified_name: user.verified_name.and_then(|verified| verified.name),
        }))
    }

    /// What a business tells about itself; `None` for an account that is none.
    pub async fn business_of(&self, who: &str) -> Result<Option<BusinessSeen>, HumanError> {
        let who = address::parse(who)?;
        let found = self.client()?.get_business_profile(&who).await;
        let found = found.map_err(|error| HumanError::of_request("look a business up", error))?;
        Ok(found.map(|seen| BusinessSeen {
            description: seen.description,
            address: seen.address,
            email: seen.email,
            websites: seen.website,
            categories: seen.categories.into_iter().map(category).collect(),
            hours: hours(seen.business_hours),
        }))
    }
}

fn category(seen: wire::BusinessCategory) -> BusinessCategory {
    BusinessCategory {
        id: seen.id,
        name: seen.name,
    }
}

fn hours(seen: wire::BusinessHours) -> Option<BusinessHours> {
    let days = seen.business_config?.into_iter().map(|day| BusinessDay {
        day: day.day_of_week.as_str().to_owned(),
        mode: day.mode.as_str().to_owned(),
        open: day.open_time,
        close: day.close_time,
    });
    Some(BusinessHours {
        timezone: seen.timezone.unwrap_or_default(),
        days: days.collect(),
    })
}
