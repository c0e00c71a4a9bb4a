//! `w:mex`: questions and changes as persisted GraphQL documents. A client names a document by number and gives its variables as JSON.
//!
//! The numbers are those of the client's own build; each area answers for its documents. What is asked is `variables`, never the query:
//! its text is known to the real service only.

mod account;

use serde_json::{Value, json};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::iq::mex_operations::{
    fetch_all_subgroups, query_subgroup_participant_count, update_group_property,
};
use whatsapp_rust::wacore_binary::NodeRef;

use crate::stanza::iq::Answer;
use crate::stanza::{Sender, attr, groups, newsletters};
use crate::world::World;

/// Why a document is not answered; the code goes into the error's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MexError {
    pub(super) code: u16,
    pub(super) message: String,
}

impl MexError {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The document's `data`, or why there is none.
pub(super) type Outcome = Result<Value, MexError>;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    let Some(query) = node.get_optional_child("query") else {
        return Answer::bad_request();
    };
    let given: Option<Value> = query
        .content_as_string()
        .and_then(|content| serde_json::from_str(&content).ok());
    let Some(variables) = given.as_ref().and_then(|given| given.get("variables")) else {
        return Answer::bad_request();
    };
    let answer = match answer(world, sender, &attr(query, "query_id"), variables) {
        Ok(data) => json!({ "data": data }),
        Err(MexError { code, message }) => json!({
            "data": null,
            "errors": [{
                "message": message,
                "extensions": { "error_code": code, "is_summary": true, "is_retryable": false, "severity": "CRITICAL" },
            }],
        }),
    };
    Answer::Result(vec![
        NodeBuilder::new("result")
            .bytes(answer.to_string().into_bytes())
            .build(),
    ])
}

fn answer(world: &mut World, sender: &Sender<'_>, document: &str, variables: &Value) -> Outcome {
    match document {
        fetch_all_subgroups::DOC_ID => groups::mex::sub_groups(world, sender, variables.get("group_id")),
        query_subgroup_participant_count::DOC_ID => {
            groups::mex::sub_groups(world, sender, variables.pointer("/input/group_jid"))
        }
        update_group_property::DOC_ID => groups::mex::update_property(world, sender, variables),
        other => {
            if let Some(operation) = newsletters::mex::parse(other) {
                newsletters::mex::answer(world, sender, operation, variables)
            } else if let Some(operation) = account::parse(other) {
                Ok(account::answer(operation))
            } else {
                Err(MexError::new(501, format!("unknown query {other}")))
            }
        }
    }
}
