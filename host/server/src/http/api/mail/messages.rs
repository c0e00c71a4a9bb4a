//! Messages: listed, searched, one by one, with who got them and their files.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use waspnest_core::address::Jid;
use waspnest_core::given::Given;
use waspnest_core::id::MessageId;
use waspnest_core::mailbox::{Author, Filter, Has, Mail, Number};
use waspnest_core::message::Content;
use waspnest_core::session::SessionRecord;

use super::shown::{Account, ShownMessage, ShownReaction, message, reactions};
use crate::http::address::{Address, Moment};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, Text, list, moment, parsed, text_of};
use crate::http::media_body::MediaBody;
use crate::http::operation::Query;
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;

/// Bytes of the longest search.
const LONGEST_SEARCH: usize = 1024;

/// Kinds one list may be narrowed to.
const MOST_KINDS: usize = 50;

/// Which messages are wanted.
pub(in crate::http) struct Wanted {
    filter: Filter,
    page: Page<u64>,
}

/// The same, in the chat of the path.
pub(in crate::http) struct WantedOfChat(Wanted);

fn kind() -> impl Form<Out = Box<str>> {
    let schema = json!({ "enum": Content::KINDS });
    Text.checked(schema, |text: String| match Content::KINDS.contains(&text.as_str()) {
        true => Ok(text.into()),
        false => Err(format!(
            "{:?} is no kind of message: expected {}",
            Given::of(&text),
            Content::KINDS.join(", ")
        )),
    })
}

/// Somebody's address, or the account itself.
fn author() -> impl Form<Out = Author> {
    let schema = json!({ "examples": ["me", "+4915112345678"] });
    Text.checked(schema, |text: String| match text.as_str() {
        "me" => Ok(Author::Me),
        other => match other.parse::<Jid>() {
            Ok(jid) => Ok(Author::Person(jid)),
            Err(error) => Err(format!("expected `me` or an address: {error}")),
        },
    })
}

fn has(flag: Option<bool>) -> Option<Has> {
    flag.map(|flag| if flag { Has::Yes } else { Has::No })
}

fn wanted(params: &mut Params, chat: Option<Jid>) -> Option<Wanted> {
    let says = "Words, all of which are in the text. `word*` stands for all that begin so, `\"words in quotation marks\"` stand side by side.";
    let text = params.optional("q", text_of(1, LONGEST_SEARCH), says);
    let sender = params.optional("sender", author(), "Only what they wrote; `me` for the account.");
    let from = params.optional("from", moment(), "Not before this moment.");
    let to = params.optional("to", moment(), "Before this moment.");
    let kinds = params.optional("type", list(kind(), MOST_KINDS), "Only of these kinds.");
    let media = params.optional("media", Flag, "Only with a file, or only without one.");
    let starred = params.optional("starred", Flag, "Only starred ones, or only others.");
    let page = Page::read(params);
    Some(Wanted {
        filter: Filter {
            text: text.map(Into::into),
            chat,
            sender,
            from,
            to,
            kinds: kinds.unwrap_or_default(),
            media: has(media),
            starred: has(starred),
        },
        page: page?,
    })
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let chat = params.optional("chat", parsed(), "Only in this chat.");
        wanted(params, chat)
    }
}

impl FromQuery for WantedOfChat {
    fn from_query(params: &mut Params) -> Option<Self> {
        wanted(params, None).map(Self)
    }
}

/// Messages of the session, newest first. A page can have fewer messages than wanted, or none, and a next one.
pub(in crate::http) async fn list_all(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<Listed<ShownMessage>>, ApiError> {
    let session = ctx.session().await?;
    found(&ctx, &session, wanted).await
}

pub(in crate::http) async fn list_of_chat(
    ctx: Ctx,
    Query(WantedOfChat(mut wanted)): Query<WantedOfChat>,
) -> Result<Shown<Listed<ShownMessage>>, ApiError> {
    let session = ctx.session().await?;
    let chat = super::chats::of_path(&ctx, &session).await?;
    wanted.filter.chat = Some(chat.jid);
    found(&ctx, &session, wanted).await
}

async fn found(
    ctx: &Ctx,
    session: &SessionRecord,
    Wanted { filter, page }: Wanted,
) -> Result<Shown<Listed<ShownMessage>>, ApiError> {
    let before = page.after.map_or(Number::END, Number);
    let found = ctx
        .parts
        .mailbox
        .search(session.id, &filter, before, page.limit)
        .await?;
    let account = Account::of(session);
    Ok(Shown(Listed {
        items: found.mails.iter().map(|mail| message(mail, &account)).collect(),
        next: found.next.map(|Number(number)| number.to_string()),
    }))
}

/// Which of several messages of an id is meant.
pub(in crate::http) struct InChat(Option<Jid>);

impl FromQuery for InChat {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "The chat it is in: ids are unique within a chat. The newest of that id if nothing is said.";
        Some(Self(params.optional("chat", parsed(), says)))
    }
}

async fn of_path(ctx: &Ctx, session: &SessionRecord, InChat(chat): InChat) -> Result<Mail, ApiError> {
    let given = ctx.param("m");
    let unknown = || {
        ApiError::unknown(
            "unknown_message",
            format!("there is no message {:?} in this session", Given::of(given)),
        )
    };
    let id: MessageId = given.parse().map_err(|_| unknown())?;
    let mail = ctx.parts.mailbox.message(session.id, &id, chat.as_ref()).await;
    mail?.ok_or_else(unknown)
}

pub(in crate::http) async fn get(ctx: Ctx, Query(chat): Query<InChat>) -> Result<Shown<ShownMessage>, ApiError> {
    let session = ctx.session().await?;
    let mail = of_path(&ctx, &session, chat).await?;
    Ok(Shown(message(&mail, &Account::of(&session))))
}

/// How far a message has come with one person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Receipt")]
pub(in crate::http) struct ShownReceipt {
    /// Who.
    person: Address,
    /// When it was on one of their devices.
    delivered_at: Option<Moment>,
    /// When they saw it.
    read_at: Option<Moment>,
    /// When they listened to it.
    played_at: Option<Moment>,
}

/// Everybody of whom something is known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Receipts")]
pub(in crate::http) struct ShownReceipts {
    /// By their addresses.
    items: Vec<ShownReceipt>,
}

pub(in crate::http) async fn receipts(ctx: Ctx, Query(chat): Query<InChat>) -> Result<Shown<ShownReceipts>, ApiError> {
    let session = ctx.session().await?;
    let mail = of_path(&ctx, &session, chat).await?;
    let receipts = ctx.parts.mailbox.receipts(session.id, &mail).await;
    let items = receipts?
        .into_iter()
        .map(|(person, receipt)| ShownReceipt {
            person: Address::from(&person),
            delivered_at: receipt.delivered_at.map(Moment),
            read_at: receipt.read_at.map(Moment),
            played_at: receipt.played_at.map(Moment),
        })
        .collect();
    Ok(Shown(ShownReceipts { items }))
}

/// Reactions to a message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reactions")]
pub(in crate::http) struct ShownReactions {
    /// The earliest first.
    items: Vec<ShownReaction>,
}

pub(in crate::http) async fn list_reactions(
    ctx: Ctx,
    Query(chat): Query<InChat>,
) -> Result<Shown<ShownReactions>, ApiError> {
    let session = ctx.session().await?;
    let mail = of_path(&ctx, &session, chat).await?;
    let items = reactions(&mail, &Account::of(&session));
    Ok(Shown(ShownReactions { items }))
}

pub(in crate::http) async fn media(ctx: Ctx, Query(chat): Query<InChat>) -> Result<MediaBody, ApiError> {
    let session = ctx.session().await?;
    let mail = of_path(&ctx, &session, chat).await?;
    let fetched = ctx
        .unless_stopped(async { Ok(ctx.parts.mailbox.library().file(session.id, &mail).await?) })
        .await?;
    let (name, file) = fetched;
    let about = mail.message.content.file();
    let kind = about.map_or("", |media| &media.mime);
    let called = about.and_then(|media| media.file_name.as_deref());
    MediaBody::new(&ctx.headers, &name, file, kind, called)
}
