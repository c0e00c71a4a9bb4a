//! Bookkeeping between devices never becomes a message, and what is not bookkeeping always does.

use waspnest_core::message::{Content, Unavailable, UnavailableReason};
use waspnest_whatsapp::decode::{self, Decoded};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::types::message::MessageCategory;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type;

use crate::world::{BEN, anna_in_group, assert_same, from_anna, me, mine, over_the_wire, read, text, text_content};

fn notice(kind: Type) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(kind),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn keys() -> MessageField<wa::message::SenderKeyDistributionMessage> {
    MessageField::some(wa::message::SenderKeyDistributionMessage {
        group_id: Some(crate::world::GROUP.to_owned()),
        ..Default::default()
    })
}

#[test]
fn bookkeeping_is_no_message() {
    let mut all: Vec<_> = [
        Type::EPHEMERAL_SYNC_RESPONSE,
        Type::HISTORY_SYNC_NOTIFICATION,
        Type::APP_STATE_SYNC_KEY_SHARE,
        Type::APP_STATE_SYNC_KEY_REQUEST,
        Type::MSG_FANOUT_BACKFILL_REQUEST,
        Type::INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
        Type::APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
        Type::PEER_DATA_OPERATION_REQUEST_MESSAGE,
        Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        Type::BOT_FEEDBACK_MESSAGE,
        Type::LID_MIGRATION_MAPPING_SYNC,
    ]
    .into_iter()
    .map(notice)
    .collect();
    all.push(wa::Message {
        sender_key_distribution_message: keys(),
        message_context_info: MessageField::some(wa::MessageContextInfo::default()),
        ..Default::default()
    });
    all.push(wa::Message {
        sticker_sync_rmr_message: MessageField::some(wa::message::StickerSyncRMRMessage::default()),
        ..Default::default()
    });
    for message in all {
        let wrapped = wa::Message {
            device_sent_message: MessageField::some(wa::message::DeviceSentMessage {
                destination_jid: Some(BEN.to_owned()),
                message: MessageField::some(message.clone()),
                ..Default::default()
            }),
            ..Default::default()
        };
        for message in [message, wrapped] {
            let decoded = decode::message(&over_the_wire(&message), &mine(BEN), Some(&me()));
            assert_eq!(decoded, Decoded::Protocol);
        }
    }
}

#[test]
fn what_devices_of_the_account_tell_each_other_is_no_message() {
    let mut info = mine(BEN);
    info.category = MessageCategory::Peer;
    assert_eq!(decode::message(&text("Hi"), &info, None), Decoded::Protocol);
}

#[test]
fn keys_beside_a_text_do_not_hide_it() {
    let message = wa::Message {
        sender_key_distribution_message: keys(),
        ..text("Hello all")
    };
    assert_same(&read(&message, &anna_in_group()).content, &text_content("Hello all"));
}

#[test]
fn what_is_newer_than_this_version_is_still_seen() {
    assert_same(
        &read(&wa::Message::default(), &from_anna()).content,
        &Content::Unavailable(Unavailable {
            reason: UnavailableReason::Unsupported,
            retrying: false,
        }),
    );
}

#[test]
fn a_notice_without_a_kind_is_kept_by_its_part() {
    let mut message = notice(Type::LIMIT_SHARING);
    if let Some(protocol) = message.protocol_message.as_option_mut() {
        protocol.limit_sharing = MessageField::some(wa::LimitSharing {
            sharing_limited: Some(true),
            ..Default::default()
        });
    }
    match read(&message, &from_anna()).content {
        Content::Other(unknown) => {
            assert_eq!(&*unknown.kind, "limitSharing");
            assert!(unknown.json.expect("its parts").contains("sharing_limited"));
            assert!(unknown.raw.is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatsapps_own_announcements_come_from_no_address() {
    let mut info = from_anna();
    info.source.chat = "0@s.whatsapp.net".parse().expect("an address of the wire");
    info.source.sender = info.source.chat.clone();
    assert_eq!(decode::message(&text("News"), &info, Some(&me())), Decoded::Unaddressed);
    let mut info = from_anna();
    info.id = String::new();
    assert_eq!(decode::message(&text("News"), &info, Some(&me())), Decoded::Unaddressed);
}
