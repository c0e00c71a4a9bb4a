//! A call of every route that sends.

use serde_json::{Value, json};

/// As in `credentials`: method, path in the table, path to call, body.
pub(crate) fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        (
            "PATCH",
            "/v1/sessions/{s}/messages/{m}",
            "/v1/sessions/main/messages/ABC?chat=4915112345678&from=me",
            Some(json!({ "text": "other words" })),
        ),
        (
            "DELETE",
            "/v1/sessions/{s}/messages/{m}",
            "/v1/sessions/main/messages/ABC?chat=4915112345678&from=me",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/reactions",
            "/v1/sessions/main/messages/ABC/reactions?chat=4915112345678",
            Some(json!({ "emoji": "👍" })),
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/read",
            "/v1/sessions/main/messages/ABC/read?chat=4915112345678",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/played",
            "/v1/sessions/main/messages/ABC/played?chat=4915112345678",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/star",
            "/v1/sessions/main/messages/ABC/star?chat=4915112345678",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/pin",
            "/v1/sessions/main/messages/ABC/pin?chat=4915112345678",
            Some(json!({ "seconds": 86400 })),
        ),
        (
            "POST",
            "/v1/sessions/{s}/messages/{m}/forward",
            "/v1/sessions/main/messages/{sent}/forward",
            Some(json!({ "to": ["+4915112345678"] })),
        ),
        (
            "POST",
            "/v1/sessions/{s}/chats/{chat}/presence",
            "/v1/sessions/main/chats/4915112345678/presence",
            Some(json!({ "state": "composing" })),
        ),
        (
            "POST",
            "/v1/sessions/{s}/media",
            "/v1/sessions/main/media?filename=a.json",
            Some(json!({ "a": "file" })),
        ),
        (
            "GET",
            "/v1/sessions/{s}/media/{media}",
            "/v1/sessions/main/media/{media}",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/scheduled-messages",
            "/v1/sessions/main/scheduled-messages",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/scheduled-messages/{sm}",
            "/v1/sessions/main/scheduled-messages/{sm}",
            None,
        ),
        (
            "DELETE",
            "/v1/sessions/{s}/scheduled-messages/{sm}",
            "/v1/sessions/main/scheduled-messages/{sm}",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/send-policy",
            "/v1/sessions/main/send-policy",
            None,
        ),
        (
            "PUT",
            "/v1/sessions/{s}/send-policy",
            "/v1/sessions/main/send-policy",
            Some(json!({ "enabled": true, "per_minute": 5 })),
        ),
        (
            "DELETE",
            "/v1/sessions/{s}/send-policy",
            "/v1/sessions/main/send-policy",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/effects",
            "/v1/sessions/main/effects?state=pending",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/effects/{e}/cancel",
            "/v1/sessions/main/effects/{e}/cancel",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/effects/{e}/retry",
            "/v1/sessions/main/effects/{failed}/retry",
            None,
        ),
    ]
}
