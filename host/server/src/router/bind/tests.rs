use waspnest_core::address::ChatKind;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{CallEvent, CallState, Position, SessionEvent, SessionState};
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::message::{Content, MessageKey, Text};

use super::*;
use crate::config::bind::{MayStop, When};

/// 2026-06-01T07:30:00Z, a Monday.
const MORNING: UnixMs = UnixMs(1_780_299_000_000);

fn bind() -> Bind {
    Bind {
        id: "b".into(),
        plugin: "bot".parse().expect("an id"),
        sessions: vec!["sales-*".parse().expect("a pattern")],
        events: vec![Topic::Family(Family::Call), Topic::Family(Family::Session)],
        commands: Vec::new(),
        kinds: vec!["text"],
        chat_kinds: Vec::new(),
        chats: Lists::default(),
        senders: Lists::default(),
        text: Some("!x*".parse().expect("a pattern")),
        when: None,
        own: Own::Ignored,
        history: History::Ignored,
        offline: Offline::All,
        may_stop: MayStop::No,
    }
}

fn allow(pattern: &str) -> Lists {
    Lists {
        allow: vec![pattern.parse().expect("a pattern")],
        deny: Vec::new(),
    }
}

fn event(kind: EventKind) -> Event {
    let id = |number| waspnest_core::clock::SeededIds::new(number);
    let ulid = |number| waspnest_core::clock::Ids::ulid(&id(number), MORNING);
    Event {
        id: EventId::new(ulid(1)),
        session: SessionId::new(ulid(2)),
        position: Position(1),
        received_at: MORNING,
        kind,
    }
}

fn message(text: &str) -> Message {
    let jid: Jid = "4915112345".parse().expect("an address");
    Message {
        key: MessageKey {
            chat: jid.clone(),
            id: "A1".parse().expect("an id"),
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party::known_as(jid),
        timestamp: UnixMs(MORNING.0 - 60_000),
        content: Content::Text(Text {
            body: text.into(),
            preview: None,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: None,
        spoiler: false,
        offline: false,
        history: false,
        device: None,
    }
}

fn refused(bind: &Bind, kind: EventKind, asked: As<'_>) -> Option<Refusal> {
    refusal(bind, &"sales-de".parse().expect("a name"), &event(kind), asked)
}

#[test]
fn what_is_said_of_chats_holds_for_events_that_have_one() {
    let bind = Bind {
        chats: allow("49*"),
        ..bind()
    };
    let call = |caller: &str| {
        EventKind::Call(CallEvent {
            id: "C1".into(),
            caller: Party::known_as(caller.parse().expect("an address")),
            group: None,
            media: None,
            state: CallState::Offered,
            at: UnixMs(1),
        })
    };
    assert_eq!(refused(&bind, call("4915112345"), As::Event), None);
    assert_eq!(refused(&bind, call("4315112345"), As::Event), Some(Refusal::Chat));
    let session = EventKind::Session(SessionEvent {
        state: SessionState::Connected,
        reason: None,
    });
    assert_eq!(refused(&bind, session, As::Event), None, "it has no chat");
}

#[test]
fn a_family_is_let_through_by_name_and_session() {
    let lets = |session: &str, family| lets_family_through(&bind(), &session.parse().expect("a name"), family);
    assert!(lets("sales-de", Family::Call));
    assert!(!lets("support", Family::Call));
    assert!(!lets("sales-de", Family::Message));
}

#[test]
fn a_denial_wins_over_an_allowance() {
    let pattern = |text: &str| text.parse::<Pattern>().expect("a valid pattern");
    let lists = Lists {
        allow: vec![pattern("49*")],
        deny: vec![pattern("49151*")],
    };
    let jid = |text: &str| text.parse::<Jid>().expect("a valid address");
    assert!(pass(&lists, &[&jid("4917012345")]));
    assert!(!pass(&lists, &[&jid("4915112345")]));
    assert!(!pass(&lists, &[&jid("4315112345")]));
    assert!(pass(&Lists::default(), &[&jid("4315112345")]));
}

#[test]
fn each_line_of_a_bind_refuses_what_does_not_fit_it() {
    let base = || Bind {
        events: vec![Topic::Family(Family::Message), Topic::Command],
        ..bind()
    };
    let hours = |hours: &str| {
        Some(When {
            hours: hours.parse().expect("good hours"),
            zone: chrono_tz::Tz::UTC,
        })
    };
    let offline = || Message {
        offline: true,
        ..message("!x")
    };
    let old = || Message {
        history: true,
        ..message("!x")
    };
    let mine = || Message {
        key: MessageKey {
            from: Origin::Me,
            ..message("").key
        },
        ..message("!x")
    };
    let command = As::Command(Some("order"));
    let max_age = |seconds| Bind {
        offline: Offline::MaxAge(Duration::from_secs(seconds)),
        ..base()
    };
    for (bind, message, asked, expected) in [
        (base(), message("!x y"), As::Event, None),
        (base(), message("y"), As::Event, Some(Refusal::Text)),
        (base(), message("y"), command, None),
        (base(), message("y"), As::Reply, None),
        (
            Bind {
                commands: vec!["buy".into()],
                ..base()
            },
            message("y"),
            command,
            Some(Refusal::Command),
        ),
        (
            Bind {
                commands: vec!["buy".into()],
                ..base()
            },
            message("y"),
            As::Command(None),
            None,
        ),
        (
            Bind {
                kinds: vec!["image"],
                ..base()
            },
            message("!x"),
            As::Event,
            Some(Refusal::Kind),
        ),
        (
            Bind {
                events: vec![Topic::Family(Family::Message)],
                ..base()
            },
            message("!x"),
            command,
            Some(Refusal::Topic),
        ),
        (
            Bind {
                events: vec![Topic::Reply],
                ..base()
            },
            message("!x"),
            As::Event,
            Some(Refusal::Topic),
        ),
        (
            Bind {
                sessions: vec!["x".parse().expect("a pattern")],
                ..base()
            },
            message("!x"),
            As::Reply,
            Some(Refusal::Session),
        ),
        (
            Bind {
                chat_kinds: vec![ChatKind::Group],
                ..base()
            },
            message("!x"),
            As::Reply,
            Some(Refusal::ChatKind),
        ),
        (
            Bind {
                senders: allow("43*"),
                ..base()
            },
            message("!x"),
            command,
            Some(Refusal::Sender),
        ),
        (base(), mine(), As::Event, Some(Refusal::Own)),
        (
            Bind {
                own: Own::Included,
                ..base()
            },
            mine(),
            As::Event,
            None,
        ),
        (
            Bind {
                when: hours("Mon 07:00-08:00"),
                ..base()
            },
            message("!x"),
            As::Event,
            None,
        ),
        (
            Bind {
                when: hours("Mon 08:00-09:00"),
                ..base()
            },
            message("!x"),
            As::Event,
            Some(Refusal::Hours),
        ),
        (
            Bind {
                when: hours("Tue 07:00-08:00"),
                ..base()
            },
            message("!x"),
            command,
            Some(Refusal::Hours),
        ),
        (
            Bind {
                when: hours("Tue 07:00-08:00"),
                ..base()
            },
            message("!x"),
            As::Reply,
            None,
        ),
        (base(), old(), As::Event, Some(Refusal::History)),
        (
            Bind {
                history: History::Included,
                ..base()
            },
            old(),
            As::Event,
            None,
        ),
        (base(), offline(), As::Event, None),
        (
            Bind {
                offline: Offline::None,
                ..base()
            },
            offline(),
            As::Event,
            Some(Refusal::Offline),
        ),
        (
            Bind {
                offline: Offline::None,
                ..base()
            },
            message("!x"),
            As::Event,
            None,
        ),
        (max_age(59), offline(), command, Some(Refusal::Offline)),
        (max_age(60), offline(), command, None),
        (max_age(1), message("!x"), As::Event, None),
    ] {
        let kind = EventKind::Message(Box::new(message));
        assert_eq!(refused(&bind, kind, asked), expected, "{bind:?} {asked:?}");
    }
}
