//! What people do with communities, each through their own client. A community is left like a group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Nothing, borrowed};
use crate::GroupView;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfGroup;
use crate::human::Human;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/people/{phone}/communities", "Makes a community.", community).example(r#"{"name": "Village"}"#),
        get(
            "/people/{phone}/groups/{group}/subgroups",
            "The groups of this community.",
            list,
        ),
        post(
            "/people/{phone}/groups/{group}/subgroups",
            "Makes a group in this community, joins one, links one to it, or unlinks it.",
            subgroups,
        )
        .example(r#"{"link": "120363012345678902@g.us"}"#),
        post(
            "/people/{phone}/groups/{group}/deactivate",
            "Ends this community; its groups go on alone.",
            deactivate,
        ),
    ]
}

/// What to call a community.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MakeCommunity {
    name: String,
}

async fn community(person: Human, make: MakeCommunity) -> Result<Created<GroupView>, Problem> {
    Ok(Created(person.create_community(&make.name).await?))
}

/// The groups of a community.
#[derive(Serialize, JsonSchema)]
struct Subgroups {
    /// JIDs, announcements first.
    items: Vec<String>,
}

async fn list(of: OfGroup, _: Nothing) -> Result<Shown<Subgroups>, Problem> {
    let items = of.person.community_groups(&of.group).await?;
    Ok(Shown(Subgroups { items }))
}

/// Which group, by JID, or what to make one from.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Subgroup {
    /// Belongs to the community from now on.
    Link(String),
    /// Stands on its own from now on.
    Unlink(String),
    /// The person, who is in the community, joins it.
    Join(String),
    /// There is another one from now on.
    Create {
        /// Its name.
        subject: String,
        /// Who is in it besides the person, by phone number or JID.
        #[serde(default)]
        members: Vec<String>,
    },
}

async fn subgroups(of: OfGroup, subgroup: Subgroup) -> Result<Shown<Subgroups>, Problem> {
    let (person, community) = (&of.person, of.group.as_str());
    match &subgroup {
        Subgroup::Link(group) => person.link_group(community, group).await?,
        Subgroup::Unlink(group) => person.unlink_group(community, group).await?,
        Subgroup::Join(group) => {
            person.join_subgroup(community, group).await?;
        }
        Subgroup::Create { subject, members } => {
            person.create_subgroup(community, subject, &borrowed(members)).await?;
        }
    }
    list(of, Nothing {}).await
}

/// Which community.
#[derive(Serialize, JsonSchema)]
struct Deactivated {
    /// Its JID.
    community: String,
}

async fn deactivate(of: OfGroup, _: Nothing) -> Result<Shown<Deactivated>, Problem> {
    of.person.deactivate_community(&of.group).await?;
    Ok(Shown(Deactivated { community: of.group }))
}
