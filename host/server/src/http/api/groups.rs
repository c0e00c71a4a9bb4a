//! Groups: who is in them, what they are like, how one gets in.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::{Jid, Party};
use waspnest_core::event::Switch;
use waspnest_core::live::{
    GroupInfo, GroupOperation, GroupWish, Member, MemberChange, Membership, Outcome, Renewal, Role,
};

use crate::http::address::{Address, Moment};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, integer, list, one_of, parsed, text_of};
use crate::http::operation::Json;
use crate::http::picture::jpeg;
use crate::http::reply::{Created, NoContent, Shown};
use crate::service::accounts::Account;

/// Bytes of the longest subject; WhatsApp counts characters, 100 of them.
const LONGEST_SUBJECT: usize = 400;
/// Bytes of the longest description.
const LONGEST_DESCRIPTION: usize = 8192;
/// People who can be named at a time: as many as a group can have.
pub(super) const MOST_PEOPLE: usize = 1024;
/// Seconds of the longest timer that WhatsApp's clients offer, and then some.
const LONGEST_TIMER: u64 = 366 * 24 * 3600;

pub(super) fn subject() -> impl Form<Out = String> {
    text_of(1, LONGEST_SUBJECT)
}

pub(super) fn description() -> impl Form<Out = String> {
    text_of(0, LONGEST_DESCRIPTION)
}

pub(super) fn people() -> impl Form<Out = Vec<Jid>> {
    list(parsed(), MOST_PEOPLE)
}

/// A number of seconds; 0 is for ever.
pub(super) fn timer() -> impl Form<Out = Option<u32>> {
    integer(0, LONGEST_TIMER).checked(serde_json::json!({}), |seconds| {
        Ok(u32::try_from(seconds).ok().filter(|seconds| *seconds > 0))
    })
}

/// A group, as WhatsApp tells it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub(in crate::http) struct ShownGroup {
    group: Address,
    subject: String,
    description: Option<String>,
    /// Who made it.
    owner: Option<Address>,
    created_at: Option<Moment>,
    /// Only administrators write.
    announce: bool,
    /// Only administrators change subject, description and picture.
    locked: bool,
    /// Administrators let people in who come by a link.
    approval: bool,
    /// Who may add people: `all` or `admins`; none when it is not told.
    member_add: Option<&'static str>,
    /// How long messages stay; none for ever.
    ephemeral_seconds: Option<u32>,
    /// The community it belongs to.
    community: Option<Address>,
    /// Whether it is a community.
    is_community: bool,
    participants: Vec<Participant>,
}

/// Somebody in a group.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Participant {
    who: Address,
    /// `member`, `admin` or `owner`.
    role: &'static str,
}

/// Groups.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Groups {
    items: Vec<ShownGroup>,
}

/// People of a group.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Participants {
    items: Vec<Participant>,
}

/// What came of it for each.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Results {
    results: Vec<OneResult>,
}

/// What came of it for one person or one group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Result")]
pub(in crate::http) struct OneResult {
    who: Address,
    /// Whether it was done.
    done: bool,
    /// WhatsApp's code of why not: 403 may not be added, 404 is nobody, 408 left lately, 409 is in it.
    code: Option<u32>,
    /// The code of an invitation that can be sent to somebody who may not be added.
    invitation: Option<String>,
}

/// People.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct People {
    items: Vec<Address>,
}

/// A link that leads into a group.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct InviteLink {
    link: String,
}

/// A group that was joined.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Joined {
    group: Address,
    /// `member`, or `waiting` until an administrator lets the account in.
    membership: &'static str,
}

/// A group to be made.
pub(in crate::http) struct NewGroup {
    subject: String,
    participants: Vec<Jid>,
}

impl FromFields for NewGroup {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("subject", subject(), "What it is called.");
        let says = "Who is to be in it beside the account. Who may not be added is left out.";
        let participants = fields.optional("participants", people(), says);
        Some(Self {
            subject: name?,
            participants: participants.unwrap_or_default(),
        })
    }
}

/// What is to be different about a group. It is done in this order, one after the other.
pub(in crate::http) struct Changes {
    wishes: Vec<GroupWish>,
    picture: Option<Bytes>,
}

impl FromFields for Changes {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let flag = |fields: &mut Fields, key, says| fields.optional(key, Flag, says).map(Switch::from);
        let name = fields.optional("subject", subject(), "What it is called.");
        let says = "What it is about; the empty text takes it away.";
        let about = fields.optional("description", description(), says);
        let picture = fields.optional("picture", jpeg(), "What it shows.");
        let says = "Only administrators write.";
        let announce = flag(fields, "announce", says);
        let says = "Only administrators change subject, description and picture.";
        let locked = flag(fields, "locked", says);
        let says = "Administrators let people in who come by a link.";
        let approval = flag(fields, "approval", says);
        let who = one_of(&[("all", Switch::On), ("admins", Switch::Off)]);
        let member_add = fields.optional("member_add", who, "Who may add people.");
        let says = "How many seconds messages stay; 0 is for ever.";
        let ephemeral = fields.optional("ephemeral_seconds", timer(), says);
        let wishes = [
            name.map(|name| GroupWish::Subject(name.into())),
            about.map(|about| GroupWish::Description(Some(about).filter(|text| !text.is_empty()).map(Into::into))),
            announce.map(GroupWish::Announce),
            locked.map(GroupWish::Locked),
            approval.map(GroupWish::Approval),
            member_add.map(GroupWish::MembersAdd),
            ephemeral.map(GroupWish::Ephemeral),
        ];
        Some(Self {
            wishes: wishes.into_iter().flatten().collect(),
            picture,
        })
    }
}

/// What happens to people of a group.
pub(in crate::http) struct Change {
    change: MemberChange,
    who: Vec<Jid>,
}

impl FromFields for Change {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let actions = one_of(&[
            ("add", MemberChange::Add),
            ("remove", MemberChange::Remove),
            ("promote", MemberChange::Promote),
            ("demote", MemberChange::Demote),
        ]);
        let change = fields.required("action", actions, "What happens to them.");
        let who = fields.required("participants", people(), "To whom.");
        Some(Self {
            change: change?,
            who: who?,
        })
    }
}

/// What becomes of requests to join.
pub(in crate::http) struct Decision {
    change: MemberChange,
    who: Vec<Jid>,
}

impl FromFields for Decision {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let actions = one_of(&[("approve", MemberChange::Approve), ("reject", MemberChange::Reject)]);
        let change = fields.required("action", actions, "What becomes of their requests.");
        let who = fields.required("participants", people(), "Whose.");
        Some(Self {
            change: change?,
            who: who?,
        })
    }
}

pub(in crate::http) async fn list_all(ctx: Ctx) -> Result<Shown<Groups>, ApiError> {
    let account = ctx.account().await?;
    let groups = account.told(account.affairs().groups()).await?;
    Ok(Shown(shown_all(&groups)))
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewGroup>) -> Result<Created<ShownGroup>, ApiError> {
    let session = ctx.session().await?;
    let account = ctx.account().await?;
    let made = account.create_group(new.subject, new.participants, None).await?;
    let path = format!("/v1/sessions/{}/groups/{}", session.id, made.group);
    Ok(Created::at(path, shown(&made)))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownGroup>, ApiError> {
    let group = ctx.group("g")?;
    Ok(Shown(shown(&ctx.account().await?.group(&group).await?)))
}

/// One change after the other, as WhatsApp takes them; those before one that is refused stay.
pub(in crate::http) async fn update(
    ctx: Ctx,
    Json(Changes { wishes, picture }): Json<Changes>,
) -> Result<Shown<ShownGroup>, ApiError> {
    let group = ctx.group("g")?;
    let account = ctx.account().await?;
    for wish in wishes {
        account.update_group(&group, wish).await?;
    }
    if let Some(picture) = picture {
        let set = account.affairs().set_group_picture(&group, Some(picture));
        account.told(set).await?;
    }
    Ok(Shown(shown(&account.group(&group).await?)))
}

pub(in crate::http) async fn remove_picture(ctx: Ctx) -> Result<NoContent, ApiError> {
    let group = ctx.group("g")?;
    let account = ctx.account().await?;
    account.told(account.affairs().set_group_picture(&group, None)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn leave(ctx: Ctx) -> Result<NoContent, ApiError> {
    let group = ctx.group("g")?;
    ctx.account().await?.leave_group(&group).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn participants(ctx: Ctx) -> Result<Shown<Participants>, ApiError> {
    let group = ctx.group("g")?;
    let info = ctx.account().await?.group(&group).await?;
    Ok(Shown(shown_members(&info.members)))
}

pub(in crate::http) async fn change_participants(
    ctx: Ctx,
    Json(Change { change, who }): Json<Change>,
) -> Result<Shown<Results>, ApiError> {
    members(&ctx, change, who).await
}

pub(in crate::http) async fn requests(ctx: Ctx) -> Result<Shown<People>, ApiError> {
    let group = ctx.group("g")?;
    let waiting = ctx.account().await?.requests(&group).await?;
    Ok(Shown(shown_people(&waiting)))
}

pub(in crate::http) async fn decide(
    ctx: Ctx,
    Json(Decision { change, who }): Json<Decision>,
) -> Result<Shown<Results>, ApiError> {
    members(&ctx, change, who).await
}

async fn members(ctx: &Ctx, change: MemberChange, who: Vec<Jid>) -> Result<Shown<Results>, ApiError> {
    let group = ctx.group("g")?;
    let account = ctx.account().await?;
    let outcomes = account.outcomes(GroupOperation::Members { group, change, who }).await?;
    Ok(Shown(results(&outcomes)))
}

pub(in crate::http) async fn invite_link(ctx: Ctx) -> Result<Shown<InviteLink>, ApiError> {
    link(&ctx, Renewal::Keep).await
}

pub(in crate::http) async fn reset_invite_link(ctx: Ctx) -> Result<Shown<InviteLink>, ApiError> {
    link(&ctx, Renewal::Renew).await
}

async fn link(ctx: &Ctx, renewal: Renewal) -> Result<Shown<InviteLink>, ApiError> {
    let group = ctx.group("g")?;
    let account = ctx.account().await?;
    let link = account.link(GroupOperation::Link { group, renewal }).await?;
    Ok(Shown(InviteLink { link: link.into() }))
}

pub(in crate::http) async fn behind(ctx: Ctx) -> Result<Shown<ShownGroup>, ApiError> {
    let account = ctx.account().await?;
    Ok(Shown(shown(&account.behind(ctx.param("code")).await?)))
}

pub(in crate::http) async fn join(ctx: Ctx) -> Result<Shown<Joined>, ApiError> {
    let account = ctx.account().await?;
    let (group, membership) = account.join(ctx.param("code")).await?;
    Ok(Shown(Joined {
        group: Address::from(&group),
        membership: match membership {
            Membership::Member => "member",
            Membership::Waiting => "waiting",
        },
    }))
}

/// A group that is made within another.
pub(super) async fn created_in(account: &Account, new: NewGroup, community: Jid) -> Result<ShownGroup, ApiError> {
    let NewGroup { subject, participants } = new;
    let made = account.create_group(subject, participants, Some(community)).await?;
    Ok(shown(&made))
}

pub(super) fn shown(info: &GroupInfo) -> ShownGroup {
    ShownGroup {
        group: Address::from(&info.group),
        subject: info.subject.to_string(),
        description: info.description.as_deref().map(str::to_owned),
        owner: info.owner.as_ref().map(Address::from),
        created_at: info.created_at.map(Moment),
        announce: info.announce.is_on(),
        locked: info.locked.is_on(),
        approval: info.approval.is_on(),
        member_add: info.members_add.map(|on| match on {
            Switch::On => "all",
            Switch::Off => "admins",
        }),
        ephemeral_seconds: info.ephemeral_s,
        community: info.community.as_ref().map(Address::from),
        is_community: info.is_community,
        participants: info.members.iter().map(participant).collect(),
    }
}

pub(super) fn shown_all(groups: &[GroupInfo]) -> Groups {
    Groups {
        items: groups.iter().map(shown).collect(),
    }
}

pub(super) fn shown_members(members: &[Member]) -> Participants {
    Participants {
        items: members.iter().map(participant).collect(),
    }
}

fn participant(member: &Member) -> Participant {
    Participant {
        who: Address::from(&member.who),
        role: match member.role {
            Role::Member => "member",
            Role::Admin => "admin",
            Role::Owner => "owner",
        },
    }
}

pub(super) fn shown_people(people: &[Party]) -> People {
    People {
        items: people.iter().map(Address::from).collect(),
    }
}

pub(super) fn results(outcomes: &[Outcome]) -> Results {
    let result = |outcome: &Outcome| OneResult {
        who: Address::from(&outcome.who),
        done: outcome.refused.is_none(),
        code: outcome.refused,
        invitation: outcome.invitation.as_deref().map(str::to_owned),
    };
    Results {
        results: outcomes.iter().map(result).collect(),
    }
}
