//! What a step is to the plugin, and in words.

use ulid::Ulid;
use waspnest_core::address::ChatKind;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{
    CallEvent, CallMedia, CallState, EventKind, GroupChange, GroupEvent, RequestEvent, TopicEvent,
};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};

use crate::config::scenario::{Deed, INSTALLATION, Presence, Request, Scenario};

/// Who publishes what other plugins would.
const NEIGHBOUR: &str = "neighbour";

/// The event of something that somebody does.
///
/// # Panics
/// For what is no event by itself: time, requests and restarts, which the caller has told apart.
pub(super) fn of(scenario: &Scenario, deed: &Deed, now: UnixMs, fresh: Ulid) -> EventKind {
    let party = |name: &str| scenario.people[name].party();
    match deed {
        Deed::Says { who, text, group } => {
            let group = group.as_ref().map(|group| &scenario.groups[group]);
            let sender = party(who);
            let key = MessageKey {
                chat: group.map_or_else(|| sender.jid.clone(), |group| group.address.clone()),
                id: format!("3EB0{fresh}").parse().expect("it has the form of an id"),
                from: Origin::Them,
                participant: group.map(|_| sender.jid.clone()),
            };
            let content = Content::Text(Text {
                body: text.clone(),
                preview: None,
            });
            let chat_kind = group.map_or(ChatKind::Direct, |_| ChatKind::Group);
            EventKind::Message(Box::new(Message {
                chat_name: group.map(|group| group.subject.clone()),
                ..Message::new(key, chat_kind, sender, now, content)
            }))
        }
        Deed::Moves { who, group, presence } => EventKind::Group(GroupEvent {
            group: scenario.groups[group].address.clone(),
            change: match presence {
                Presence::There => GroupChange::Joined,
                Presence::Gone => GroupChange::Left,
            },
            actor: Some(party(who)),
            targets: vec![party(who)],
            at: now,
        }),
        Deed::Rings { who } => EventKind::Call(CallEvent {
            id: fresh.to_string().into(),
            caller: party(who),
            group: None,
            media: Some(CallMedia::Audio),
            state: CallState::Offered,
            at: now,
        }),
        Deed::Publishes { topic, body } => EventKind::Topic(Box::new(TopicEvent {
            topic: topic.clone(),
            publisher: NEIGHBOUR.parse().expect("it has the form of an id"),
            body: body.as_bytes().to_vec(),
            hops: 1,
            origin: None,
        })),
        Deed::Passes(_) | Deed::Asks(_) | Deed::Restarts => unreachable!("the caller has told these apart"),
    }
}

/// The event of a request.
pub(super) fn request(request: &Request) -> RequestEvent {
    RequestEvent {
        installation: INSTALLATION.parse().expect("it has the form of an id"),
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        headers: request.headers.clone(),
        body: request.body.as_bytes().to_vec(),
    }
}

/// A step in words.
pub(super) fn words(deed: &Deed) -> String {
    match deed {
        Deed::Says { who, text, group: None } => format!("{who}: {text}"),
        Deed::Says {
            who,
            text,
            group: Some(group),
        } => format!("{who} in {group}: {text}"),
        Deed::Passes(span) => format!("{} pass", humantime::format_duration(*span)),
        Deed::Moves { who, group, presence } => match presence {
            Presence::There => format!("{who} joins {group}"),
            Presence::Gone => format!("{who} leaves {group}"),
        },
        Deed::Rings { who } => format!("{who} rings"),
        Deed::Asks(Request { method, path, .. }) => format!("a server: {method} {path}"),
        Deed::Publishes { topic, body } => format!("{NEIGHBOUR} publishes {topic}: {body}"),
        Deed::Restarts => "the host restarts".to_owned(),
    }
}
