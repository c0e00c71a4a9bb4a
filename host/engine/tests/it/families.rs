//! Every family of events through a real component: what arrives, what is filtered, and what must match.

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{
    CallEvent, CallMedia, CallState, ChatChange, ChatEvent, ContactChange, ContactEvent, DeviceChange, EventKind,
    Family, GroupChange, GroupEvent, GroupSetting, Presence, PresenceState, Receipt, ReceiptStatus, SessionEvent,
    SessionState, Switch,
};
use waspnest_core::message::{MessageKey, Origin};
use waspnest_engine::{Installation, LoadError};

use crate::kit::{Rig, changed, message, sent};

const ANNA: &str = "4915112345678@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

fn at(text: &str) -> Jid {
    text.parse().expect("an address")
}

fn anna() -> Party {
    Party {
        jid: at("123456789012345@lid"),
        alt: Some(at(ANNA)),
        push_name: None,
    }
}

fn ben() -> Party {
    Party::known_as(at("4915187654321@s.whatsapp.net"))
}

fn receipt(chat: &str, status: ReceiptStatus, by: Option<Party>) -> EventKind {
    EventKind::Receipt(Receipt {
        chat: at(chat),
        messages: vec!["M1".parse().expect("an id"), "M2".parse().expect("an id")],
        status,
        by,
        at: UnixMs(7),
    })
}

fn group(change: GroupChange, targets: Vec<Party>) -> EventKind {
    EventKind::Group(GroupEvent {
        group: at(GROUP),
        change,
        actor: Some(anna()),
        targets,
        at: UnixMs(7),
    })
}

fn presence(state: PresenceState, last_seen: Option<UnixMs>) -> EventKind {
    EventKind::Presence(Presence {
        chat: at(ANNA),
        who: anna(),
        state,
        last_seen,
    })
}

fn contact(change: ContactChange) -> EventKind {
    EventKind::Contact(ContactEvent {
        who: anna(),
        change,
        at: UnixMs(7),
    })
}

fn chat(chat: Option<&str>, change: ChatChange) -> EventKind {
    EventKind::Chat(ChatEvent {
        chat: chat.map(at),
        change,
        at: UnixMs(7),
    })
}

fn call(state: CallState, media: Option<CallMedia>, group: Option<&str>) -> EventKind {
    EventKind::Call(CallEvent {
        id: "C1".into(),
        caller: anna(),
        group: group.map(at),
        media,
        state,
        at: UnixMs(7),
    })
}

fn session(state: SessionState) -> EventKind {
    EventKind::Session(SessionEvent {
        state,
        reason: Some("spam".into()),
    })
}

fn key() -> MessageKey {
    MessageKey {
        chat: at(GROUP),
        id: "M3".parse().expect("an id"),
        from: Origin::Them,
        participant: Some(at(ANNA)),
    }
}

/// One of every case of every family.
pub(crate) fn everything() -> Vec<EventKind> {
    let failed = ReceiptStatus::Failed {
        reason: "no".into(),
        code: Some(463),
    };
    let on_message = |on| ChatChange::Starred { on, message: key() };
    vec![
        receipt(ANNA, ReceiptStatus::ServerAck, None),
        receipt(ANNA, ReceiptStatus::Delivered, Some(anna())),
        receipt(GROUP, ReceiptStatus::Read, Some(ben())),
        receipt(ANNA, ReceiptStatus::Played, Some(anna())),
        receipt(ANNA, failed, None),
        group(
            GroupChange::Created {
                subject: Some("Trip".into()),
            },
            vec![anna(), ben()],
        ),
        group(GroupChange::Joined, vec![ben()]),
        group(GroupChange::Added, vec![ben()]),
        group(GroupChange::Left, vec![anna()]),
        group(GroupChange::Removed, vec![ben()]),
        group(GroupChange::Promoted, vec![ben()]),
        group(GroupChange::Demoted, vec![ben()]),
        group(GroupChange::Subject("Trip".into()), Vec::new()),
        group(GroupChange::Description(None), Vec::new()),
        group(GroupChange::Picture(Some("1".into())), Vec::new()),
        group(
            GroupChange::Setting(GroupSetting::AnnouncementsOnly, Switch::On),
            Vec::new(),
        ),
        group(GroupChange::Ephemeral(86_400), Vec::new()),
        group(GroupChange::InviteLink(Some("code".into())), Vec::new()),
        group(GroupChange::JoinRequested, vec![ben()]),
        group(GroupChange::JoinRequestRevoked, vec![ben()]),
        group(GroupChange::Linked(Some(at(GROUP))), Vec::new()),
        group(GroupChange::Unlinked(None), Vec::new()),
        group(GroupChange::NumberChanged, vec![ben()]),
        group(GroupChange::Deleted { reason: None }, Vec::new()),
        group(GroupChange::Other("reports".into()), Vec::new()),
        presence(PresenceState::Online, None),
        presence(PresenceState::Offline, Some(UnixMs(5))),
        presence(PresenceState::Typing, None),
        presence(PresenceState::Recording, None),
        presence(PresenceState::Paused, None),
        contact(ContactChange::Name(Some("Anna".into()))),
        contact(ContactChange::About("Busy".into())),
        contact(ContactChange::Picture(None)),
        contact(ContactChange::Number {
            old: ben().jid,
            new: at(ANNA),
        }),
        contact(ContactChange::Identity),
        contact(ContactChange::Business("profile_updated".into())),
        contact(ContactChange::Devices(DeviceChange::Added)),
        contact(ContactChange::Profile),
        contact(ContactChange::DefaultTimer(0)),
        chat(Some(ANNA), ChatChange::Archived(Switch::On)),
        chat(Some(ANNA), ChatChange::Pinned(Switch::Off)),
        chat(
            Some(ANNA),
            ChatChange::Muted {
                on: Switch::On,
                until: Some(UnixMs(9)),
            },
        ),
        chat(Some(GROUP), on_message(Switch::On)),
        chat(Some(ANNA), ChatChange::Read(Switch::Off)),
        chat(Some(ANNA), ChatChange::Cleared),
        chat(Some(ANNA), ChatChange::Deleted),
        chat(Some(GROUP), ChatChange::MessageDeleted { message: key() }),
        chat(
            Some(ANNA),
            ChatChange::Labeled {
                on: Switch::On,
                label: "1".into(),
            },
        ),
        chat(
            None,
            ChatChange::LabelEdited {
                on: Switch::Off,
                label: "1".into(),
                name: Some("VIP".into()),
            },
        ),
        call(CallState::Offered, Some(CallMedia::Video), None),
        call(CallState::Offered, Some(CallMedia::Audio), Some(GROUP)),
        call(CallState::Accepted, None, None),
        call(CallState::Rejected, None, None),
        call(CallState::Missed, None, None),
        call(CallState::Ended, None, None),
        session(SessionState::Unlinked),
        session(SessionState::Pairing),
        session(SessionState::Connecting),
        session(SessionState::Connected),
        session(SessionState::Disconnected),
        session(SessionState::LoggedOut),
        session(SessionState::Replaced),
        session(SessionState::Banned { until: Some(UnixMs(9)) }),
        session(SessionState::Outdated),
    ]
}

async fn witness(rig: &Rig) -> Installation {
    rig.install_with("witness", |spec| {
        spec.grants = waspnest_engine::Grants::as_requested();
        spec.config = serde_json::json!({ "tell": ANNA });
    })
    .await
}

#[tokio::test]
async fn every_case_reaches_its_handler() {
    let rig = Rig::new();
    let witness = witness(&rig).await;
    let mut lines = Vec::new();
    for kind in everything() {
        let wanted = if witness.wants(&kind) { "" } else { "(filtered) " };
        let draft = rig.call(&witness, &rig.event(kind)).await.expect("it answers");
        lines.extend(sent(&draft).into_iter().map(|line| format!("{wanted}{line}")));
    }
    assert_eq!(lines.len(), everything().len());
    insta::assert_snapshot!(lines.join("\n"));
}

/// What the recorder makes of an event: it subscribes to all families as JSON.
async fn recorded(rig: &Rig, recorder: &Installation, kind: EventKind) -> serde_json::Value {
    let name = kind.name();
    assert!(recorder.wants(&kind), "{kind:?}");
    let event = rig.event(kind);
    let draft = rig.call(recorder, &event).await.expect("it answers");
    let line = sent(&draft).pop().expect("it sends everything on");
    let json = line
        .strip_prefix(&format!("waspnest.event/1 {name} "))
        .unwrap_or_else(|| panic!("{line}"));
    let mut shown: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(shown["id"], event.id.to_string());
    assert_eq!((&shown["session"], &shown["kind"]), (&"sales-de".into(), &name.into()));
    shown["event"].take()
}

#[tokio::test]
async fn every_family_has_a_form_in_json() {
    let rig = Rig::new();
    let recorder = rig.install("recorder").await;
    for family in Family::ALL {
        let mut shown = Vec::new();
        for kind in everything().into_iter().filter(|kind| kind.family() == family) {
            shown.push(recorded(&rig, &recorder, kind).await);
        }
        if !shown.is_empty() {
            insta::assert_json_snapshot!(format!("json_of_{}", family.name()), shown);
        }
    }
    let text = EventKind::Message(Box::new(message("4915112345678", "hello")));
    insta::assert_json_snapshot!("json_of_message", recorded(&rig, &recorder, text).await);
}

#[tokio::test]
async fn what_is_not_named_does_not_come_as_json() {
    let dir = changed("recorder", |manifest| {
        manifest.replace("kinds = [\"message\", ", "kinds = [")
    });
    let rig = Rig::new();
    let plugin = rig.engine.load(dir.path()).await.expect("it loads");
    let spec = waspnest_engine::InstallationSpec {
        grants: waspnest_engine::Grants::as_requested(),
        ..waspnest_engine::InstallationSpec::new("recorder".parse().expect("an id"))
    };
    let recorder = Installation::new(plugin, spec).expect("it installs");
    assert!(!recorder.wants(&rig.text("hello").kind), "it does not name messages");
    assert!(!recorder.subscribes(Family::Message) && recorder.subscribes(Family::Call));
}

#[tokio::test]
async fn what_belongs_to_a_chat_may_be_answered_there_and_nowhere_else() {
    let rig = Rig::new();
    let reply_only = rig
        .install_with("witness", |spec| {
            let grants = toml::toml! { "messages.send" = { scope = "reply-only" } };
            spec.grants = waspnest_engine::Grants::from_toml("grants", &grants).expect("grants");
            spec.config = serde_json::json!({ "tell": ANNA });
        })
        .await;
    for kind in everything() {
        let event = rig.event(kind);
        let called = rig.call(&reply_only, &event).await;
        assert_eq!(
            called.is_ok(),
            event.kind.chat().is_some(),
            "{event:?} ended with {called:?}"
        );
    }
}

#[tokio::test]
async fn exports_and_subscriptions_must_match() {
    for family in Family::ALL {
        let entry = format!("event = {:?}", family.name());
        if family == Family::Schedule {
            continue;
        }
        let all = match family {
            Family::Topic | Family::Request => "switchboard",
            _ => "witness",
        };
        let dir = changed(all, |manifest| {
            let (before, rest) = manifest.split_once(&entry).expect("it subscribes to everything");
            let (_, after) = rest.split_once("\n\n").expect("something follows");
            format!("{}\n{after}", before.trim_end().trim_end_matches("[[subscribe]]"))
        });
        let error = Rig::new()
            .engine
            .load(dir.path())
            .await
            .expect_err("a handler is left over");
        assert!(matches!(error, LoadError::UnusedHandler { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&entry) && text.contains(&format!("{}-handler", family.name())),
            "{text}"
        );

        if family == Family::Message {
            continue;
        }
        let states = match family {
            Family::Presence => "states = []",
            Family::Topic => "topics = []",
            _ => "",
        };
        let dir = changed("echo", |manifest| {
            format!("{manifest}\n[[subscribe]]\n{entry}\n{states}\n")
        });
        let error = Rig::new()
            .engine
            .load(dir.path())
            .await
            .expect_err("a handler is missing");
        assert!(matches!(error, LoadError::MissingHandler { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&entry) && text.contains(&format!("{}-handler", family.name())),
            "{text}"
        );
    }
}
