//! The media of groups: a phone leaves what is said there unread, but for where media are and what opens them.
//!
//! That is what it has to know to put one back. A message says on its outside whether it carries one, so all others cost nothing.

use std::collections::VecDeque;

use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::libsignal::protocol::{
    SenderKeyDistributionMessage, SenderKeyName, SignalProtocolError, group_decrypt,
    process_sender_key_distribution_message,
};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::waproto::whatsapp::Message;

use crate::address::DeviceAddress;
use crate::attachment::Attachment;
use crate::phone::Phone;
use crate::phone::letters::{address, unpadded};

/// Media of groups that a phone remembers; the oldest are forgotten first.
const REMEMBERED: usize = 1_000;

/// A medium of a group, as far as the phone remembers it.
#[derive(Clone)]
pub(crate) struct GroupMedium {
    pub(super) group: String,
    /// The message's.
    pub(super) id: String,
    pub(super) direct_path: String,
    pub(super) key: Vec<u8>,
}

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct GroupMedia(pub(super) VecDeque<GroupMedium>);

impl GroupMedia {
    pub(super) fn keep(&mut self, medium: GroupMedium) {
        if self.find(&medium.group, &medium.id).is_some() {
            return;
        }
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(medium);
    }

    pub(super) fn find(&self, group: &str, id: &str) -> Option<&GroupMedium> {
        self.0.iter().find(|medium| medium.group == group && medium.id == id)
    }
}

impl Phone {
    /// Takes in the key with which a device writes to a group from now on.
    pub(super) async fn take_group_key(
        &mut self,
        sender: DeviceAddress,
        group: &str,
        message: &Message,
    ) -> Result<(), SignalProtocolError> {
        let given = message.sender_key_distribution_message.as_option();
        let Some(given) = given.and_then(|given| given.axolotl_sender_key_distribution_message.as_deref()) else {
            return Ok(());
        };
        let key = SenderKeyDistributionMessage::try_from(given)?;
        process_sender_key_distribution_message(&key_name(group, sender), &key, &mut self.store.sender_keys).await
    }

    /// Remembers the medium of a message to a group, if that is what it carries.
    pub(super) async fn note_group_media(
        &mut self,
        sender: DeviceAddress,
        group: &str,
        message: &Node,
        sealed: &Node,
    ) -> Result<(), SignalProtocolError> {
        let attribute = |key: &str| message.attrs.get(key).map(|value| value.as_str().into_owned());
        let (Some(NodeContent::Bytes(bytes)), Some("media")) = (&sealed.content, attribute("type").as_deref()) else {
            return Ok(());
        };
        let plain = group_decrypt(bytes, &mut self.store.sender_keys, &key_name(group, sender)).await?;
        let read = unpadded(&plain).and_then(|bytes| Message::decode_from_slice(bytes).ok());
        let read = read.unwrap_or_default();
        let pointer = Attachment::of(read.get_base_message()).map(Attachment::pointer);
        if let Some((direct_path, key)) = pointer.and_then(|pointer| pointer.direct_path().zip(pointer.media_key())) {
            self.group_media.keep(GroupMedium {
                group: group.to_owned(),
                id: attribute("id").unwrap_or_default(),
                direct_path: direct_path.to_owned(),
                key: key.to_vec(),
            });
        }
        Ok(())
    }
}

fn key_name(group: &str, sender: DeviceAddress) -> SenderKeyName {
    SenderKeyName::new(group.to_owned(), address(sender).as_str().to_owned())
}
