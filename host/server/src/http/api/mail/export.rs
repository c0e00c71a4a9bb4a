//! Everything a phone would show of a session, as lines of JSON, in the shapes that lists have.
//!
//! It is made while it is sent, page by page, so that a large session costs no memory. What changes meanwhile may be in it or not. The last
//! line says how many there were of each; an export without it was cut short.

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::id::SessionId;
use waspnest_core::mailbox::{Filter, Group, Member, Number, Role};
use waspnest_core::media_store::MediaError;

use super::chats::{self, ShownChat};
use super::people::{self, ShownPerson};
use super::shown::{Account, ShownMessage, message};
use crate::http::address::Address;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::{Answer, Description};
use crate::http::reply::Reply;
use crate::service::error::Error;
use crate::service::mailbox::Mailbox;

const NDJSON: &str = "application/x-ndjson";

/// Elements of one page.
const PAGE: usize = 200;

/// One line of an export.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[schemars(rename = "ExportLine")]
enum Line {
    /// A chat; those with the latest message come first.
    Chat(Box<ShownChat>),
    /// A group, behind its chat.
    Group(ShownGroup),
    /// A person.
    Contact(Box<ShownPerson>),
    /// A message, newest first.
    Message(Box<ShownMessage>),
    /// Nothing comes behind it.
    End(Counts),
}

/// How many lines there are of each type.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
#[schemars(rename = "ExportCounts")]
struct Counts {
    /// Chats.
    chats: u64,
    /// Groups.
    groups: u64,
    /// People.
    contacts: u64,
    /// Messages.
    messages: u64,
}

/// What is known of a group beside its chat.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExportedGroup")]
struct ShownGroup {
    /// Its address.
    #[serde(flatten)]
    address: Address,
    /// What it says about itself.
    description: Option<Box<str>>,
    /// Settings that are on, by their names.
    settings: Vec<Box<str>>,
    /// Whether it does not exist any more.
    deleted: bool,
    /// Who is in it, as far as that was told.
    members: Vec<ShownMember>,
}

/// Somebody in a group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExportedMember")]
struct ShownMember {
    /// Every address that is known of them.
    #[serde(flatten)]
    address: Address,
    /// Whether they administrate it.
    admin: bool,
}

/// How far an export has come.
enum Place {
    Chats(Option<(UnixMs, u32)>),
    People(Option<Jid>),
    Messages(Number),
    End,
    Nothing,
}

struct Exporting {
    mailbox: Mailbox,
    session: SessionId,
    account: Account,
    place: Place,
    counts: Counts,
}

impl Exporting {
    /// The lines of the next page, none behind the last.
    async fn next(&mut self) -> Result<Option<Vec<Line>>, Error> {
        let (mailbox, session) = (&self.mailbox, self.session);
        let mut lines = Vec::new();
        match &self.place {
            Place::Chats(after) => {
                let found = mailbox.chats(session, *after, PAGE).await?;
                self.place = match found.last() {
                    Some(last) => Place::Chats(Some(last.place)),
                    None => Place::People(None),
                };
                for chat in found {
                    self.counts.chats += 1;
                    let (jid, kind) = (chat.jid.clone(), chat.kind);
                    lines.push(Line::Chat(Box::new(chats::shown(chat, &self.account))));
                    if matches!(kind, ChatKind::Group | ChatKind::Community)
                        && let Some((known, members)) = mailbox.group(session, &jid).await?
                    {
                        self.counts.groups += 1;
                        lines.push(Line::Group(group(&jid, known, members)));
                    }
                }
            }
            Place::People(after) => {
                let found = mailbox.people(session, after.as_ref(), PAGE).await?;
                self.place = match found.last() {
                    Some(last) => Place::People(Some(last.jid.clone())),
                    None => Place::Messages(Number::END),
                };
                self.counts.contacts += found.len() as u64;
                let people = found
                    .into_iter()
                    .map(|person| Line::Contact(Box::new(people::shown(person))));
                lines.extend(people);
            }
            Place::Messages(before) => {
                let found = mailbox.search(session, &Filter::default(), *before, PAGE).await?;
                self.place = found.next.map_or(Place::End, Place::Messages);
                self.counts.messages += found.mails.len() as u64;
                let mails = found.mails.iter();
                lines.extend(mails.map(|mail| Line::Message(Box::new(message(mail, &self.account)))));
            }
            Place::End => {
                self.place = Place::Nothing;
                lines.push(Line::End(self.counts));
            }
            Place::Nothing => return Ok(None),
        }
        Ok(Some(lines))
    }
}

fn group(jid: &Jid, known: Group, members: Vec<Member>) -> ShownGroup {
    let member = |member: Member| {
        let party = Party {
            jid: member.jid,
            alt: member.other,
            push_name: None,
        };
        ShownMember {
            address: Address::from(&party),
            admin: match member.role {
                Role::Member => false,
                Role::Admin => true,
            },
        }
    };
    ShownGroup {
        address: Address::from(jid),
        description: known.description,
        settings: known.settings,
        deleted: known.deleted,
        members: members.into_iter().map(member).collect(),
    }
}

fn written(lines: &[Line]) -> Bytes {
    let mut text = Vec::new();
    for line in lines {
        // Nothing that is shown has keys that are not texts, or numbers that are none.
        text.extend(serde_json::to_vec(line).unwrap_or_default());
        text.push(b'\n');
    }
    text.into()
}

/// An export, as it is made.
pub(in crate::http) struct Export(Box<Exporting>);

impl Answer for Export {
    fn reply(self) -> Reply {
        let lines = stream::unfold(Some(self.0), |exporting| async move {
            let mut exporting = exporting?;
            match exporting.next().await {
                Ok(lines) => Some((Ok(written(&lines?)), Some(exporting))),
                Err(error) => {
                    tracing::error!(%error, session = %exporting.session, "an export was cut short");
                    let source = std::io::Error::other(error);
                    Some((
                        Err(MediaError::Io {
                            what: "exported",
                            source,
                        }),
                        None,
                    ))
                }
            }
        });
        let lines: BoxStream<'static, _> = lines.boxed();
        let mut reply = Reply::in_parts(StatusCode::OK, lines);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
        let file = HeaderValue::from_static("attachment; filename=\"session.ndjson\"");
        reply.headers.insert(CONTENT_DISPOSITION, file);
        reply
    }

    fn tell(told: &mut Description) {
        // So that the document has the schema of a line.
        let line = told.schemas.subschema_for::<Line>();
        let schema = json!({
            "type": "string",
            "description": "Lines of JSON. Each says its `type` and has its `data`; the last one is `end`, with how many there were.",
            "contentMediaType": NDJSON,
            "contentSchema": line,
        });
        told.answer(200, "Everything there is, line by line.", NDJSON, &schema);
    }
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Export, ApiError> {
    let session = ctx.session().await?;
    Ok(Export(Box::new(Exporting {
        mailbox: ctx.parts.mailbox.clone(),
        session: session.id,
        account: Account::of(&session),
        place: Place::Chats(None),
        counts: Counts::default(),
    })))
}
