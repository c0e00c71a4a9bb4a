//! `w:profile:picture`: to ask for a picture, to show another one, to show none.

use bytes::Bytes;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::AccountId;
use crate::pictures::{MAX_PICTURE, PictureOf};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    let of = match jid_attr(node, "target") {
        // Who names nobody means the own picture.
        None => Some(PictureOf::Account(sender.at.account)),
        Some(target) => world.picture_owner(&target),
    };
    let Some(of) = of else {
        return Answer::not_found();
    };
    match verb {
        Verb::Get => get(world, sender, of, node),
        Verb::Set => set(world, sender, of, node),
    }
}

fn get(world: &mut World, sender: &Sender<'_>, of: PictureOf, node: &NodeRef<'_>) -> Answer {
    if let PictureOf::Account(account) = of {
        // Who looks at a picture is told when it changes.
        world.account_mut(account).watchers.insert(sender.at.account);
    }
    if !world.may_see_picture(sender.at.account, of) {
        return not_authorized();
    }
    let Some(picture) = world.pictures.of(of) else {
        return Answer::not_found();
    };
    let asked = node.get_optional_child("picture");
    let known = asked.map(|asked| attr(asked, "id").into_owned()).unwrap_or_default();
    if known == picture.id.to_string() {
        // Nothing has changed since the client asked last.
        return Answer::Result(vec![NodeBuilder::new("picture").build()]);
    }
    let kind = match asked.map(|asked| attr(asked, "type").into_owned()).as_deref() {
        Some("preview") => "preview",
        Some(_) | None => "image",
    };
    Answer::Result(vec![
        NodeBuilder::new("picture")
            .attr("id", picture.id)
            .attr("type", kind)
            .attr("url", picture.stored.url.as_str())
            .attr("direct_path", picture.stored.direct_path.as_str())
            .build(),
    ])
}

fn set(world: &mut World, sender: &Sender<'_>, of: PictureOf, node: &NodeRef<'_>) -> Answer {
    let by = sender.at.account;
    let allowed = match of {
        PictureOf::Account(account) => account == by,
        PictureOf::Group(group) => world
            .groups
            .get(group)
            .is_some_and(|group| group.role(by).is_some_and(|role| group.may_edit(role))),
        // That of a newsletter is changed with the rest of it, through JSON.
        PictureOf::Newsletter(_) => false,
    };
    if !allowed {
        return not_authorized();
    }
    // Clients send the picture as `image`; a `preview` beside it, which older ones make themselves, is not kept.
    let given = node
        .get_children_by_tag("picture")
        .find(|picture| attr(picture, "type") != "preview");
    let Some(given) = given else {
        world.remove_picture(of, by);
        return Answer::done();
    };
    let jpeg = given.content_bytes().unwrap_or_default();
    if jpeg.is_empty() || jpeg.len() > MAX_PICTURE {
        return Answer::not_acceptable();
    }
    let id = world.set_picture(of, by, Bytes::copy_from_slice(jpeg));
    Answer::Result(vec![NodeBuilder::new("picture").attr("id", id).build()])
}

/// What `usync` says about an account's picture; nothing when there is none, or none for this viewer.
pub(super) fn known(world: &World, viewer: AccountId, of: PictureOf) -> Option<Node> {
    if !world.may_see_picture(viewer, of) {
        return None;
    }
    let picture = world.pictures.of(of)?;
    Some(NodeBuilder::new("picture").attr("id", picture.id).build())
}

fn not_authorized() -> Answer {
    Answer::Error {
        code: 401,
        text: "not-authorized",
    }
}
