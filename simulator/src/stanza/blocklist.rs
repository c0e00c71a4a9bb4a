//! `blocklist`: whom an account does not want to hear from.
//!
//! What a block means is decided where it matters: messages, receipts, presence and calls ask `AccountState::blocked` or `World::may_see`.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::notification::Notification;
use crate::privacy::{list_hash, same_version};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr, presence};
use crate::world::World;

/// What an `<item>` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Block,
    Unblock,
}

impl Action {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "block" => Some(Self::Block),
            "unblock" => Some(Self::Unblock),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
        }
    }
}

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    let account = sender.at.account;
    match verb {
        Verb::Get => {}
        Verb::Set => {
            if let Err(refusal) = update(world, sender.at, node) {
                return refusal;
            }
        }
    }
    let items: Vec<Node> = world
        .account(account)
        .blocked
        .iter()
        .map(|blocked| {
            NodeBuilder::new("item")
                .attr("jid", world.account(*blocked).jid(0, Namespace::Lid))
                .build()
        })
        .collect();
    Answer::Result(vec![
        NodeBuilder::new("list")
            .attr("dhash", hash(world, account))
            .children(items)
            .build(),
    ])
}

/// All items or none. A client that names the version it changes (`dhash`) is refused when that is not the newest.
fn update(world: &mut World, by: DeviceAddress, node: &NodeRef<'_>) -> Result<(), Answer> {
    let mut wanted = Vec::new();
    for item in node.get_children_by_tag("item") {
        let action = Action::parse(&attr(item, "action")).ok_or_else(Answer::bad_request)?;
        let subject = jid_attr(item, "jid").and_then(|jid| world.locate(&jid));
        let subject = subject.ok_or_else(Answer::not_found)?;
        // Clients agree that a block is made by LID, with the number beside it; whatsapp-rust calls anything else refused.
        let complete = match action {
            Action::Block => {
                let number = jid_attr(item, "pn_jid").and_then(|jid| world.locate(&jid));
                subject.namespace == Namespace::Lid && number.is_some_and(|number| number.account == subject.account)
            }
            Action::Unblock => true,
        };
        if !complete || subject.account == by.account {
            return Err(Answer::bad_request());
        }
        if item.get_attr("dhash").is_some() && !same_version(&attr(item, "dhash"), &hash(world, by.account)) {
            return Err(Answer::conflict());
        }
        wanted.push((subject.account, action));
    }
    if wanted.is_empty() {
        return Err(Answer::bad_request());
    }
    change(world, by.account, Some(by), &wanted);
    Ok(())
}

/// Blocks and unblocks, and tells the account's companions but `by`, whose doing it was.
pub(crate) fn change(world: &mut World, account: AccountId, by: Option<DeviceAddress>, wanted: &[(AccountId, Action)]) {
    let before = hash(world, account);
    let mut items = Vec::new();
    for (subject, action) in wanted {
        let blocked = &mut world.account_mut(account).blocked;
        let changed = match action {
            Action::Block => blocked.insert(*subject),
            Action::Unblock => blocked.remove(subject),
        };
        if changed {
            let jid = world.account(*subject).jid(0, Namespace::Lid);
            let item = NodeBuilder::new("item").attr("action", action.name()).attr("jid", jid);
            items.push(item.build());
            presence::tell_one(world, account, *subject);
        }
    }
    if items.is_empty() {
        return;
    }
    let list = NodeBuilder::new("blocklist")
        .attr("action", "modify")
        .attr("dhash", hash(world, account))
        .attr("prev_dhash", before)
        .children(items)
        .build();
    let from = world.account(account).jid(0, Namespace::Phone);
    world.notify_companions(account, by, &Notification::from("account_sync", from).content([list]));
}

fn hash(world: &World, account: AccountId) -> String {
    let blocked = world.account(account).blocked.iter();
    list_hash(blocked.map(|blocked| world.account(*blocked).lid.to_string()))
}
