//! An action on the phone in terms of app state: which record it writes, and what into it.
//!
//! Which collection an action is in and how its index is made is the clients' registry of schemas; both clients agree on it.

use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::appstate::schemas::{self, Schema};
use whatsapp_rust::wacore_binary::Jid;
use whatsapp_rust::waproto::whatsapp::SyncActionValue;
use whatsapp_rust::waproto::whatsapp::sync_action_value::{
    ArchiveChatAction, ClearChatAction, ContactAction, DeleteChatAction, DeleteMessageForMeAction,
    LabelAssociationAction, LabelEditAction, MarkChatAsReadAction, MuteAction, PinAction, PushNameSetting, StarAction,
};
use whatsapp_rust::waproto::whatsapp::syncd_mutation::SyncdOperation;

use crate::appstate::{ActionError, CollectionName, MessageAuthor, PhoneAction};

/// Which way an action with two ways goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

impl Switch {
    /// As fields of actions say it.
    fn field(self) -> Option<bool> {
        Some(self == Self::On)
    }
}

/// An action in terms of app state.
#[derive(Debug)]
pub(crate) struct Change {
    schema: &'static Schema,
    pub(crate) operation: SyncdOperation,
    /// The JSON array that names the record.
    pub(crate) index: Vec<u8>,
    value: SyncActionValue,
}

impl Change {
    fn set(schema: &'static Schema, about: &[&str], value: SyncActionValue) -> Self {
        let mut index = vec![schema.name];
        index.extend(about);
        Self {
            schema,
            operation: SyncdOperation::SET,
            index: serde_json::to_vec(&index).expect("strings are JSON"),
            value,
        }
    }

    /// The account's own name.
    pub(crate) fn push_name(name: &str) -> Self {
        let value = SyncActionValue {
            push_name_setting: MessageField::some(PushNameSetting {
                name: Some(name.to_owned()),
            }),
            ..SyncActionValue::default()
        };
        Self::set(&schemas::SETTING_PUSH_NAME, &[], value)
    }

    pub(crate) fn collection(&self) -> CollectionName {
        self.schema.collection.into()
    }

    /// The version of the action's schema.
    pub(crate) fn version(&self) -> i32 {
        i32::try_from(self.schema.version).expect("schemas have small versions")
    }

    /// What is encrypted; actions carry when they were done.
    pub(crate) fn value(&self, at_ms: u64) -> SyncActionValue {
        SyncActionValue {
            timestamp: i64::try_from(at_ms).ok(),
            ..self.value.clone()
        }
    }

    /// Puts an action into terms of app state.
    pub(crate) fn of(action: &PhoneAction) -> Result<Self, ActionError> {
        Ok(match action {
            PhoneAction::Archive { chat } => archive(&address(chat)?, Switch::On),
            PhoneAction::Unarchive { chat } => archive(&address(chat)?, Switch::Off),
            PhoneAction::Pin { chat } => pin(&address(chat)?, Switch::On),
            PhoneAction::Unpin { chat } => pin(&address(chat)?, Switch::Off),
            PhoneAction::Mute { chat, until_ms } => mute(&address(chat)?, Some(until_ms.unwrap_or(FOR_EVER))),
            PhoneAction::Unmute { chat } => mute(&address(chat)?, None),
            PhoneAction::MarkRead { chat } => mark_read(&address(chat)?, Switch::On),
            PhoneAction::MarkUnread { chat } => mark_read(&address(chat)?, Switch::Off),
            PhoneAction::Star { chat, id, author } => star(&address(chat)?, id, author, Switch::On)?,
            PhoneAction::Unstar { chat, id, author } => star(&address(chat)?, id, author, Switch::Off)?,
            PhoneAction::DeleteForMe { chat, id, author } => delete_for_me(&address(chat)?, id, author)?,
            PhoneAction::ClearChat { chat } => clear_chat(&address(chat)?),
            PhoneAction::DeleteChat { chat } => delete_chat(&address(chat)?),
            PhoneAction::SaveContact {
                contact,
                full_name,
                first_name,
            } => save_contact(&address(contact)?, full_name, first_name.as_deref()),
            PhoneAction::RemoveContact { contact } => Self {
                operation: SyncdOperation::REMOVE,
                ..Self::set(&schemas::CONTACT, &[&address(contact)?], SyncActionValue::default())
            },
            PhoneAction::SetPushName { name } => Self::push_name(name),
            PhoneAction::EditLabel { label, name, color } => edit_label(label, name, *color),
            PhoneAction::DeleteLabel { label } => delete_label(label),
            PhoneAction::LabelChat { label, chat } => label_chat(label, &address(chat)?, Switch::On),
            PhoneAction::UnlabelChat { label, chat } => label_chat(label, &address(chat)?, Switch::Off),
        })
    }
}

/// How clients write a silence without end.
const FOR_EVER: i64 = -1;

/// Phone digits or a JID, as app state writes addresses: without a device.
fn address(given: &str) -> Result<String, ActionError> {
    if !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Jid::pn(given).to_string());
    }
    match given.parse::<Jid>() {
        Ok(jid) if !jid.user.is_empty() => Ok(jid.to_non_ad_string()),
        Ok(_) | Err(_) => Err(ActionError::BadAddress(given.to_owned())),
    }
}

fn archive(chat: &str, archived: Switch) -> Change {
    let value = SyncActionValue {
        archive_chat_action: MessageField::some(ArchiveChatAction {
            archived: archived.field(),
            ..ArchiveChatAction::default()
        }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::ARCHIVE, &[chat], value)
}

fn pin(chat: &str, pinned: Switch) -> Change {
    let value = SyncActionValue {
        pin_action: MessageField::some(PinAction { pinned: pinned.field() }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::PIN, &[chat], value)
}

fn mute(chat: &str, until_ms: Option<i64>) -> Change {
    let value = SyncActionValue {
        mute_action: MessageField::some(MuteAction {
            muted: Some(until_ms.is_some()),
            mute_end_timestamp: Some(until_ms.unwrap_or(0)),
            ..MuteAction::default()
        }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::MUTE, &[chat], value)
}

fn mark_read(chat: &str, read: Switch) -> Change {
    let value = SyncActionValue {
        mark_chat_as_read_action: MessageField::some(MarkChatAsReadAction {
            read: read.field(),
            ..MarkChatAsReadAction::default()
        }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::MARK_CHAT_AS_READ, &[chat], value)
}

/// `fromMe` and `participant`, as an index names a message's author.
fn authorship(author: &MessageAuthor) -> Result<(&'static str, String), ActionError> {
    Ok(match author {
        MessageAuthor::Me => ("1", "0".to_owned()),
        MessageAuthor::Them => ("0", "0".to_owned()),
        MessageAuthor::Member(member) => ("0", address(member)?),
    })
}

fn star(chat: &str, id: &str, author: &MessageAuthor, starred: Switch) -> Result<Change, ActionError> {
    let (from_me, participant) = authorship(author)?;
    let value = SyncActionValue {
        star_action: MessageField::some(StarAction {
            starred: starred.field(),
        }),
        ..SyncActionValue::default()
    };
    Ok(Change::set(&schemas::STAR, &[chat, id, from_me, &participant], value))
}

fn delete_for_me(chat: &str, id: &str, author: &MessageAuthor) -> Result<Change, ActionError> {
    let (from_me, participant) = authorship(author)?;
    let value = SyncActionValue {
        delete_message_for_me_action: MessageField::some(DeleteMessageForMeAction {
            delete_media: Some(true),
            message_timestamp: None,
        }),
        ..SyncActionValue::default()
    };
    let about = [chat, id, from_me, &participant];
    Ok(Change::set(&schemas::DELETE_MESSAGE_FOR_ME, &about, value))
}

fn clear_chat(chat: &str) -> Change {
    let value = SyncActionValue {
        clear_chat_action: MessageField::some(ClearChatAction::default()),
        ..SyncActionValue::default()
    };
    // Starred messages stay, media goes.
    Change::set(&schemas::CLEAR_CHAT, &[chat, "0", "1"], value)
}

fn delete_chat(chat: &str) -> Change {
    let value = SyncActionValue {
        delete_chat_action: MessageField::some(DeleteChatAction::default()),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::DELETE_CHAT, &[chat, "1"], value)
}

fn save_contact(contact: &str, full_name: &str, first_name: Option<&str>) -> Change {
    let value = SyncActionValue {
        contact_action: MessageField::some(ContactAction {
            full_name: Some(full_name.to_owned()),
            first_name: first_name.map(str::to_owned),
            save_on_primary_addressbook: Some(true),
            ..ContactAction::default()
        }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::CONTACT, &[contact], value)
}

fn edit_label(label: &str, name: &str, color: i32) -> Change {
    let action = LabelEditAction {
        name: Some(name.to_owned()),
        color: Some(color),
        deleted: Some(false),
        ..LabelEditAction::default()
    };
    Change::set(&schemas::LABEL_EDIT, &[label], label_edit(action))
}

fn delete_label(label: &str) -> Change {
    let action = LabelEditAction {
        deleted: Some(true),
        ..LabelEditAction::default()
    };
    Change::set(&schemas::LABEL_EDIT, &[label], label_edit(action))
}

fn label_edit(action: LabelEditAction) -> SyncActionValue {
    SyncActionValue {
        label_edit_action: MessageField::some(action),
        ..SyncActionValue::default()
    }
}

fn label_chat(label: &str, chat: &str, labeled: Switch) -> Change {
    let value = SyncActionValue {
        label_association_action: MessageField::some(LabelAssociationAction {
            labeled: labeled.field(),
            ..LabelAssociationAction::default()
        }),
        ..SyncActionValue::default()
    };
    Change::set(&schemas::LABEL_JID, &[label, chat], value)
}
