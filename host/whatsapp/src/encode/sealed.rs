//! Poll votes and answers to events, sealed with the secret of the message they belong to.
//!
//! The key also depends on the addresses of its author and of the account, which have to be of one namespace: the author's.

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{EventResponse, PollVote, Rsvp};
use whatsapp_rust::wacore::event::encrypt_event_response_with_secret;
use whatsapp_rust::wacore::poll::{compute_option_hash, encrypt_poll_vote_with_secret};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::event_response_message::EventResponseType;

use super::{key, milliseconds, some};

/// Sealing failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer could not be sealed: {reason}")]
pub struct SealError {
    reason: Box<str>,
}

/// What an answer is sealed for.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    /// The secret of the message that is answered.
    pub secret: &'a [u8; 32],
    /// Who wrote that message.
    pub author: &'a Jid,
    /// The account.
    pub me: &'a Party,
    /// When it is sent.
    pub now: UnixMs,
}

/// A vote in a poll; no options take it back.
///
/// # Errors
/// When the cipher fails.
pub fn poll_vote(vote: &PollVote, seal: &Seal<'_>) -> Result<wa::Message, SealError> {
    let hashes: Vec<_> = vote
        .selected
        .iter()
        .map(|option| compute_option_hash(option).to_vec())
        .collect();
    let (author, me) = seal.addresses();
    let (payload, iv) =
        encrypt_poll_vote_with_secret(&hashes, seal.secret, vote.poll.id.as_str(), &author, &me).map_err(failed)?;
    Ok(wa::Message {
        poll_update_message: some(wa::message::PollUpdateMessage {
            poll_creation_message_key: some(key(&vote.poll)),
            vote: some(wa::message::PollEncValue {
                enc_payload: Some(payload),
                enc_iv: Some(iv.to_vec()),
            }),
            sender_timestamp_ms: Some(milliseconds(seal.now)),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// An answer to an event.
///
/// # Errors
/// When the cipher fails.
pub fn event_response(response: &EventResponse, seal: &Seal<'_>) -> Result<wa::Message, SealError> {
    let answer = wa::message::EventResponseMessage {
        response: Some(match response.answer {
            Rsvp::Going => EventResponseType::GOING,
            Rsvp::NotGoing => EventResponseType::NOT_GOING,
            Rsvp::Maybe => EventResponseType::MAYBE,
            Rsvp::Unknown => EventResponseType::UNKNOWN,
        }),
        timestamp_ms: Some(milliseconds(seal.now)),
        extra_guest_count: i32::try_from(response.extra_guests).ok(),
    };
    let (author, me) = seal.addresses();
    let (payload, iv) =
        encrypt_event_response_with_secret(&answer, seal.secret, response.event.id.as_str(), &author, &me)
            .map_err(failed)?;
    Ok(wa::Message {
        enc_event_response_message: some(wa::message::EncEventResponseMessage {
            event_creation_message_key: some(key(&response.event)),
            enc_payload: Some(payload),
            enc_iv: Some(iv.to_vec()),
        }),
        ..Default::default()
    })
}

impl Seal<'_> {
    fn addresses(&self) -> (String, String) {
        let is_lid = |jid: &Jid| matches!(jid, Jid::Lid(_));
        let me = match &self.me.alt {
            Some(alt) if is_lid(alt) == is_lid(self.author) => alt,
            Some(_) | None => &self.me.jid,
        };
        (self.author.to_string(), me.to_string())
    }
}

fn failed(error: impl std::fmt::Display) -> SealError {
    SealError {
        reason: error.to_string().into(),
    }
}
