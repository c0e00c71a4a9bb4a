//! `privacy`: reading and changing an account's settings, and issuing trusted-contact tokens.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::notification::Notification;
use crate::privacy::{PrivacyCategory, PrivacyValue, list_hash, same_version};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr, presence};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    let privacy = node.get_optional_child("privacy");
    match (verb, privacy) {
        (Verb::Get, Some(asked)) => match asked.get_optional_child("list") {
            Some(list) => exceptions(world, sender.at.account, list),
            None => settings(world, sender.at.account),
        },
        (Verb::Set, Some(wanted)) => match update(world, sender.at, wanted) {
            Ok(categories) => Answer::Result(vec![NodeBuilder::new("privacy").children(categories).build()]),
            Err(refusal) => refusal,
        },
        (Verb::Set, None) => match node.get_optional_child("tokens") {
            Some(tokens) => issue_tokens(world, tokens),
            None => Answer::bad_request(),
        },
        (Verb::Get, None) => Answer::bad_request(),
    }
}

fn settings(world: &World, account: AccountId) -> Answer {
    let privacy = &world.account(account).privacy;
    let categories = PrivacyCategory::ALL.map(|category| category_node(category, privacy.value(category)).build());
    Answer::Result(vec![NodeBuilder::new("privacy").children(categories).build()])
}

fn category_node(category: PrivacyCategory, value: PrivacyValue) -> NodeBuilder {
    NodeBuilder::new("category")
        .attr("name", category.name())
        .attr("value", value.name())
}

/// Modelled: the exceptions to a category and the hash to change them by. Neither whatsapp-rust nor Baileys asks.
fn exceptions(world: &World, account: AccountId, asked: &NodeRef<'_>) -> Answer {
    let Some(category) = PrivacyCategory::parse(&attr(asked, "name")) else {
        return Answer::bad_request();
    };
    let users = world.account(account).privacy.exceptions(category).map(|excepted| {
        let state = world.account(excepted);
        NodeBuilder::new("user")
            .attr("jid", state.jid(0, Namespace::Lid))
            .attr("pn_jid", state.jid(0, Namespace::Phone))
            .build()
    });
    let list = NodeBuilder::new("list")
        .attr("name", category.name())
        .attr("value", PrivacyValue::ContactBlacklist.name())
        .attr("dhash", hash(world, account, category))
        .children(users)
        .build();
    Answer::Result(vec![NodeBuilder::new("privacy").children([list]).build()])
}

/// One wanted change of the exceptions.
struct Exception {
    account: AccountId,
    action: Action,
}

enum Action {
    Add,
    Remove,
}

/// All categories or none. Answers them as they are now.
fn update(world: &mut World, by: DeviceAddress, wanted: &NodeRef<'_>) -> Result<Vec<Node>, Answer> {
    let mut changes = Vec::new();
    for node in wanted.get_children_by_tag("category") {
        let category = PrivacyCategory::parse(&attr(node, "name")).ok_or_else(Answer::bad_request)?;
        let value = PrivacyValue::parse(&attr(node, "value"))
            .filter(|value| category.accepts(*value))
            .ok_or_else(Answer::bad_request)?;
        let exceptions = listed(world, node)?;
        let listing = value == PrivacyValue::ContactBlacklist && !exceptions.is_empty();
        if !listing && !exceptions.is_empty() {
            return Err(Answer::bad_request());
        }
        // Somebody else has changed the list since: the client asks for it and tries again.
        if listing && !same_version(&attr(node, "dhash"), &hash(world, by.account, category)) {
            return Err(Answer::conflict());
        }
        changes.push((category, value, exceptions));
    }
    if changes.is_empty() {
        return Err(Answer::bad_request());
    }
    let mut answer = Vec::new();
    for (category, value, exceptions) in changes {
        let privacy = &mut world.account_mut(by.account).privacy;
        for exception in exceptions {
            match exception.action {
                Action::Add => privacy.except(category, exception.account),
                Action::Remove => privacy.readmit(category, exception.account),
            }
        }
        set(world, by.account, Some(by), category, value);
        let mut node = category_node(category, value);
        if value == PrivacyValue::ContactBlacklist {
            node = node.attr("dhash", hash(world, by.account, category));
        }
        answer.push(node.build());
    }
    Ok(answer)
}

fn listed(world: &World, category: &NodeRef<'_>) -> Result<Vec<Exception>, Answer> {
    category
        .get_children_by_tag("user")
        .map(|user| {
            let subject = jid_attr(user, "jid").and_then(|jid| world.locate(&jid));
            let action = match &*attr(user, "action") {
                "add" => Action::Add,
                "remove" => Action::Remove,
                _ => return Err(Answer::bad_request()),
            };
            Ok(Exception {
                account: subject.ok_or_else(Answer::not_found)?.account,
                action,
            })
        })
        .collect()
}

/// Changes a setting and tells the account's companions but `by`, whose doing it was, and whoever watches the account's presence.
pub(crate) fn set(
    world: &mut World,
    account: AccountId,
    by: Option<DeviceAddress>,
    category: PrivacyCategory,
    value: PrivacyValue,
) {
    world.account_mut(account).privacy.set(category, value);
    let from = world.account(account).jid(0, Namespace::Phone);
    let changed = NodeBuilder::new("privacy")
        .children([category_node(category, value).build()])
        .build();
    world.notify_companions(
        account,
        by,
        &Notification::from("account_sync", from).content([changed]),
    );
    match category {
        PrivacyCategory::Last | PrivacyCategory::Online => presence::tell(world, account),
        PrivacyCategory::Profile
        | PrivacyCategory::Status
        | PrivacyCategory::ReadReceipts
        | PrivacyCategory::GroupAdd
        | PrivacyCategory::CallAdd
        | PrivacyCategory::Messages
        | PrivacyCategory::Defense => {}
    }
}

fn hash(world: &World, account: AccountId, category: PrivacyCategory) -> String {
    let excepted = world.account(account).privacy.exceptions(category);
    list_hash(excepted.map(|excepted| world.account(excepted).lid.to_string()))
}

/// Modelled: a token is random and never asked for again; messages do not need one here.
fn issue_tokens(world: &mut World, tokens: &NodeRef<'_>) -> Answer {
    let issued: Vec<Node> = tokens
        .get_children_by_tag("token")
        .map(|token| {
            let mut node = NodeBuilder::new("token");
            for key in ["jid", "t", "type"] {
                if let Some(value) = token.get_attr(key) {
                    node = node.attr(key, value.to_node_value());
                }
            }
            node.bytes(world.random_bytes::<16>().to_vec()).build()
        })
        .collect();
    Answer::Result(vec![NodeBuilder::new("tokens").children(issued).build()])
}
