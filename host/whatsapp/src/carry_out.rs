//! One attempt at one effect.
//!
//! A message goes out under the id derived from its effect, on every attempt, so that attempts beyond the first are invisible on a
//! phone. Handing it to the connection is not the end: [`Carried::AwaitAck`] says that WhatsApp's server has still to take it. The
//! session itself tells the outbox when it does ([`Progress::Sent`]), refuses it, or when the connection ends first; in the last case the
//! effect is due again at once. A process that dies in between finds the effect pending and attempts it again. whatsapp-rust repeats
//! nothing by itself: what it sends again are answers to retry receipts, under the same id.
//!
//! [`Progress::Sent`]: waspnest_core::effect::Progress::Sent

mod change;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::Clock;
use waspnest_core::effect::{Action, Effect, Marked, Send, Typing};
use waspnest_core::files::Files;
use waspnest_core::media_store::{MediaError, MediaFile, MediaStore};
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::request::IqError;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, ClientError, SendError, SendOptions};

use crate::encode::{self, Envelope};
use crate::file::FileOf;
use crate::jid;
use crate::session::{Acknowledgement, InFlight, Ratchets};
use waspnest_core::master_key::MasterKey;

/// The longest a session shows "typing" before one message, whatever the effect asks for.
pub const LONGEST_TYPING: Duration = Duration::from_secs(60);

/// WhatsApp shows "typing" for about 25 s; it is shown again before that.
const TYPING_SHOWN: Duration = Duration::from_secs(10);

/// What one attempt came to.
#[derive(Debug)]
pub enum Carried {
    /// A message was handed to the connection. Its effect stays pending until WhatsApp's server answers; the session tells the outbox.
    /// Until the acknowledgement resolves the effect must not be attempted again.
    AwaitAck(Acknowledgement),
    /// It was written to the connection, and there is nothing to wait for. The caller tells the outbox.
    Done,
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CarryError {
    /// There is no connection; attempt it again when the session is connected.
    #[error("the session is not connected")]
    NotConnected,
    /// It may work later.
    #[error("the attempt failed: {reason}")]
    Transient {
        /// Why.
        reason: Box<str>,
        /// How long to wait at least, where WhatsApp or the failure says so.
        after: Option<Duration>,
    },
    /// It will not work.
    #[error("WhatsApp cannot do this: {reason}")]
    Permanent {
        /// Why.
        reason: Box<str>,
        /// WhatsApp's code, where it gave one.
        code: Option<u32>,
    },
}

impl CarryError {
    /// Whether another attempt makes sense.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::NotConnected | Self::Transient { .. } => true,
            Self::Permanent { .. } => false,
        }
    }
}

/// What an attempt needs beside the client and the effect.
pub(crate) struct Means<'a> {
    pub(crate) in_flight: &'a InFlight,
    pub(crate) ratchets: &'a Ratchets,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) key: &'a MasterKey,
    pub(crate) files: &'a Files,
    pub(crate) media: &'a MediaStore,
    pub(crate) me: Option<Party>,
}

pub(crate) async fn attempt(client: &Client, means: &Means<'_>, effect: &Effect) -> Result<Carried, CarryError> {
    match &effect.action {
        Action::Send(send) => {
            let uploaded = upload(client, means, effect, send).await?;
            let send = uploaded.as_ref().unwrap_or(send);
            let message = encode::message(send, &envelope(means, effect, &send.to)).map_err(permanent)?;
            write(client, means, effect, &send.to, message, send.typing_ms).await
        }
        Action::SendMarked(marked) => {
            let uploaded = upload(client, means, effect, &marked.send).await?.map(|send| Marked {
                send,
                ..marked.as_ref().clone()
            });
            let marked = uploaded.as_ref().unwrap_or(marked);
            let send = &marked.send;
            let message = encode::marked(marked, &envelope(means, effect, &send.to)).map_err(permanent)?;
            write(client, means, effect, &send.to, message, send.typing_ms).await
        }
        Action::Webhook(_) => Err(CarryError::Permanent {
            reason: "it is not for WhatsApp".into(),
            code: None,
        }),
        Action::SendRaw(raw) => {
            let message = encode::raw(&raw.message).map_err(permanent)?;
            write(client, means, effect, &raw.to, message, raw.typing_ms).await
        }
        Action::Change(change) => change::attempt(client, means, effect, change).await,
        Action::React { target, emoji } => {
            let message = encode::reaction(target, emoji.as_deref(), means.clock.now());
            hand_over(client, means, effect, &target.chat, message).await
        }
        Action::MarkRead { targets } => tell_author(client, targets, Told::Read).await,
        Action::MarkPlayed { targets } => tell_author(client, targets, Told::Played).await,
        Action::SetTyping { chat, state } => show(client, chat, *state).await.map(|()| Carried::Done),
    }
}

/// The message with its file on WhatsApp's servers; none when it is there already, or the message has none.
///
/// The key is derived from the effect: a second attempt puts the same file there, and phones see one message in any case.
async fn upload(client: &Client, means: &Means<'_>, effect: &Effect, send: &Send) -> Result<Option<Send>, CarryError> {
    let Some(file) = FileOf::message(&send.content).filter(|file| file.media.source.is_nowhere()) else {
        return Ok(None);
    };
    let gone = || permanent("the host does not have the file any more");
    let bytes = match effect.upload() {
        Some(name) => {
            let file = means.media.get(effect.session, &name).await.map_err(unreadable)?;
            whole(&file.ok_or_else(gone)?).await.map_err(unreadable)?
        }
        None => {
            let (owner, name) = effect.file().ok_or_else(gone)?;
            let bytes = means.files.get(owner, &name).await;
            bytes.map_err(|error| transient(error.to_string()))?.ok_or_else(gone)?
        }
    };
    let key = means.key.derive("media key", &effect.id.ulid().to_bytes());
    let content = file.put(client, &bytes, key).await.map_err(transient)?;
    Ok(Some(Send {
        content,
        ..send.clone()
    }))
}

/// All of a file: it is sealed as a whole.
async fn whole(file: &MediaFile) -> Result<Bytes, MediaError> {
    let mut bytes = BytesMut::new();
    loop {
        let part = file.read(bytes.len() as u64, u64::MAX).await?;
        if part.is_empty() {
            return Ok(bytes.freeze());
        }
        bytes.extend_from_slice(&part);
    }
}

fn unreadable(error: MediaError) -> CarryError {
    transient(error.to_string())
}

/// What a message of an effect is made with, the same on every attempt.
fn envelope<'a>(means: &'a Means<'_>, effect: &Effect, to: &'a Jid) -> Envelope<'a> {
    Envelope {
        to,
        me: means.me.as_ref(),
        now: means.clock.now(),
        secret: means.key.derive("message secret", &effect.id.ulid().to_bytes()),
    }
}

/// Shows "typing" as long as asked for, and then sends.
async fn write(
    client: &Client,
    means: &Means<'_>,
    effect: &Effect,
    to: &Jid,
    message: wa::Message,
    typing_ms: Option<u32>,
) -> Result<Carried, CarryError> {
    if let Some(span) = typing_ms {
        show_typing(client, means.clock, to, Duration::from_millis(span.into())).await?;
    }
    hand_over(client, means, effect, to, message).await
}

async fn hand_over(
    client: &Client,
    means: &Means<'_>,
    effect: &Effect,
    to: &Jid,
    message: wa::Message,
) -> Result<Carried, CarryError> {
    means.ratchets.settle(client).await.map_err(transient)?;
    let id = effect.id.message_id();
    let options = SendOptions::default().with_message_id(id.as_str());
    // Noted before it is sent: the server's answer may be here before the call returns.
    let acknowledgement = means.in_flight.begin(id.clone(), effect.id, means.clock.monotonic());
    let _departure = means.ratchets.announce(client, id.as_str());
    match client
        .send_message_with_options(jid::to_wire(to), message, options)
        .await
    {
        Ok(_) => Ok(Carried::AwaitAck(acknowledgement)),
        Err(error) => {
            means.in_flight.abandon(&id);
            Err(of_send(error))
        }
    }
}

/// What the author of a message is told.
#[derive(Clone, Copy)]
enum Told {
    Read,
    Played,
}

async fn tell_author(client: &Client, targets: &[MessageKey], told: Told) -> Result<Carried, CarryError> {
    let Some(first) = targets.first() else {
        return Ok(Carried::Done);
    };
    if let Some(stray) = targets
        .iter()
        .find(|key| key.chat != first.chat || key.participant != first.participant || key.from != first.from)
    {
        return Err(permanent(format!(
            "messages of one receipt must be of one chat and one author, {:?} is not",
            stray.id
        )));
    }
    match first.from {
        Origin::Me => {
            return Err(permanent(
                "the account's own messages cannot be marked as read or played",
            ));
        }
        Origin::Them => {}
    }
    let ids: Vec<&str> = targets.iter().map(|key| key.id.as_str()).collect();
    let sender = first.participant.as_ref().map(jid::to_wire);
    let chat = jid::to_wire(&first.chat);
    let done = match told {
        Told::Read => client.mark_as_read(&chat, sender.as_ref(), &ids).await,
        Told::Played => client.mark_as_played(&chat, sender.as_ref(), &ids).await,
    };
    done.map_err(|error| transient(format!("{error:#}")))?;
    Ok(Carried::Done)
}

/// Shows "typing" for `span`, again and again as phones stop showing it by themselves. The message itself ends it.
async fn show_typing(client: &Client, clock: &dyn Clock, chat: &Jid, span: Duration) -> Result<(), CarryError> {
    let mut left = span.min(LONGEST_TYPING);
    while !left.is_zero() {
        show(client, chat, Typing::Composing).await?;
        let part = left.min(TYPING_SHOWN);
        clock.sleep(part).await;
        left -= part;
    }
    Ok(())
}

async fn show(client: &Client, chat: &Jid, state: Typing) -> Result<(), CarryError> {
    let chat = jid::to_wire(chat);
    let chatstate = client.chatstate();
    let shown = match state {
        Typing::Composing => chatstate.send_composing(&chat).await,
        Typing::Recording => chatstate.send_recording(&chat).await,
        Typing::Paused => chatstate.send_paused(&chat).await,
    };
    shown.map_err(|error| transient(error.to_string()))
}

fn permanent(reason: impl ToString) -> CarryError {
    CarryError::Permanent {
        reason: reason.to_string().into(),
        code: None,
    }
}

fn transient(reason: String) -> CarryError {
    CarryError::Transient {
        reason: reason.into(),
        after: None,
    }
}

fn of_send(error: SendError) -> CarryError {
    match error {
        SendError::NotLoggedIn => CarryError::NotConnected,
        SendError::Client(error) => of_client(error),
        SendError::Iq(error) => of_query(error),
        SendError::InvalidRequest(reason) => permanent(reason),
        SendError::Internal(error) => transient(format!("{error:#}")),
        error => transient(error.to_string()),
    }
}

fn of_client(error: ClientError) -> CarryError {
    match error {
        ClientError::NotConnected | ClientError::NotLoggedIn => CarryError::NotConnected,
        ClientError::Iq(error) => of_query(error),
        error => transient(error.to_string()),
    }
}

fn of_query(error: IqError) -> CarryError {
    match error {
        IqError::NotConnected | IqError::Disconnected(_) | IqError::InternalChannelClosed => CarryError::NotConnected,
        // 4xx other than "too many": asked the same way it will be refused the same way (not a member, no such user …).
        IqError::ServerError {
            code, text, backoff, ..
        } => match code {
            429 | 500.. => CarryError::Transient {
                reason: format!("WhatsApp answered {code} {text}").into(),
                after: backoff.map(|seconds| Duration::from_secs(seconds.into())),
            },
            _ => CarryError::Permanent {
                reason: format!("WhatsApp answered {code} {text}").into(),
                code: Some(code.into()),
            },
        },
        error => transient(error.to_string()),
    }
}
