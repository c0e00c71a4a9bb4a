//! Events for tests: small, complete, and the same every time.

use crate::types::{Address, ChatKind, Content, EventContext, Media, Message, MessageKey, Text};

const SESSION: &str = "test";
const PERSON: &str = "491511111111@s.whatsapp.net";
const ACCOUNT: &str = "491510000000@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

/// The context of a first attempt.
#[must_use]
pub fn context() -> EventContext {
    EventContext {
        event_id: "evt_test".into(),
        attempt: 1,
        received_at: 1_767_225_600_000,
        deadline: 1_767_225_605_000,
        session: SESSION.into(),
        me: Some(Address {
            jid: ACCOUNT.into(),
            alt: None,
            push_name: Some("Waspnest".into()),
        }),
        binding: "test".into(),
        dry_run: false,
        replay: false,
        trace: None,
        attrs: Vec::new(),
    }
}

/// A text that somebody wrote in a direct chat.
#[must_use]
pub fn direct_text(body: &str) -> Message {
    text(body, ChatKind::Direct)
}

/// A text that somebody wrote in a group.
#[must_use]
pub fn group_text(body: &str) -> Message {
    text(body, ChatKind::Group)
}

/// A picture that somebody sent to a direct chat; an empty caption is none.
#[must_use]
pub fn direct_image(caption: &str) -> Message {
    image(caption, ChatKind::Direct)
}

/// A picture that somebody sent to a group; an empty caption is none.
#[must_use]
pub fn group_image(caption: &str) -> Message {
    image(caption, ChatKind::Group)
}

fn image(caption: &str, chat_kind: ChatKind) -> Message {
    let caption = (!caption.is_empty()).then(|| caption.to_owned());
    Message {
        content: Content::Image(Media {
            handle: "evt_test".into(),
            mime: "image/jpeg".into(),
            size: 1024,
            sha256: None,
            caption: caption.clone(),
            file_name: None,
            width: Some(32),
            height: Some(32),
            duration_ms: None,
            pages: None,
            waveform: None,
            animated: false,
            gif: false,
            thumbnail: None,
        }),
        plain_text: caption,
        ..text("", chat_kind)
    }
}

fn text(body: &str, chat_kind: ChatKind) -> Message {
    let group = chat_kind == ChatKind::Group;
    Message {
        key: MessageKey {
            session: SESSION.into(),
            chat: if group { GROUP } else { PERSON }.into(),
            id: "3EB0TEST".into(),
            from_me: false,
            participant: group.then(|| PERSON.into()),
        },
        chat_kind,
        chat_name: group.then(|| "Test group".into()),
        sender: Address {
            jid: PERSON.into(),
            alt: None,
            push_name: Some("Anna".into()),
        },
        timestamp: 1_767_225_600_000,
        content: Content::Text(Text {
            body: body.into(),
            preview: None,
        }),
        plain_text: Some(body.into()),
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
        attrs: Vec::new(),
    }
}
