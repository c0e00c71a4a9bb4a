//! What a person does to messages that exist: edit, take back, pin, keep, and the timer that makes new ones disappear.
//!
//! Each is a message of its own, with an id of its own, acknowledged like any other.

use whatsapp_rust::Jid;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::time::now_millis;
use whatsapp_rust::wacore_binary::JidExt;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{KeepInChatMessage, PinInChatMessage, ProtocolMessage};
use whatsapp_rust::waproto::whatsapp::message::{pin_in_chat_message, protocol_message};

use super::{Heard, Human, HumanError, address};

/// For how long a pinned message stays where it is pinned.
const PINNED_FOR_S: u32 = 7 * 24 * 60 * 60;

impl Human {
    /// Replaces the text of message `id`, which this human said lately. Returns the id of the edit.
    pub async fn edit(&self, id: &str, text: &str) -> Result<String, HumanError> {
        let content = wa::Message {
            conversation: Some(text.to_owned()),
            ..wa::Message::default()
        };
        self.edit_to(id, content).await
    }

    /// Replaces message `id`, which this human said lately, by `content`. Returns the id of the edit.
    pub async fn edit_to(&self, id: &str, content: wa::Message) -> Result<String, HumanError> {
        let (chat, key) = self.own_key(id)?;
        let edit = ProtocolMessage {
            key: MessageField::some(key),
            r#type: Some(protocol_message::Type::MessageEdit),
            edited_message: MessageField::some(content),
            timestamp_ms: Some(now_millis()),
            ..ProtocolMessage::default()
        };
        self.deliver(&chat, protocol(edit)).await
    }

    /// Takes message `id`, which this human said lately, back for everybody. Returns the id of what does so.
    pub async fn revoke(&self, id: &str) -> Result<String, HumanError> {
        let (chat, key) = self.own_key(id)?;
        self.deliver(&chat, revoked(key)).await
    }

    /// Removes somebody else's message for everybody, as an administrator of the group may.
    pub async fn revoke_heard(&self, heard: &Heard) -> Result<String, HumanError> {
        self.deliver(&heard.wire.chat, revoked(key_of(heard))).await
    }

    /// Pins a message for everybody in its chat.
    pub async fn pin(&self, heard: &Heard) -> Result<String, HumanError> {
        self.set_pin(heard, pin_in_chat_message::Type::PinForAll, PINNED_FOR_S)
            .await
    }

    /// Takes the pin away again.
    pub async fn unpin(&self, heard: &Heard) -> Result<String, HumanError> {
        self.set_pin(heard, pin_in_chat_message::Type::UnpinForAll, 0).await
    }

    async fn set_pin(
        &self,
        heard: &Heard,
        kind: pin_in_chat_message::Type,
        seconds: u32,
    ) -> Result<String, HumanError> {
        let message = wa::Message {
            pin_in_chat_message: MessageField::some(PinInChatMessage {
                key: MessageField::some(key_of(heard)),
                r#type: Some(kind),
                sender_timestamp_ms: Some(now_millis()),
            }),
            message_context_info: MessageField::some(wa::MessageContextInfo {
                message_add_on_duration_in_secs: Some(seconds),
                ..wa::MessageContextInfo::default()
            }),
            ..wa::Message::default()
        };
        self.deliver(&heard.wire.chat, message).await
    }

    /// Keeps a message of a chat whose messages disappear.
    pub async fn keep(&self, heard: &Heard) -> Result<String, HumanError> {
        self.set_keep(heard, wa::KeepType::KEEP_FOR_ALL).await
    }

    /// Lets it disappear with the others again.
    pub async fn unkeep(&self, heard: &Heard) -> Result<String, HumanError> {
        self.set_keep(heard, wa::KeepType::UNDO_KEEP_FOR_ALL).await
    }

    async fn set_keep(&self, heard: &Heard, kind: wa::KeepType) -> Result<String, HumanError> {
        let message = wa::Message {
            keep_in_chat_message: MessageField::some(KeepInChatMessage {
                key: MessageField::some(key_of(heard)),
                keep_type: Some(kind),
                timestamp_ms: Some(now_millis()),
            }),
            ..wa::Message::default()
        };
        self.deliver(&heard.wire.chat, message).await
    }

    /// Lets new messages of a direct chat disappear after `seconds`; 0 lets them stay.
    pub async fn set_timer(&self, to: &str, seconds: u32) -> Result<String, HumanError> {
        let setting = ProtocolMessage {
            r#type: Some(protocol_message::Type::EphemeralSetting),
            ephemeral_expiration: Some(seconds),
            ephemeral_setting_timestamp: Some(now_millis() / 1000),
            ..ProtocolMessage::default()
        };
        self.deliver(&address::parse(to)?, protocol(setting)).await
    }

    /// Tells the sender that a voice message was listened to.
    pub async fn play(&self, heard: &Heard) -> Result<(), HumanError> {
        let in_group = heard.wire.chat.is_group().then_some(&heard.wire.sender);
        self.client()?
            .mark_as_played(&heard.wire.chat.to_non_ad(), in_group, &[&heard.id])
            .await
            .map_err(|source| HumanError::Send { source: source.into() })
    }

    /// Chat and key of a message this human said lately.
    fn own_key(&self, id: &str) -> Result<(Jid, wa::MessageKey), HumanError> {
        let said = self.inner.said.find(id);
        let said = said.ok_or_else(|| HumanError::UnknownMessage { id: id.to_owned() })?;
        let key = wa::MessageKey {
            remote_jid: Some(said.to.to_non_ad_string()),
            from_me: Some(true),
            id: Some(id.to_owned()),
            // In a group the author stands beside the message, by LID.
            participant: said.to.is_group().then(|| self.account().lid_jid()),
        };
        Ok((said.to, key))
    }
}

/// The key by which a message that was heard is named in what is done to it.
pub(super) fn key_of(heard: &Heard) -> wa::MessageKey {
    wa::MessageKey {
        remote_jid: Some(heard.wire.chat.to_non_ad_string()),
        from_me: Some(heard.from_me),
        id: Some(heard.id.clone()),
        participant: heard.wire.chat.is_group().then(|| heard.wire.sender.to_non_ad_string()),
    }
}

fn revoked(key: wa::MessageKey) -> wa::Message {
    protocol(ProtocolMessage {
        key: MessageField::some(key),
        r#type: Some(protocol_message::Type::Revoke),
        ..ProtocolMessage::default()
    })
}

fn protocol(message: ProtocolMessage) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(message),
        ..wa::Message::default()
    }
}
