//! What WhatsApp tells that is no event, on its way into the mailbox: the past of the phone, what the account reads on other devices, and how
//! its chats and people stand when a device asks for all of it.
//!
//! WhatsApp has been told of both already, so what is not taken when the process dies is gone; a phone tells older messages again when it
//! is asked. A piece of the past is unpacked on a thread of its own and taken chat by chat, so that no more than a few chats are in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::Clock;
use waspnest_core::event::EventKind;
use waspnest_core::id::{MessageId, SessionId};
use waspnest_core::mailbox::{Conversation, Mailbox, Past, Round};
use waspnest_core::store::StoreError;
use whatsapp_rust::types::events::{LazyHistorySync, Receipt};
use whatsapp_rust::types::presence::ReceiptType;

use crate::decode::history;
use crate::jid;
use crate::status::Status;

/// Pieces that wait, and chats of one that are in memory.
const PIECES: usize = 64;
const CHATS: usize = 2;

/// Chats and people that wait, all of them at once when a device is linked; and how many are taken at a time.
const STANDING: usize = 50_000;
const TOGETHER: usize = 500;

/// What is told.
pub(crate) enum Told {
    /// A piece of the past.
    Past(Box<LazyHistorySync>),
    /// The account has read messages on another device.
    Read { chat: Jid, messages: Vec<MessageId> },
}

impl Told {
    /// What a receipt tells of the account's own reading.
    pub(crate) fn by(receipt: &Receipt) -> Option<Self> {
        match &receipt.r#type {
            ReceiptType::ReadSelf => Some(Self::Read {
                chat: jid::from_wire(&receipt.source.chat)?,
                messages: receipt.message_ids.iter().filter_map(|id| id.parse().ok()).collect(),
            }),
            _ => None,
        }
    }
}

/// The way to the scribe.
#[derive(Clone)]
pub(crate) struct ToScribe {
    told: mpsc::Sender<Told>,
    standing: mpsc::Sender<EventKind>,
}

impl ToScribe {
    /// A way, and its end.
    pub(crate) fn new() -> (Self, Listening) {
        let (told, all_told) = mpsc::channel(PIECES);
        let (standing, all_standing) = mpsc::channel(STANDING);
        let listening = Listening {
            told: all_told,
            standing: all_standing,
        };
        (Self { told, standing }, listening)
    }

    /// Tells something, unless too much waits.
    pub(crate) fn tell(&self, told: Told) -> Result<(), TooMuch> {
        self.told.try_send(told).map_err(|_| TooMuch)
    }

    /// Tells how a chat or a person stands, unless too much waits.
    pub(crate) fn tell_standing(&self, standing: EventKind) -> Result<(), TooMuch> {
        self.standing.try_send(standing).map_err(|_| TooMuch)
    }
}

/// Where the scribe listens.
pub(crate) struct Listening {
    told: mpsc::Receiver<Told>,
    /// How chats and people stand.
    standing: mpsc::Receiver<EventKind>,
}

/// Too much waits to be taken.
pub(crate) struct TooMuch;

/// Part of a piece.
enum Part {
    Chat(Box<Conversation>),
    Rest(Past),
    Unreadable(String),
}

/// Takes what is told until nobody is left who tells.
pub(crate) struct Scribe {
    pub(crate) session: SessionId,
    pub(crate) mailbox: Mailbox,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listening: Listening,
}

impl Scribe {
    pub(crate) async fn run(mut self) {
        let mut waiting = VecDeque::new();
        let mut standing = Vec::new();
        loop {
            let told = match waiting.pop_front() {
                Some(told) => told,
                None => tokio::select! {
                    told = self.listening.told.recv() => match told {
                        Some(told) => told,
                        None => return,
                    },
                    1.. = self.listening.standing.recv_many(&mut standing, TOGETHER) => {
                        let standing = std::mem::take(&mut standing);
                        if let Err(error) = self.mailbox.take_standing(self.session, standing).await {
                            tracing::error!(session = %self.session, %error, "how chats and people stand was lost");
                        }
                        continue;
                    }
                },
            };
            let taken = match told {
                Told::Past(past) => self.take_past(*past, &mut waiting).await,
                Told::Read { chat, messages } => self.take_read(&chat, &messages).await,
            };
            if let Err(error) = taken {
                tracing::error!(session = %self.session, %error, "what a phone told of the past was lost");
            }
        }
    }

    async fn take_read(&self, chat: &Jid, messages: &[MessageId]) -> Result<(), StoreError> {
        self.mailbox.read_elsewhere(self.session, chat, messages).await
    }

    /// Takes a piece; what else is told meanwhile and cannot wait is done between two chats.
    async fn take_past(&mut self, past: LazyHistorySync, waiting: &mut VecDeque<Told>) -> Result<(), StoreError> {
        let round = history::round(past.sync_type());
        let percent = past.progress();
        let me = self.status.borrow().me.clone();
        let (queue, mut parts) = mpsc::channel(CHATS);
        let unpacking = tokio::task::spawn_blocking(move || unpack(&past, me.as_ref(), &queue));
        let (mut chats, mut messages, mut failed, mut asked) = (0, 0, 0, Vec::new());
        loop {
            tokio::select! {
                biased;
                told = self.listening.told.recv() => match told {
                    // The session is closed: nobody waits for the rest.
                    None => break,
                    Some(Told::Read { chat, messages }) => self.take_read(&chat, &messages).await?,
                    Some(told @ Told::Past(_)) => waiting.push_back(told),
                },
                part = parts.recv() => match part {
                    None => break,
                    Some(Part::Chat(chat)) => {
                        chats += 1;
                        asked.push(chat.chat.clone());
                        asked.extend(chat.other.clone());
                        messages += self.mailbox.import(self.session, *chat).await?;
                    }
                    Some(Part::Rest(rest)) => self.mailbox.import_people(self.session, rest).await?,
                    Some(Part::Unreadable(reason)) => {
                        failed += 1;
                        tracing::warn!(session = %self.session, reason, "a piece of the past could not be read");
                    }
                },
            }
        }
        drop(parts);
        if let Err(error) = unpacking.await {
            tracing::error!(session = %self.session, %error, "unpacking the past died");
        }
        let now = self.clock.now();
        self.mailbox
            .note_progress(self.session, |progress| {
                progress.round = round;
                progress.percent = percent.or(progress.percent);
                progress.pieces += 1;
                progress.chats += chats;
                progress.messages += messages;
                progress.failed += failed;
                progress.last_at = Some(now);
                if round == Round::Asked {
                    progress.asked.retain(|(chat, _)| !asked.contains(chat));
                }
            })
            .await
    }
}

/// Unpacks a piece part by part, until nobody takes them any more.
fn unpack(past: &LazyHistorySync, me: Option<&Party>, queue: &mpsc::Sender<Part>) {
    let mut stream = past.stream();
    loop {
        let part = match stream.next_conversation() {
            Ok(Some(told)) => match history::conversation(&told, me) {
                Some(chat) => Part::Chat(Box::new(chat)),
                None => continue,
            },
            Ok(None) => break,
            Err(error) => {
                // Whoever has gone away does not need to know.
                let _ = queue.blocking_send(Part::Unreadable(error.to_string()));
                return;
            }
        };
        if queue.blocking_send(part).is_err() {
            return;
        }
    }
    match stream.remainder() {
        Ok(rest) => {
            let statuses = history::statuses(&rest, me).map(|chat| Part::Chat(Box::new(chat)));
            for part in statuses.into_iter().chain([Part::Rest(history::past(&rest))]) {
                if queue.blocking_send(part).is_err() {
                    return;
                }
            }
        }
        Err(error) => {
            let _ = queue.blocking_send(Part::Unreadable(error.to_string()));
        }
    }
}
