//! One attempt at a change of a message that exists.
//!
//! Edits, revokes, votes and pins are messages, under ids derived from their effects like any other. A star is a note in the account's own
//! settings: setting it twice is the same as once.

use waspnest_core::effect::{Change, Effect, Vote};
use waspnest_core::message::{Content, MessageKey, Origin, Pin, PollVote};
use whatsapp_rust::{AppStateError, Client};

use super::{Carried, CarryError, Means, envelope, hand_over, permanent, transient};
use crate::encode;
use crate::encode::sealed::{Seal, poll_vote};
use crate::{jid, secret};

pub(super) async fn attempt(
    client: &Client,
    means: &Means<'_>,
    effect: &Effect,
    change: &Change,
) -> Result<Carried, CarryError> {
    let chat = change.chat();
    let envelope = envelope(means, effect, chat);
    let message = match change {
        Change::Edit { target, content } => encode::edit(target, content, &envelope).map_err(permanent)?,
        Change::Revoke { target } => encode::content(&Content::Revoke(target.clone()), &envelope).map_err(permanent)?,
        Change::Pin { target, seconds } => {
            let pin = Pin {
                target: target.clone(),
                pinned: seconds.is_some(),
                seconds: *seconds,
            };
            encode::content(&Content::Pin(pin), &envelope).map_err(permanent)?
        }
        Change::Vote(vote) => sealed(client, means, effect, vote).await?,
        Change::Star { target, starred } => {
            let mark = if *starred { Star::On } else { Star::Off };
            return star(client, target, mark).await;
        }
        Change::DeleteForMe { target } => return delete_for_me(client, target).await,
    };
    hand_over(client, means, effect, chat, message).await
}

/// A vote, sealed with the secret of its poll.
async fn sealed(
    client: &Client,
    means: &Means<'_>,
    effect: &Effect,
    vote: &Vote,
) -> Result<whatsapp_rust::waproto::whatsapp::Message, CarryError> {
    let me = means.me.as_ref().ok_or(CarryError::NotConnected)?;
    let found = secret::of(client, &vote.poll, &vote.author).await;
    let Some((secret, author)) = found.map_err(|error| transient(error.to_string()))? else {
        // The client writes a secret down shortly after the poll is in the log.
        return Err(if effect.attempts == 0 {
            transient("the secret of the poll is not known yet".to_owned())
        } else {
            permanent("this device does not have the secret of the poll")
        });
    };
    let seal = Seal {
        secret: &secret,
        author: &author,
        me,
        now: means.clock.now(),
    };
    let vote = PollVote {
        poll: vote.poll.clone(),
        selected: vote.selected.clone(),
        voter: me.clone(),
    };
    poll_vote(&vote, &seal).map_err(permanent)
}

enum Star {
    On,
    Off,
}

async fn star(client: &Client, target: &MessageKey, star: Star) -> Result<Carried, CarryError> {
    let chat = jid::to_wire(&target.chat);
    let from_me = target.from == Origin::Me;
    // The author is named where there are several and it is somebody else, as in keys.
    let author = target.participant.as_ref().filter(|_| !from_me).map(jid::to_wire);
    let actions = client.chat_actions();
    let (author, id) = (author.as_ref(), target.id.as_str());
    let done = match star {
        Star::On => actions.star_message(&chat, author, id, from_me).await,
        Star::Off => actions.unstar_message(&chat, author, id, from_me).await,
    };
    noted(done)
}

/// Removes a message, and its file, from the account's own devices.
async fn delete_for_me(client: &Client, target: &MessageKey) -> Result<Carried, CarryError> {
    let chat = jid::to_wire(&target.chat);
    let from_me = target.from == Origin::Me;
    let author = target.participant.as_ref().filter(|_| !from_me).map(jid::to_wire);
    let actions = client.chat_actions();
    let done = actions.delete_message_for_me(&chat, author.as_ref(), target.id.as_str(), from_me, true, None);
    noted(done.await)
}

/// What came of a note in the account's settings.
fn noted(done: Result<(), AppStateError>) -> Result<Carried, CarryError> {
    match done {
        Ok(()) => Ok(Carried::Done),
        Err(AppStateError::InvalidRequest(reason)) if is_for_now(&reason) => Err(transient(reason)),
        Err(AppStateError::InvalidRequest(reason)) => Err(permanent(reason)),
        Err(error) => Err(transient(error.to_string())),
    }
}

/// The keys of the account's settings come some time after pairing.
fn is_for_now(reason: &str) -> bool {
    reason.contains("sync key")
}
