//! What a message does: most are added, some change others.
//!
//! Nobody changes what another wrote, but administrators of a group take back what others wrote there; WhatsApp's server sees to that. What
//! is about a message that is not here is dropped.

use super::about::At;
use super::record::{Author, EDITS, Edit, Mark, Number, Pinned, Revoked, Stored, key};
use super::writing::{Way, Writing, file_of};
use crate::clock::UnixMs;
use crate::message::{Content, Message, MessageKey};
use crate::store::StoreError;
use bytes::Bytes;

/// Pictures of what was said before are not kept.
fn words_only(content: Content) -> Content {
    match content {
        Content::Text(mut text) => {
            text.preview = None;
            Content::Text(text)
        }
        other => match other.file() {
            Some(_) => without_thumbnail(other),
            None => other,
        },
    }
}

fn without_thumbnail(content: Content) -> Content {
    let blank = |mut media: crate::message::Media| {
        media.thumbnail = None;
        media
    };
    match content {
        Content::Image(media) => Content::Image(blank(media)),
        Content::Video(media) => Content::Video(blank(media)),
        Content::VideoNote(media) => Content::VideoNote(blank(media)),
        Content::Document(media) => Content::Document(blank(media)),
        other => other,
    }
}

impl Writing<'_> {
    /// Takes a message of the log, or of a phone's past.
    pub(super) async fn take_message(&mut self, message: Message, way: &Way) -> Result<Option<Number>, StoreError> {
        let author = self.author(&message).await?;
        if let Author::Person(jid) = &author
            && let Some(name) = &message.sender.push_name
        {
            self.name_themselves(jid, name).await?;
        }
        let at = message.timestamp;
        if let Some(target) = &message.edit_of {
            self.edit(target, &author, message.content, at).await?;
            return Ok(None);
        }
        match message.content {
            Content::Reaction(reaction) => {
                self.react(&reaction.target, &author, reaction.emoji, at).await?;
            }
            Content::Revoke(target) => self.revoke(&target, &author, at).await?,
            Content::PollVote(vote) => self.vote(&vote.poll, &author, vote.selected, at).await?,
            Content::PollTally(tally) => {
                self.change_named(&tally.poll, |stored| stored.tally = tally.counts)
                    .await?;
            }
            Content::PollOptionAdded(added) => {
                self.change_named(&added.poll, |stored| {
                    if let Content::Poll(poll) = &mut stored.message.content
                        && !poll.options.contains(&added.option_name)
                    {
                        poll.options.push(added.option_name);
                    }
                })
                .await?;
            }
            Content::EventResponse(response) => {
                let mark = Mark::Answer {
                    going: response.answer,
                    guests: response.extra_guests,
                    at,
                };
                self.mark_named(&response.event, &author, At::Put(mark)).await?;
            }
            Content::Pin(pin) => self.pin(&pin.target, pin.pinned.then_some(pin.seconds), at).await?,
            Content::Keep(keep) => self.keep(&keep.target, keep.kept).await?,
            Content::ChatTimer(timer) => {
                let chat = message.key.chat.clone();
                self.change_chat(&chat, |chat| chat.ephemeral_s = timer.seconds).await?;
                let message = Message {
                    content: Content::ChatTimer(timer),
                    ..message
                };
                return self.add(message, way).await;
            }
            content => return self.add(Message { content, ..message }, way).await,
        }
        Ok(None)
    }

    /// Gives a message other words.
    pub(super) async fn edit(
        &mut self,
        target: &MessageKey,
        author: &Author,
        content: Content,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        let Some((number, mut stored)) = self.find(target).await? else {
            return Ok(());
        };
        let known = stored.edited_at.unwrap_or(UnixMs(0));
        if self.author(&stored.message).await? != *author || stored.revoked.is_some() || at < known {
            return Ok(());
        }
        // The log is read again after a crash.
        if stored.edited_at == Some(at) && stored.message.content == content {
            return Ok(());
        }
        self.unindex(number, &stored.message.content).await?;
        self.index(number, &content).await?;
        let before = std::mem::replace(&mut stored.message.content, content);
        stored.edits.push(Edit {
            until: at,
            content: words_only(before),
        });
        if stored.edits.len() > EDITS {
            stored.edits.remove(0);
        }
        stored.edited_at = Some(at);
        self.change(number, &stored).await
    }

    /// Takes a message back: its words are gone, and everything about it.
    pub(super) async fn revoke(&mut self, target: &MessageKey, author: &Author, at: UnixMs) -> Result<(), StoreError> {
        let Some((number, mut stored)) = self.find(target).await? else {
            return Ok(());
        };
        let own = self.author(&stored.message).await? == *author;
        if stored.revoked.is_some() || (!own && target.chat.is_person()) {
            return Ok(());
        }
        self.unindex(number, &stored.message.content).await?;
        if let Some(name) = file_of(&stored.message.content) {
            self.batch.delete(key::media(&name).number(number.0).finish());
        }
        stored.message.content = Content::Revoke(stored.message.key.clone());
        stored.message.quoted = None;
        stored.edits.clear();
        stored.revoked = Some(Revoked { at, by: author.clone() });
        self.change(number, &stored).await
    }

    pub(super) async fn pin(
        &mut self,
        target: &MessageKey,
        seconds: Option<Option<u32>>,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        self.change_named(target, |stored| {
            stored.pinned = seconds.map(|seconds| Pinned {
                at,
                until: seconds.map(|seconds| UnixMs(at.0 + u64::from(seconds) * 1000)),
            });
        })
        .await
    }

    async fn keep(&mut self, target: &MessageKey, kept: bool) -> Result<(), StoreError> {
        let Some((number, mut stored)) = self.find(target).await? else {
            return Ok(());
        };
        if let Some(at) = stored.expires_at() {
            self.batch.delete(key::expiring(at, number));
        }
        stored.kept = kept;
        if let Some(at) = stored.expires_at() {
            self.batch.put(key::expiring(at, number), Bytes::new());
        }
        self.change(number, &stored).await
    }

    pub(super) async fn change_named(
        &mut self,
        target: &MessageKey,
        change: impl FnOnce(&mut Stored) + Send,
    ) -> Result<(), StoreError> {
        let Some((number, mut stored)) = self.find(target).await? else {
            return Ok(());
        };
        let before = stored.clone();
        change(&mut stored);
        if stored == before {
            return Ok(());
        }
        self.change(number, &stored).await
    }

    /// Removes one message for the account alone.
    pub(super) async fn remove_named(&mut self, target: &MessageKey) -> Result<(), StoreError> {
        match self.find(target).await? {
            // Its file is removed by the next sweep.
            Some((number, _)) => self.remove(number).await.map(drop),
            None => Ok(()),
        }
    }
}
