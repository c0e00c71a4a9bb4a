//! Poll votes and answers to events: encrypted once more, with the secret of the message they belong to.
//!
//! whatsapp-rust hands these over closed. [`find`] recognises one and names the message whose secret opens it; whoever keeps messages
//! and secrets then calls [`Sealed::open`]. The key also depends on the addresses the author and the sender went by when it was sealed,
//! so every pair of their known addresses is tried.

use waspnest_core::address::Party;
use waspnest_core::message::{Content, EventResponse, MessageKey, Poll, PollVote, Rsvp};
use whatsapp_rust::types::message::MessageInfo;
use whatsapp_rust::wacore::event::decrypt_event_response_with_secret;
use whatsapp_rust::wacore::poll::{PollVoteCiphertext, compute_option_hash, decrypt_poll_vote_with_secret};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::event_response_message::EventResponseType;

use super::frame::Frame;
use super::wrapper;

/// What a sealed message answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedKind {
    /// A vote in a poll.
    PollVote,
    /// An answer to an event.
    EventResponse,
}

/// A message that needs another one's secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed<'a> {
    /// What it is.
    pub kind: SealedKind,
    /// The message whose secret opens it.
    pub target: MessageKey,
    sender: Party,
    payload: &'a [u8],
    iv: &'a [u8],
}

/// Why a sealed message stays closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// The secret is another message's, or the author or the sender is somebody else.
    #[error("the secret does not open it")]
    WrongSecret,
    /// A vote names an option the given poll does not have (somebody may have added one).
    #[error("the vote is for an option that the poll is not known to have")]
    UnknownOption,
    /// A vote cannot be read without the poll's options.
    #[error("the poll it belongs to is not given")]
    NoPoll,
}

/// The sealed part of a message, if it has one with a target that can be named.
#[must_use]
pub fn find<'a>(message: &'a wa::Message, info: &MessageInfo, me: Option<&Party>) -> Option<Sealed<'a>> {
    let opened = wrapper::open(message);
    let frame = Frame::of(info, me, opened.destination)?;
    let (kind, key, payload, iv) = if let Some(update) = opened.base.poll_update_message.as_option() {
        let vote = update.vote.as_option()?;
        let key = update.poll_creation_message_key.as_option()?;
        (
            SealedKind::PollVote,
            key,
            vote.enc_payload.as_deref()?,
            vote.enc_iv.as_deref()?,
        )
    } else {
        let answer = opened.base.enc_event_response_message.as_option()?;
        let key = answer.event_creation_message_key.as_option()?;
        (
            SealedKind::EventResponse,
            key,
            answer.enc_payload.as_deref()?,
            answer.enc_iv.as_deref()?,
        )
    };
    Some(Sealed {
        kind,
        target: frame.key(key)?,
        sender: frame.sender,
        payload,
        iv,
    })
}

impl Sealed<'_> {
    /// Opens it with the `secret` of its target, written by `author`; a vote also needs the `poll`.
    ///
    /// # Errors
    /// [`SealedError`]; none of them passes with time.
    pub fn open(&self, secret: &[u8; 32], author: &Party, poll: Option<&Poll>) -> Result<Content, SealedError> {
        let pairs =
            addresses(author).flat_map(|author| addresses(&self.sender).map(move |sender| (author.clone(), sender)));
        let id = self.target.id.as_str();
        match self.kind {
            SealedKind::PollVote => {
                let poll = poll.ok_or(SealedError::NoPoll)?;
                let hashes = pairs
                    .into_iter()
                    .find_map(|(author, sender)| {
                        let sealed = PollVoteCiphertext {
                            enc_payload: self.payload,
                            enc_iv: self.iv,
                        };
                        decrypt_poll_vote_with_secret(sealed, secret, id, &author, &sender).ok()
                    })
                    .ok_or(SealedError::WrongSecret)?;
                let selected = hashes
                    .iter()
                    .map(|hash| {
                        let option = poll
                            .options
                            .iter()
                            .find(|option| compute_option_hash(option) == hash[..]);
                        option.cloned().ok_or(SealedError::UnknownOption)
                    })
                    .collect::<Result<_, _>>()?;
                Ok(Content::PollVote(PollVote {
                    poll: self.target.clone(),
                    selected,
                    voter: self.sender.clone(),
                }))
            }
            SealedKind::EventResponse => {
                let answer = pairs
                    .into_iter()
                    .find_map(|(author, sender)| {
                        decrypt_event_response_with_secret(self.payload, self.iv, secret, id, &author, &sender).ok()
                    })
                    .ok_or(SealedError::WrongSecret)?;
                Ok(Content::EventResponse(EventResponse {
                    event: self.target.clone(),
                    answer: match answer.response {
                        Some(EventResponseType::GOING) => Rsvp::Going,
                        Some(EventResponseType::NOT_GOING) => Rsvp::NotGoing,
                        Some(EventResponseType::MAYBE) => Rsvp::Maybe,
                        Some(EventResponseType::UNKNOWN) | None => Rsvp::Unknown,
                    },
                    extra_guests: answer
                        .extra_guest_count
                        .and_then(|guests| u32::try_from(guests).ok())
                        .unwrap_or_default(),
                }))
            }
        }
    }
}

fn addresses(party: &Party) -> impl Iterator<Item = String> {
    std::iter::once(&party.jid)
        .chain(party.alt.as_ref())
        .map(ToString::to_string)
}
