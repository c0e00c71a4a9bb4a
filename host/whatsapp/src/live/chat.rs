//! The account's own view of its chats: changes of the app state, which the phone and the other devices follow.

use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::event::Switch;
use waspnest_core::live::{Answer, ChatWish, Refusal, Token};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{AppStateError, Client, Jid as WireJid, SendOptions, SyncActionMessageRange, message_range};

use super::refusal::{failed, of_app_state, of_group, of_send};
use crate::jid;
use crate::session::Ratchets;

pub(super) async fn change(
    client: &Client,
    ratchets: &Ratchets,
    clock: &dyn Clock,
    chat: &Jid,
    wish: ChatWish,
    token: Token,
) -> Result<Answer, Refusal> {
    let wire = jid::to_wire(chat);
    let (actions, labels) = (client.chat_actions(), client.labels());
    let range = || Some(until(clock.now()));
    let changed: Result<(), AppStateError> = match wish {
        ChatWish::Archived(Switch::On) => actions.archive_chat(&wire, range()).await,
        ChatWish::Archived(Switch::Off) => actions.unarchive_chat(&wire, range()).await,
        ChatWish::Pinned(Switch::On) => actions.pin_chat(&wire).await,
        ChatWish::Pinned(Switch::Off) => actions.unpin_chat(&wire).await,
        ChatWish::MutedUntil(None) => actions.mute_chat(&wire).await,
        ChatWish::MutedUntil(Some(moment)) => {
            let moment = i64::try_from(moment.0).unwrap_or(i64::MAX);
            actions.mute_chat_until(&wire, moment).await
        }
        ChatWish::Unmuted => actions.unmute_chat(&wire).await,
        ChatWish::Read(on) => actions.mark_chat_as_read(&wire, on.is_on(), range()).await,
        ChatWish::Labeled { on: Switch::On, label } => labels.add_chat_label(&label, &wire).await,
        ChatWish::Labeled { on: Switch::Off, label } => labels.remove_chat_label(&label, &wire).await,
        ChatWish::Cleared => actions.clear_chat(&wire, true, true, range()).await,
        ChatWish::Deleted => actions.delete_chat(&wire, true, range()).await,
        ChatWish::Ephemeral(seconds) => {
            let seconds = seconds.unwrap_or(0);
            return match chat {
                Jid::Group(_) => {
                    let set = client.groups().set_ephemeral(wire, seconds).await;
                    set.map(|()| Answer::Done).map_err(of_group)
                }
                Jid::Phone(_) | Jid::Lid(_) => tell(client, ratchets, wire, timer(seconds, clock.now()), token).await,
                Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => Err(Refusal::Invalid(
                    "chat: messages disappear in chats with people and in groups only".into(),
                )),
            };
        }
    };
    changed.map(|()| Answer::Done).map_err(of_app_state)
}

/// The messages that a change is about: all until now. WhatsApp's clients leave a chat alone that has newer ones.
fn until(now: UnixMs) -> SyncActionMessageRange {
    message_range(seconds(now), None, Vec::new())
}

fn seconds(now: UnixMs) -> i64 {
    i64::try_from(now.0 / 1000).unwrap_or(i64::MAX)
}

/// The notice that the people of a chat set how long messages stay.
fn timer(expiration_s: u32, now: UnixMs) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(wa::message::protocol_message::Type::EPHEMERAL_SETTING),
            ephemeral_expiration: Some(expiration_s),
            ephemeral_setting_timestamp: Some(seconds(now)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Sends a notice under an id of its own, so that a repetition shows once.
async fn tell(
    client: &Client,
    ratchets: &Ratchets,
    to: WireJid,
    notice: wa::Message,
    Token(token): Token,
) -> Result<Answer, Refusal> {
    ratchets.settle(client).await.map_err(failed)?;
    let digits: String = token[..9].iter().map(|byte| format!("{byte:02X}")).collect();
    let id = format!("3EB0{digits}");
    let _departure = ratchets.announce(client, &id);
    let options = SendOptions::default().with_message_id(id);
    let sent = client.send_message_with_options(to, notice, options).await;
    sent.map(|_| Answer::Done).map_err(of_send)
}
