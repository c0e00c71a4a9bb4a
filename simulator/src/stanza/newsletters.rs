//! Requests to a newsletter itself: its posts, what changed about them, and to be told of changes for a while.
//!
//! `<iq xmlns="newsletter" to="…@newsletter">`. Everything else about newsletters is asked through JSON (`stanza/mex`).

pub(super) mod mex;
pub(crate) mod notice;
mod picture;
mod shown;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::newsletters::{NewsletterId, Post, WATCH_S};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

pub(in crate::stanza) use shown::sent;
use shown::{changed, whole};

/// Posts in one answer, when a client asks for none or for more (modelled).
const PAGE: usize = 100;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match verb {
        Verb::Get => {
            if let Some(asked) = node.get_optional_child("messages") {
                messages(world, sender, node, asked)
            } else if let Some(asked) = node.get_optional_child("message_updates") {
                updates(world, node, asked)
            } else {
                Answer::bad_request()
            }
        }
        Verb::Set if node.get_optional_child("live_updates").is_some() => watch(world, sender, node),
        Verb::Set => Answer::bad_request(),
    }
}

/// The newsletter a request goes to, or names inside.
fn target(node: &NodeRef<'_>, asked: &NodeRef<'_>) -> Option<NewsletterId> {
    NewsletterId::of(&jid_attr(node, "to")?).or_else(|| NewsletterId::of(&jid_attr(asked, "jid")?))
}

fn number(node: &NodeRef<'_>, key: &str) -> Option<u64> {
    attr(node, key).parse().ok()
}

/// Posts, oldest first: the newest `count` of those before `before`, or the first `count` after `after`.
fn messages(world: &World, sender: &Sender<'_>, node: &NodeRef<'_>, asked: &NodeRef<'_>) -> Answer {
    let key = attr(asked, "key");
    let newsletter = match target(node, asked) {
        Some(id) => world.newsletters.get(id),
        None => world.newsletters.by_code(&key),
    };
    let Some(newsletter) = newsletter else {
        return Answer::not_found();
    };
    let page = page(newsletter.posts().iter(), asked, |_| true);
    let posts: Vec<Node> = page.into_iter().map(|post| whole(post, sender.at.account)).collect();
    let messages = NodeBuilder::new("messages")
        .attr("jid", newsletter.id.jid())
        .attr("t", world.now_s())
        .children(posts)
        .build();
    Answer::Result(vec![messages])
}

/// What changed about posts since a time: reactions and views, and what a changed post says now.
fn updates(world: &World, node: &NodeRef<'_>, asked: &NodeRef<'_>) -> Answer {
    let Some(newsletter) = target(node, asked).and_then(|id| world.newsletters.get(id)) else {
        return Answer::not_found();
    };
    let since = number(asked, "since").unwrap_or(0);
    let page = page(newsletter.posts().iter(), asked, |post| post.touched_s >= since);
    let posts: Vec<Node> = page.into_iter().map(changed).collect();
    let messages = NodeBuilder::new("messages")
        .attr("jid", newsletter.id.jid())
        .attr("t", world.now_s())
        .children(posts)
        .build();
    Answer::Result(vec![NodeBuilder::new("message_updates").children([messages]).build()])
}

fn page<'p>(
    posts: impl DoubleEndedIterator<Item = &'p Post>,
    asked: &NodeRef<'_>,
    wanted: impl Fn(&Post) -> bool,
) -> Vec<&'p Post> {
    let count = number(asked, "count").map_or(PAGE, |count| usize::try_from(count).unwrap_or(PAGE).min(PAGE));
    let (before, after) = (number(asked, "before"), number(asked, "after"));
    let mut due = posts.filter(|post| {
        before.is_none_or(|before| post.server_id < before)
            && after.is_none_or(|after| post.server_id > after)
            && wanted(post)
    });
    if after.is_some() {
        due.take(count).collect()
    } else {
        let mut page: Vec<&Post> = std::iter::from_fn(|| due.next_back()).take(count).collect();
        page.reverse();
        page
    }
}

fn watch(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    let now = world.now_s();
    let newsletter = target(node, node).and_then(|id| world.newsletters.get_mut(id));
    let Some(newsletter) = newsletter else {
        return Answer::not_found();
    };
    newsletter.watch(sender.at, now);
    Answer::Result(vec![NodeBuilder::new("live_updates").attr("duration", WATCH_S).build()])
}
