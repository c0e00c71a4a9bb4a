//! What is sent of an answer: in gzip for who accepts it, and nothing to who has it already.

use serde_json::{Value, json};

use crate::support::TestApi;

#[tokio::test]
async fn long_texts_come_in_gzip_to_who_accepts_it() {
    let api = TestApi::start().await;
    for path in ["/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"] {
        let plain = api.get(path).await;
        assert_eq!(plain.header("content-encoding"), None);
        assert!(plain.all("vary").contains(&"accept-encoding"), "{path}");
        let pressed = api
            .request("GET", path)
            .header("Accept-Encoding", "br, gzip")
            .send()
            .await;
        assert_eq!(
            (pressed.status, pressed.header("content-encoding")),
            (200, Some("gzip")),
            "{path}"
        );
        assert!(pressed.body.len() * 2 < plain.body.len(), "{path}");
        assert!(pressed.plain() == plain.body, "{path}");
        let refused = api
            .request("GET", path)
            .header("Accept-Encoding", "gzip;q=0")
            .send()
            .await;
        assert_eq!(refused.header("content-encoding"), None);
    }
    // Short ones, pictures and media stay as they are.
    let media = api
        .request("POST", "/v1/sessions/main/media")
        .header("Content-Type", "text/plain");
    let media = media.body("tea ".repeat(2000).as_bytes()).send().await.json()["id"].clone();
    let media = format!("/v1/sessions/main/media/{}", media.as_str().expect("an id"));
    for path in ["/v1/sessions/main", "/docs/favicon-32x32.png", &media] {
        let answer = api.request("GET", path).header("Accept-Encoding", "gzip").send().await;
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (200, None),
            "{path}"
        );
    }
}

#[tokio::test]
async fn who_has_an_answer_already_is_told_so() {
    let api = TestApi::start().await;
    for path in [
        "/openapi.json",
        "/docs/start.js",
        "/v1/sessions/main",
        "/v1/sessions/main/status",
        "/v1/sessions?limit=5",
    ] {
        let answer = api.get(path).await;
        let tag = answer.header("etag").expect("a tag").to_owned();
        let again = api
            .request("GET", path)
            .header("If-None-Match", &format!("\"x\", {tag}"))
            .send()
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(&*tag), "{path}");
        let other = api.request("GET", path).header("If-None-Match", "\"x\"").send().await;
        assert_eq!((other.status, other.header("etag")), (200, Some(&*tag)), "{path}");
    }
    let session = api.get("/v1/sessions/main").await;
    let tag = session.header("etag").expect("a tag").to_owned();
    let change = api
        .request("PATCH", "/v1/sessions/main")
        .json(&json!({ "connect": false }));
    assert_eq!(
        change.header("If-None-Match", &tag).send().await.status,
        200,
        "a change is not a question"
    );
    let changed = api
        .request("GET", "/v1/sessions/main")
        .header("If-None-Match", &tag)
        .send()
        .await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(&*tag));
    assert_ne!(changed.json(), Value::Null);
    let unknown = api
        .request("GET", "/v1/sessions/nowhere")
        .header("If-None-Match", "*")
        .send()
        .await;
    unknown.problem(404, "unknown_session");
}
