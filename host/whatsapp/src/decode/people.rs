//! Contact cards, invitations, and calls.

use waspnest_core::clock::UnixMs;
use waspnest_core::message::{CallLog, CallOutcome, ContactCard, Content, Invite, ScheduledCall};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::call_log_message::CallOutcome as WireOutcome;
use whatsapp_rust::waproto::whatsapp::message::scheduled_call_creation_message::CallType;
use whatsapp_rust::waproto::whatsapp::message::scheduled_call_edit_message::EditType;

use super::{Scope, context, filled, moment, required};

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    if let Some(part) = base.contact_message.as_option() {
        return Some(Content::Contacts(vec![card(part)]));
    }
    if let Some(part) = base.contacts_array_message.as_option() {
        return Some(Content::Contacts(part.contacts.iter().map(card).collect()));
    }
    if let Some(part) = base.group_invite_message.as_option() {
        return Some(Content::GroupInvite(Invite {
            target: context::address(part.group_jid.as_deref())?,
            code: required(part.invite_code.as_deref()),
            name: required(part.group_name.as_deref()),
            expires_at: moment(part.invite_expiration),
            caption: filled(part.caption.as_deref()),
            admin: false,
        }));
    }
    if let Some(part) = base.newsletter_admin_invite_message.as_option() {
        return Some(Content::NewsletterInvite(Invite {
            target: context::address(part.newsletter_jid.as_deref())?,
            code: "".into(),
            name: required(part.newsletter_name.as_deref()),
            expires_at: moment(part.invite_expiration),
            caption: filled(part.caption.as_deref()),
            admin: true,
        }));
    }
    if let Some(part) = base.newsletter_follower_invite_message_v2.as_option() {
        return Some(Content::NewsletterInvite(Invite {
            target: context::address(part.newsletter_jid.as_deref())?,
            code: "".into(),
            name: required(part.newsletter_name.as_deref()),
            expires_at: None,
            caption: filled(part.caption.as_deref()),
            admin: false,
        }));
    }
    if let Some(part) = base.call_log_messsage.as_option() {
        return Some(Content::CallLog(call_log(part, scope)));
    }
    if let Some(part) = base.scheduled_call_creation_message.as_option() {
        return Some(Content::ScheduledCall(ScheduledCall {
            title: required(part.title.as_deref()),
            at: UnixMs(
                part.scheduled_timestamp_ms
                    .and_then(|at| u64::try_from(at).ok())
                    .unwrap_or_default(),
            ),
            video: part.call_type == Some(CallType::VIDEO),
            canceled: false,
        }));
    }
    let part = base.scheduled_call_edit_message.as_option()?;
    match part.edit_type? {
        // It names the call by its message alone, so there is no title and no time in it.
        EditType::CANCEL => Some(Content::ScheduledCall(ScheduledCall {
            title: "".into(),
            at: UnixMs(0),
            video: false,
            canceled: true,
        })),
        EditType::UNKNOWN => None,
    }
}

fn card(part: &wa::message::ContactMessage) -> ContactCard {
    let vcard = part.vcard.as_deref().unwrap_or_default();
    ContactCard {
        display_name: required(part.display_name.as_deref()),
        vcard: vcard.into(),
        phones: phones(vcard),
    }
}

/// The values of a card's TEL lines (RFC 2426, section 3.3.1), which WhatsApp groups as `item1.TEL`.
fn phones(vcard: &str) -> Vec<Box<str>> {
    vcard
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            let name = name.split(';').next()?.rsplit('.').next()?;
            name.trim()
                .eq_ignore_ascii_case("TEL")
                .then(|| filled(Some(value.trim())))
                .flatten()
        })
        .collect()
}

fn call_log(part: &wa::message::CallLogMessage, scope: &Scope<'_>) -> CallLog {
    CallLog {
        video: part.is_video.unwrap_or_default(),
        outcome: match part.call_outcome {
            Some(WireOutcome::CONNECTED | WireOutcome::ACCEPTED_ELSEWHERE) => CallOutcome::Connected,
            Some(WireOutcome::MISSED | WireOutcome::SILENCED_BY_DND | WireOutcome::SILENCED_UNKNOWN_CALLER) => {
                CallOutcome::Missed
            }
            Some(WireOutcome::FAILED) => CallOutcome::Failed,
            Some(WireOutcome::REJECTED) => CallOutcome::Rejected,
            Some(WireOutcome::ONGOING) => CallOutcome::Ongoing,
            None => CallOutcome::Other,
        },
        duration_s: part.duration_secs.and_then(|seconds| u32::try_from(seconds).ok()),
        participants: part
            .participants
            .iter()
            .filter_map(|person| context::address(person.jid.as_deref()))
            .map(|person| scope.frame.canonical(person))
            .collect(),
    }
}
