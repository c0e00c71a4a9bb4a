//! A call of every route that reads what a phone shows.

use serde_json::Value;

/// As in `credentials`: method, path in the table, path to call, body.
pub(crate) fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        (
            "GET",
            "/v1/sessions/{s}/messages",
            "/v1/sessions/main/messages?q=hello",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/messages/{m}",
            "/v1/sessions/main/messages/3EB0BBBB",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/messages/{m}/receipts",
            "/v1/sessions/main/messages/3EB0BBBB/receipts",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/messages/{m}/reactions",
            "/v1/sessions/main/messages/3EB0AAAA/reactions",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/messages/{m}/media",
            "/v1/sessions/main/messages/3EB0CCCC/media",
            None,
        ),
        ("GET", "/v1/sessions/{s}/chats", "/v1/sessions/main/chats", None),
        (
            "GET",
            "/v1/sessions/{s}/chats/{chat}",
            "/v1/sessions/main/chats/100000000000001@lid",
            None,
        ),
        (
            "GET",
            "/v1/sessions/{s}/chats/{chat}/messages",
            "/v1/sessions/main/chats/4915112345678/messages?limit=1",
            None,
        ),
        (
            "POST",
            "/v1/sessions/{s}/chats/{chat}/history",
            "/v1/sessions/main/chats/4915112345678/history",
            None,
        ),
        ("GET", "/v1/sessions/{s}/contacts", "/v1/sessions/main/contacts", None),
        ("GET", "/v1/sessions/{s}/export", "/v1/sessions/main/export", None),
        ("GET", "/v1/sessions/{s}/history", "/v1/sessions/main/history", None),
    ]
}
