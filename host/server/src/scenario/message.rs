//! What people do by messages, as the event that the plugin gets.

use sha2::{Digest, Sha256};
use ulid::Ulid;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{
    ContactCard, Content, Geo, Media, MediaSource, Message, MessageKey, Origin, Poll, PollKind, PollVote, Reaction,
    Text,
};

use super::memory::{Memory, NoMessage, Remembered};
use crate::config::scenario::{Arrival, File, FileKind, ME, MessageDeed, Place, Scenario, Sent, What};

/// The world a message is made in.
pub(super) struct Scene<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) me: &'a Party,
    pub(super) memory: &'a Memory,
    pub(super) now: UnixMs,
    pub(super) fresh: Ulid,
}

impl Scene<'_> {
    /// Somebody of the scenario, or the account.
    pub(super) fn party(&self, name: &str) -> Party {
        match name {
            ME => self.me.clone(),
            name => self.scenario.people[name].party(),
        }
    }

    /// The address of the chat that something happens in.
    pub(super) fn chat(&self, place: &Place) -> Jid {
        match place {
            Place::Group(group) => self.scenario.groups[group].address.clone(),
            Place::With(person) => self.scenario.people[person].address.clone(),
        }
    }

    /// The message of a deed.
    pub(super) fn message(&self, deed: &MessageDeed) -> Result<Message, NoMessage> {
        let sender = self.party(&deed.who);
        let chat = self.chat(&deed.place);
        let (group, chat_kind) = match &deed.place {
            Place::Group(group) => (Some(&self.scenario.groups[group]), ChatKind::Group),
            Place::With(_) => (None, ChatKind::Direct),
        };
        let key = MessageKey {
            chat: chat.clone(),
            id: format!("3EB0{}", self.fresh).parse().expect("it has the form of an id"),
            from: if &*deed.who == ME { Origin::Me } else { Origin::Them },
            participant: group.map(|_| sender.jid.clone()),
        };
        let by_sender = |message: &Remembered| message.sender.jid == sender.jid;
        let find_own = |name: Option<&str>| self.memory.find(name, &chat, "message of theirs", by_sender);
        let mut edit_of = None;
        let content = match &deed.what {
            What::Says(text) => said(text),
            What::Sends(sent) => content(sent),
            What::Polls {
                question,
                options,
                choices,
            } => Content::Poll(Poll {
                kind: PollKind::Regular,
                name: question.clone(),
                options: options.clone(),
                max_choices: *choices,
                ends_at: None,
                correct: None,
                hide_voters: false,
                can_add_options: false,
            }),
            What::Votes { on, options } => {
                let is_poll = |message: &Remembered| message.is_ours() && matches!(message.content, Content::Poll(_));
                let poll = self.memory.find(on.as_deref(), &chat, "poll of the plugin", is_poll)?;
                Content::PollVote(PollVote {
                    poll: poll.key.clone(),
                    selected: options.clone(),
                    voter: sender.clone(),
                })
            }
            What::Reacts { on, emoji } => {
                let target = self
                    .memory
                    .find(on.as_deref(), &chat, "message of the plugin", Remembered::is_ours)?;
                Content::Reaction(Reaction {
                    target: target.key.clone(),
                    emoji: emoji.clone(),
                })
            }
            What::Edits { on, text } => {
                edit_of = Some(find_own(on.as_deref())?.key.clone());
                said(text)
            }
            What::Deletes { on } => Content::Revoke(find_own(on.as_deref())?.key.clone()),
        };
        let quoted = match &deed.replies_to {
            Some(name) => Some(self.memory.named(name)?.quoted()),
            None => None,
        };
        let mentions = deed.mentions.iter().filter(|name| &***name != "all");
        Ok(Message {
            chat_name: group.map(|group| group.subject.clone()),
            quoted,
            mentions: mentions.map(|name| self.party(name).jid).collect(),
            mentions_me: deed.mentions.iter().any(|name| &**name == ME),
            mentions_all: deed.mentions.iter().any(|name| &**name == "all"),
            edit_of,
            offline: deed.arrives == Arrival::Offline,
            history: deed.arrives == Arrival::History,
            ..Message::new(key, chat_kind, sender, self.now, content)
        })
    }
}

fn said(text: &str) -> Content {
    Content::Text(Text {
        body: text.into(),
        preview: None,
    })
}

fn content(sent: &Sent) -> Content {
    match sent {
        Sent::File(file) => {
            let media = media(file);
            match file.kind {
                FileKind::Image => Content::Image(media),
                FileKind::Video => Content::Video(media),
                FileKind::VideoNote => Content::VideoNote(media),
                FileKind::Audio => Content::Audio(media),
                FileKind::Voice => Content::Voice(media),
                FileKind::Document => Content::Document(media),
                FileKind::Sticker => Content::Sticker(media),
            }
        }
        Sent::Location {
            latitude,
            longitude,
            name,
        } => Content::Location(Geo {
            latitude: *latitude,
            longitude: *longitude,
            accuracy_m: None,
            name: name.clone(),
            address: None,
            url: None,
        }),
        Sent::Contact { name, phone } => Content::Contacts(vec![ContactCard {
            display_name: name.clone(),
            vcard: format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL:{phone}\nEND:VCARD").into(),
            phones: vec![phone.clone()],
        }]),
    }
}

/// A file as WhatsApp's servers have it: the stage finds its bytes by the digest.
fn media(file: &File) -> Media {
    let digest = Sha256::digest(&file.bytes).to_vec();
    let path = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Media {
        source: MediaSource {
            direct_path: Some(path.into()),
            // Of the form of a key: without one it would be a file of a newsletter.
            media_key: Some(digest.clone()),
            ..MediaSource::default()
        },
        mime: file.mime.clone(),
        size: file.bytes.len() as u64,
        sha256: Some(digest),
        caption: file.caption.clone(),
        file_name: file.name.clone(),
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    }
}
