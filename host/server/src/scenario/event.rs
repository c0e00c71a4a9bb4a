//! What a step is to the plugin, and in words.

use waspnest_core::address::Party;
use waspnest_core::event::{
    CallEvent, ChatEvent, ContactEvent, EventKind, GroupChange, GroupEvent, Presence, Receipt, ReceiptStatus,
    RequestEvent, SessionEvent, TopicEvent,
};

use super::memory::{NoMessage, Remembered};
use super::message::Scene;
use crate::config::scenario::{
    Deed, GroupDeed, GroupDo, INSTALLATION, Member, MessageDeed, News, Place, Request, Sent, What,
};

/// Who publishes what other plugins would.
const NEIGHBOUR: &str = "neighbour";

/// The event of something that somebody does; none for what is no event by itself: time, requests and restarts.
pub(super) fn of(scene: &Scene<'_>, deed: &Deed) -> Result<Option<EventKind>, NoMessage> {
    Ok(Some(match deed {
        Deed::Message(deed) => EventKind::Message(Box::new(scene.message(deed)?)),
        Deed::Group(deed) => EventKind::Group(group(scene, deed)),
        Deed::News(news) => told(scene, news)?,
        Deed::Publishes { topic, body } => EventKind::Topic(Box::new(TopicEvent {
            topic: topic.clone(),
            publisher: NEIGHBOUR.parse().expect("it has the form of an id"),
            body: body.as_bytes().to_vec(),
            hops: 1,
            origin: None,
        })),
        Deed::Passes(_) | Deed::Asks(_) | Deed::Restarts => return Ok(None),
    }))
}

fn group(scene: &Scene<'_>, deed: &GroupDeed) -> GroupEvent {
    let actor = scene.party(&deed.who);
    let (change, targets) = match &deed.change {
        GroupDo::Joins => (GroupChange::Joined, vec![actor.clone()]),
        GroupDo::Leaves => (GroupChange::Left, vec![actor.clone()]),
        GroupDo::To(change, people) => {
            let targets: Vec<Party> = people.iter().map(|name| scene.party(name)).collect();
            let change = match change {
                Member::Added => GroupChange::Added,
                Member::Removed => GroupChange::Removed,
                Member::Promoted => GroupChange::Promoted,
                Member::Demoted => GroupChange::Demoted,
            };
            (change, targets)
        }
        GroupDo::Renames(subject) => (GroupChange::Subject(subject.clone()), Vec::new()),
        GroupDo::Describes(text) => {
            let text = Some(text.clone()).filter(|text| !text.is_empty());
            (GroupChange::Description(text), Vec::new())
        }
    };
    GroupEvent {
        group: scene.scenario.groups[&deed.group].address.clone(),
        change,
        actor: Some(actor),
        targets,
        at: scene.now,
    }
}

fn told(scene: &Scene<'_>, news: &News) -> Result<EventKind, NoMessage> {
    Ok(match news {
        News::Call {
            who,
            group,
            state,
            media,
        } => EventKind::Call(CallEvent {
            id: scene.fresh.to_string().into(),
            caller: scene.party(who),
            group: group.as_ref().map(|group| scene.scenario.groups[group].address.clone()),
            media: Some(*media),
            state: *state,
            at: scene.now,
        }),
        News::Receipt { who, place, on, status } => {
            let chat = scene.chat(place);
            let ours = Remembered::is_ours;
            let message = scene.memory.find(on.as_deref(), &chat, "message of the plugin", ours)?;
            EventKind::Receipt(Receipt {
                chat,
                messages: vec![message.key.id.clone()],
                status: status.clone(),
                by: match status {
                    ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played => Some(scene.party(who)),
                    ReceiptStatus::ServerAck | ReceiptStatus::Failed { .. } => None,
                },
                at: scene.now,
            })
        }
        News::Presence { who, place, state } => EventKind::Presence(Presence {
            chat: scene.chat(place),
            who: scene.party(who),
            state: *state,
            last_seen: None,
        }),
        News::Contact { who, change } => EventKind::Contact(ContactEvent {
            who: scene.party(who),
            change: change.clone(),
            at: scene.now,
        }),
        News::Chat { place, change } => EventKind::Chat(ChatEvent {
            chat: Some(scene.chat(place)),
            change: change.clone(),
            at: scene.now,
        }),
        News::Session { state, reason } => EventKind::Session(SessionEvent {
            state: *state,
            reason: reason.clone(),
        }),
    })
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
pub(crate) fn words(deed: &Deed) -> String {
    match deed {
        Deed::Message(deed) => message(deed),
        Deed::Group(GroupDeed { who, group, change }) => match change {
            GroupDo::Joins => format!("{who} joins {group}"),
            GroupDo::Leaves => format!("{who} leaves {group}"),
            GroupDo::To(change, people) => {
                let people = people.join(", ");
                match change {
                    Member::Added => format!("{who} adds {people} to {group}"),
                    Member::Removed => format!("{who} removes {people} from {group}"),
                    Member::Promoted => format!("{who} makes {people} administrate {group}"),
                    Member::Demoted => format!("{who} lets {people} administrate {group} no more"),
                }
            }
            GroupDo::Renames(subject) => format!("{who} renames {group} {subject}"),
            GroupDo::Describes(text) => format!("{who} describes {group}: {text}"),
        },
        Deed::News(news) => news_in_words(news),
        Deed::Passes(span) => format!("{} pass", humantime::format_duration(*span)),
        Deed::Asks(Request { method, path, .. }) => format!("a server: {method} {path}"),
        Deed::Publishes { topic, body } => format!("{NEIGHBOUR} publishes {topic}: {body}"),
        Deed::Restarts => "the host restarts".to_owned(),
    }
}

fn message(deed: &MessageDeed) -> String {
    let who = match &deed.place {
        Place::Group(group) => format!("{} in {group}", deed.who),
        Place::With(person) if *person == deed.who => deed.who.to_string(),
        Place::With(person) => format!("{} to {person}", deed.who),
    };
    let on = |on: &Option<Box<str>>| on.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    match &deed.what {
        What::Says(text) => format!("{who}: {text}"),
        What::Sends(Sent::File(file)) => {
            let caption = file.caption.as_deref().unwrap_or_default();
            format!("{who}: [{}] {caption}", file.kind.name()).trim_end().to_owned()
        }
        What::Sends(Sent::Location { name, .. }) => {
            format!("{who}: [location] {}", name.as_deref().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        What::Sends(Sent::Contact { name, .. }) => format!("{who}: [contact] {name}"),
        What::Polls { question, options, .. } => format!("{who}: [poll] {question} {}", options.join(" | ")),
        What::Votes { on: poll, options } if options.is_empty() => format!("{who} takes a vote back{}", on(poll)),
        What::Votes { on: poll, options } => format!("{who} votes {}{}", options.join(", "), on(poll)),
        What::Reacts { on: target, emoji } => match emoji {
            Some(emoji) => format!("{who} reacts {emoji}{}", on(target)),
            None => format!("{who} takes a reaction back{}", on(target)),
        },
        What::Edits { on: target, text } => format!("{who} edits{}: {text}", on(target)),
        What::Deletes { on: target } => format!("{who} takes a message back{}", on(target)),
    }
}

fn news_in_words(news: &News) -> String {
    let place = |place: &Place| match place {
        Place::Group(group) => format!(" in {group}"),
        Place::With(_) => String::new(),
    };
    match news {
        News::Call { who, state, .. } if state.name() == "offered" => format!("{who} rings"),
        News::Call { who, state, .. } => format!("the call of {who}: {}", state.name()),
        News::Receipt {
            who,
            place: at,
            on,
            status,
        } => {
            let on = on.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            format!("receipt of {who}{}: {}{on}", place(at), status.name())
        }
        News::Presence { who, place: at, state } => format!("{who} is {}{}", state.name(), place(at)),
        News::Contact { who, change } => format!("{who} has another {}", change.name()),
        News::Chat { place: at, change } => match at {
            Place::Group(group) => format!("the chat {group} is {}", change.name()),
            Place::With(person) => format!("the chat with {person} is {}", change.name()),
        },
        News::Session { state, .. } => format!("the session is {}", state.name()),
    }
}
