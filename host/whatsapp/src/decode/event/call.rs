//! Calls, from their signals. Signals between devices about a call under way are no news.

use waspnest_core::event::{CallEvent, CallMedia, CallState};
use whatsapp_rust::Jid as WireJid;
use whatsapp_rust::types::call::{CallAction, IncomingCall, MissedCall, MissedReason};
use whatsapp_rust::wacore_binary::JidExt;

use super::moment;
use crate::jid;

pub(super) fn signal(told: &IncomingCall) -> Option<CallEvent> {
    let media = |video: bool| Some(if video { CallMedia::Video } else { CallMedia::Audio });
    let (state, media, phone, group): (_, _, Option<&WireJid>, Option<&WireJid>) = match &told.action {
        CallAction::Offer {
            is_video,
            caller_pn,
            group_jid,
            ..
        } => (
            CallState::Offered,
            media(*is_video),
            caller_pn.as_ref(),
            group_jid.as_ref(),
        ),
        CallAction::OfferNotice { is_video, .. } => {
            let group = told.from.is_group().then_some(&told.from);
            (CallState::Offered, media(*is_video), None, group)
        }
        CallAction::Accept { .. } => (CallState::Accepted, None, None, None),
        CallAction::Reject { .. } => (CallState::Rejected, None, None, None),
        CallAction::Terminate { reason, .. } => (ended(reason.as_deref()), None, None, None),
        _ => return None,
    };
    Some(CallEvent {
        id: told.action.call_id().into(),
        caller: jid::party(told.action.call_creator(), phone)?,
        group: group.and_then(jid::from_wire),
        media,
        state,
        at: moment(&told.timestamp),
    })
}

/// What the end of a call means to the account, by WhatsApp Web's reasons.
fn ended(reason: Option<&str>) -> CallState {
    match reason {
        Some("accepted_elsewhere") => CallState::Accepted,
        Some("rejected_elsewhere") => CallState::Rejected,
        Some("timeout") => CallState::Missed,
        Some(_) | None => CallState::Ended,
    }
}

pub(super) fn missed(told: &MissedCall) -> Option<CallEvent> {
    match told.reason {
        MissedReason::Offline => Some(CallEvent {
            id: told.call_id.as_str().into(),
            caller: jid::party(&told.from, None)?,
            group: None,
            media: None,
            state: CallState::Missed,
            at: moment(&told.timestamp),
        }),
        // The signal that ended it has been told of.
        _ => None,
    }
}
