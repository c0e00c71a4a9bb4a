//! `encrypt`: prekeys are counted, uploaded, rotated, compared and handed out.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::prekeys::compute_key_bundle_digest;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::DeviceAddress;
use crate::device::{Device, PrekeyWarning};
use crate::keys::{KEY_TYPE, KeyBundle, KeyError, SignedPrekey, uint};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, jid_attr};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match verb {
        Verb::Get => {
            if node.get_optional_child("count").is_some() {
                count(world, sender.at)
            } else if node.get_optional_child("digest").is_some() {
                digest(world, sender.at)
            } else if let Some(request) = node.get_optional_child("key") {
                fetch(world, sender, request)
            } else {
                Answer::bad_request()
            }
        }
        Verb::Set => {
            let changed = match node.get_optional_child("rotate") {
                Some(rotate) => rotate_signed(world, sender.at, rotate),
                None => upload(world, sender.at, node),
            };
            match changed {
                Ok(()) => Answer::done(),
                Err(error) => {
                    tracing::info!(%error, "uploaded keys refused");
                    world.stats.refused_keys += 1;
                    Answer::not_acceptable()
                }
            }
        }
    }
}

fn count(world: &World, at: DeviceAddress) -> Answer {
    let left = world.device(at).map_or(0, |device| device.keys.one_time.len());
    Answer::Result(vec![NodeBuilder::new("count").attr("value", left).build()])
}

fn upload(world: &mut World, at: DeviceAddress, node: &NodeRef<'_>) -> Result<(), KeyError> {
    let device = world.device_mut(at).ok_or(KeyError::Shape)?;
    own_identity(node, &device.keys)?;
    let registration = uint(bytes(node, "registration")?)?;
    let signed = signed_prekey(node, &device.keys.identity)?;
    let one_time = node
        .get_optional_child("list")
        .and_then(|list| list.children())
        .unwrap_or_default()
        .iter()
        .map(one_time)
        .collect::<Result<Vec<_>, KeyError>>()?;
    device.keys.add_one_time(one_time)?;
    device.keys.registration_id = registration;
    device.keys.signed = signed;
    device.prekey_warning = PrekeyWarning::Due;
    Ok(())
}

fn rotate_signed(world: &mut World, at: DeviceAddress, rotate: &NodeRef<'_>) -> Result<(), KeyError> {
    let device = world.device_mut(at).ok_or(KeyError::Shape)?;
    device.keys.signed = signed_prekey(rotate, &device.keys.identity)?;
    Ok(())
}

/// Key type and identity, which no device changes.
pub(super) fn own_identity(parent: &NodeRef<'_>, keys: &KeyBundle) -> Result<(), KeyError> {
    if bytes(parent, "type")? != [KEY_TYPE] {
        return Err(KeyError::Shape);
    }
    if bytes(parent, "identity")? != keys.identity {
        return Err(KeyError::Foreign);
    }
    Ok(())
}

/// A one-time prekey, `<key><id/><value/></key>`.
pub(super) fn one_time(key: &NodeRef<'_>) -> Result<(u32, [u8; 32]), KeyError> {
    let public = bytes(key, "value")?.try_into().map_err(|_| KeyError::Shape)?;
    Ok((key_number(key)?, public))
}

/// Ids of keys travel as three bytes.
fn key_number(key: &NodeRef<'_>) -> Result<u32, KeyError> {
    let id = bytes(key, "id")?;
    if id.len() == 3 { uint(id) } else { Err(KeyError::Shape) }
}

pub(super) fn signed_prekey(parent: &NodeRef<'_>, identity: &[u8; 32]) -> Result<SignedPrekey, KeyError> {
    let skey = parent.get_optional_child("skey").ok_or(KeyError::Shape)?;
    SignedPrekey::verified(
        key_number(skey)?,
        bytes(skey, "value")?,
        bytes(skey, "signature")?,
        identity,
    )
}

pub(super) fn bytes<'n>(parent: &'n NodeRef<'_>, tag: &str) -> Result<&'n [u8], KeyError> {
    parent
        .get_optional_child(tag)
        .and_then(|child| child.content_bytes())
        .ok_or(KeyError::Shape)
}

/// What the server holds, so that the client can tell whether it is the same.
fn digest(world: &World, at: DeviceAddress) -> Answer {
    let Some(device) = world.device(at) else {
        return Answer::not_found();
    };
    let keys = &device.keys;
    if keys.one_time.is_empty() {
        return Answer::not_found();
    }
    let publics: Vec<&[u8]> = keys.one_time.iter().map(|(_, key)| &key[..]).collect();
    let hash = compute_key_bundle_digest(&keys.identity, &keys.signed.public, &keys.signed.signature, &publics);
    let mut content = head(device);
    content.push(skey(device));
    content.push(
        NodeBuilder::new("list")
            .children(keys.one_time.iter().map(|(id, _)| key_id(*id)))
            .build(),
    );
    content.push(NodeBuilder::new("hash").bytes(hash).build());
    Answer::Result(vec![NodeBuilder::new("digest").children(content).build()])
}

/// Hands out bundles, each with one one-time prekey while there are any.
fn fetch(world: &mut World, sender: &Sender<'_>, request: &NodeRef<'_>) -> Answer {
    let mut users = Vec::new();
    for user in request.get_children_by_tag("user") {
        let Some(jid) = jid_attr(user, "jid") else {
            return Answer::bad_request();
        };
        let answer = NodeBuilder::new("user").attr("jid", jid.clone());
        let located = world.locate(&jid).map(|located| DeviceAddress {
            account: located.account,
            device: located.device,
        });
        let bundle = located.and_then(|at| Some((at, bundle(world, at)?)));
        let Some((at, content)) = bundle else {
            let error = NodeBuilder::new("error")
                .attr("code", 406_u16)
                .attr("text", "not-acceptable")
                .build();
            users.push(answer.children([error]).build());
            continue;
        };
        users.push(answer.children(content).build());
        world.account_mut(at.account).watchers.insert(sender.at.account);
        world.warn_of_low_prekeys(at);
    }
    Answer::Result(vec![NodeBuilder::new("list").children(users).build()])
}

fn bundle(world: &mut World, at: DeviceAddress) -> Option<Vec<Node>> {
    let device = world.device_mut(at)?;
    let mut content = head(device);
    if let Some(companion) = &device.companion {
        content.push(
            NodeBuilder::new("device-identity")
                .bytes(companion.signed_identity.clone())
                .build(),
        );
    }
    content.push(skey(device));
    if let Some((id, public)) = device.keys.take_one_time() {
        content.push(
            NodeBuilder::new("key")
                .children([key_id(id), NodeBuilder::new("value").bytes(public.to_vec()).build()])
                .build(),
        );
    }
    Some(content)
}

fn head(device: &Device) -> Vec<Node> {
    vec![
        NodeBuilder::new("registration")
            .bytes(device.keys.registration_id.to_be_bytes().to_vec())
            .build(),
        NodeBuilder::new("type").bytes(vec![KEY_TYPE]).build(),
        NodeBuilder::new("identity")
            .bytes(device.keys.identity.to_vec())
            .build(),
    ]
}

fn skey(device: &Device) -> Node {
    let signed = &device.keys.signed;
    NodeBuilder::new("skey")
        .children([
            key_id(signed.id),
            NodeBuilder::new("value").bytes(signed.public.to_vec()).build(),
            NodeBuilder::new("signature").bytes(signed.signature.to_vec()).build(),
        ])
        .build()
}

/// Key ids travel as three bytes.
fn key_id(id: u32) -> Node {
    NodeBuilder::new("id").bytes(id.to_be_bytes()[1..].to_vec()).build()
}
