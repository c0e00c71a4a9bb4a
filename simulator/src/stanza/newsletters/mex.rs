//! Newsletters through JSON: making, finding, following and running them. What is published goes through messages instead.
//!
//! The shape of an answer is what both clients read; numbers are strings in it.

use serde_json::{Map, Value, json};
use whatsapp_rust::wacore::iq::mex_operations::{
    accept_newsletter_admin_invite, change_newsletter_owner, create_newsletter, create_newsletter_admin_invite,
    delete_newsletter, demote_newsletter_admin, fetch_all_newsletters_metadata, fetch_newsletter,
    fetch_newsletter_admin_info, fetch_newsletter_followers, fetch_newsletter_pending_invites, join_newsletter,
    leave_newsletter, revoke_newsletter_admin_invite, update_newsletter, update_newsletter_user_setting,
};
use whatsapp_rust::wacore_binary::Jid;

use crate::address::{AccountId, Namespace, PHONE};
use crate::newsletters::{Denied, Mute, Newsletter, NewsletterId, Role};
use crate::pictures::PictureOf;
use crate::stanza::Sender;
use crate::stanza::mex::{MexError, Outcome};
use crate::stanza::newsletters::notice::{self, News};
use crate::stanza::newsletters::picture::{self, Made};
use crate::world::World;

/// Longest name and description, in characters (modelled).
const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 2048;

/// What can be asked and changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stanza) enum Operation {
    Create,
    Metadata,
    Subscribed,
    Update,
    Delete,
    Join,
    Leave,
    Mute,
    Unmute,
    UserSetting,
    AdminInfo,
    Followers,
    PendingInvites,
    InviteAdmin,
    AcceptAdminInvite,
    RevokeAdminInvite,
    Demote,
    ChangeOwner,
}

/// The numbers of one client come with its library, those of the other are written out.
pub(in crate::stanza) fn parse(id: &str) -> Option<Operation> {
    Some(match id {
        create_newsletter::DOC_ID | "8823471724422422" => Operation::Create,
        fetch_newsletter::DOC_ID | "6563316087068696" => Operation::Metadata,
        fetch_all_newsletters_metadata::DOC_ID => Operation::Subscribed,
        update_newsletter::DOC_ID => Operation::Update,
        delete_newsletter::DOC_ID => Operation::Delete,
        join_newsletter::DOC_ID => Operation::Join,
        leave_newsletter::DOC_ID => Operation::Leave,
        "29766401636284406" => Operation::Mute,
        "9864994326891137" => Operation::Unmute,
        update_newsletter_user_setting::DOC_ID => Operation::UserSetting,
        fetch_newsletter_admin_info::DOC_ID | "7130823597031706" => Operation::AdminInfo,
        fetch_newsletter_followers::DOC_ID => Operation::Followers,
        fetch_newsletter_pending_invites::DOC_ID => Operation::PendingInvites,
        create_newsletter_admin_invite::DOC_ID => Operation::InviteAdmin,
        accept_newsletter_admin_invite::DOC_ID => Operation::AcceptAdminInvite,
        revoke_newsletter_admin_invite::DOC_ID => Operation::RevokeAdminInvite,
        demote_newsletter_admin::DOC_ID | "6551828931592903" => Operation::Demote,
        change_newsletter_owner::DOC_ID | "7341777602580933" => Operation::ChangeOwner,
        _ => return None,
    })
}

pub(in crate::stanza) fn answer(
    world: &mut World,
    sender: &Sender<'_>,
    operation: Operation,
    asked: &Value,
) -> Outcome {
    let me = sender.at.account;
    match operation {
        Operation::Create => create(world, me, &asked["input"]),
        Operation::Metadata => metadata(world, me, &asked["input"]),
        Operation::Subscribed => {
            let mine = world.newsletters.of(me);
            let mine: Vec<Value> = mine.map(|newsletter| described(world, newsletter, me)).collect();
            Ok(json!({ "xwa2_newsletter_subscribed": mine }))
        }
        Operation::Update => update(world, sender, asked),
        Operation::Delete => delete(world, sender, asked),
        Operation::Join => {
            let newsletter = named_mut(world, asked)?;
            newsletter.follow(me);
            let id = newsletter.id;
            notice::tell(world, id, sender.at, News::Joined);
            Ok(json!({ "xwa2_newsletter_join_v2": found(world, id, me)? }))
        }
        Operation::Leave => {
            let newsletter = named_mut(world, asked)?;
            newsletter.unfollow(me).map_err(denied)?;
            let (id, answer) = (newsletter.id, brief(newsletter));
            notice::tell(world, id, sender.at, News::Left);
            Ok(json!({ "xwa2_newsletter_leave_v2": answer }))
        }
        Operation::Mute => mute(world, sender, asked, Mute::On, "xwa2_newsletter_mute_v2"),
        Operation::Unmute => mute(world, sender, asked, Mute::Off, "xwa2_newsletter_unmute_v2"),
        Operation::UserSetting => user_setting(world, sender, asked),
        Operation::AdminInfo => {
            let newsletter = named(world, asked)?;
            let answer = json!({ "id": newsletter.id.to_string(), "admin_count": newsletter.admins() });
            Ok(json!({ "xwa2_newsletter_admin": answer }))
        }
        Operation::Followers => followers(world, me, asked),
        Operation::PendingInvites => pending_invites(world, me, asked),
        Operation::InviteAdmin => invite_admin(world, me, asked),
        Operation::AcceptAdminInvite => {
            let now = world.now_s();
            let newsletter = named_mut(world, asked)?;
            newsletter.accept_admin_invite(me, now).map_err(denied)?;
            let (id, answer) = (newsletter.id, brief(newsletter));
            notice::tell(world, id, sender.at, News::Promoted(me));
            Ok(json!({ "xwa2_newsletter_admin_invite_accept": answer }))
        }
        Operation::RevokeAdminInvite => {
            let whom = user(world, asked)?;
            let newsletter = owned(world, me, asked)?;
            newsletter.revoke_admin_invite(whom).map_err(denied)?;
            Ok(json!({ "xwa2_newsletter_admin_invite_revoke": brief(newsletter) }))
        }
        Operation::Demote => demote(world, sender, asked),
        Operation::ChangeOwner => {
            let to = user(world, asked)?;
            let newsletter = owned(world, me, asked)?;
            newsletter.hand_over(me, to).map_err(denied)?;
            Ok(json!({ "xwa2_newsletter_change_owner": brief(newsletter) }))
        }
    }
}

fn denied(Denied: Denied) -> MexError {
    forbidden()
}

pub(super) fn bad_request() -> MexError {
    MexError::new(400, "Bad Request")
}

fn forbidden() -> MexError {
    MexError::new(403, "Forbidden")
}

fn not_found() -> MexError {
    MexError::new(404, "Not Found")
}

/// The newsletter a request names.
fn id_of(asked: &Value) -> Result<NewsletterId, MexError> {
    let text = asked["newsletter_id"].as_str().ok_or_else(bad_request)?;
    text.parse::<Jid>()
        .ok()
        .as_ref()
        .and_then(NewsletterId::of)
        .ok_or_else(not_found)
}

fn named<'w>(world: &'w World, asked: &Value) -> Result<&'w Newsletter, MexError> {
    world.newsletters.get(id_of(asked)?).ok_or_else(not_found)
}

fn named_mut<'w>(world: &'w mut World, asked: &Value) -> Result<&'w mut Newsletter, MexError> {
    world.newsletters.get_mut(id_of(asked)?).ok_or_else(not_found)
}

/// The same, for what only its owner may do.
fn owned<'w>(world: &'w mut World, me: AccountId, asked: &Value) -> Result<&'w mut Newsletter, MexError> {
    let newsletter = named_mut(world, asked)?;
    if newsletter.role(me) == Role::Owner {
        Ok(newsletter)
    } else {
        Err(forbidden())
    }
}

/// The account a request is about.
fn user(world: &World, asked: &Value) -> Result<AccountId, MexError> {
    let text = asked["user_id"].as_str().ok_or_else(bad_request)?;
    let jid: Jid = text.parse().map_err(|_| bad_request())?;
    Ok(world.locate(&jid).ok_or_else(not_found)?.account)
}

/// A text of a request; absent and null are the same.
fn text(asked: &Value, key: &str, max: usize) -> Result<Option<String>, MexError> {
    match &asked[key] {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= max => Ok(Some(text.clone())),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(bad_request()),
    }
}

fn create(world: &mut World, me: AccountId, input: &Value) -> Outcome {
    let name = text(input, "name", MAX_NAME)?
        .filter(|name| !name.is_empty())
        .ok_or_else(bad_request)?;
    let description = text(input, "description", MAX_DESCRIPTION)?.unwrap_or_default();
    let picture = picture::wanted(input)?;
    let now = world.now_ms();
    let id = world.newsletters.found(me, name, description, now);
    picture.make(world, id, me);
    Ok(json!({ "xwa2_newsletter_create": found(world, id, me)? }))
}

fn metadata(world: &World, me: AccountId, input: &Value) -> Outcome {
    let key = input["key"].as_str().ok_or_else(bad_request)?;
    let newsletter = match input["type"].as_str() {
        Some("INVITE") => world.newsletters.by_code(key),
        Some("JID") => key
            .parse::<Jid>()
            .ok()
            .as_ref()
            .and_then(NewsletterId::of)
            .and_then(|id| world.newsletters.get(id)),
        Some(_) | None => return Err(bad_request()),
    };
    let newsletter = newsletter.ok_or_else(not_found)?;
    Ok(json!({ "xwa2_newsletter": described(world, newsletter, me) }))
}

fn update(world: &mut World, sender: &Sender<'_>, asked: &Value) -> Outcome {
    let updates = &asked["updates"];
    let name = text(updates, "name", MAX_NAME)?;
    let description = text(updates, "description", MAX_DESCRIPTION)?;
    let picture = picture::wanted(updates)?;
    let now = world.now_ms();
    let me = sender.at.account;
    let newsletter = named_mut(world, asked)?;
    if newsletter.role(me) < Role::Admin {
        return Err(forbidden());
    }
    let mut settings = Map::new();
    for (key, words, new) in [
        ("name", &mut newsletter.name, name),
        ("description", &mut newsletter.description, description),
    ] {
        if let Some(new) = new {
            settings.insert(key.to_owned(), Value::from(new.clone()));
            words.text = new;
            words.at_ms = now;
        }
    }
    let id = newsletter.id;
    if picture.make(world, id, me) == Made::Changed {
        settings.insert("picture".to_owned(), picture::full(world, id));
    }
    notice::tell(world, id, sender.at, News::Updated(settings));
    Ok(json!({ "xwa2_newsletter_update": found(world, id, me)? }))
}

fn delete(world: &mut World, sender: &Sender<'_>, asked: &Value) -> Outcome {
    let id = owned(world, sender.at.account, asked)?.id;
    notice::tell(world, id, sender.at, News::Deleted);
    world.newsletters.delete(id).ok_or_else(not_found)?;
    world.pictures.forget(PictureOf::Newsletter(id));
    let answer = json!({ "id": id.to_string(), "state": { "type": "DELETED" } });
    Ok(json!({ "xwa2_newsletter_delete_v2": answer }))
}

fn mute(world: &mut World, sender: &Sender<'_>, asked: &Value, mute: Mute, field: &str) -> Outcome {
    let newsletter = named_mut(world, asked)?;
    newsletter.set_mute(sender.at.account, mute).map_err(denied)?;
    let (id, answer) = (newsletter.id, brief(newsletter));
    notice::tell(world, id, sender.at, News::Muted(mute));
    Ok(json!({ field: answer }))
}

/// One of a follower's own settings.
fn user_setting(world: &mut World, sender: &Sender<'_>, asked: &Value) -> Outcome {
    let me = sender.at.account;
    let input = &asked["input"];
    let value = match input["value"].as_str() {
        Some("ON") => Mute::On,
        Some("OFF") => Mute::Off,
        Some(_) | None => return Err(bad_request()),
    };
    match input["type"].as_str() {
        Some("MUTE_FOLLOWER_ACTIVITY") => mute(world, sender, input, value, "xwa2_newsletter_update_user_setting"),
        Some("MUTE_ADMIN_ACTIVITY") => {
            let newsletter = named_mut(world, input)?;
            newsletter.set_admin_mute(me, value).map_err(denied)?;
            Ok(json!({ "xwa2_newsletter_update_user_setting": brief(newsletter) }))
        }
        Some(_) | None => Err(bad_request()),
    }
}

fn followers(world: &World, me: AccountId, asked: &Value) -> Outcome {
    let newsletter = named(world, &asked["input"])?;
    if newsletter.role(me) < Role::Admin {
        return Err(forbidden());
    }
    let edges: Vec<Value> = newsletter
        .followers()
        .map(|(account, role)| {
            let account = world.account(account);
            json!({
                "node": {
                    "id": account.jid(PHONE, Namespace::Lid).to_string(),
                    "pn": account.jid(PHONE, Namespace::Phone).to_string(),
                    "display_name": account.push_name,
                },
                "role": role.as_str(),
            })
        })
        .collect();
    let answer = json!({ "id": newsletter.id.to_string(), "followers": { "edges": edges } });
    Ok(json!({ "xwa2_newsletter_followers": answer }))
}

/// One number, two readings: the pending invitations, and for an older client how many follow.
fn pending_invites(world: &World, me: AccountId, asked: &Value) -> Outcome {
    let newsletter = named(world, asked)?;
    let invites: Vec<Value> = if newsletter.role(me) == Role::Owner {
        newsletter
            .invited(world.now_s())
            .map(|account| {
                let account = world.account(account);
                let (id, pn) = (account.jid(PHONE, Namespace::Lid), account.jid(PHONE, Namespace::Phone));
                json!({ "user": { "id": id.to_string(), "pn": pn.to_string() } })
            })
            .collect()
    } else {
        Vec::new()
    };
    let id = newsletter.id.to_string();
    Ok(json!({
        "xwa2_newsletter_admin": { "id": id, "pending_admin_invites": invites },
        "xwa2_newsletter_subscribers": { "id": id, "subscribers": newsletter.followers().count() },
    }))
}

fn invite_admin(world: &mut World, me: AccountId, asked: &Value) -> Outcome {
    let whom = user(world, asked)?;
    let now = world.now_s();
    let newsletter = owned(world, me, asked)?;
    let until = newsletter.invite_admin(whom, now);
    let answer = json!({ "id": newsletter.id.to_string(), "invite_expiration_time": until });
    Ok(json!({ "xwa2_newsletter_admin_invite_create": answer }))
}

/// The owner demotes an admin, or an admin steps down.
fn demote(world: &mut World, sender: &Sender<'_>, asked: &Value) -> Outcome {
    let me = sender.at.account;
    let whom = user(world, asked)?;
    let newsletter = named_mut(world, asked)?;
    if newsletter.role(me) != Role::Owner && whom != me {
        return Err(forbidden());
    }
    newsletter.demote(whom).map_err(denied)?;
    let (id, answer) = (newsletter.id, brief(newsletter));
    notice::tell(world, id, sender.at, News::Demoted(whom));
    // The two clients read it under different names.
    Ok(json!({ "xwa2_newsletter_admin_demote": answer, "xwa2_newsletter_demote": answer }))
}

/// What an answer says when the change itself was all.
fn brief(newsletter: &Newsletter) -> Value {
    json!({ "id": newsletter.id.to_string(), "state": { "type": "ACTIVE" } })
}

/// A newsletter as `me` sees it, by its number.
fn found(world: &World, id: NewsletterId, me: AccountId) -> Outcome {
    let newsletter = world.newsletters.get(id).ok_or_else(not_found)?;
    Ok(described(world, newsletter, me))
}

/// A newsletter as `me` sees it.
fn described(world: &World, newsletter: &Newsletter, me: AccountId) -> Value {
    let words = |words: &crate::newsletters::Words| {
        json!({
            "id": words.at_ms.to_string(),
            "text": words.text,
            "update_time": (words.at_ms * 1000).to_string(),
        })
    };
    json!({
        "id": newsletter.id.to_string(),
        "state": { "type": "ACTIVE" },
        "thread_metadata": {
            "creation_time": (newsletter.created_ms / 1000).to_string(),
            "name": words(&newsletter.name),
            "description": words(&newsletter.description),
            "invite": newsletter.code,
            "handle": null,
            "subscribers_count": newsletter.followers().count().to_string(),
            "verification": "UNVERIFIED",
            "picture": picture::full(world, newsletter.id),
            "preview": picture::preview(world, newsletter.id),
            "settings": { "reaction_codes": { "value": "ALL" } },
        },
        "viewer_metadata": {
            "role": newsletter.role(me).as_str(),
            "mute": newsletter.mute(me).as_str(),
            "settings": [
                { "type": "MUTE_FOLLOWER_ACTIVITY", "value": newsletter.mute(me).as_str() },
                { "type": "MUTE_ADMIN_ACTIVITY", "value": newsletter.admin_mute(me).as_str() },
            ],
        },
    })
}
