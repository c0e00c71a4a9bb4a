//! `privacy`: reading and changing an account's settings, and issuing trusted-contact tokens.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::notification::Notification;
use crate::privacy::{PrivacyCategory, PrivacyValue, list_hash, same_version};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr, presence};
use crate::tokens::Token;
use crate::world::World;

/// Bytes of a trusted-contact token (modelled: to clients it is opaque).
const TOKEN: usize = 16;

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
            Some(tokens) => issue_tokens(world, sender.at, tokens),
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

/// Makes a token for each of the accounts named and sends it to their companions. The answer holds what they have issued in return
/// (modelled: clients keep whatever tokens it holds as tokens of theirs, and do without).
fn issue_tokens(world: &mut World, by: DeviceAddress, tokens: &NodeRef<'_>) -> Answer {
    let mut wanted = Vec::new();
    for token in tokens.get_children_by_tag("token") {
        let issued_s = attr(token, "t").parse::<u64>();
        let jid = jid_attr(token, "jid");
        let (Ok(issued_s), Some(jid), "trusted_contact") = (issued_s, jid, &*attr(token, "type")) else {
            return Answer::bad_request();
        };
        let Some(holder) = world.locate(&jid) else {
            return Answer::not_found();
        };
        wanted.push((jid, holder.account, issued_s));
    }
    let mut returned = Vec::new();
    for (jid, holder, issued_s) in wanted {
        let token = Token {
            bytes: world.random_bytes::<TOKEN>().to_vec(),
            issued_s,
        };
        let issuer = world.account(by.account);
        let told = Notification::from("privacy_token", issuer.jid(0, Namespace::Phone))
            .about(by.account)
            .attr("sender_lid", issuer.jid(0, Namespace::Lid));
        let named = token_node(&token).attr("jid", world.account(holder).jid(0, Namespace::Lid));
        let told = told.content([NodeBuilder::new("tokens").children([named.build()]).build()]);
        world.account_mut(by.account).tokens.issue(holder, token);
        if holder != by.account && !world.account(holder).blocked.contains(&by.account) {
            world.notify_companions(holder, None, &told);
        }
        if let Some(theirs) = world.account(holder).tokens.of(by.account, world.now_s()) {
            returned.push(token_node(theirs).attr("jid", jid).build());
        }
    }
    Answer::Result(vec![NodeBuilder::new("tokens").children(returned).build()])
}

fn token_node(token: &Token) -> NodeBuilder {
    NodeBuilder::new("token")
        .attr("type", "trusted_contact")
        .attr("t", token.issued_s)
        .bytes(token.bytes.clone())
}
