//! `status` and `disappearing_mode`: what an account says of itself, and who is told when that changes.
//!
//! Modelled: told are the account's other companions, and the companions of whoever has it in the address book and may see it.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeContentRef, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::notification::Notification;
use crate::privacy::PrivacyCategory;
use crate::profile::{About, DisappearingMode};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr, status_privacy};
use crate::world::World;

/// Bytes of the longest about text (modelled).
const MAX_ABOUT: usize = 700;
/// The error in place of what somebody hides; both clients know it.
const HIDDEN: u16 = 401;

/// `status`: sets the account's own about text; old clients read others' with it. One may also ask for whom status posts are.
pub(super) fn about(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    if verb == Verb::Get && node.get_optional_child("privacy").is_some() {
        return status_privacy::answer(world, sender.at.account);
    }
    let asked = node.get_optional_child("status");
    match (verb, asked) {
        (Verb::Set, Some(status)) => {
            let Some(text) = text(status) else {
                return Answer::bad_request();
            };
            if text.len() > MAX_ABOUT {
                return Answer::not_acceptable();
            }
            set_about(world, sender.at.account, Some(sender.at), text);
            Answer::done()
        }
        (Verb::Get, Some(status)) => {
            let users = status.get_children_by_tag("user").filter_map(|user| {
                let jid = jid_attr(user, "jid")?;
                let subject = world.locate(&jid)?;
                let user = NodeBuilder::new("user").attr("jid", jid);
                let user = match shown(world, sender.at.account, subject.account) {
                    Shown::Text(about) => user.attr("t", about.at_s).bytes(about.text.clone().into_bytes()),
                    Shown::Hidden => user.attr("code", HIDDEN),
                };
                Some(user.build())
            });
            Answer::Result(vec![
                NodeBuilder::new("status").children(users.collect::<Vec<_>>()).build(),
            ])
        }
        (Verb::Set | Verb::Get, None) => Answer::bad_request(),
    }
}

fn text(node: &NodeRef<'_>) -> Option<String> {
    match &node.content {
        None => Some(String::new()),
        Some(NodeContentRef::String(text)) => Some(text.to_string()),
        Some(NodeContentRef::Bytes(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
        Some(NodeContentRef::Nodes(_)) => None,
    }
}

enum Shown<'a> {
    Text(&'a About),
    Hidden,
}

fn shown(world: &World, viewer: AccountId, subject: AccountId) -> Shown<'_> {
    if world.may_see(viewer, subject, PrivacyCategory::Status) {
        Shown::Text(&world.account(subject).profile.about)
    } else {
        Shown::Hidden
    }
}

/// The about text in an answer of `usync`.
pub(super) fn usync_status(world: &World, viewer: AccountId, subject: AccountId) -> Node {
    let node = NodeBuilder::new("status");
    match shown(world, viewer, subject) {
        Shown::Text(about) => node
            .attr("t", about.at_s)
            .bytes(about.text.clone().into_bytes())
            .build(),
        Shown::Hidden => node.attr("code", HIDDEN).attr("t", 0_u8).build(),
    }
}

/// Writes an account's about text and tells who may know.
pub(crate) fn set_about(world: &mut World, account: AccountId, by: Option<DeviceAddress>, text: String) {
    let about = About {
        text,
        at_s: world.now_s(),
    };
    let set = NodeBuilder::new("set").bytes(about.text.clone().into_bytes()).build();
    world.account_mut(account).profile.about = about;
    let to = audience(world, account, by, PrivacyCategory::Status);
    tell(world, account, &to, "status", &set);
}

/// `disappearing_mode`: the timer new chats begin with.
pub(super) fn disappearing(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    let account = sender.at.account;
    match verb {
        Verb::Get => Answer::Result(vec![mode(world, account)]),
        Verb::Set => {
            let duration = node
                .get_optional_child("disappearing_mode")
                .and_then(|mode| attr(mode, "duration").parse().ok());
            let Some(duration) = duration else {
                return Answer::bad_request();
            };
            set_disappearing(world, account, Some(sender.at), duration);
            Answer::done()
        }
    }
}

/// The timer in an answer of `usync`, or by itself.
pub(super) fn mode(world: &World, subject: AccountId) -> Node {
    let mode = world.account(subject).profile.disappearing;
    NodeBuilder::new("disappearing_mode")
        .attr("duration", mode.duration_s)
        .attr("t", mode.at_s)
        .build()
}

/// Chooses the timer, in seconds, and tells contacts and the account's own companions but `by`.
pub(crate) fn set_disappearing(world: &mut World, account: AccountId, by: Option<DeviceAddress>, duration_s: u32) {
    let at_s = world.now_s();
    world.account_mut(account).profile.disappearing = DisappearingMode { duration_s, at_s };
    let mode = mode(world, account);
    let own = Notification::from("account_sync", world.account(account).jid(0, Namespace::Phone));
    world.notify_companions(account, by, &own.content([mode.clone()]));
    // Who writes to the account begins with its timer, whoever they are.
    let others: Vec<DeviceAddress> = audience(world, account, by, PrivacyCategory::Messages)
        .into_iter()
        .filter(|at| at.account != account)
        .collect();
    tell(world, account, &others, "disappearing_mode", &mode);
}

/// A new push name: the account's other companions are told; contacts see it with the next message.
pub(super) fn renamed(world: &mut World, by: DeviceAddress, name: &str) {
    if world.account(by.account).push_name == name {
        return;
    }
    name.clone_into(&mut world.account_mut(by.account).push_name);
    let from = world.account(by.account).jid(0, Namespace::Phone);
    let notification = Notification::from("account_sync", from).attr("pushname", name);
    world.notify_companions(by.account, Some(by), &notification);
}

fn audience(
    world: &World,
    account: AccountId,
    by: Option<DeviceAddress>,
    category: PrivacyCategory,
) -> Vec<DeviceAddress> {
    (0..world.accounts.len())
        .map(AccountId)
        .filter(|viewer| {
            let knows = *viewer == account || world.account(*viewer).privacy.contacts.contains(&account);
            knows && world.may_see(*viewer, account, category)
        })
        .flat_map(|viewer| world.companions_of(viewer))
        .filter(|at| Some(*at) != by)
        .collect()
}

fn tell(world: &mut World, account: AccountId, to: &[DeviceAddress], kind: &'static str, content: &Node) {
    let state = world.account(account);
    let notification = Notification::from(kind, state.jid(0, Namespace::Phone))
        .about(account)
        .attr("notify", state.push_name.clone())
        .content([content.clone()]);
    for at in to {
        world.notify(*at, &notification);
    }
}
