//! `w:biz`: what a business tells about itself, asked by anybody and changed by itself; and `business` in `usync`.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::AccountId;
use crate::business::{BusinessDay, BusinessHours, BusinessProfile};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Pages a business may name (modelled).
const MAX_WEBSITES: usize = 2;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    let Some(asked) = node.get_optional_child("business_profile") else {
        return Answer::not_implemented();
    };
    match verb {
        Verb::Get => Answer::Result(vec![profiles(world, sender, asked)]),
        Verb::Set => change(world, sender, asked),
    }
}

/// The profiles asked for; who is no business is left out, which is how clients learn that.
fn profiles(world: &mut World, sender: &Sender<'_>, asked: &NodeRef<'_>) -> Node {
    let mut found = Vec::new();
    for wanted in asked.get_children_by_tag("profile") {
        let Some(jid) = jid_attr(wanted, "jid") else {
            continue;
        };
        let Some(account) = world.locate(&jid).map(|located| located.account) else {
            continue;
        };
        world.account_mut(account).watchers.insert(sender.at.account);
        if let Some(profile) = world.businesses.get(account) {
            found.push(
                NodeBuilder::new("profile")
                    .attr("jid", jid)
                    .children(told(profile))
                    .build(),
            );
        }
    }
    NodeBuilder::new("business_profile")
        .attr("v", "244")
        .children(found)
        .build()
}

fn told(profile: &BusinessProfile) -> Vec<Node> {
    let text = |tag: &'static str, text: &str| NodeBuilder::new(tag).bytes(text.as_bytes().to_vec()).build();
    let mut told = vec![text("description", &profile.description)];
    told.extend(profile.address.as_deref().map(|address| text("address", address)));
    told.extend(profile.email.as_deref().map(|email| text("email", email)));
    told.extend(profile.websites.iter().map(|website| text("website", website)));
    if !profile.categories.is_empty() {
        let categories = profile.categories.iter().map(|category| {
            NodeBuilder::new("category")
                .attr("id", category.id.as_str())
                .bytes(category.name.as_bytes().to_vec())
                .build()
        });
        told.push(NodeBuilder::new("categories").children(categories).build());
    }
    if let Some(hours) = &profile.hours {
        let days = hours.days.iter().map(|day| {
            let mut config = NodeBuilder::new("business_hours_config")
                .attr("day_of_week", day.day.as_str())
                .attr("mode", day.mode.as_str());
            if let Some(open) = day.open {
                config = config.attr("open_time", open);
            }
            if let Some(close) = day.close {
                config = config.attr("close_time", close);
            }
            config.build()
        });
        told.push(
            NodeBuilder::new("business_hours")
                .attr("timezone", hours.timezone.as_str())
                .children(days)
                .build(),
        );
    }
    told
}

/// Changes what the request names and leaves the rest.
fn change(world: &mut World, sender: &Sender<'_>, asked: &NodeRef<'_>) -> Answer {
    let account = sender.at.account;
    let Some(mut profile) = world.businesses.get(account).cloned() else {
        return Answer::Error {
            code: 403,
            text: "forbidden",
        };
    };
    let mut websites = Vec::new();
    for part in asked.children().unwrap_or_default() {
        let text = part.content_as_string().unwrap_or_default().to_string();
        let or_nothing = |text: String| (!text.is_empty()).then_some(text);
        match &*part.tag {
            "description" => profile.description = text,
            "address" => profile.address = or_nothing(text),
            "email" => profile.email = or_nothing(text),
            "website" => websites.extend(or_nothing(text)),
            "business_hours" => profile.hours = Some(hours(part)),
            // Cover pictures are uploaded and, for now, shown to nobody.
            _ => {}
        }
    }
    if websites.len() > MAX_WEBSITES {
        return Answer::not_acceptable();
    }
    if asked.get_optional_child("website").is_some() {
        profile.websites = websites;
    }
    world.set_business(account, profile);
    Answer::done()
}

fn hours(given: &NodeRef<'_>) -> BusinessHours {
    let days = given
        .get_children_by_tag("business_hours_config")
        .map(|config| BusinessDay {
            day: attr(config, "day_of_week").into_owned(),
            mode: attr(config, "mode").into_owned(),
            open: attr(config, "open_time").parse().ok(),
            close: attr(config, "close_time").parse().ok(),
        });
    BusinessHours {
        timezone: attr(given, "timezone").into_owned(),
        days: days.collect(),
    }
}

/// What `usync` says about a business; nothing about everybody else.
pub(super) fn known(world: &World, account: AccountId) -> Option<Node> {
    let verified = world.verified_name(account)?;
    let name = NodeBuilder::new("verified_name")
        .attr("v", "1")
        .attr("serial", verified.serial)
        .bytes(verified.certificate)
        .build();
    Some(NodeBuilder::new("business").children([name]).build())
}
