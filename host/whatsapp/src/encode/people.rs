//! Contact cards, invitations, and calls.

use waspnest_core::message::{ContactCard, Invite, ScheduledCall};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::scheduled_call_creation_message::CallType;

use super::{EncodeError, maybe, milliseconds, seconds, some, text_of};

/// The phone numbers are those in the card.
pub(super) fn contacts(cards: &[ContactCard]) -> Result<wa::Message, EncodeError> {
    match cards {
        [] => Err(EncodeError::Invalid {
            kind: "contacts",
            why: "there is no card in it",
        }),
        [one] => Ok(wa::Message {
            contact_message: some(card(one)),
            ..Default::default()
        }),
        several => Ok(wa::Message {
            contacts_array_message: some(wa::message::ContactsArrayMessage {
                display_name: Some(format!("{} contacts", several.len())),
                contacts: several.iter().map(card).collect(),
                ..Default::default()
            }),
            ..Default::default()
        }),
    }
}

fn card(card: &ContactCard) -> wa::message::ContactMessage {
    wa::message::ContactMessage {
        display_name: text_of(&card.display_name),
        vcard: text_of(&card.vcard),
        ..Default::default()
    }
}

pub(super) fn group_invite(invite: &Invite) -> wa::Message {
    wa::Message {
        group_invite_message: some(wa::message::GroupInviteMessage {
            group_jid: Some(invite.target.to_string()),
            invite_code: text_of(&invite.code),
            invite_expiration: invite.expires_at.map(seconds),
            group_name: text_of(&invite.name),
            caption: maybe(invite.caption.as_deref()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Invitations to follow do not expire, and neither kind has a code.
pub(super) fn newsletter_invite(invite: &Invite) -> wa::Message {
    let newsletter_jid = Some(invite.target.to_string());
    let newsletter_name = text_of(&invite.name);
    let caption = maybe(invite.caption.as_deref());
    if invite.admin {
        return wa::Message {
            newsletter_admin_invite_message: some(wa::message::NewsletterAdminInviteMessage {
                newsletter_jid,
                newsletter_name,
                caption,
                invite_expiration: invite.expires_at.map(seconds),
                ..Default::default()
            }),
            ..Default::default()
        };
    }
    wa::Message {
        newsletter_follower_invite_message_v2: some(wa::message::NewsletterFollowerInviteMessage {
            newsletter_jid,
            newsletter_name,
            caption,
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn scheduled_call(call: &ScheduledCall) -> Result<wa::Message, EncodeError> {
    if call.canceled {
        return Err(EncodeError::NotSendable {
            kind: "scheduled-call",
            why: "a call is called off by the key of its message, which is not part of it",
        });
    }
    Ok(wa::Message {
        scheduled_call_creation_message: some(wa::message::ScheduledCallCreationMessage {
            scheduled_timestamp_ms: Some(milliseconds(call.at)),
            call_type: Some(if call.video { CallType::VIDEO } else { CallType::VOICE }),
            title: text_of(&call.title),
        }),
        ..Default::default()
    })
}
