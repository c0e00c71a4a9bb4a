//! Business accounts: made by the phone, and seen by people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::BusinessProfile;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::human::{BusinessSeen, Human};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/accounts/{phone}/business",
            "What a business tells about itself.",
            of_account,
        ),
        post(
            "/accounts/{phone}/business",
            "Makes the account a business, or changes all it tells; whoever knows it is told.",
            set,
        )
        .example(
            r#"{"name": "Anna's Bakery", "description": "Bread and cake", "websites": ["https://bakery.example"]}"#,
        ),
        get(
            "/people/{phone}/business",
            "What a business tells the person, whose client asks for it.",
            seen,
        )
        .example("of=4915199999999"),
    ]
}

/// What a business tells about itself.
#[derive(Serialize, JsonSchema)]
struct Business {
    /// Nothing for an account that is none.
    business: Option<BusinessProfile>,
}

async fn of_account(account: OfAccount, _: Nothing) -> Result<Shown<Business>, Problem> {
    let business = account.simulator.business(&account.phone)?;
    Ok(Shown(Business { business }))
}

async fn set(account: OfAccount, profile: BusinessProfile) -> Result<Shown<Business>, Problem> {
    account.simulator.set_business(&account.phone, profile)?;
    of_account(account, Nothing {}).await
}

/// Whom to look up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Of {
    /// A phone number or a JID.
    of: String,
}

/// What a business tells.
#[derive(Serialize, JsonSchema)]
struct Seen {
    /// Nothing for an account that is none.
    business: Option<BusinessSeen>,
}

async fn seen(person: Human, of: Of) -> Result<Shown<Seen>, Problem> {
    let business = person.business_of(&of.of).await?;
    Ok(Shown(Seen { business }))
}
