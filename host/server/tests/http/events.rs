//! Lists of events: what is shown of each family, page by page, to whom.

use serde_json::{Value, json};
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{
    ContactChange, ContactEvent, EventKind, GroupChange, GroupEvent, Presence, PresenceState, Receipt, ReceiptStatus,
    SessionEvent, SessionState, TopicEvent,
};
use waspnest_core::id::SessionId;
use waspnest_core::log::Incoming;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Reaction, Text};

use crate::support::{START, TestApi};

const PATH: &str = "/v1/sessions/main/events";
pub(crate) const ANA: &str = "4915100000001@s.whatsapp.net";
const ANA_LID: &str = "700000000000001@lid";
const TRIP: &str = "120363000000000001@g.us";

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

/// Ana, by both of her addresses.
fn ana() -> Party {
    Party {
        jid: jid(ANA_LID),
        alt: Some(jid(ANA)),
        push_name: Some("Ana".into()),
    }
}

/// A message of Ana's.
pub(crate) fn message(id: &str, content: Content) -> EventKind {
    let key = MessageKey {
        chat: jid(ANA_LID),
        id: id.parse().expect("an id"),
        from: Origin::Them,
        participant: None,
    };
    EventKind::Message(Box::new(Message::new(key, ChatKind::Direct, ana(), START, content)))
}

/// A text of hers.
pub(crate) fn says(id: &str, text: &str) -> EventKind {
    let text = Text {
        body: text.into(),
        preview: None,
    };
    message(id, Content::Text(text))
}

pub(crate) fn state(state: SessionState) -> EventKind {
    EventKind::Session(SessionEvent { state, reason: None })
}

fn read(message: &str) -> EventKind {
    EventKind::Receipt(Receipt {
        chat: jid(ANA),
        messages: vec![message.parse().expect("an id")],
        status: ReceiptStatus::Read,
        by: Some(ana()),
        at: START,
    })
}

/// Lets it happen.
pub(crate) async fn happens(api: &TestApi, session: SessionId, kind: EventKind) {
    let recorded = api.log.append(session, vec![Incoming::from(kind)]).await;
    recorded.expect("recorded").applied.durable().await.expect("durable");
}

/// One of most families.
pub(crate) async fn happen(api: &TestApi) {
    let key = MessageKey {
        chat: jid(ANA),
        id: "A1".parse().expect("an id"),
        from: Origin::Them,
        participant: None,
    };
    let reaction = Reaction {
        target: key,
        emoji: Some("🍵".into()),
    };
    let group = GroupEvent {
        group: jid(TRIP),
        change: GroupChange::Subject("Long trip".into()),
        actor: Some(ana()),
        targets: Vec::new(),
        at: START,
    };
    let topic = TopicEvent {
        topic: "orders".parse().expect("a name"),
        publisher: "echo".parse().expect("an id"),
        body: b"paid".to_vec(),
        hops: 1,
        origin: None,
    };
    let about = ContactEvent {
        who: ana(),
        change: ContactChange::About("Busy".into()),
        at: START,
    };
    let typing = Presence {
        chat: jid(ANA),
        who: ana(),
        state: PresenceState::Typing,
        last_seen: None,
    };
    for kind in [
        state(SessionState::Connected),
        says("A1", "hello"),
        message("A2", Content::Reaction(reaction)),
        read("B1"),
        EventKind::Group(group),
        EventKind::Contact(about),
        EventKind::Presence(typing),
        EventKind::Topic(Box::new(topic)),
        state(SessionState::Banned {
            until: Some(UnixMs(START.0 + 60_000)),
        }),
    ] {
        happens(api, api.main, kind).await;
    }
}

fn of(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("a list").iter();
    items
        .map(|item| item[field].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn everything_comes_in_order_page_by_page() {
    let api = TestApi::start().await;
    happen(&api).await;
    let first = api.get(&format!("{PATH}?limit=4")).await.json();
    assert_eq!(
        of(&first, "type"),
        [
            "session.connected",
            "message.received",
            "message.reaction",
            "receipt.read"
        ]
    );
    assert_eq!(first["next"], "4");
    let rest = api.get(&format!("{PATH}?limit=100&cursor=4")).await.json();
    assert_eq!(
        of(&rest, "type"),
        [
            "group.subject",
            "contact.about",
            "presence.typing",
            "topic.published",
            "session.banned"
        ]
    );
    assert_eq!(rest["next"], json!(null));
    // Whoever knows what came last asks for what came since.
    let last = rest["items"][4]["position"].as_u64().expect("a position");
    happens(&api, api.main, says("A3", "still there?")).await;
    let since = api.get(&format!("{PATH}?cursor={last}")).await.json();
    assert_eq!(since["items"][0]["data"]["text"], "still there?");
    api.get(&format!("{PATH}?cursor=evt_1"))
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn types_families_and_chats_narrow_it() {
    let api = TestApi::start().await;
    happen(&api).await;
    for (query, types) in [
        ("type=message.received", &["message.received"][..]),
        ("type=message", &["message.received", "message.reaction"]),
        (
            "type=session.*,receipt.read",
            &["session.connected", "receipt.read", "session.banned"],
        ),
        ("type=message.sent", &[]),
        // By either of her addresses, whichever an event is filed under.
        (
            "chat=%2B4915100000001&type=message,receipt",
            &["message.received", "message.reaction", "receipt.read"],
        ),
        (
            "chat=700000000000001@lid&type=message",
            &["message.received", "message.reaction"],
        ),
        ("chat=120363000000000001@g.us", &["group.subject"]),
        ("chat=%2B4915199999999", &[]),
    ] {
        let found = api.get(&format!("{PATH}?{query}")).await.json();
        assert_eq!(of(&found, "type"), types, "{query}");
    }
    let problem = api.get(&format!("{PATH}?type=message.recieved")).await;
    let problem = problem.problem(400, "invalid_query");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("message.received")),
        "{problem}"
    );
}

#[tokio::test]
async fn what_is_wanted_is_found_behind_much_that_is_not() {
    let api = TestApi::start().await;
    for _ in 0..25 {
        let many = (0..100).map(|_| Incoming::from(state(SessionState::Connecting)));
        api.log.append(api.main, many.collect()).await.expect("recorded");
    }
    happens(&api, api.main, says("A1", "at last")).await;
    let mut path = format!("{PATH}?type=message");
    let mut pages = 1;
    let found = loop {
        let page = api.get(&path).await.json();
        match page["next"].as_str() {
            Some(next) => path = format!("{PATH}?type=message&cursor={next}"),
            None => break page,
        }
        pages += 1;
    };
    assert_eq!(pages, 2, "one question does not look at everything there is");
    assert_eq!(of(&found, "type"), ["message.received"]);
}

#[tokio::test]
async fn each_sees_what_its_scopes_allow() {
    let api = TestApi::start().await;
    happen(&api).await;
    for (scope, types) in [
        (
            "messages:read",
            &["message.received", "message.reaction", "receipt.read"][..],
        ),
        ("sessions:read", &["session.connected", "session.banned"]),
        ("groups:read", &["group.subject"]),
        ("contacts:read", &["contact.about", "presence.typing"]),
        // What installations tell each other is the operator's.
        ("sessions:write", &[]),
    ] {
        let key = api.key(json!({ "scopes": [scope] })).await.1;
        let found = api.asks(&key, "GET", PATH, None).await.json();
        assert_eq!(of(&found, "type"), types, "{scope}");
    }
    let sends = api.key(json!({ "scopes": ["messages:send"] })).await.1;
    api.asks(&sends, "GET", PATH, None).await.problem(403, "scope_missing");
    let reads = api.key(json!({ "scopes": ["messages:read"] })).await.1;
    let problem = api.asks(&reads, "GET", &format!("{PATH}?type=session"), None).await;
    let problem = problem.problem(403, "scope_missing");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("sessions:read")),
        "{problem}"
    );
    api.asks(&reads, "GET", &format!("{PATH}?type=topic"), None)
        .await
        .problem(403, "admin_only");
}

#[tokio::test]
async fn another_tenants_events_are_not_there() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    happens(&api, api.main, says("A1", "ours")).await;
    happens(&api, twin.session.id, says("A1", "theirs")).await;
    let theirs = api.asks(&twin.secret, "GET", PATH, None).await.json();
    assert_eq!(theirs["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(theirs["items"][0]["data"]["text"], "theirs");
    assert_eq!(theirs["items"][0]["session"]["id"], json!(twin.session.id.to_string()));
    let guessed = format!("/v1/sessions/{}/events", api.main);
    api.asks(&twin.secret, "GET", &guessed, None)
        .await
        .problem(404, "unknown_session");
}
