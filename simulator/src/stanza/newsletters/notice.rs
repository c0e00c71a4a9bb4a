//! What devices are told about newsletters: changes to posts for those that watch, changes to the newsletter itself for followers, and
//! an account's own doings for its other companions.
//!
//! The second and third kind are JSON. One client reads `data` in them, the other `updates`; both are there (modelled).

use serde_json::{Map, Value, json};
use whatsapp_rust::NodeBuilder;

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::newsletters::{Mute, NewsletterId};
use crate::notification::Notification;
use crate::stanza::newsletters::shown;
use crate::world::World;

/// What happened to a newsletter.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// The account follows it now.
    Joined,
    /// The account does not follow it any more.
    Left,
    /// The account silenced it, or let it sound again.
    Muted(Mute),
    /// It is called or described differently; the new texts by name.
    Updated(Map<String, Value>),
    Promoted(AccountId),
    Demoted(AccountId),
    Deleted,
}

/// Whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Myself,
    Followers,
}

/// Tells everybody it concerns, except the device that did it.
pub(crate) fn tell(world: &mut World, id: NewsletterId, by: DeviceAddress, news: News) {
    let (operation, audience, data, update) = written(world, id, news);
    let body = json!({ "data": data, "updates": [update] });
    let update = NodeBuilder::new("update")
        .attr("op_name", operation)
        .bytes(body.to_string().into_bytes())
        .build();
    let notification = Notification::from("mex", id.jid()).content([update]);
    let accounts = match audience {
        Audience::Myself => vec![by.account],
        Audience::Followers => followers(world, id),
    };
    for account in accounts {
        world.notify_companions(account, Some(by), &notification);
    }
}

pub(in crate::stanza) fn followers(world: &World, id: NewsletterId) -> Vec<AccountId> {
    let newsletter = world.newsletters.get(id);
    newsletter
        .map(|newsletter| newsletter.followers().map(|(account, _)| account).collect())
        .unwrap_or_default()
}

fn written(world: &World, id: NewsletterId, news: News) -> (&'static str, Audience, Value, Value) {
    let jid = id.to_string();
    let person = |account: AccountId| world.account(account).jid(PHONE, Namespace::Lid).to_string();
    match news {
        News::Joined => (
            "NotificationNewsletterJoin",
            Audience::Myself,
            json!({ "xwa2_notify_newsletter_on_join": { "id": jid } }),
            json!({ "jid": jid }),
        ),
        News::Left => (
            "NotificationNewsletterLeave",
            Audience::Myself,
            json!({ "xwa2_notify_newsletter_on_leave": { "id": jid, "role": "guest" } }),
            json!({ "jid": jid }),
        ),
        News::Muted(mute) => (
            "NotificationNewsletterUserSettingChange",
            Audience::Myself,
            json!({ "xwa2_notify_newsletter_on_mute_change": { "id": jid, "mute": mute.as_str() } }),
            json!({ "jid": jid, "mute": mute.as_str() }),
        ),
        News::Updated(settings) => (
            "NotificationNewsletterUpdate",
            Audience::Followers,
            json!({ "xwa2_notify_newsletter_on_metadata_update": { "id": jid, "thread_metadata": settings } }),
            json!({ "jid": jid, "settings": settings }),
        ),
        News::Promoted(account) => (
            "NotificationNewsletterAdminPromote",
            Audience::Followers,
            json!({ "xwa2_notify_newsletter_admin_promote": { "id": jid, "user": { "id": person(account) } } }),
            json!({ "jid": jid, "user": person(account) }),
        ),
        News::Demoted(account) => (
            "NotificationNewsletterAdminDemote",
            Audience::Followers,
            json!({ "xwa2_notify_newsletter_admin_demote": { "id": jid, "user": { "id": person(account) } } }),
            json!({ "jid": jid, "user": person(account) }),
        ),
        News::Deleted => (
            "NotificationNewsletterStateChange",
            Audience::Followers,
            json!({ "xwa2_notify_newsletter_on_state_change": { "id": jid, "state": { "type": "DELETED" } } }),
            json!({ "jid": jid, "state": "DELETED" }),
        ),
    }
}

/// Tells devices that watch how a post stands now.
pub(crate) fn live(world: &mut World, id: NewsletterId, server_id: u64) {
    let now = world.now_s();
    let Some(newsletter) = world.newsletters.get_mut(id) else {
        return;
    };
    let watchers = newsletter.watchers(now);
    let Some(post) = newsletter.post_mut(server_id) else {
        return;
    };
    let messages = NodeBuilder::new("messages")
        .attr("jid", id.jid())
        .attr("t", now)
        .children([shown::changed(post)])
        .build();
    let update = NodeBuilder::new("live_updates").children([messages]).build();
    let notification = Notification::from("newsletter", id.jid()).content([update]);
    for watcher in watchers {
        world.notify(watcher, &notification);
    }
}
