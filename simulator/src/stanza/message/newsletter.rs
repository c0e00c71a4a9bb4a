//! Messages to newsletters: posts, changes to them and reactions. They are not encrypted.
//!
//! A change names its post by id, on the stanza (one client) or inside the content (the other).

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore_binary::{Jid, NodeRef};
use whatsapp_rust::waproto::whatsapp::Message;

use crate::address::DeviceAddress;
use crate::nack::Nack;
use crate::newsletters::{Draft, NewsletterId, Role};
use crate::queue::{Class, Entry};
use crate::stanza::newsletters::{notice, sent};
use crate::stanza::{Sender, attr};
use crate::world::World;

/// What a message does to a newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Publish,
    Change,
    TakeBack,
    React,
}

impl Act {
    fn of(node: &NodeRef<'_>) -> Self {
        if attr(node, "type") == "reaction" {
            return Self::React;
        }
        match &*attr(node, "edit") {
            "1" | "3" => Self::Change,
            "7" | "8" => Self::TakeBack,
            _ => Self::Publish,
        }
    }
}

/// Takes a message in; answers the number of the post it is or is about.
pub(super) fn accept(world: &mut World, sender: &Sender<'_>, to: &Jid, node: &NodeRef<'_>) -> Result<u64, Nack> {
    let id = NewsletterId::of(to).ok_or(Nack::NoSuchRecipient)?;
    let newsletter = world.newsletters.get(id).ok_or(Nack::NoSuchRecipient)?;
    let role = newsletter.role(sender.at.account);
    let act = Act::of(node);
    match act {
        Act::React => return react(world, sender, id, node),
        Act::Publish | Act::Change | Act::TakeBack if role < Role::Admin => return Err(Nack::Forbidden),
        Act::Publish | Act::Change | Act::TakeBack => {}
    }
    let plaintext = node.get_optional_child("plaintext").ok_or(Nack::Malformed)?;
    let content = plaintext.content_bytes().unwrap_or_default().to_vec();
    let now = world.now_s();
    let newsletter = world.newsletters.get_mut(id).ok_or(Nack::NoSuchRecipient)?;
    let post = match act {
        Act::Publish => {
            if content.is_empty() {
                return Err(Nack::Malformed);
            }
            let media = attr(plaintext, "mediatype");
            newsletter.publish(Draft {
                id: attr(node, "id").into_owned(),
                author: sender.at.account,
                at_s: now,
                kind: attr(node, "type").into_owned(),
                media: (!media.is_empty()).then(|| media.into_owned()),
                content,
            })
        }
        Act::Change | Act::TakeBack | Act::React => {
            let (target, content) = changed(act, &attr(node, "id"), content)?;
            let post = newsletter.post_by_id(&target).ok_or(Nack::NoSuchRecipient)?;
            post.change(content, now);
            post
        }
    };
    let server_id = post.server_id;
    send(world, id, server_id, Some(sender.at));
    match act {
        Act::Change | Act::TakeBack => notice::live(world, id, server_id),
        Act::Publish | Act::React => {}
    }
    Ok(server_id)
}

/// Sends a post as it stands to every companion of every follower but `except`. Modelled: it waits for those that are away.
pub(crate) fn send(world: &mut World, id: NewsletterId, server_id: u64, except: Option<DeviceAddress>) {
    let newsletter = world.newsletters.get_mut(id);
    let Some(post) = newsletter.and_then(|newsletter| newsletter.post_mut(server_id)) else {
        return;
    };
    let author = post.author;
    let message_id = post.id.clone();
    let message = sent(post, NodeBuilder::new("message").attr("from", id.jid()));
    for account in notice::followers(world, id) {
        for at in world.companions_of(account) {
            if Some(at) != except && world.takes(at) {
                let mut copy = message.clone();
                if account == author {
                    copy.attrs.insert("is_sender", "true");
                }
                world.enqueue(at, Entry::new(copy, Class::Message, message_id.as_str(), None));
            }
        }
    }
}

/// Which post a change is about, and what it says from now on.
fn changed(act: Act, stanza_id: &str, content: Vec<u8>) -> Result<(String, Vec<u8>), Nack> {
    let message = Message::decode_from_slice(&content).map_err(|_| Nack::Malformed)?;
    let inside = message.protocol_message.as_option();
    let named = inside
        .and_then(|protocol| protocol.key.as_option())
        .and_then(|key| key.id.clone());
    let replaced = inside.and_then(|protocol| protocol.edited_message.as_option());
    let target = named.unwrap_or_else(|| stanza_id.to_owned());
    let content = match act {
        Act::TakeBack => Vec::new(),
        Act::Publish | Act::Change | Act::React => replaced.map_or(content, |replaced| replaced.encode_to_vec()),
    };
    Ok((target, content))
}

/// Anybody may react, once per post (modelled: followers or not).
fn react(world: &mut World, sender: &Sender<'_>, id: NewsletterId, node: &NodeRef<'_>) -> Result<u64, Nack> {
    let server_id = attr(node, "server_id").parse().map_err(|_| Nack::Malformed)?;
    let reaction = node.get_optional_child("reaction").ok_or(Nack::Malformed)?;
    let emoji = attr(reaction, "code");
    let now = world.now_s();
    let newsletter = world.newsletters.get_mut(id).ok_or(Nack::NoSuchRecipient)?;
    let post = newsletter.post_mut(server_id).ok_or(Nack::NoSuchRecipient)?;
    post.react(sender.at.account, &emoji, now);
    notice::live(world, id, server_id);
    Ok(server_id)
}
