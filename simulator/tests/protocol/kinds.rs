//! Every kind of message arrives as it was sent: on the other side, on the sender's own other companion, and both ways.

use std::collections::HashMap;
use std::sync::Arc;

use waspnest_simulator::{Direction, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{self, FutureProofMessage};

use crate::client::{Companion, Events, end, settled, strict};

fn text(body: &str) -> wa::Message {
    wa::Message {
        conversation: Some(body.to_owned()),
        ..wa::Message::default()
    }
}

fn bytes(n: u8) -> Option<Vec<u8>> {
    Some(vec![n; 32])
}

fn url() -> Option<String> {
    Some("https://media.invalid/v/t62/file.enc".to_owned())
}

fn words(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn wrapped(inner: wa::Message) -> MessageField<FutureProofMessage> {
    MessageField::some(FutureProofMessage {
        message: MessageField::some(inner),
    })
}

fn key(chat: &Jid) -> MessageField<wa::MessageKey> {
    MessageField::some(wa::MessageKey {
        remote_jid: Some(chat.to_string()),
        from_me: Some(true),
        id: words("3EB0000000000000000001"),
        participant: None,
    })
}

fn image() -> message::ImageMessage {
    message::ImageMessage {
        url: url(),
        mimetype: words("image/jpeg"),
        caption: words("a picture"),
        file_sha256: bytes(1),
        file_length: Some(1_000),
        height: Some(20),
        width: Some(30),
        media_key: bytes(2),
        file_enc_sha256: bytes(3),
        direct_path: words("/v/t62/file.enc"),
        jpeg_thumbnail: bytes(4),
        ..message::ImageMessage::default()
    }
}

fn video() -> message::VideoMessage {
    message::VideoMessage {
        url: url(),
        mimetype: words("video/mp4"),
        seconds: Some(7),
        media_key: bytes(5),
        file_sha256: bytes(1),
        file_enc_sha256: bytes(3),
        direct_path: words("/v/t62/file.enc"),
        ..message::VideoMessage::default()
    }
}

fn location() -> message::LocationMessage {
    message::LocationMessage {
        degrees_latitude: Some(52.5),
        degrees_longitude: Some(13.4),
        name: words("the square"),
        ..message::LocationMessage::default()
    }
}

fn contact(name: &str) -> message::ContactMessage {
    message::ContactMessage {
        display_name: words(name),
        vcard: words("BEGIN:VCARD\nVERSION:3.0\nFN:Somebody\nEND:VCARD"),
        ..message::ContactMessage::default()
    }
}

fn poll() -> message::PollCreationMessage {
    message::PollCreationMessage {
        name: words("which?"),
        options: ["this", "that"]
            .iter()
            .map(|option| message::poll_creation_message::Option {
                option_name: words(option),
                ..message::poll_creation_message::Option::default()
            })
            .collect(),
        selectable_options_count: Some(1),
        ..message::PollCreationMessage::default()
    }
}

/// A message of one kind: its field, and what is in it.
macro_rules! kind {
    ($field:ident: $content:expr) => {
        (
            stringify!($field),
            wa::Message {
                $field: MessageField::some($content),
                ..wa::Message::default()
            },
        )
    };
}

/// What people send.
fn content(chat: &Jid) -> Vec<(&'static str, wa::Message)> {
    vec![
        ("conversation", text("plain words")),
        kind!(extended_text_message: message::ExtendedTextMessage {
            text: words("look https://example.org"),
            matched_text: words("https://example.org"),
            title: words("Example"),
            context_info: MessageField::some(wa::ContextInfo {
                mentioned_jid: vec![chat.to_string()],
                is_forwarded: Some(true),
                ..wa::ContextInfo::default()
            }),
            ..message::ExtendedTextMessage::default()
        }),
        kind!(image_message: image()),
        kind!(video_message: video()),
        kind!(ptv_message: video()),
        kind!(audio_message: message::AudioMessage {
            url: url(),
            mimetype: words("audio/ogg; codecs=opus"),
            seconds: Some(3),
            ptt: Some(true),
            media_key: bytes(6),
            waveform: bytes(7),
            ..message::AudioMessage::default()
        }),
        kind!(document_message: message::DocumentMessage {
            url: url(),
            mimetype: words("application/pdf"),
            file_name: words("paper.pdf"),
            page_count: Some(2),
            ..message::DocumentMessage::default()
        }),
        kind!(sticker_message: message::StickerMessage {
            url: url(),
            mimetype: words("image/webp"),
            is_animated: Some(true),
            ..message::StickerMessage::default()
        }),
        kind!(sticker_pack_message: message::StickerPackMessage {
            sticker_pack_id: words("pack"),
            name: words("Cats"),
            publisher: words("Somebody"),
            ..message::StickerPackMessage::default()
        }),
        kind!(album_message: message::AlbumMessage {
            expected_image_count: Some(2),
            expected_video_count: Some(1),
            ..message::AlbumMessage::default()
        }),
        kind!(location_message: location()),
        kind!(live_location_message: message::LiveLocationMessage {
            degrees_latitude: Some(52.5),
            degrees_longitude: Some(13.4),
            sequence_number: Some(4),
            ..message::LiveLocationMessage::default()
        }),
        kind!(contact_message: contact("Somebody")),
        kind!(contacts_array_message: message::ContactsArrayMessage {
            display_name: words("two people"),
            contacts: vec![contact("One"), contact("Two")],
            ..message::ContactsArrayMessage::default()
        }),
        kind!(poll_creation_message: poll()),
        kind!(poll_creation_message_v3: poll()),
        kind!(event_message: message::EventMessage {
            name: words("a meeting"),
            description: words("with cake"),
            location: MessageField::some(location()),
            start_time: Some(1_800_000_000),
            ..message::EventMessage::default()
        }),
        kind!(group_invite_message: message::GroupInviteMessage {
            group_jid: words("120363000000000001@g.us"),
            invite_code: words("AbCdEf"),
            group_name: words("the group"),
            ..message::GroupInviteMessage::default()
        }),
        (
            "view_once_message_v2",
            wa::Message {
                view_once_message_v2: wrapped(wa::Message {
                    image_message: MessageField::some(message::ImageMessage {
                        view_once: Some(true),
                        ..image()
                    }),
                    ..wa::Message::default()
                }),
                ..wa::Message::default()
            },
        ),
        (
            "ephemeral_message",
            wa::Message {
                ephemeral_message: wrapped(wa::Message {
                    extended_text_message: MessageField::some(message::ExtendedTextMessage {
                        text: words("gone tomorrow"),
                        context_info: MessageField::some(wa::ContextInfo {
                            expiration: Some(86_400),
                            ..wa::ContextInfo::default()
                        }),
                        ..message::ExtendedTextMessage::default()
                    }),
                    ..wa::Message::default()
                }),
                ..wa::Message::default()
            },
        ),
        (
            "document_with_caption_message",
            wa::Message {
                document_with_caption_message: wrapped(wa::Message {
                    document_message: MessageField::some(message::DocumentMessage {
                        url: url(),
                        caption: words("read this"),
                        ..message::DocumentMessage::default()
                    }),
                    ..wa::Message::default()
                }),
                ..wa::Message::default()
            },
        ),
    ]
}

/// What businesses send, and how people answer it.
fn business(chat: &Jid) -> Vec<(&'static str, wa::Message)> {
    let seller = Some(chat.to_string());
    vec![
        kind!(list_message: message::ListMessage {
            title: words("menu"),
            button_text: words("choose"),
            sections: vec![message::list_message::Section {
                title: words("food"),
                rows: vec![message::list_message::Row {
                    title: words("soup"),
                    row_id: words("1"),
                    ..message::list_message::Row::default()
                }],
            }],
            ..message::ListMessage::default()
        }),
        kind!(list_response_message: message::ListResponseMessage {
            title: words("soup"),
            single_select_reply: MessageField::some(message::list_response_message::SingleSelectReply {
                selected_row_id: words("1"),
            }),
            ..message::ListResponseMessage::default()
        }),
        kind!(buttons_message: message::ButtonsMessage {
            content_text: words("yes or no"),
            buttons: vec![message::buttons_message::Button {
                button_id: words("yes"),
                ..message::buttons_message::Button::default()
            }],
            ..message::ButtonsMessage::default()
        }),
        kind!(buttons_response_message: message::ButtonsResponseMessage {
            selected_button_id: words("yes"),
            ..message::ButtonsResponseMessage::default()
        }),
        kind!(template_message: message::TemplateMessage {
            template_id: words("template"),
            ..message::TemplateMessage::default()
        }),
        kind!(template_button_reply_message: message::TemplateButtonReplyMessage {
            selected_id: words("1"),
            selected_display_text: words("the first"),
            ..message::TemplateButtonReplyMessage::default()
        }),
        kind!(interactive_message: message::InteractiveMessage {
            body: MessageField::some(message::interactive_message::Body { text: words("a flow") }),
            ..message::InteractiveMessage::default()
        }),
        kind!(interactive_response_message: message::InteractiveResponseMessage {
            body: MessageField::some(message::interactive_response_message::Body {
                text: words("done"),
                ..message::interactive_response_message::Body::default()
            }),
            ..message::InteractiveResponseMessage::default()
        }),
        kind!(order_message: message::OrderMessage {
            order_id: words("17"),
            item_count: Some(2),
            seller_jid: seller.clone(),
            ..message::OrderMessage::default()
        }),
        kind!(product_message: message::ProductMessage {
            product: MessageField::some(message::product_message::ProductSnapshot {
                product_id: words("4"),
                title: words("a chair"),
                ..message::product_message::ProductSnapshot::default()
            }),
            business_owner_jid: seller,
            ..message::ProductMessage::default()
        }),
        kind!(request_phone_number_message: message::RequestPhoneNumberMessage::default()),
        kind!(payment_invite_message: message::PaymentInviteMessage {
            expiry_timestamp: Some(1_800_000_000),
            ..message::PaymentInviteMessage::default()
        }),
        kind!(scheduled_call_creation_message: message::ScheduledCallCreationMessage {
            scheduled_timestamp_ms: Some(1_800_000_000_000),
            title: words("a call"),
            ..message::ScheduledCallCreationMessage::default()
        }),
    ]
}

/// What is done to other messages.
fn additions(chat: &Jid) -> Vec<(&'static str, wa::Message)> {
    vec![
        kind!(reaction_message: message::ReactionMessage {
            key: key(chat),
            text: words("👍"),
            sender_timestamp_ms: Some(1_800_000_000_000),
            ..message::ReactionMessage::default()
        }),
        kind!(pin_in_chat_message: message::PinInChatMessage {
            key: key(chat),
            r#type: Some(message::pin_in_chat_message::Type::PinForAll),
            sender_timestamp_ms: Some(1_800_000_000_000),
        }),
        kind!(keep_in_chat_message: message::KeepInChatMessage {
            key: key(chat),
            keep_type: Some(wa::KeepType::KEEP_FOR_ALL),
            timestamp_ms: Some(1_800_000_000_000),
        }),
        kind!(protocol_message: message::ProtocolMessage {
            key: key(chat),
            r#type: Some(message::protocol_message::Type::Revoke),
            ..message::ProtocolMessage::default()
        }),
        (
            "protocol_message: edit",
            wa::Message {
                protocol_message: MessageField::some(message::ProtocolMessage {
                    key: key(chat),
                    r#type: Some(message::protocol_message::Type::MessageEdit),
                    edited_message: MessageField::some(text("other words")),
                    timestamp_ms: Some(1_800_000_000_000),
                    ..message::ProtocolMessage::default()
                }),
                ..wa::Message::default()
            },
        ),
        (
            "protocol_message: timer",
            wa::Message {
                protocol_message: MessageField::some(message::ProtocolMessage {
                    r#type: Some(message::protocol_message::Type::EphemeralSetting),
                    ephemeral_expiration: Some(86_400),
                    ..message::ProtocolMessage::default()
                }),
                ..wa::Message::default()
            },
        ),
        kind!(enc_reaction_message: message::EncReactionMessage {
            target_message_key: key(chat),
            enc_payload: bytes(8),
            enc_iv: Some(vec![9; 12]),
        }),
        kind!(enc_comment_message: message::EncCommentMessage {
            target_message_key: key(chat),
            enc_payload: bytes(8),
            enc_iv: Some(vec![9; 12]),
        }),
        kind!(poll_update_message: message::PollUpdateMessage {
            poll_creation_message_key: key(chat),
            vote: MessageField::some(message::PollEncValue {
                enc_payload: bytes(8),
                enc_iv: Some(vec![9; 12]),
            }),
            sender_timestamp_ms: Some(1_800_000_000_000),
            ..message::PollUpdateMessage::default()
        }),
        kind!(enc_event_response_message: message::EncEventResponseMessage {
            event_creation_message_key: key(chat),
            enc_payload: bytes(8),
            enc_iv: Some(vec![9; 12]),
        }),
    ]
}

/// The message with this id, once it has come. What clients add for themselves (device lists, secrets) is left aside.
async fn arrived(events: &Events, name: &str, id: &str) -> wa::Message {
    let found: Arc<wa::Message> = events
        .first(name, |event| match event {
            Event::Messages(batch) => batch
                .iter()
                .find(|inbound| inbound.info.id == id)
                .map(|inbound| Arc::clone(&inbound.message)),
            _ => None,
        })
        .await;
    let mut message = (*found).clone();
    message.message_context_info = MessageField::none();
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_arrives_as_it_was_sent() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    for (from, copy, to) in [(&ada, Some(&tablet), &ben), (&ben, None, &ada)] {
        let chat: Jid = to.account.jid().parse().unwrap();
        let mut kinds = content(&chat);
        kinds.extend(business(&chat));
        kinds.extend(additions(&chat));
        let mut sent: HashMap<String, &'static str> = HashMap::new();
        for (name, message) in kinds {
            let id = from
                .client()
                .send_message(chat.clone(), message.clone())
                .await
                .unwrap_or_else(|error| panic!("{name}: {error:?}"))
                .message_id;
            for receiver in [Some(to), copy].into_iter().flatten() {
                assert_eq!(arrived(&receiver.events, name, &id).await, message, "{name}");
            }
            sent.insert(id, name);
        }
        // Nothing that marks a message on the outside was lost on the way: its type, its edit, its kind of media.
        let stanzas = simulator.stanzas(0, usize::MAX);
        let marks = |xml: &str| -> Vec<String> {
            ["type=\"", "edit=\"", "mediatype=\"", "decrypt-fail=\""]
                .iter()
                .filter_map(|mark| {
                    let start = xml.find(mark)?;
                    let end = start + mark.len() + xml[start + mark.len()..].find('"')?;
                    Some(xml[start..end].to_owned())
                })
                .collect()
        };
        for (id, name) in sent {
            let of = |direction| {
                let stanza = stanzas.iter().find(|r| {
                    let side = if direction == Direction::In { from } else { to };
                    r.id == id
                        && r.tag == "message"
                        && r.direction == direction
                        && r.account.as_deref() == Some(side.account.phone.as_str())
                });
                marks(&stanza.unwrap_or_else(|| panic!("{name} in the log")).xml)
            };
            assert_eq!(of(Direction::In), of(Direction::Out), "{name}");
        }
    }
    settled(&simulator).await;
    let stats = simulator.stats();
    assert_eq!((stats.refused_messages, stats.phone_undecryptable), (0, 0));
    for companion in [&mut ada, &mut tablet, &mut ben] {
        assert_eq!(companion.events.undecryptable(), 0);
        companion.stop().await;
    }
    end(simulator).await;
}
