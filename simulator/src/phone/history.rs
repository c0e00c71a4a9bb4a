//! History: what a phone tells a companion of the past when it is linked, and when it is asked for more.
//!
//! A chunk is a protobuf message, compressed. The first one travels inside its notification when it is small; the others are files in
//! the media store. Sizes, order and progress are modelled; both clients take any.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rand_signal::RngExt as _;
use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::libsignal::protocol::SignalProtocolError;
use whatsapp_rust::waproto::whatsapp::conversation::EndOfHistoryTransferType;
use whatsapp_rust::waproto::whatsapp::group_participant::Rank;
use whatsapp_rust::waproto::whatsapp::history_sync::HistorySyncType;
use whatsapp_rust::waproto::whatsapp::message::peer_data_operation_request_message::HistorySyncOnDemandRequest;
use whatsapp_rust::waproto::whatsapp::message::{
    HistorySyncNotification, HistorySyncType as WireType, ProtocolMessage, protocol_message,
};
use whatsapp_rust::waproto::whatsapp::{
    Conversation, GroupParticipant, HistorySync, HistorySyncMsg, Message, PhoneNumberToLIDMapping, Pushname,
};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::chats::{Chat, Chats, Kept};
use crate::groups::{Group, Role};
use crate::phone::{Phone, Start};
use crate::sealed::Purpose;
use crate::server::Shared;
use crate::world::World;

/// Newest messages of each chat in the first chunk.
const FIRST_MESSAGES: usize = 20;
/// Chats in one chunk of older messages.
const CHUNK_CHATS: usize = 50;
/// A first chunk up to this size, compressed, travels in its notification.
const INLINE_BYTES: usize = 8 << 10;
/// Messages for one request for more, however many it asks for.
const MAX_ON_DEMAND: usize = 200;

impl Phone {
    /// Sends a companion that was just linked what the phone remembers.
    pub(super) async fn send_history(&mut self, to: DeviceAddress, shared: &Shared) -> Result<(), SignalProtocolError> {
        let chunks = {
            let world = shared.world();
            chunks(&Past {
                world: &world,
                of: to.account,
            })
        };
        for chunk in chunks {
            self.send_chunk(to, shared, &chunk, None).await?;
        }
        Ok(())
    }

    /// Answers a request for messages before one the companion knows. Request `id` is named in the answer.
    pub(super) async fn send_more(
        &mut self,
        to: DeviceAddress,
        shared: &Shared,
        request: &HistorySyncOnDemandRequest,
        id: &str,
    ) -> Result<(), SignalProtocolError> {
        let chunk = {
            let world = shared.world();
            let past = Past {
                world: &world,
                of: to.account,
            };
            on_demand(&past, request)
        };
        self.send_chunk(to, shared, &chunk, Some(id)).await
    }

    async fn send_chunk(
        &mut self,
        to: DeviceAddress,
        shared: &Shared,
        chunk: &HistorySync,
        request: Option<&str>,
    ) -> Result<(), SignalProtocolError> {
        let bytes = compressed(&chunk.encode_to_vec());
        let mut notification = HistorySyncNotification {
            sync_type: Some(wire_type(chunk.sync_type)),
            chunk_order: chunk.chunk_order,
            progress: chunk.progress,
            peer_data_request_session_id: request.map(str::to_owned),
            ..HistorySyncNotification::default()
        };
        if chunk.sync_type == HistorySyncType::INITIAL_BOOTSTRAP && bytes.len() <= INLINE_BYTES {
            notification.file_length = Some(bytes.len() as u64);
            notification.initial_hist_bootstrap_inline_payload = Some(bytes);
        } else {
            let key = self.rng.random();
            let file = shared.world().seal(Purpose::History, &bytes, key);
            notification.file_length = Some(file.size);
            notification.file_sha256 = Some(file.sha256.to_vec());
            notification.file_enc_sha256 = Some(file.enc_sha256.to_vec());
            notification.media_key = Some(file.key.to_vec());
            notification.direct_path = Some(file.direct_path);
        }
        let message = Message {
            protocol_message: MessageField::some(ProtocolMessage {
                r#type: Some(protocol_message::Type::HistorySyncNotification),
                history_sync_notification: MessageField::some(notification),
                ..ProtocolMessage::default()
            }),
            ..Message::default()
        };
        self.send_peer(to, shared, Start::Existing, &message).await
    }
}

/// What a phone remembers, and what it knows of the groups in it.
struct Past<'w> {
    world: &'w World,
    of: AccountId,
}

impl Past<'_> {
    fn chats(&self) -> &Chats {
        &self.world.account(self.of).chats
    }

    /// The group a chat is in, as long as the account is in it.
    fn group(&self, chat: &Chat) -> Option<&Group> {
        let group = self.world.groups.get(chat.partner.group()?)?;
        group.role(self.of).map(|_| group)
    }

    fn members(&self, chat: &Chat) -> Vec<GroupParticipant> {
        let Some(group) = self.group(chat) else {
            return Vec::new();
        };
        let members = group.people().into_iter().filter_map(|member| {
            let rank = match group.role(member)? {
                Role::Member => Rank::REGULAR,
                Role::Admin => Rank::ADMIN,
                Role::SuperAdmin => Rank::SUPERADMIN,
            };
            Some(GroupParticipant {
                user_jid: self.world.account(member).jid(PHONE, Namespace::Lid).to_string(),
                rank: Some(rank),
                ..GroupParticipant::default()
            })
        });
        members.collect()
    }
}

/// The chunks of a whole past: the newest of each chat, everybody's names, then what is older.
fn chunks(past: &Past<'_>) -> Vec<HistorySync> {
    let chats = past.chats().newest_first();
    let people: Vec<&&Chat> = chats.iter().filter(|chat| chat.partner.group().is_none()).collect();
    let newest = |chat: &&Chat| {
        let older = chat.messages.len().saturating_sub(FIRST_MESSAGES);
        conversation(past, chat, chat.messages.iter().skip(older), transfer(older))
    };
    let older: Vec<&&Chat> = chats
        .iter()
        .filter(|chat| chat.messages.len() > FIRST_MESSAGES)
        .collect();
    let parts = older.len().div_ceil(CHUNK_CHATS);
    let mut chunks = vec![HistorySync {
        conversations: chats.iter().map(newest).collect(),
        phone_number_to_lid_mappings: people.iter().map(|chat| mapping(chat)).collect(),
        progress: Some(if parts == 0 { 100 } else { 0 }),
        chunk_order: Some(1),
        ..of_type(HistorySyncType::INITIAL_BOOTSTRAP)
    }];
    if chats.is_empty() {
        return chunks;
    }
    chunks.push(HistorySync {
        pushnames: people.iter().map(|chat| push_name(chat)).collect(),
        ..of_type(HistorySyncType::PUSH_NAME)
    });
    for (part, chats) in older.chunks(CHUNK_CHATS).enumerate() {
        let rest = |chat: &&&Chat| {
            let older = chat.messages.len() - FIRST_MESSAGES;
            conversation(past, chat, chat.messages.iter().take(older), transfer(0))
        };
        let order = u32::try_from(part + 1).unwrap_or(u32::MAX);
        chunks.push(HistorySync {
            conversations: chats.iter().map(rest).collect(),
            chunk_order: Some(order),
            progress: u32::try_from(100 * (part + 1) / parts).ok(),
            ..of_type(HistorySyncType::RECENT)
        });
    }
    chunks.push(of_type(HistorySyncType::NON_BLOCKING_DATA));
    chunks
}

fn of_type(sync_type: HistorySyncType) -> HistorySync {
    HistorySync {
        sync_type,
        ..HistorySync::default()
    }
}

fn transfer(remaining: usize) -> EndOfHistoryTransferType {
    if remaining > 0 {
        EndOfHistoryTransferType::COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY
    } else {
        EndOfHistoryTransferType::COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
    }
}

/// A chat with some of its messages; history carries the newest first.
fn conversation<'c>(
    past: &Past<'_>,
    chat: &Chat,
    messages: impl DoubleEndedIterator<Item = &'c Kept>,
    end: EndOfHistoryTransferType,
) -> Conversation {
    let last_s = chat.messages.back().map(|kept| kept.at_s);
    let messages = messages.rev().map(|kept| HistorySyncMsg {
        message: MessageField::some(chat.written(kept)),
        msg_order_id: None,
    });
    let group = chat.partner.group();
    let known = past.group(chat);
    Conversation {
        id: chat.partner.jid.clone(),
        messages: messages.collect(),
        lid_jid: group.is_none().then(|| chat.partner.lid.clone()),
        name: group.map(|_| chat.partner.name.clone()),
        display_name: Some(chat.partner.name.clone()),
        participant: past.members(chat),
        created_at: known.map(|group| group.created_s),
        created_by: known.map(|group| past.world.account(group.creator).jid(PHONE, Namespace::Lid).to_string()),
        // Who has left can only read.
        read_only: group.map(|_| known.is_none()),
        conversation_timestamp: last_s,
        last_msg_timestamp: last_s,
        unread_count: Some(0),
        end_of_history_transfer_type: Some(end),
        ..Conversation::default()
    }
}

fn mapping(chat: &Chat) -> PhoneNumberToLIDMapping {
    PhoneNumberToLIDMapping {
        pn_jid: Some(chat.partner.jid.clone()),
        lid_jid: Some(chat.partner.lid.clone()),
    }
}

fn push_name(chat: &Chat) -> Pushname {
    Pushname {
        id: Some(chat.partner.jid.clone()),
        pushname: Some(chat.partner.name.clone()),
    }
}

/// The newest messages before the one the companion names as its oldest.
fn on_demand(past: &Past<'_>, request: &HistorySyncOnDemandRequest) -> HistorySync {
    let jid = request.chat_jid.as_deref().unwrap_or_default();
    let Some(chat) = past.chats().with(jid) else {
        return of_type(HistorySyncType::ON_DEMAND);
    };
    let known = chat
        .messages
        .iter()
        .position(|kept| Some(&kept.id) == request.oldest_msg_id.as_ref());
    let before_s = request
        .oldest_msg_timestamp_ms
        .map(|ms| u64::try_from(ms / 1000).unwrap_or(0));
    let end = known.unwrap_or_else(|| match before_s {
        Some(before) => chat.messages.iter().take_while(|kept| kept.at_s < before).count(),
        None => chat.messages.len(),
    });
    let wanted = usize::try_from(request.on_demand_msg_count.unwrap_or(0)).unwrap_or(0);
    let start = end.saturating_sub(wanted.min(MAX_ON_DEMAND));
    let end_type = if start > 0 {
        EndOfHistoryTransferType::COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY
    } else {
        transfer(0)
    };
    HistorySync {
        conversations: vec![conversation(past, chat, chat.messages.range(start..end), end_type)],
        chunk_order: Some(1),
        progress: Some(100),
        ..of_type(HistorySyncType::ON_DEMAND)
    }
}

fn wire_type(sync_type: HistorySyncType) -> WireType {
    match sync_type {
        HistorySyncType::INITIAL_BOOTSTRAP => WireType::INITIAL_BOOTSTRAP,
        HistorySyncType::INITIAL_STATUS_V3 => WireType::INITIAL_STATUS_V3,
        HistorySyncType::FULL => WireType::FULL,
        HistorySyncType::RECENT => WireType::RECENT,
        HistorySyncType::PUSH_NAME => WireType::PUSH_NAME,
        HistorySyncType::NON_BLOCKING_DATA => WireType::NON_BLOCKING_DATA,
        HistorySyncType::ON_DEMAND => WireType::ON_DEMAND,
    }
}

fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}
