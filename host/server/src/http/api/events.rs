//! What happened in a session, from its log.

use serde_json::json;
use waspnest_core::address::Jid;
use waspnest_core::event::Position;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, Text, list, parsed};
use crate::http::operation::Query;
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;
use crate::public_event::{EventType, Filter, PublicEvent, TypeSet, Who};
use crate::service::caller::Caller;

/// Types and families one filter may name.
const MOST_TYPES: usize = 50;

/// A type by its name, or a family by its own.
pub(super) fn type_of() -> impl Form<Out = TypeSet> {
    let schema = json!({ "pattern": r"^[a-z_]+(\.([a-z_]+|\*))?$", "examples": ["message.received", "session"] });
    Text.checked(schema, |text: String| {
        text.parse::<TypeSet>().map_err(|error| error.to_string())
    })
}

/// Types of events, by their names and by their families.
pub(super) fn types(params: &mut Params) -> Option<TypeSet> {
    let says = "Only these types: names such as `message.received`, and families such as `message`.";
    let wanted = params.optional("type", list(type_of(), MOST_TYPES), says)?;
    Some(wanted.into_iter().fold(TypeSet::default(), TypeSet::or))
}

/// What a caller is shown of what it asks for: everything it may see, if it asks for nothing, and otherwise nothing it may not.
pub(super) fn allowed(caller: &Caller, wanted: Option<TypeSet>) -> Result<TypeSet, ApiError> {
    let seen = TypeSet::seen_by(caller);
    let all = wanted.unwrap_or_else(EventType::all);
    let shown = seen.and(all);
    if !shown.is_empty() {
        return Ok(shown);
    }
    match all.first() {
        Some(Who::May(scope)) => Err(ApiError::scope_missing(scope)),
        Some(Who::Operator) | None => Err(ApiError::admin_only()),
    }
}

/// Some of the events.
pub(in crate::http) struct Wanted {
    page: Page<u64>,
    types: Option<TypeSet>,
    chat: Option<Jid>,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let types = types(params);
        let chat = params.optional("chat", parsed(), "Only those of this chat, by any of its addresses.");
        Some(Self {
            page: page?,
            types,
            chat,
        })
    }
}

/// In the order in which they happened. A `cursor` is the position of an event, so that whoever knows what came last can ask for what came
/// since. A page can have fewer events than wanted, or none, and a next one.
pub(in crate::http) async fn list_all(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<Listed<PublicEvent>>, ApiError> {
    let session = ctx.session().await?;
    let filter = Filter {
        types: Some(allowed(&ctx.caller, wanted.types)?),
        sessions: None,
        chat: wanted.chat,
    };
    let Page { after, limit } = wanted.page;
    let after = Position(after.unwrap_or_default());
    let found = ctx.parts.events.list(&session, &filter, after, limit).await?;
    Ok(Shown(Listed {
        items: found.events,
        next: found.next.map(|next| next.0.to_string()),
    }))
}
