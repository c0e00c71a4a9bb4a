//! `usync`: what is known about users — whether they exist, their devices, their other address, what they say of themselves.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, Namespace};
use crate::pictures::PictureOf;
use crate::stanza::iq::Answer;
use crate::stanza::{Sender, attr, devices, jid_attr, profile};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    let Some(usync) = node.get_optional_child("usync") else {
        return Answer::bad_request();
    };
    let protocols: Vec<String> = usync
        .get_optional_child("query")
        .and_then(|query| query.children())
        .unwrap_or_default()
        .iter()
        .map(|protocol| protocol.tag.to_string())
        .collect();
    let mut users = Vec::new();
    for user in usync
        .get_optional_child("list")
        .into_iter()
        .flat_map(|list| list.get_children_by_tag("user"))
    {
        users.push(answer_user(world, sender, &protocols, user));
    }
    let mut answer = NodeBuilder::new("usync");
    for key in ["sid", "mode", "context", "index", "last"] {
        if let Some(value) = usync.get_attr(key) {
            answer = answer.attr(key, value.to_node_value());
        }
    }
    let results = protocols
        .iter()
        .map(|protocol| NodeBuilder::new_dynamic(protocol.clone()).build());
    Answer::Result(vec![
        answer
            .children([
                NodeBuilder::new("result").children(results).build(),
                NodeBuilder::new("list").children(users).build(),
            ])
            .build(),
    ])
}

/// Whom a `<user>` asks about, under the name it used: a JID, or a phone number in its `contact`.
fn subject(world: &World, user: &NodeRef<'_>) -> (Option<Jid>, Option<AccountId>) {
    if let Some(jid) = jid_attr(user, "jid") {
        let account = world.locate(&jid).map(|located| located.account);
        return (Some(jid.to_non_ad()), account);
    }
    let digits: String = user
        .get_optional_child("contact")
        .and_then(|contact| contact.content_as_string())
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    if digits.is_empty() {
        return (None, None);
    }
    let account = world.by_phone(&digits);
    (Some(Jid::pn(digits)), account)
}

fn answer_user(world: &mut World, sender: &Sender<'_>, protocols: &[String], user: &NodeRef<'_>) -> Node {
    let (jid, account) = subject(world, user);
    let mut answer = NodeBuilder::new("user");
    if let Some(jid) = &jid {
        answer = answer.attr("jid", jid.clone());
    }
    let Some(account) = account else {
        let unknown = protocols
            .iter()
            .filter(|protocol| *protocol == "contact")
            .map(|_| contact("out", user));
        return answer.children(unknown).build();
    };
    if jid.as_ref().is_some_and(Jid::is_lid) {
        answer = answer.attr("pn_jid", world.account(account).jid(0, Namespace::Phone));
    }
    world.account_mut(account).watchers.insert(sender.at.account);
    let content: Vec<Node> = protocols
        .iter()
        .filter_map(|protocol| answer_protocol(world, sender.at.account, account, protocol, user))
        .collect();
    answer.children(content).build()
}

/// One protocol's answer about an account; `None` for what this server knows nothing of.
fn answer_protocol(
    world: &mut World,
    viewer: AccountId,
    account: AccountId,
    protocol: &str,
    user: &NodeRef<'_>,
) -> Option<Node> {
    match protocol {
        "contact" => Some(contact("in", user)),
        "devices" => {
            let known_hash = user
                .get_optional_child("devices")
                .map(|devices| attr(devices, "device_hash").into_owned())
                .unwrap_or_default();
            Some(devices::list(world, account, &known_hash))
        }
        "lid" => {
            let lid = world.account(account).jid(0, Namespace::Lid);
            Some(NodeBuilder::new("lid").attr("val", lid).build())
        }
        "status" => Some(profile::usync_status(world, viewer, account)),
        "disappearing_mode" => Some(profile::mode(world, account)),
        // The element alone makes an account a business in the eyes of clients.
        "business" => super::business::known(world, account),
        "picture" => super::pictures::known(world, viewer, PictureOf::Account(account)),
        _ => None,
    }
}

fn contact(kind: &'static str, user: &NodeRef<'_>) -> Node {
    let contact = NodeBuilder::new("contact").attr("type", kind);
    match user
        .get_optional_child("contact")
        .and_then(|contact| contact.content_as_string())
    {
        Some(number) => contact.bytes(number.as_bytes().to_vec()).build(),
        None => contact.build(),
    }
}
