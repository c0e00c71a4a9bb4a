//! Communities, and the groups in them.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::affairs::{NewCommunity, Orphans, Subgroup};
use waspnest_core::event::Switch;
use waspnest_core::live::GroupOperation;

use super::groups::{
    Groups, NewGroup, Participants, Results, ShownGroup, created_in, description, people, results, shown, shown_all,
    shown_members, subject,
};
use crate::http::address::{Address, Moment};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, list, parsed};
use crate::http::operation::Json;
use crate::http::reply::{Created, NoContent, Shown};

/// Groups that can be named at a time: more than a community can have.
const MOST_GROUPS: usize = 100;

/// A group of a community.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Subgroup")]
pub(in crate::http) struct ShownSubgroup {
    group: Address,
    subject: String,
    /// How many people are in it, where that is told.
    participants: Option<u32>,
    created_at: Option<Moment>,
    /// Who made it.
    owner: Option<Address>,
    /// Whether it is the one for announcements, which everybody is in.
    announcements: bool,
    /// Whether it is the general chat.
    general: bool,
}

/// The groups of a community.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Subgroups {
    items: Vec<ShownSubgroup>,
}

impl FromFields for NewCommunity {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("subject", subject(), "What it is called.");
        let about = fields.optional("description", description(), "What it is about.");
        let closed = fields.optional(
            "closed",
            Flag,
            "Administrators let people in; they do not unless told to.",
        );
        let says = "Every member may make groups in it; none may unless told so.";
        let members_make_groups = fields.optional("members_make_groups", Flag, says);
        Some(Self {
            subject: name?.into(),
            description: about.map(Into::into),
            closed: Switch::from(closed.unwrap_or(false)),
            members_make_groups: Switch::from(members_make_groups.unwrap_or(false)),
        })
    }
}

/// Groups that are put into a community.
pub(in crate::http) struct Linked(Vec<Jid>);

impl FromFields for Linked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let groups = fields.required("groups", list(parsed(), MOST_GROUPS), "Which groups.");
        Some(Self(groups?))
    }
}

/// Groups that are taken out of a community.
pub(in crate::http) struct Unlinked {
    groups: Vec<Jid>,
    orphans: Orphans,
}

impl FromFields for Unlinked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let groups = fields.required("groups", list(parsed(), MOST_GROUPS), "Which groups.");
        let says = "Whether people leave the community who are in it by these groups alone; they stay unless told to.";
        let remove = fields.optional("remove_orphans", Flag, says);
        Some(Self {
            groups: groups?,
            orphans: match remove {
                Some(true) => Orphans::Remove,
                Some(false) | None => Orphans::Keep,
            },
        })
    }
}

/// People who are taken out of a community.
pub(in crate::http) struct Removed(Vec<Jid>);

impl FromFields for Removed {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let who = fields.required("participants", people(), "Whom.");
        Some(Self(who?))
    }
}

pub(in crate::http) async fn list_all(ctx: Ctx) -> Result<Shown<Groups>, ApiError> {
    let account = ctx.account().await?;
    let communities = account.told(account.affairs().communities()).await?;
    Ok(Shown(shown_all(&communities)))
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewCommunity>) -> Result<Created<ShownGroup>, ApiError> {
    let session = ctx.session().await?;
    let account = ctx.account().await?;
    let made = account.told(account.affairs().create_community(new)).await?;
    let path = format!("/v1/sessions/{}/groups/{}", session.id, made.group);
    Ok(Created::at(path, shown(&made)))
}

pub(in crate::http) async fn deactivate(ctx: Ctx) -> Result<NoContent, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    account.told(account.affairs().deactivate(&community)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn subgroups(ctx: Ctx) -> Result<Shown<Subgroups>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let groups = account.told(account.affairs().subgroups(&community)).await?;
    Ok(Shown(Subgroups {
        items: groups.iter().map(shown_subgroup).collect(),
    }))
}

pub(in crate::http) async fn create_subgroup(
    ctx: Ctx,
    Json(new): Json<NewGroup>,
) -> Result<Created<ShownGroup>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let shown = created_in(&account, new, community).await?;
    Ok(Created { shown, at: None })
}

pub(in crate::http) async fn join_subgroup(ctx: Ctx) -> Result<Shown<ShownGroup>, ApiError> {
    let (community, group) = (ctx.group("g")?, ctx.group("sub")?);
    let account = ctx.account().await?;
    let joined = account
        .told(account.affairs().join_subgroup(&community, &group))
        .await?;
    Ok(Shown(shown(&joined)))
}

pub(in crate::http) async fn link(ctx: Ctx, Json(Linked(groups)): Json<Linked>) -> Result<Shown<Results>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let operation = GroupOperation::Affiliate {
        community,
        groups,
        into: Switch::On,
    };
    Ok(Shown(results(&account.outcomes(operation).await?)))
}

pub(in crate::http) async fn unlink(
    ctx: Ctx,
    Json(Unlinked { groups, orphans }): Json<Unlinked>,
) -> Result<Shown<Results>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let unlinked = account.affairs().unlink(&community, &groups, orphans);
    Ok(Shown(results(&account.told(unlinked).await?)))
}

pub(in crate::http) async fn participants(ctx: Ctx) -> Result<Shown<Participants>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let members = account.told(account.affairs().community_members(&community)).await?;
    Ok(Shown(shown_members(&members)))
}

pub(in crate::http) async fn remove_participants(
    ctx: Ctx,
    Json(Removed(who)): Json<Removed>,
) -> Result<Shown<Results>, ApiError> {
    let community = ctx.group("g")?;
    let account = ctx.account().await?;
    let removed = account.affairs().remove_from_community(&community, &who);
    Ok(Shown(results(&account.told(removed).await?)))
}

fn shown_subgroup(group: &Subgroup) -> ShownSubgroup {
    ShownSubgroup {
        group: Address::from(&group.group),
        subject: group.subject.to_string(),
        participants: group.members,
        created_at: group.created_at.map(Moment),
        owner: group.owner.as_ref().map(Address::from),
        announcements: group.announcements,
        general: group.general,
    }
}
