//! What a phone remembers, in a file.

use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::waproto::whatsapp::Message;

use crate::chats::{Author, Chats, Kept, Member, Partner};
use crate::saved::{Blob, Unsound};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedChats(Vec<SavedChat>);

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedChat {
    jid: String,
    lid: String,
    name: String,
    messages: Vec<SavedMessage>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMessage {
    id: String,
    author: Author,
    at_s: u64,
    /// As a protobuf.
    message: Blob,
    /// Who wrote it in a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<SavedMember>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMember {
    lid: String,
    name: String,
}

impl SavedChats {
    pub(crate) fn of(chats: &Chats) -> Self {
        let chats = chats.by_jid.values().map(|chat| SavedChat {
            jid: chat.partner.jid.clone(),
            lid: chat.partner.lid.clone(),
            name: chat.partner.name.clone(),
            messages: chat
                .messages
                .iter()
                .map(|kept| SavedMessage {
                    id: kept.id.clone(),
                    author: kept.author,
                    at_s: kept.at_s,
                    message: Blob::of(kept.message.encode_to_vec()),
                    member: kept.member.as_ref().map(|member| SavedMember {
                        lid: member.lid.clone(),
                        name: member.name.clone(),
                    }),
                })
                .collect(),
        });
        Self(chats.collect())
    }

    pub(crate) fn restore(self) -> Result<Chats, Unsound> {
        let mut chats = Chats::default();
        for saved in self.0 {
            let partner = Partner {
                jid: saved.jid,
                lid: saved.lid,
                name: saved.name,
            };
            for message in saved.messages {
                let kept = Kept {
                    id: message.id,
                    author: message.author,
                    at_s: message.at_s,
                    message: Message::decode_from_slice(message.message.bytes())
                        .map_err(|_| Unsound("a message that a phone remembers does not decode"))?,
                    member: message.member.map(|member| Member {
                        lid: member.lid,
                        name: member.name,
                    }),
                };
                chats.keep(&partner, kept);
            }
        }
        Ok(chats)
    }
}
