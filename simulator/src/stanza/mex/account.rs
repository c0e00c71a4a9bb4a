//! Queries about the account itself: what it may do, and names it has. All of it is modelled: nobody is limited, and nobody has taken
//! a user name.

use serde_json::{Value, json};
use whatsapp_rust::wacore::iq::mex_operations::{
    fetch_new_chat_message_capping_info, fetch_reachout_timelock, get_username, username_availability,
};

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Whether the account may write to strangers.
    ReachoutTimelock,
    /// How many new chats it may begin.
    NewChatCapping,
    /// Its user name.
    Username,
    /// Whether a user name is free.
    UsernameAvailability,
}

pub(super) fn parse(id: &str) -> Option<Operation> {
    match id {
        fetch_reachout_timelock::DOC_ID => Some(Operation::ReachoutTimelock),
        fetch_new_chat_message_capping_info::DOC_ID => Some(Operation::NewChatCapping),
        get_username::DOC_ID => Some(Operation::Username),
        username_availability::DOC_ID => Some(Operation::UsernameAvailability),
        _ => None,
    }
}

pub(super) fn answer(operation: Operation) -> Value {
    match operation {
        Operation::ReachoutTimelock => json!({
            "xwa2_fetch_account_reachout_timelock": { "is_active": false },
        }),
        Operation::NewChatCapping => json!({
            "xwa2_message_capping_info": {
                "total_quota": null,
                "used_quota": 0,
                "cycle_start_timestamp": null,
                "cycle_end_timestamp": null,
                "server_sent_timestamp": null,
                "ote_status": "NOT_ELIGIBLE",
                "mv_status": "NOT_ELIGIBLE",
                "capping_status": "NONE",
            },
        }),
        Operation::Username => json!({ "xwa2_username_get": { "username_info": null } }),
        Operation::UsernameAvailability => json!({
            "xwa2_username_check": { "result": "SUCCESS", "suggestions": null },
        }),
    }
}
