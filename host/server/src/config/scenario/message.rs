//! What people do by messages: write, send files, ask, vote, react, edit, take back.

use std::path::Path;

use super::step::{Actor, Deed, Known, Place};
use crate::config::form;
use crate::config::section::Section;

/// Somebody's message.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageDeed {
    /// Whose; [`ME`](super::ME) is the account, on another device.
    pub who: Box<str>,
    /// Where.
    pub place: Place,
    /// What it does.
    pub what: What,
    /// `replies-to`: the message it answers.
    pub replies_to: Option<Box<str>>,
    /// `mentions`: who is mentioned; `"me"` is the account, `"all"` everybody.
    pub mentions: Vec<Box<str>>,
    /// `arrives`: how it comes.
    pub arrives: Arrival,
}

/// What a message does. A message that is not named is the newest that fits: of the plugin for reactions and votes, of the person for edits
/// and what is taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// `says`: a text.
    Says(Box<str>),
    /// `sends`: a file or a place.
    Sends(Sent),
    /// `polls`: a question with options.
    Polls {
        /// The question.
        question: Box<str>,
        /// The options.
        options: Vec<Box<str>>,
        /// How many may be chosen; 0 for any number.
        choices: u32,
    },
    /// `votes`: a choice in a poll; none takes it back.
    Votes {
        /// `on`: in which poll.
        on: Option<Box<str>>,
        /// What is chosen.
        options: Vec<Box<str>>,
    },
    /// `reacts`: an emoji; none takes it back.
    Reacts {
        /// `on`: on which message.
        on: Option<Box<str>>,
        /// Which.
        emoji: Option<Box<str>>,
    },
    /// `edits`: another text for a message.
    Edits {
        /// `on`: which message.
        on: Option<Box<str>>,
        /// The text.
        text: Box<str>,
    },
    /// `deletes`: a message is taken back for everybody.
    Deletes {
        /// `on`: which message.
        on: Option<Box<str>>,
    },
}

/// What is sent that is no text.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A file.
    File(File),
    /// A place: degrees north and east, and its name.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Its name.
        name: Option<Box<str>>,
    },
    /// Somebody's card.
    Contact {
        /// Their name.
        name: Box<str>,
        /// Their phone number.
        phone: Box<str>,
    },
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// As what it is sent.
    pub kind: FileKind,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its type.
    pub mime: Box<str>,
    /// Text under it.
    pub caption: Option<Box<str>>,
    /// Its name.
    pub name: Option<Box<str>>,
}

/// As what a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub enum FileKind {
    Image,
    Video,
    VideoNote,
    Audio,
    Voice,
    Document,
    Sticker,
}

/// How a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// While the session is connected.
    Live,
    /// After it waited at the server while the session was not.
    Offline,
    /// With the history that a phone sends after pairing.
    History,
}

impl FileKind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::VideoNote => "video-note",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// The type of a file of which none is said.
    const fn mime(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Video | Self::VideoNote => "video/mp4",
            Self::Audio => "audio/mpeg",
            Self::Voice => "audio/ogg; codecs=opus",
            Self::Document => "application/octet-stream",
            Self::Sticker => "image/webp",
        }
    }
}

/// What can be sent, by its name; none for what is no file.
#[derive(Clone, Copy)]
enum Kind {
    File(FileKind),
    Location,
    Contact,
}

const KINDS: &[(&str, Kind)] = &[
    ("image", Kind::File(FileKind::Image)),
    ("video", Kind::File(FileKind::Video)),
    ("video-note", Kind::File(FileKind::VideoNote)),
    ("audio", Kind::File(FileKind::Audio)),
    ("voice", Kind::File(FileKind::Voice)),
    ("document", Kind::File(FileKind::Document)),
    ("sticker", Kind::File(FileKind::Sticker)),
    ("location", Kind::Location),
    ("contact", Kind::Contact),
];

const ARRIVALS: &[(&str, Arrival)] = &[
    ("live", Arrival::Live),
    ("offline", Arrival::Offline),
    ("history", Arrival::History),
];

impl MessageDeed {
    /// Everybody who has to do with it.
    pub(super) fn people(&self) -> Vec<&str> {
        let mut names = vec![&*self.who];
        if let Place::With(person) = &self.place {
            names.push(person);
        }
        names.extend(self.mentions.iter().map(|name| &**name).filter(|name| *name != "all"));
        names
    }

    pub(super) fn read(section: &mut Section<'_>, actor: &Actor, known: &Known<'_>) -> Vec<Deed> {
        let on = &actor.on;
        let replies_to = section.optional("replies-to", |node| known.message(node));
        let mentions = section.or("mentions", Vec::new(), form::list(form::some_text));
        let arrives = section.or("arrives", Arrival::Live, form::one_of(ARRIVALS));
        let mut found: Vec<(&'static str, What)> = Vec::new();
        if let Some(text) = section.optional("says", form::text) {
            found.push(("says", What::Says(text)));
        }
        let sends = section.table("sends");
        if sends.is_written() {
            found.extend(Sent::read(sends, known.dir).map(|sent| ("sends", What::Sends(sent))));
        }
        let polls = section.table("polls");
        if polls.is_written() {
            found.extend(poll(polls).map(|poll| ("polls", poll)));
        }
        if let Some(options) = section.optional("votes", form::list(form::some_text)) {
            found.push((
                "votes",
                What::Votes {
                    on: on.clone(),
                    options,
                },
            ));
        }
        if let Some(emoji) = section.optional("reacts", form::text) {
            let emoji = Some(emoji).filter(|emoji| !emoji.is_empty());
            found.push(("reacts", What::Reacts { on: on.clone(), emoji }));
        }
        if let Some(text) = section.optional("edits", form::text) {
            found.push(("edits", What::Edits { on: on.clone(), text }));
        }
        if section.or("deletes", false, form::boolean) {
            found.push(("deletes", What::Deletes { on: on.clone() }));
        }
        let deed = |(key, what): (&'static str, What)| {
            Deed::Message(Box::new(Self {
                who: actor.who(section, key),
                place: actor.place(section, key),
                what,
                replies_to: replies_to.clone(),
                mentions: mentions.clone(),
                arrives,
            }))
        };
        found.into_iter().map(deed).collect()
    }
}

fn poll(mut section: Section<'_>) -> Option<What> {
    let question = section.required("question", form::some_text);
    let options = section.required("options", form::list(form::some_text));
    let choices = section.or("choices", 1, form::integer(0, 12));
    section.finish();
    Some(What::Polls {
        question: question?,
        options: options?,
        choices,
    })
}

impl Sent {
    fn read(mut section: Section<'_>, dir: &Path) -> Option<Self> {
        let kind = section.required("kind", form::one_of(KINDS));
        let sent = match kind {
            Some(Kind::File(kind)) => File::read(&mut section, kind, dir).map(Self::File),
            Some(Kind::Location) => {
                let latitude = section.required("latitude", form::number(-90.0, 90.0));
                let longitude = section.required("longitude", form::number(-180.0, 180.0));
                let name = section.optional("name", form::some_text);
                latitude.zip(longitude).map(|(latitude, longitude)| Self::Location {
                    latitude,
                    longitude,
                    name,
                })
            }
            Some(Kind::Contact) => {
                let name = section.required("name", form::some_text);
                let phone = section.required("phone", form::some_text);
                name.zip(phone).map(|(name, phone)| Self::Contact { name, phone })
            }
            None => None,
        };
        section.finish();
        sent
    }
}

impl File {
    /// What is in it stands in a `file` beside the scenario, or is the `text`.
    fn read(section: &mut Section<'_>, kind: FileKind, dir: &Path) -> Option<Self> {
        let from_file = section.optional("file", |node| {
            let path = form::path(dir)(node)?;
            std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
        });
        let text = section.optional("text", form::text);
        let mime = section.or("mime", kind.mime().into(), form::some_text);
        let caption = section.optional("caption", form::some_text);
        let name = section.optional("name", form::some_text);
        let bytes = match (from_file, text) {
            (Some(bytes), None) => Some(bytes),
            (None, Some(text)) => Some(text.as_bytes().to_vec()),
            (None, None) => {
                section.report("", "what is in it? Write `file`, a path beside the scenario, or `text`");
                None
            }
            (Some(_), Some(_)) => {
                section.report("text", "what is in it stands in `file` already");
                None
            }
        };
        Some(Self {
            kind,
            bytes: bytes?,
            mime,
            caption,
            name,
        })
    }
}
