//! Who would get a message.

use serde_json::{Value, json};
use waspnest_core::address::Jid;
use waspnest_core::id::SessionName;
use waspnest_core::message::Origin;
use waspnest_engine::Mode;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::router::Explained;
use crate::service::routes::{Kind, Question};

/// `?session=&chat=`, and of the message `sender`, `kind`, `text`, `from_me`.
pub(in crate::http) async fn explain(ctx: Ctx) -> Result<Reply, ApiError> {
    let query = &ctx.query;
    let session: SessionName = required(query.get("session"), "session")?;
    let chat: Jid = required(query.get("chat"), "chat")?;
    let sender = match query.get("sender") {
        Some(sender) => required(Some(sender), "sender")?,
        None if chat.is_person() => chat.clone(),
        None => {
            return Err(ApiError::invalid_query(
                "sender: is missing; a group has many people".to_owned(),
            ));
        }
    };
    let kind = query.get("kind").unwrap_or("text");
    let kind = Kind::named(kind).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|(name, _)| *name).collect();
        ApiError::invalid_query(format!("kind: {kind:?} is not one of {}", known.join(", ")))
    })?;
    let from = match query.get("from_me") {
        None | Some("false") => Origin::Them,
        Some("true") => Origin::Me,
        Some(other) => {
            return Err(ApiError::invalid_query(format!(
                "from_me: {other:?} is neither true nor false"
            )));
        }
    };
    let text = query.get("text").map(Into::into);
    query.finish()?;
    let question = Question {
        session,
        chat,
        sender,
        from,
        kind,
        text,
        at: None,
    };
    let explained = ctx.parts.routes.explain(&question);
    Ok(Reply::ok(
        &json!({ "installations": explained.iter().map(shown).collect::<Vec<_>>() }),
    ))
}

fn required<T: std::str::FromStr<Err: std::fmt::Display>>(given: Option<&str>, name: &str) -> Result<T, ApiError> {
    let Some(given) = given else {
        return Err(ApiError::invalid_query(format!("{name}: is missing")));
    };
    given
        .parse()
        .map_err(|error| ApiError::invalid_query(format!("{name}: {error}")))
}

fn shown(explained: &Explained) -> Value {
    let gets = explained.gets.as_ref().map(|gets| {
        json!({
            "handler": gets.handler,
            "bind": gets.bind,
            "answer": gets.answer,
            "only_if": gets.only_if,
            "may_be_reply": gets.may_be_reply,
        })
    });
    let refusals: Vec<_> = explained
        .refusals
        .iter()
        .map(|(bind, why)| json!({ "bind": bind, "why": why }))
        .collect();
    let waits_for: Vec<_> = explained.waits_for.iter().map(|id| id.as_str()).collect();
    json!({
        "id": explained.installation.as_str(),
        "priority": explained.priority,
        "mode": match explained.mode {
            Mode::Active => "active",
            Mode::Observe => "observe",
        },
        "gets": gets,
        "refusals": refusals,
        "because": explained.because,
        "waits_for": waits_for,
    })
}
