//! JSON bodies: everything that is wrong is told at once, each with its pointer.

use serde_json::{Value, json};

use crate::support::TestApi;

fn faults(problem: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let faults = problem["errors"].as_array().expect("errors");
    faults
        .iter()
        .map(|fault| (text(&fault["pointer"]), text(&fault["detail"])))
        .collect()
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let api = TestApi::start().await;
    for body in ["", "{", "{\"name\": }", "nonsense", "{\"name\": \"a\"} x"] {
        let request = api
            .request("POST", "/v1/sessions")
            .header("Content-Type", "application/json");
        request
            .body(body.as_bytes())
            .send()
            .await
            .problem(400, "malformed_json");
    }
    let problem = api.post("/v1/sessions", json!([1])).await.problem(422, "invalid_body");
    assert_eq!(
        faults(&problem),
        [(String::new(), "expected an object, found a list".to_owned())]
    );
}

#[tokio::test]
async fn every_fault_of_a_session_is_told() {
    let api = TestApi::start().await;
    let problem = api
        .post("/v1/sessions", json!({ "nam": "x", "connect": "yes", "a/b": 1 }))
        .await
        .problem(422, "invalid_body");
    let faults = faults(&problem);
    let says = |pointer: &str, part: &str| faults.iter().any(|(at, detail)| at == pointer && detail.contains(part));
    assert!(says("/name", "is missing"), "{faults:?}");
    assert!(says("/connect", "expected true or false, found a text"), "{faults:?}");
    assert!(says("/nam", "did you mean \"name\"?"), "{faults:?}");
    assert!(
        says("/a~1b", "unknown field; known here: name, connect, tenant"),
        "{faults:?}"
    );
    assert_eq!(faults.len(), 4);
    let problem = api
        .post("/v1/sessions", json!({ "name": "Not A Slug" }))
        .await
        .problem(422, "invalid_body");
    assert!(self::faults(&problem)[0].1.contains("a-z"));
}

#[tokio::test]
async fn every_fault_of_a_message_is_told() {
    let api = TestApi::start().await;
    let fine = json!({ "type": "text", "to": "+4915112345678", "text": "hello" });
    let cases = [
        (json!({ "to": "nobody" }), "/to", "\"nobody\" is not a WhatsApp address"),
        (json!({ "to": "1@example.org" }), "/to", "expected a phone number"),
        (json!({ "to": 49151 }), "/to", "expected a text, found a number"),
        (json!({ "to": null }), "/to", "is missing"),
        (json!({ "type": "txt" }), "/type", "did you mean \"text\"?"),
        (json!({ "type": "pictures" }), "/type", "expected \"text\""),
        (json!({ "text": "" }), "/text", "must not be empty"),
        (json!({ "txt": "x" }), "/txt", "did you mean \"text\"?"),
        (json!({ "mentions": "x" }), "/mentions", "expected a list"),
        (json!({ "mentions": ["+4915112345678", "x"] }), "/mentions", "element 2"),
        (json!({ "quote": "ABC" }), "/quote", "expected an object"),
        (json!({ "quote": {} }), "/quote/id", "is missing"),
        (
            json!({ "quote": { "id": "A", "frm": "me" } }),
            "/quote/frm",
            "did you mean \"from\"?",
        ),
        (
            json!({ "quote": { "id": "A", "from": "you" } }),
            "/quote/from",
            "\"them\", \"me\"",
        ),
        (
            json!({ "quote": { "id": "A", "participant": "x" } }),
            "/quote/participant",
            "not a WhatsApp address",
        ),
    ];
    for (change, pointer, part) in cases {
        let mut body = fine.clone();
        for (key, value) in change.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let problem = api
            .post("/v1/sessions/main/messages", body)
            .await
            .problem(422, "invalid_body");
        let faults = faults(&problem);
        assert_eq!(faults.len(), 1, "{change}: {faults:?}");
        assert!(
            faults[0].0 == pointer && faults[0].1.contains(part),
            "{change}: {faults:?}"
        );
    }
}
