//! Who would get a message.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::id::TenantId;
use waspnest_core::message::Origin;
use waspnest_engine::Mode;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Text, one_of, parsed};
use crate::http::operation::Query;
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;
use crate::router::Explained;
use crate::service::routes::{Kind, Question};

/// What is asked, and whose the session is; the default tenant's if nothing is said.
pub(in crate::http) struct Asked(Question, Option<String>);

impl FromQuery for Asked {
    fn from_query(params: &mut Params) -> Option<Self> {
        let question = question(params);
        let tenant = params.optional(
            "tenant",
            Text,
            "Whose the session is, by id or name; `default` if nothing is said.",
        );
        Some(Self(question?, tenant))
    }
}

fn question(params: &mut Params) -> Option<Question> {
    let session = params.required("session", parsed(), "The session that would get the message.");
    let chat = params.required("chat", parsed::<Jid>(), "Its chat.");
    let sender = params.optional("sender", parsed(), "Who would write it; needed in a group.");
    let kind = params.optional(
        "kind",
        one_of(&Kind::ALL),
        "What it would be; `text` if nothing is said.",
    );
    let from_me = params.optional("from_me", Flag, "Whether the account itself would write it.");
    let text = params.optional("text", Text, "Its text, or what stands under a file.");
    let (session, chat) = (session?, chat?);
    let sender = match sender {
        None if !chat.is_person() => {
            params.fault("sender", "is missing; a group has many people");
            return None;
        }
        sender => sender.unwrap_or_else(|| chat.clone()),
    };
    Some(Question {
        session,
        tenant: TenantId::DEFAULT,
        chat,
        sender,
        from: if from_me == Some(true) {
            Origin::Me
        } else {
            Origin::Them
        },
        kind: kind.unwrap_or(Kind::Text),
        text: text.map(Into::into),
        at: None,
    })
}

/// What each installation would do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub(in crate::http) struct Explanation {
    /// Those of the session, by priority.
    installations: Vec<ShownExplained>,
}

/// What one installation would do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExplainedInstallation")]
struct ShownExplained {
    /// The installation.
    id: String,
    /// Its priority; the higher is asked first.
    priority: i32,
    /// `active`, or `observe` when it may change nothing.
    mode: &'static str,
    /// How it would get the message; none when it would not.
    gets: Option<ShownGets>,
    /// Why binds let it not through.
    refusals: Vec<Refusal>,
    /// Why none of that matters.
    because: Option<&'static str>,
    /// Whose answer it would wait for.
    waits_for: Vec<String>,
}

/// How an installation gets a message.
#[derive(Serialize, JsonSchema)]
struct ShownGets {
    /// The handler that is called.
    handler: &'static str,
    /// The bind that lets it through.
    bind: Box<str>,
    /// What the host itself would answer.
    answer: Option<Box<str>>,
    /// What else would have to be so.
    only_if: Option<&'static str>,
    /// Whether it could be the answer of a conversation.
    may_be_reply: bool,
}

/// Why a bind does not let a message through.
#[derive(Serialize, JsonSchema)]
struct Refusal {
    /// The bind.
    bind: Box<str>,
    /// Why.
    why: &'static str,
}

pub(in crate::http) async fn explain(
    ctx: Ctx,
    Query(Asked(mut question, tenant)): Query<Asked>,
) -> Result<Shown<Explanation>, ApiError> {
    if let Some(given) = tenant {
        question.tenant = ctx.parts.callers.tenants.get(&given).await?.id;
    }
    let explained = ctx.parts.routes.explain(&question);
    let installations = explained.iter().map(shown).collect();
    Ok(Shown(Explanation { installations }))
}

fn shown(explained: &Explained) -> ShownExplained {
    let gets = explained.gets.as_ref().map(|gets| ShownGets {
        handler: gets.handler,
        bind: gets.bind.clone(),
        answer: gets.answer.clone(),
        only_if: gets.only_if,
        may_be_reply: gets.may_be_reply,
    });
    let refusals = explained.refusals.iter().map(|(bind, why)| Refusal {
        bind: bind.clone(),
        why,
    });
    ShownExplained {
        id: explained.installation.to_string(),
        priority: explained.priority,
        mode: match explained.mode {
            Mode::Active => "active",
            Mode::Observe => "observe",
        },
        gets,
        refusals: refusals.collect(),
        because: explained.because,
        waits_for: explained.waits_for.iter().map(ToString::to_string).collect(),
    }
}
