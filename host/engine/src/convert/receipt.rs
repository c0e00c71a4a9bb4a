//! A receipt, towards the guest.

use waspnest_core::event::{Receipt, ReceiptStatus};
use waspnest_core::message::{MessageKey, Origin};

use super::message::{ToGuest, address};
use super::text;
use crate::bindings::exports::waspnest::plugin::receipt_handler as wit;

impl ToGuest<'_> {
    pub(crate) fn receipt(&self, receipt: &Receipt) -> wit::Receipt {
        let (status, code, reason) = match &receipt.status {
            ReceiptStatus::ServerAck => (wit::Status::ServerAck, None, None),
            ReceiptStatus::Delivered => (wit::Status::Delivered, None, None),
            ReceiptStatus::Read => (wit::Status::Read, None, None),
            ReceiptStatus::Played => (wit::Status::Played, None, None),
            ReceiptStatus::Failed { reason, code } => (wit::Status::Failed, *code, Some(text(reason))),
        };
        let own = |id: &waspnest_core::id::MessageId| MessageKey {
            chat: receipt.chat.clone(),
            id: id.clone(),
            from: Origin::Me,
            participant: None,
        };
        wit::Receipt {
            keys: receipt.messages.iter().map(|id| self.key(&own(id))).collect(),
            status,
            by: receipt.by.as_ref().map(address),
            at: receipt.at.0,
            code,
            reason,
        }
    }
}
