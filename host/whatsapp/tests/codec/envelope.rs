//! Whose chat a message is in, who wrote it, what it refers to, and the envelopes it came in.

use waspnest_core::address::ChatKind;
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{Content, Origin, Unavailable, UnavailableReason};
use waspnest_whatsapp::decode::{self, Decoded};
use waspnest_whatsapp::jid;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::types::message::{EditAttribute, MessageInfo};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message as m;

use crate::world::{
    ANNA, ANNAS_LID, BEN, GROUP, ME, MY_LID, NEWSLETTER, anna_in_group, assert_same, at, from_anna, key, me, mine,
    read, stanza, text, text_content, wire_key,
};

fn some<T: Default>(part: T) -> MessageField<T> {
    MessageField::some(part)
}

fn wrapped(inner: wa::Message) -> MessageField<m::FutureProofMessage> {
    some(m::FutureProofMessage { message: some(inner) })
}

fn with_context(context: wa::ContextInfo) -> wa::Message {
    wa::Message {
        extended_text_message: some(m::ExtendedTextMessage {
            text: Some("Hi".to_owned()),
            context_info: some(context),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn reaction(key: wa::MessageKey) -> wa::Message {
    wa::Message {
        reaction_message: some(m::ReactionMessage {
            key: some(key),
            text: Some("👍".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn by_lid(mut info: MessageInfo) -> MessageInfo {
    info.source.sender = jid::to_wire(&at(ANNAS_LID));
    info.source.sender_alt = Some(jid::to_wire(&at(ANNA)));
    info
}

#[test]
fn a_message_says_where_and_who_and_when() {
    let mut info = from_anna();
    info.is_offline = true;
    info.source.sender.device = 3;
    let message = read(&text("Hi"), &info);
    assert_eq!(message.key, key(ANNA, "3EB0AAAA", Origin::Them, None));
    assert_eq!(message.chat_kind, ChatKind::Direct);
    assert_eq!(
        (message.sender.jid.clone(), message.sender.alt.clone()),
        (at(ANNA), Some(at(ANNAS_LID)))
    );
    assert_eq!(message.sender.push_name.as_deref(), Some("Anna"));
    assert_eq!(message.timestamp, UnixMs(1_790_000_000_000));
    assert_eq!(message.device, Some(3));
    assert!(message.offline && !message.history && !message.view_once);
    assert_eq!(message.edit_of, None);
}

#[test]
fn a_person_is_filed_under_the_phone_number() {
    let mut info = by_lid(from_anna());
    info.source.chat = jid::to_wire(&at(ANNAS_LID));
    let message = read(&text("Hi"), &info);
    assert_eq!(message.key, key(ANNA, "3EB0AAAA", Origin::Them, None));
    assert_eq!(message.sender.jid, at(ANNAS_LID), "what WhatsApp used stays known");
    let message = read(&text("Hi"), &by_lid(anna_in_group()));
    assert_eq!(message.key, key(GROUP, "3EB0AAAA", Origin::Them, Some(ANNA)));
}

#[test]
fn a_person_known_by_lid_alone_is_filed_under_it() {
    let mut info = by_lid(from_anna());
    info.source.chat = jid::to_wire(&at(ANNAS_LID));
    info.source.sender_alt = None;
    assert_eq!(read(&text("Hi"), &info).key.chat, at(ANNAS_LID));
}

#[test]
fn the_chat_of_an_own_message_is_the_other_person() {
    assert_eq!(
        read(&text("Hi"), &mine(BEN)).key,
        key(BEN, "3EB0AAAA", Origin::Me, None)
    );
    // By LID, with the phone number beside it.
    let mut info = mine(ANNAS_LID);
    info.peer_recipient_pn = Some(jid::to_wire(&at(ANNA)));
    assert_eq!(read(&text("Hi"), &info).key.chat, at(ANNA));
    let mut info = mine(ANNAS_LID);
    info.source.recipient_alt = Some(jid::to_wire(&at(ANNA)));
    assert_eq!(read(&text("Hi"), &info).key.chat, at(ANNA));
    // Named by the wrapper alone.
    let mut info = mine(ME);
    info.source.recipient = None;
    let message = wa::Message {
        device_sent_message: some(m::DeviceSentMessage {
            destination_jid: Some(BEN.to_owned()),
            message: some(text("Hi")),
            ..Default::default()
        }),
        ..Default::default()
    };
    let message = read(&message, &info);
    assert_eq!(message.key.chat, at(BEN));
    assert_same(&message.content, &text_content("Hi"));
}

#[test]
fn own_messages_in_groups_have_their_author() {
    let mut info = mine(GROUP);
    info.source.sender = jid::to_wire(&at(MY_LID));
    assert_eq!(
        read(&text("Hi"), &info).key,
        key(GROUP, "3EB0AAAA", Origin::Me, Some(ME))
    );
}

#[test]
fn other_chats_have_their_kinds() {
    let message = read(&text("Hi"), &stanza("status@broadcast", ANNA, Origin::Them));
    assert_eq!(
        (message.chat_kind, message.key.participant),
        (ChatKind::Status, Some(at(ANNA)))
    );
    let message = read(&text("Hi"), &stanza(NEWSLETTER, NEWSLETTER, Origin::Them));
    assert_eq!(
        (message.chat_kind, message.key.participant),
        (ChatKind::Newsletter, None)
    );
}

#[test]
fn keys_are_read_from_the_senders_side() {
    let target = |message: &wa::Message, info: &MessageInfo| match read(message, info).content {
        Content::Reaction(reaction) => reaction.target,
        other => panic!("{other:?}"),
    };
    // Direct: the sender's "not me" is us, and the chat has our name in their key.
    let theirs = wire_key(ME, "3EB0X", Some(false), None);
    assert_eq!(
        target(&reaction(theirs), &from_anna()),
        key(ANNA, "3EB0X", Origin::Me, None)
    );
    let theirs = wire_key(ME, "3EB0X", Some(true), None);
    assert_eq!(
        target(&reaction(theirs), &from_anna()),
        key(ANNA, "3EB0X", Origin::Them, None)
    );
    // From our own phone.
    let ours = wire_key(ANNA, "3EB0X", Some(false), None);
    assert_eq!(
        target(&reaction(ours), &mine(ANNA)),
        key(ANNA, "3EB0X", Origin::Them, None)
    );
    let ours = wire_key(ANNA, "3EB0X", Some(true), None);
    assert_eq!(
        target(&reaction(ours), &mine(ANNA)),
        key(ANNA, "3EB0X", Origin::Me, None)
    );
    // Groups: the author decides, under whichever address.
    let own = wire_key(GROUP, "3EB0X", Some(true), None);
    assert_eq!(
        target(&reaction(own), &anna_in_group()),
        key(GROUP, "3EB0X", Origin::Them, Some(ANNA))
    );
    let of_me = wire_key(GROUP, "3EB0X", Some(false), Some("90000000000001:4@lid"));
    assert_eq!(
        target(&reaction(of_me), &anna_in_group()),
        key(GROUP, "3EB0X", Origin::Me, Some(ME))
    );
    let of_ben = wire_key(GROUP, "3EB0X", None, Some(BEN));
    assert_eq!(
        target(&reaction(of_ben), &anna_in_group()),
        key(GROUP, "3EB0X", Origin::Them, Some(BEN))
    );
    // A status, answered in the direct chat.
    let status = wire_key("status@broadcast", "3EB0X", Some(false), Some(ME));
    assert_eq!(
        target(&reaction(status), &from_anna()),
        key("status@broadcast", "3EB0X", Origin::Me, Some(ME))
    );
}

#[test]
fn a_target_that_is_none_degrades_to_other() {
    for key in [
        wire_key("not an address", "3EB0X", None, None),
        wire_key(GROUP, "", None, None),
        wire_key(GROUP, "3EB0X", None, Some("x@y")),
        wa::MessageKey::default(),
    ] {
        match read(&reaction(key), &anna_in_group()).content {
            Content::Other(unknown) => assert_eq!(&*unknown.kind, "reactionMessage"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn envelopes_come_off_in_any_order() {
    let inner = || text("Hi");
    let mut message = inner();
    for _ in 0..3 {
        message = wa::Message {
            ephemeral_message: wrapped(wa::Message {
                group_mentioned_message: wrapped(wa::Message {
                    bot_invoke_message: wrapped(message),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
    }
    assert_same(&read(&message, &from_anna()).content, &text_content("Hi"));
    let nested = |depth: usize| {
        (0..depth).fold(inner(), |inner, _| wa::Message {
            ephemeral_message: wrapped(inner),
            ..Default::default()
        })
    };
    match read(&nested(40), &from_anna()).content {
        Content::Other(unknown) => assert_eq!(&*unknown.kind, "ephemeralMessage"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_look_is_a_flag() {
    let image = m::ImageMessage::default();
    let marked = wa::Message {
        image_message: some(m::ImageMessage {
            view_once: Some(true),
            ..image.clone()
        }),
        ..Default::default()
    };
    let plain = wa::Message {
        image_message: some(image),
        ..Default::default()
    };
    let v1 = wa::Message {
        view_once_message: wrapped(plain.clone()),
        ..Default::default()
    };
    let v2 = wa::Message {
        view_once_message_v2: wrapped(plain.clone()),
        ..Default::default()
    };
    let v2_extension = wa::Message {
        view_once_message_v2_extension: wrapped(plain.clone()),
        ..Default::default()
    };
    for message in [marked, v1, v2, v2_extension] {
        let message = read(&message, &from_anna());
        assert!(message.view_once);
        assert_eq!(message.content.kind(), "image");
    }
    assert!(!read(&plain, &from_anna()).view_once);
}

#[test]
fn spoilers_albums_and_threads_are_told() {
    let message = wa::Message {
        associated_child_message: wrapped(wa::Message {
            spoiler_message: wrapped(text("Hi")),
            ..Default::default()
        }),
        message_context_info: some(wa::MessageContextInfo {
            message_association: some(wa::MessageAssociation {
                association_type: Some(wa::message_association::AssociationType::MEDIA_ALBUM),
                parent_message_key: some(wire_key(GROUP, "3EB0ALBUM", Some(true), None)),
                ..Default::default()
            }),
            thread_id: vec![wa::ThreadID {
                thread_key: some(wire_key(GROUP, "3EB0ROOT", Some(false), Some(BEN))),
                ..Default::default()
            }],
            ..Default::default()
        }),
        ..Default::default()
    };
    let message = read(&message, &anna_in_group());
    assert!(message.spoiler);
    assert_eq!(
        message.album_of,
        Some(key(GROUP, "3EB0ALBUM", Origin::Them, Some(ANNA)))
    );
    assert_eq!(message.thread, Some(key(GROUP, "3EB0ROOT", Origin::Them, Some(BEN))));
}

#[test]
fn a_thread_may_be_on_the_stanza() {
    let mut info = anna_in_group();
    info.meta_info.thread_message_id = Some("3EB0ROOT".to_owned());
    info.meta_info.thread_message_sender_jid = Some(jid::to_wire(&at(MY_LID)));
    assert_eq!(
        read(&text("Hi"), &info).thread,
        Some(key(GROUP, "3EB0ROOT", Origin::Me, Some(ME)))
    );
}

#[test]
fn context_is_told() {
    let message = read(
        &with_context(wa::ContextInfo {
            mentioned_jid: vec![MY_LID.to_owned(), BEN.to_owned(), BEN.to_owned(), "nobody".to_owned()],
            non_jid_mentions: Some(1),
            is_forwarded: Some(true),
            expiration: Some(86_400),
            is_spoiler: Some(true),
            ..Default::default()
        }),
        &anna_in_group(),
    );
    assert_eq!(message.mentions, [at(ME), at(BEN)]);
    assert!(message.mentions_me && message.mentions_all && message.spoiler);
    assert_eq!((message.forwarded_score, message.ephemeral_s), (1, Some(86_400)));
    let many = wa::ContextInfo {
        is_forwarded: Some(true),
        forwarding_score: Some(127),
        ..Default::default()
    };
    assert_eq!(read(&with_context(many), &from_anna()).forwarded_score, 127);
    let mut info = from_anna();
    info.ephemeral_expiration = Some(7);
    assert_eq!(read(&text("Hi"), &info).ephemeral_s, Some(7));
}

#[test]
fn a_quote_says_what_it_answers() {
    let context = |participant: Option<&str>, remote: Option<&str>| wa::ContextInfo {
        stanza_id: Some("3EB0Q".to_owned()),
        participant: participant.map(str::to_owned),
        remote_jid: remote.map(str::to_owned),
        quoted_message: some(wa::Message {
            ephemeral_message: wrapped(text("Before")),
            ..Default::default()
        }),
        ..Default::default()
    };
    let quoted = |context, info: &MessageInfo| read(&with_context(context), info).quoted;
    let found = quoted(context(Some(ME), None), &from_anna()).expect("a quote");
    assert_eq!(found.key, key(ANNA, "3EB0Q", Origin::Me, None));
    assert_eq!(
        (found.sender, &*found.kind, found.text.as_deref()),
        (at(ME), "text", Some("Before"))
    );
    let found = quoted(context(Some(ANNAS_LID), None), &from_anna()).expect("a quote");
    assert_eq!(found.key, key(ANNA, "3EB0Q", Origin::Them, None));
    let found = quoted(context(Some(BEN), Some(GROUP)), &from_anna()).expect("a quote from a group");
    assert_eq!(found.key, key(GROUP, "3EB0Q", Origin::Them, Some(BEN)));
    let found = quoted(context(Some(MY_LID), None), &anna_in_group()).expect("a quote");
    assert_eq!(found.key, key(GROUP, "3EB0Q", Origin::Me, Some(ME)));
    // Nobody to quote, or no address at all: the message stands without.
    assert!(quoted(context(None, None), &anna_in_group()).is_none());
    assert!(quoted(context(Some("x@y"), None), &from_anna()).is_none());
    assert!(quoted(context(Some(ME), Some("x@y")), &from_anna()).is_none());
}

#[test]
fn an_edit_is_new_content_for_an_old_message() {
    let edit = |key: wa::MessageKey| wa::Message {
        edited_message: wrapped(wa::Message {
            protocol_message: some(m::ProtocolMessage {
                key: some(key),
                r#type: Some(m::protocol_message::Type::MESSAGE_EDIT),
                edited_message: some(text("Better")),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let message = read(&edit(wire_key(GROUP, "3EB0OLD", Some(true), None)), &anna_in_group());
    assert_same(&message.content, &text_content("Better"));
    assert_eq!(message.edit_of, Some(key(GROUP, "3EB0OLD", Origin::Them, Some(ANNA))));
    // Without a target it must not pass for something new.
    let message = read(&edit(wire_key("x@y", "3EB0OLD", Some(true), None)), &anna_in_group());
    assert_eq!((message.content.kind(), message.edit_of), ("other", None));
}

#[test]
fn newsletters_and_bots_edit_by_the_stanza() {
    let mut info = stanza(NEWSLETTER, NEWSLETTER, Origin::Them);
    info.edit = EditAttribute::AdminEdit;
    assert_eq!(
        read(&text("Hi"), &info).edit_of,
        Some(key(NEWSLETTER, "3EB0AAAA", Origin::Them, None))
    );
    let mut info = from_anna();
    info.bot_info = Some(whatsapp_rust::types::message::MsgBotInfo {
        edit_type: None,
        edit_target_id: Some("3EB0FIRST".to_owned()),
        edit_sender_timestamp_ms: None,
    });
    assert_eq!(
        read(&text("Hi"), &info).edit_of,
        Some(key(ANNA, "3EB0FIRST", Origin::Them, None))
    );
}

#[test]
fn a_comment_opened_by_the_library_keeps_its_target() {
    let mut info = anna_in_group();
    info.comment_target = Some(wire_key(GROUP, "3EB0POST", Some(false), Some(BEN)));
    match read(&text("Agreed"), &info).content {
        Content::Comment(comment) => {
            assert_eq!(comment.target, key(GROUP, "3EB0POST", Origin::Them, Some(BEN)));
            assert_eq!(&*comment.body, "Agreed");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_that_did_not_arrive_says_why() {
    let missing = Unavailable {
        reason: UnavailableReason::ViewOnceOnOtherDevice,
        retrying: false,
    };
    let message = decode::unavailable(&from_anna(), Some(&me()), missing.clone()).expect("an address");
    assert_eq!(message.key, key(ANNA, "3EB0AAAA", Origin::Them, None));
    assert!(message.view_once);
    assert_same(&message.content, &Content::Unavailable(missing));
}

#[test]
fn addresses_survive_the_border() {
    for text in [
        ME,
        MY_LID,
        GROUP,
        NEWSLETTER,
        "status@broadcast",
        "1234567890@broadcast",
        "867051314767696@bot",
    ] {
        let jid = at(text);
        assert_eq!(jid::from_wire(&jid::to_wire(&jid)), Some(jid));
    }
    for (text, wanted) in [
        ("491510000001:7@s.whatsapp.net", Some(ANNA)),
        ("491510000001@c.us", Some(ANNA)),
        ("491510000001:99@hosted", Some(ANNA)),
        ("10000000000001:99@hosted.lid", Some(ANNAS_LID)),
        ("123@call", None),
        ("0@s.whatsapp.net", None),
    ] {
        let wire = text.parse().expect("an address of the wire");
        assert_eq!(jid::from_wire(&wire), wanted.map(at), "{text}");
        assert_eq!(jid::parse(text), wanted.map(at), "{text}");
    }
}

#[test]
fn an_account_that_is_not_known_yet_is_known_by_its_own_messages() {
    let message = reaction(wire_key(GROUP, "3EB0X", Some(true), None));
    match decode::message(&message, &mine(GROUP), None) {
        Decoded::Message(message) => match message.content {
            Content::Reaction(reaction) => assert_eq!(reaction.target, key(GROUP, "3EB0X", Origin::Me, Some(ME))),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    let quote = with_context(wa::ContextInfo {
        stanza_id: Some("3EB0Q".to_owned()),
        participant: Some(ME.to_owned()),
        ..Default::default()
    });
    match decode::message(&quote, &from_anna(), None) {
        Decoded::Message(message) => assert_eq!(message.quoted.map(|quoted| quoted.key.from), Some(Origin::Me)),
        other => panic!("{other:?}"),
    }
}
