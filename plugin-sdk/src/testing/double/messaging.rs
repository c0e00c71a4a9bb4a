//! Effects into the draft.

use core::mem::discriminant;

use super::granted;
use crate::messaging::{Options, Outgoing, Page, TEXT_BYTES, When, file_of};
use crate::testing::state::{Effect, State};
use crate::types::{Content, Error, Message, MessageId, MessageKey, UnixMs};

const PIN_SECONDS: [u32; 3] = [86_400, 604_800, 2_592_000];

pub(crate) fn send(to: &str, what: &Outgoing, options: Option<&Options>) -> Result<MessageId, Error> {
    let capability = match what {
        Outgoing::Raw(_) => "messages.raw",
        _ => "messages.send",
    };
    granted(capability, |state| {
        let options = options.cloned().unwrap_or_default();
        if let Some(key) = &options.idempotency_key {
            if key.is_empty() || key.len() > 128 || options.when == When::Now {
                return Err(Error::Invalid("options.idempotency-key".into()));
            }
            if let Some(sent) = state.sent_keys.get(key) {
                return Ok(sent.clone());
            }
        }
        if options.quote.as_ref().is_some_and(|quote| quote.chat != to) {
            return Err(Error::Invalid("the quoted message is of another chat".into()));
        }
        match what {
            Outgoing::Text(text) if text.body.is_empty() => return Err(Error::Invalid("an empty text".into())),
            Outgoing::Text(text) if text.body.len() > TEXT_BYTES => return Err(Error::TooLarge(TEXT_BYTES as u64)),
            Outgoing::Text(_)
            | Outgoing::Location(_)
            | Outgoing::Contacts(_)
            | Outgoing::Poll(_)
            | Outgoing::Event(_) => {}
            Outgoing::Image(upload)
            | Outgoing::Video(upload)
            | Outgoing::VideoNote(upload)
            | Outgoing::Audio(upload)
            | Outgoing::Voice(upload)
            | Outgoing::Document(upload)
            | Outgoing::Sticker(upload) => {
                let held = state.content.as_ref().and_then(file_of);
                let own = held.filter(|(_, media)| media.handle == upload.handle);
                match own {
                    Some((kind, _)) if discriminant(&kind(upload.clone())) != discriminant(what) => {
                        return Err(Error::Invalid(
                            "upload.handle: files are encrypted for their kind".into(),
                        ));
                    }
                    Some(_) => {}
                    None if state.files.contains_key(&upload.handle) => {}
                    None => return Err(Error::NotFound),
                }
            }
            Outgoing::Forward(key) if state.chat.as_ref() != Some(&key.chat) => {
                return Err(Error::Denied(
                    "messages.send: only messages of the chat of the event are passed on".into(),
                ));
            }
            Outgoing::Forward(key) => drop(known(state, key)?),
            Outgoing::Raw(message) if message.is_empty() => return Err(Error::Invalid("an empty message".into())),
            Outgoing::Raw(_) => {}
            Outgoing::Interactive(_) => return Err(Error::Unsupported("this kind of message".into())),
        }
        if state.chat.as_deref() != Some(to) {
            return Err(Error::Denied(
                "messages.send: the scope reply-only allows the event's chat alone".into(),
            ));
        }
        let same = |effect: &&Effect| match effect {
            Effect::Sent {
                to: there,
                what: known,
                options: as_before,
                ..
            } => there == to && known == what && *as_before == options,
            _ => false,
        };
        if let Some(Effect::Sent { id, .. }) = state.left.iter().find(same).filter(|_| options.when == When::Now) {
            return Ok(id.clone());
        }
        state.sent += 1;
        let id = format!("SENT{}", state.sent);
        if let Some(key) = &options.idempotency_key {
            state.sent_keys.insert(key.clone(), id.clone());
        }
        let effect = Effect::Sent {
            to: to.into(),
            what: what.clone(),
            options,
            id: id.clone(),
        };
        if matches!(&effect, Effect::Sent { options, .. } if options.when == When::Now) {
            state.left.push(effect.clone());
        }
        state.effects.push(effect);
        Ok(id)
    })
}

pub(crate) fn edit(target: &MessageKey, what: &Outgoing) -> Result<(), Error> {
    granted("messages.edit", |state| {
        let effect = edited(target, what)?;
        state.effects.push(effect);
        Ok(())
    })
}

pub(crate) fn edit_now(target: &MessageKey, what: &Outgoing) -> Result<(), Error> {
    granted("messages.edit", |state| {
        let effect = edited(target, what)?;
        if !state.left.contains(&effect) {
            state.left.push(effect.clone());
            state.effects.push(effect);
        }
        Ok(())
    })
}

fn edited(target: &MessageKey, what: &Outgoing) -> Result<Effect, Error> {
    if !target.from_me {
        return Err(Error::Invalid("only the account's own messages can be edited".into()));
    }
    match what {
        Outgoing::Text(text) if text.body.is_empty() => return Err(Error::Invalid("an empty text".into())),
        Outgoing::Text(text) if text.body.len() > TEXT_BYTES => return Err(Error::TooLarge(TEXT_BYTES as u64)),
        Outgoing::Text(_) => {}
        _ => return Err(Error::Unsupported("anything but a text in place of a text".into())),
    }
    Ok(Effect::Edited {
        target: target.clone(),
        what: what.clone(),
    })
}

pub(crate) fn revoke(target: &MessageKey) -> Result<(), Error> {
    let capability = if target.from_me {
        "messages.revoke"
    } else {
        "messages.moderate"
    };
    granted(capability, |state| {
        if !target.from_me && target.participant.is_none() {
            return Err(Error::Invalid("target does not say who wrote it".into()));
        }
        state.effects.push(Effect::Revoked { target: target.clone() });
        Ok(())
    })
}

pub(crate) fn vote(poll: &MessageKey, options: &[String]) -> Result<(), Error> {
    granted("messages.vote", |state| {
        let Content::Poll(asked) = &known(state, poll)?.content else {
            return Err(Error::Invalid("it is no poll".into()));
        };
        let known = options.iter().all(|option| asked.options.contains(option));
        if !known || (asked.max_choices > 0 && options.len() > asked.max_choices as usize) {
            return Err(Error::Invalid("the poll does not allow this choice".into()));
        }
        state.effects.push(Effect::Voted {
            poll: poll.clone(),
            options: options.to_vec(),
        });
        Ok(())
    })
}

pub(crate) fn pin(target: &MessageKey, seconds: Option<u32>) -> Result<(), Error> {
    granted("messages.pin", |state| {
        if seconds.is_some_and(|seconds| !PIN_SECONDS.contains(&seconds)) {
            return Err(Error::Invalid("a pin stays for a day, a week or 30 days".into()));
        }
        state.effects.push(Effect::Pinned {
            target: target.clone(),
            seconds,
        });
        Ok(())
    })
}

pub(crate) fn star(target: &MessageKey, on: bool) -> Result<(), Error> {
    granted("messages.star", |state| {
        state.effects.push(Effect::Starred {
            target: target.clone(),
            on,
        });
        Ok(())
    })
}

pub(crate) fn get_message(key: &MessageKey) -> Result<Message, Error> {
    granted("messages.history", |state| known(state, key).cloned())
}

pub(crate) fn history(chat: &str, before: Option<UnixMs>, limit: u32, cursor: Option<&str>) -> Result<Page, Error> {
    granted("messages.history", |state| {
        if !(1..=100).contains(&limit) {
            return Err(Error::Invalid("the limit of a page is 1 to 100".into()));
        }
        let passed: usize = cursor
            .unwrap_or("0")
            .parse()
            .map_err(|_| Error::Invalid("the cursor is of nobody".into()))?;
        // Remembered in order of arrival.
        let mut found: Vec<&Message> = state.messages.iter().rev().collect();
        found.retain(|message| message.key.chat == chat && before.is_none_or(|before| message.timestamp < before));
        found.sort_by_key(|message| core::cmp::Reverse(message.timestamp));
        let end = found.len().min(passed.saturating_add(limit as usize));
        Ok(Page {
            items: found
                .get(passed..end)
                .unwrap_or_default()
                .iter()
                .map(|&message| message.clone())
                .collect(),
            cursor: (end < found.len()).then(|| end.to_string()),
        })
    })
}

/// A message the host has.
fn known<'a>(state: &'a State, key: &MessageKey) -> Result<&'a Message, Error> {
    let found = state.messages.iter().find(|message| message.key == *key);
    found.ok_or(Error::NotFound)
}

pub(crate) fn react(target: &MessageKey, emoji: Option<&str>) -> Result<(), Error> {
    granted("messages.react", |state| {
        if emoji.is_some_and(|emoji| emoji.is_empty() || emoji.len() > 64) {
            return Err(Error::Invalid("emoji".into()));
        }
        state.effects.push(Effect::Reacted {
            target: target.clone(),
            emoji: emoji.map(Into::into),
        });
        Ok(())
    })
}

pub(crate) fn mark_read(targets: &[MessageKey]) -> Result<(), Error> {
    granted("messages.read", |state| {
        state.effects.push(Effect::Read {
            targets: targets.to_vec(),
        });
        Ok(())
    })
}

pub(crate) fn set_typing(chat: &str, on: bool, voice: bool) -> Result<(), Error> {
    granted("messages.typing", |state| {
        state.effects.push(Effect::Typing {
            chat: chat.into(),
            on,
            voice,
        });
        Ok(())
    })
}
