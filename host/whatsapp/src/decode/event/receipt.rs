//! How far messages of the account have come: receipts of other people, and the server's acknowledgements.

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::Progress;
use waspnest_core::event::{Receipt, ReceiptStatus};
use whatsapp_rust::types::events::{Receipt as Told, ServerAck};
use whatsapp_rust::types::presence::ReceiptType;

use super::{is_me, moment};
use crate::jid;

pub(super) fn receipt(told: &Told, me: Option<&Party>) -> Option<Receipt> {
    let status = match &told.r#type {
        ReceiptType::Delivered | ReceiptType::Inactive => ReceiptStatus::Delivered,
        ReceiptType::Read => ReceiptStatus::Read,
        ReceiptType::Played => ReceiptStatus::Played,
        // Retries, history, and what the account's own devices tell each other.
        _ => return None,
    };
    let by = jid::party(&told.source.sender, told.source.sender_alt.as_ref());
    // The account's other devices confirm what this one sent; that says nothing about the recipient.
    if told.source.is_from_me || by.as_ref().is_some_and(|by| is_me(me, &by.jid)) {
        return None;
    }
    let messages: Vec<_> = told.message_ids.iter().filter_map(|id| id.parse().ok()).collect();
    if messages.is_empty() {
        return None;
    }
    Some(Receipt {
        chat: jid::from_wire(&told.source.chat)?,
        messages,
        status,
        by: by.filter(|by| by.jid.is_person()),
        at: moment(&told.timestamp),
    })
}

/// What the server's answer to a message is to those who follow it, after it came to `progress`. None while it is not settled.
#[must_use]
pub fn acknowledged(ack: &ServerAck, progress: &Progress, now: UnixMs) -> Option<Receipt> {
    let status = match progress {
        Progress::Sent => ReceiptStatus::ServerAck,
        Progress::Failed { reason, code } => ReceiptStatus::Failed {
            reason: reason.clone(),
            code: *code,
        },
        Progress::Delivered | Progress::Read | Progress::Retry { .. } | Progress::Held { .. } => return None,
    };
    Some(Receipt {
        chat: jid::from_wire(ack.from.as_ref()?)?,
        messages: vec![ack.id.parse().ok()?],
        status,
        by: None,
        at: ack.timestamp.as_ref().map_or(now, moment),
    })
}
