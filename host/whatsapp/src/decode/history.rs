//! From what a phone tells of its past to the mailbox's form: pure and total, like the decoding of messages.
//!
//! Messages are those of the wire, so they are read as if they came now. What the phone keeps beside them (stars, reactions, receipts, votes) is
//! told from the account's point of view. What cannot be understood is left out.

use sha2::{Digest, Sha256};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::mailbox::{Author, Come, Conversation, Imported, Muted, Past, PastReaction, Role, Round};
use waspnest_core::message::Content;
use whatsapp_rust::types::message::{MessageInfo, MessageSource};
use whatsapp_rust::wacore::chrono::DateTime;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::conversation::EndOfHistoryTransferType;
use whatsapp_rust::waproto::whatsapp::group_participant::Rank;
use whatsapp_rust::waproto::whatsapp::web_message_info::Status;

use super::{Decoded, filled, is_me, message, moment};
use crate::jid;

/// A chat; none when its address has no form in the host. `me` is the account.
#[must_use]
pub fn conversation(told: &wa::Conversation, me: Option<&Party>) -> Option<Conversation> {
    let chat = jid::parse(&told.id)?;
    let others = [told.pn_jid.as_deref(), told.lid_jid.as_deref()];
    let other = others
        .into_iter()
        .flatten()
        .filter_map(jid::parse)
        .find(|other| chat.is_person() && *other != chat);
    let name = told.name.as_deref().or(told.display_name.as_deref());
    let seconds = |seconds: Option<u64>| moment(seconds.and_then(|seconds| i64::try_from(seconds).ok()));
    let mute = told.mute_end_time.unwrap_or(0);
    Some(Conversation {
        name: filled(name),
        unread: told.unread_count.unwrap_or(0),
        marked_unread: told.marked_as_unread.unwrap_or(false),
        archived: told.archived.unwrap_or(false),
        pinned_at: seconds(told.pinned.map(u64::from)),
        // A mute without an end is a moment beyond everything, or -1.
        muted: (mute > 0).then(|| Muted {
            until: seconds(Some(mute)).filter(|until| until.0 < 1 << 50),
        }),
        ephemeral_s: told.ephemeral_expiration.filter(|seconds| *seconds > 0),
        last_at: seconds(told.conversation_timestamp.or(told.last_msg_timestamp)),
        complete: matches!(
            told.end_of_history_transfer_type,
            Some(EndOfHistoryTransferType::COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY)
        ),
        members: told.participant.iter().filter_map(member).collect(),
        messages: told
            .messages
            .iter()
            .filter_map(|told| told.message.as_option())
            .filter_map(|told| imported(told, &chat, other.as_ref(), me))
            .collect(),
        chat,
        other,
    })
}

/// What stands beside the chats.
#[must_use]
pub fn past(told: &wa::HistorySync) -> Past {
    let name = |told: &wa::Pushname| {
        // Whoever has no name has a dash.
        let name = filled(told.pushname.as_deref()).filter(|name| **name != *"-")?;
        Some((jid::parse(told.id.as_deref()?)?, name))
    };
    let pair = |told: &wa::PhoneNumberToLIDMapping| {
        Some((
            jid::parse(told.pn_jid.as_deref()?)?,
            jid::parse(told.lid_jid.as_deref()?)?,
        ))
    };
    Past {
        names: told.pushnames.iter().filter_map(name).collect(),
        pairs: told.phone_number_to_lid_mappings.iter().filter_map(pair).collect(),
    }
}

/// The status updates among what stands beside the chats.
#[must_use]
pub fn statuses(told: &wa::HistorySync, me: Option<&Party>) -> Option<Conversation> {
    let messages: Vec<_> = told
        .status_v3_messages
        .iter()
        .filter_map(|told| imported(told, &Jid::Status, None, me))
        .collect();
    (!messages.is_empty()).then_some(Conversation {
        chat: Jid::Status,
        other: None,
        name: None,
        unread: 0,
        marked_unread: false,
        archived: false,
        pinned_at: None,
        muted: None,
        ephemeral_s: None,
        last_at: None,
        complete: false,
        members: Vec::new(),
        messages,
    })
}

/// What a phone tells, by the number of its kind.
#[must_use]
pub const fn round(kind: i32) -> Round {
    match kind {
        0 => Round::Start,
        2 => Round::Full,
        3 => Round::Recent,
        6 => Round::Asked,
        _ => Round::Other,
    }
}

fn member(told: &wa::GroupParticipant) -> Option<(Party, Role)> {
    let role = match told.rank {
        Some(Rank::ADMIN | Rank::SUPERADMIN) => Role::Admin,
        Some(Rank::REGULAR) | None => Role::Member,
    };
    Some((Party::known_as(jid::parse(&told.user_jid)?), role))
}

fn imported(told: &wa::WebMessageInfo, chat: &Jid, other: Option<&Jid>, me: Option<&Party>) -> Option<Imported> {
    let key = told.key.as_option()?;
    let from_me = key.from_me.unwrap_or(false);
    let writer = told.participant.as_deref().or(key.participant.as_deref());
    let wire = jid::to_wire(chat);
    let sender = match writer.and_then(jid::parse) {
        _ if from_me => jid::to_wire(&me?.jid),
        Some(writer) if !chat.is_person() => jid::to_wire(&writer),
        Some(_) | None => wire.clone(),
    };
    let seconds = i64::try_from(told.message_timestamp.unwrap_or(0)).ok()?;
    let info = MessageInfo {
        source: MessageSource {
            chat: wire.clone(),
            sender,
            is_from_me: from_me,
            is_group: matches!(chat, Jid::Group(_)),
            sender_alt: other.filter(|_| !from_me).map(jid::to_wire),
            recipient_alt: other.filter(|_| from_me).map(jid::to_wire),
            recipient: from_me.then_some(wire),
            ..MessageSource::default()
        },
        id: key.id.clone()?,
        push_name: told.push_name.clone().unwrap_or_default(),
        timestamp: DateTime::from_timestamp(seconds, 0)?,
        ..MessageInfo::default()
    };
    let Decoded::Message(mut message) = message(told.message.as_option()?, &info, me) else {
        return None;
    };
    message.history = true;
    message.device = None;
    if let Some(seconds) = told.ephemeral_duration.filter(|seconds| *seconds > 0) {
        message.ephemeral_s = Some(seconds);
    }
    let by = |key: &wa::MessageKey| author(key, chat, me);
    let reaction = |told: &wa::Reaction| {
        Some(PastReaction {
            by: by(told.key.as_option()?)?,
            emoji: filled(told.text.as_deref())?,
            at: moment(told.sender_timestamp_ms).unwrap_or(message.timestamp),
        })
    };
    let vote = |told: &wa::PollUpdate| {
        let at = moment(told.sender_timestamp_ms).unwrap_or(message.timestamp);
        let options = chosen(&message.content, told.vote.as_option()?)?;
        Some((by(told.poll_update_message_key.as_option()?)?, options, at))
    };
    Some(Imported {
        starred: told.starred.unwrap_or(false),
        come: match told.status {
            Some(Status::DELIVERY_ACK) => Come::Delivered,
            Some(Status::READ) => Come::Read,
            Some(Status::PLAYED) => Come::Played,
            Some(Status::ERROR | Status::PENDING | Status::SERVER_ACK) | None => Come::Sent,
        },
        reactions: told.reactions.iter().filter_map(reaction).collect(),
        votes: told.poll_updates.iter().filter_map(vote).collect(),
        receipts: if from_me {
            told.user_receipt.iter().flat_map(receipts).collect()
        } else {
            Vec::new()
        },
        message: *message,
    })
}

/// Who a key of the phone's own names: in a direct chat the other side is the chat.
fn author(key: &wa::MessageKey, chat: &Jid, me: Option<&Party>) -> Option<Author> {
    if key.from_me.unwrap_or(false) {
        return Some(Author::Me);
    }
    let person = match key.participant.as_deref().and_then(jid::parse) {
        Some(person) => person,
        None if chat.is_person() => chat.clone(),
        None => return None,
    };
    Some(if is_me(me, &person) {
        Author::Me
    } else {
        Author::Person(person)
    })
}

/// The options of a vote, which names them by their digests.
fn chosen(content: &Content, vote: &wa::message::PollVoteMessage) -> Option<Vec<Box<str>>> {
    let Content::Poll(poll) = content else { return None };
    let is_chosen = |option: &str| {
        let digest = Sha256::digest(option.as_bytes());
        vote.selected_options
            .iter()
            .any(|chosen| chosen.as_slice() == digest.as_slice())
    };
    let options: Vec<_> = poll
        .options
        .iter()
        .filter(|option| is_chosen(option))
        .cloned()
        .collect();
    (!options.is_empty()).then_some(options)
}

fn receipts(told: &wa::UserReceipt) -> Vec<(Party, Come, UnixMs)> {
    let Some(person) = jid::parse(&told.user_jid) else {
        return Vec::new();
    };
    let come = [
        (Come::Delivered, told.receipt_timestamp),
        (Come::Read, told.read_timestamp),
        (Come::Played, told.played_timestamp),
    ];
    come.into_iter()
        .filter_map(|(come, at)| Some((Party::known_as(person.clone()), come, moment(at)?)))
        .collect()
}
