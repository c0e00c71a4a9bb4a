//! What can be sent over the API and what is refused, media, scheduled messages, effects, policies and idempotency keys.

use serde_json::{Value, json};
use waspnest_core::effect::{Action, Change, Progress};
use waspnest_core::event::Position;
use waspnest_core::message::Content;

use crate::support::{Answer, TestApi};

const PATH: &str = "/v1/sessions/main/messages";
const TO: &str = "+4915112345678";

fn with(mut body: Value) -> Value {
    body["to"] = json!(TO);
    body
}

/// The action of the effect that was made last.
async fn made(api: &TestApi) -> Action {
    let due = api.outbox.due(api.main, Position(0), 100).await.expect("readable");
    due.last().expect("an effect").action.clone()
}

async fn media(api: &TestApi, kind: &str, body: &[u8]) -> Answer {
    api.request("POST", "/v1/sessions/main/media")
        .header("Content-Type", kind)
        .body(body)
        .send()
        .await
}

#[tokio::test]
async fn every_kind_is_taken_as_what_it_is() {
    let api = TestApi::start().await;
    let id = media(&api, "image/png", b"\x89PNG").await.json()["id"].clone();
    let file = json!({ "id": id, "caption": "look" });
    let message = json!({ "chat": TO, "id": "ABC" });
    let place = json!({ "latitude": 1, "longitude": 2.5 });
    let invite = json!({ "jid": "120363000000000001@g.us", "name": "Tea", "code": "abc" });
    for (body, kind) in [
        (json!({ "type": "image", "media": file }), "image"),
        (json!({ "type": "video", "media": file }), "video"),
        (json!({ "type": "video-note", "media": file }), "video-note"),
        (json!({ "type": "audio", "media": file }), "audio"),
        (
            json!({ "type": "voice", "media": { "id": id, "waveform": [0, 50, 100] } }),
            "voice",
        ),
        (
            json!({ "type": "document", "media": { "base64": "aGk=", "filename": "hi.txt" } }),
            "document",
        ),
        (json!({ "type": "sticker", "media": file }), "sticker"),
        (json!({ "type": "location", "location": place }), "location"),
        (
            json!({ "type": "live-location", "location": place, "speed_mps": 1.5 }),
            "live-location",
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": "Eve", "phones": ["+4915100000001"] }] }),
            "contacts",
        ),
        (
            json!({ "type": "poll", "poll": { "name": "Tea?", "options": ["yes", "no"], "correct": "yes" } }),
            "poll",
        ),
        (
            json!({ "type": "event", "event": { "name": "Tea", "starts_at": "2030-01-01T15:00:00Z" } }),
            "event",
        ),
        (
            json!({ "type": "comment", "message": message, "text": "well" }),
            "comment",
        ),
        (json!({ "type": "group-invite", "invite": invite }), "group-invite"),
        (
            json!({ "type": "newsletter-invite", "invite": invite }),
            "newsletter-invite",
        ),
        (
            json!({ "type": "product", "product": { "id": "1", "title": "Tea", "business": TO } }),
            "product",
        ),
        (
            json!({ "type": "scheduled-call", "title": "Tea", "at": "2030-01-01T15:00:00Z" }),
            "scheduled-call",
        ),
        (json!({ "type": "question", "text": "Tea?" }), "question"),
        (json!({ "type": "keep", "message": message }), "keep"),
        (json!({ "type": "chat-timer", "seconds": 86400 }), "chat-timer"),
        (json!({ "type": "phone-share", "requested": true }), "phone-share"),
    ] {
        let answer = api.post(PATH, with(body.clone())).await;
        assert_eq!(answer.status, 202, "{body}: {}", answer.json());
        assert_eq!(answer.json()["kind"], kind);
        let action = made(&api).await;
        assert_eq!(action.sent().expect("it sends").content.kind(), kind);
    }
    let reaction = json!({ "type": "reaction", "message": { "id": "ABC" }, "emoji": "👍" });
    assert_eq!(api.post(PATH, with(reaction)).await.json()["action"], "react");
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let api = TestApi::start().await;
    for body in [
        json!({ "type": "buttons", "text": "choose", "buttons": [{ "id": "1", "title": "One" }] }),
        json!({ "type": "list", "body": "choose", "button": "Open", "sections": [] }),
        json!({ "type": "template" }),
        json!({ "type": "album" }),
        json!({ "type": "sticker-pack" }),
        json!({ "type": "event-response" }),
    ] {
        api.post(PATH, with(body)).await.problem(501, "not_supported");
    }
}

#[tokio::test]
async fn hostile_bodies_are_refused_with_the_place_of_the_fault() {
    let api = TestApi::start().await;
    let media = |media: Value| json!({ "type": "image", "media": media });
    let long = "a".repeat(70_000);
    let poll = |options: Value| json!({ "type": "poll", "poll": { "name": "?", "options": options } });
    for (body, pointer) in [
        (json!({ "type": "nonsense" }), "/type"),
        (json!({ "type": 5 }), "/type"),
        (json!({ "type": "text", "text": long }), "/text"),
        (json!({ "type": "text", "text": "" }), "/text"),
        (json!({ "type": "text", "text": "x", "view_once": true }), "/view_once"),
        (
            json!({ "type": "text", "text": "x", "send_at": "tomorrow" }),
            "/send_at",
        ),
        (
            json!({ "type": "text", "text": "x", "typing_ms": 60_001 }),
            "/typing_ms",
        ),
        (media(json!({})), "/media"),
        (media(json!({ "base64": "not base64!" })), "/media/base64"),
        (media(json!({ "base64": "" })), "/media/base64"),
        (
            media(json!({ "base64": "aGk=", "url": "https://example.com/a" })),
            "/media",
        ),
        (media(json!({ "id": "../../etc/passwd" })), "/media/id"),
        (media(json!({ "url": "file:///etc/passwd" })), "/media/url"),
        (media(json!({ "url": "ftp://example.com/a" })), "/media/url"),
        (media(json!({ "url": "http://user:pw@example.com/" })), "/media/url"),
        (
            media(json!({ "base64": "aGk=", "mimetype": "x\r\ny: z" })),
            "/media/mimetype",
        ),
        (
            media(json!({ "base64": "aGk=", "filename": "../a" })),
            "/media/filename",
        ),
        (
            json!({ "type": "location", "location": { "latitude": 91, "longitude": 0 } }),
            "/location/latitude",
        ),
        (json!({ "type": "contacts", "contacts": [] }), "/contacts"),
        (
            json!({ "type": "contacts", "contacts": [{ "name": "Eve" }] }),
            "/contacts/0/vcard",
        ),
        (poll(json!(["one"])), "/poll/options"),
        (poll(json!(["one", "one"])), "/poll/options"),
        (
            json!({ "type": "reaction", "message": { "id": "ABC" }, "emoji": "x".repeat(65) }),
            "/emoji",
        ),
    ] {
        let answer = api.post(PATH, with(body.clone())).await;
        answer.problem(422, "invalid_body");
        let errors = answer.json()["errors"].clone();
        assert!(
            errors.to_string().contains(&format!("{pointer:?}")),
            "{pointer}: {errors}"
        );
    }
    let nobody = json!({ "type": "text", "text": "x", "to": [] });
    api.post(PATH, nobody).await.problem(422, "invalid_body");
    assert_eq!(
        api.outbox.due(api.main, Position(0), 10).await.expect("readable").len(),
        0
    );
}

#[tokio::test]
async fn nothing_inside_is_fetched_however_it_is_written() {
    let api = TestApi::start().await;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "localhost",
    ] {
        let url = format!("http://{host}:1/a.png");
        let image = with(json!({ "type": "image", "media": { "url": url } }));
        api.post(PATH, image).await.problem(422, "not_fetched");
        let preview = with(json!({ "type": "text", "text": url, "preview": { "url": url, "fetch": true } }));
        api.post(PATH, preview).await.problem(422, "not_fetched");
    }
    assert_eq!(
        api.outbox.due(api.main, Position(0), 10).await.expect("readable").len(),
        0
    );
}

#[tokio::test]
async fn media_are_taken_or_refused() {
    let api = TestApi::start().await;
    let png = media(&api, "image/png", b"\x89PNG").await;
    assert_eq!(png.status, 201);
    assert_eq!(
        png.header("location"),
        Some(&*format!(
            "/v1/sessions/{}/media/{}",
            api.main,
            png.json()["id"].as_str().expect("an id")
        ))
    );
    // What it is is found out where nothing is said.
    assert_eq!(media(&api, "", b"%PDF-1.7").await.json()["mimetype"], "application/pdf");
    media(&api, "image/png", b"").await.problem(422, "empty_media");
    media(&api, "image/png", &vec![0; (1 << 16) + 1])
        .await
        .problem(413, "media_too_large");
    for (kind, body) in [
        ("multipart/form-data", &b"x"[..]),
        ("multipart/mixed; boundary=x", b"x"),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n--x--\r\n",
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n1",
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\n\xff\xff: 1\r\n\r\n1\r\n--x--\r\n",
        ),
    ] {
        media(&api, kind, body).await.problem(400, "invalid_form");
    }
    for unknown in ["x", &"0".repeat(64)] {
        api.get(&format!("/v1/sessions/main/media/{unknown}"))
            .await
            .problem(404, "unknown_media");
    }
    let gone = json!({ "type": "image", "media": { "id": "0".repeat(64) } });
    api.post(PATH, with(gone)).await.problem(404, "unknown_media");
}

#[tokio::test]
async fn what_is_done_to_messages_goes_the_way_of_messages() {
    let api = TestApi::start().await;
    let sent = api
        .post(PATH, with(json!({ "type": "text", "text": "first" })))
        .await
        .json();
    let id = sent["message_id"].as_str().expect("an id");
    let edit = api
        .request("PATCH", &format!("{PATH}/{id}"))
        .json(&json!({ "text": "second" }))
        .send()
        .await;
    assert_eq!((edit.status, &edit.json()["action"]), (202, &json!("edit")));
    match made(&api).await {
        Action::Change(Change::Edit { target, content }) => {
            assert_eq!(target.id.as_str(), id);
            assert!(matches!(&*content, Content::Text(text) if &*text.body == "second"));
        }
        other => panic!("{}", other.name()),
    }
    let theirs = format!("{PATH}/ABC?chat={}", TO.trim_start_matches('+'));
    api.request("PATCH", &theirs)
        .json(&json!({ "text": "x" }))
        .send()
        .await
        .problem(409, "not_possible");
    api.request("DELETE", &theirs).send().await.problem(409, "not_possible");
    api.request("DELETE", &format!("{PATH}/ABC"))
        .send()
        .await
        .problem(404, "unknown_message");
    let group = format!("{PATH}/ABC/reactions?chat=120363000000000001@g.us");
    api.post(&group, json!({ "emoji": "x" }))
        .await
        .problem(409, "not_possible");
    let forward = format!("{PATH}/{id}/forward");
    assert_eq!(api.post(&forward, json!({ "to": [TO] })).await.status, 202);
    api.post(&forward, json!({ "to": [] }))
        .await
        .problem(422, "invalid_body");
    api.post("/v1/sessions/main/chats/nobody/presence", json!({ "state": "paused" }))
        .await
        .problem(404, "unknown_chat");
}

#[tokio::test]
async fn effects_are_listed_called_off_and_done_again() {
    let api = TestApi::start().await;
    let text = || with(json!({ "type": "text", "text": "first" }));
    let first = api.post(PATH, text()).await.json();
    let second = api.post(PATH, text()).await.json();
    let page = api.get("/v1/sessions/main/effects?limit=1").await.json();
    assert_eq!(page["items"][0]["id"], second["id"]);
    let next = page["next"].as_str().expect("a next page");
    let page = api
        .get(&format!("/v1/sessions/main/effects?limit=1&cursor={next}"))
        .await
        .json();
    assert_eq!(page["items"][0]["id"], first["id"]);
    let path = format!("/v1/sessions/main/effects/{}", first["id"].as_str().expect("an id"));
    api.post(&format!("{path}/retry"), json!({}))
        .await
        .problem(409, "not_possible");
    let canceled = api.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((canceled.status, &canceled.json()["state"]), (200, &json!("failed")));
    api.post(&format!("{path}/cancel"), json!({}))
        .await
        .problem(409, "not_possible");
    let again = api.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!((again.status, &again.json()["state"]), (202, &json!("pending")));
    assert_ne!(again.json()["message_id"], first["message_id"]);
    let failed = api.get("/v1/sessions/main/effects?state=failed").await.json();
    assert_eq!(failed["items"].as_array().expect("items").len(), 1);
    api.get("/v1/sessions/main/effects?state=lost")
        .await
        .problem(400, "invalid_query");
    api.get("/v1/sessions/main/effects?cursor=x")
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn a_message_for_later_is_listed_and_called_off() {
    let api = TestApi::start().await;
    let later = json!({ "type": "text", "text": "later", "send_at": "2026-06-01T00:00:00Z" });
    let told = api.post(PATH, with(later)).await;
    assert_eq!(told.status, 202);
    let id = told.json()["scheduled"][0]["id"].clone();
    let path = "/v1/sessions/main/scheduled-messages";
    assert_eq!(api.get(path).await.json()["items"][0]["id"], id);
    let one = format!("{path}/{}", id.as_str().expect("an id"));
    assert_eq!(api.get(&one).await.json()["send_at"], "2026-06-01T00:00:00.000Z");
    assert_eq!(api.request("DELETE", &one).send().await.status, 204);
    api.request("DELETE", &one)
        .send()
        .await
        .problem(404, "unknown_scheduled_message");
    assert_eq!(
        api.outbox.due(api.main, Position(0), 10).await.expect("readable").len(),
        0
    );
    let never = json!({ "type": "text", "text": "x", "send_at": "2036-06-01T00:00:00Z" });
    api.post(PATH, with(never)).await.problem(409, "not_possible");
}

#[tokio::test]
async fn a_policy_is_seen_set_and_reset() {
    let api = TestApi::start().await;
    let path = "/v1/sessions/main/send-policy";
    let file = api.get(path).await.json();
    assert_eq!(
        (&file["enabled"], &file["per_minute"], &file["set"]),
        (&json!(false), &json!(20), &json!([]))
    );
    let set = json!({ "enabled": true, "per_minute": 5, "quiet_hours": "22:00-07:00", "zone": "Europe/Berlin" });
    let told = api.request("PUT", path).json(&set).send().await.json();
    assert_eq!(
        (&told["per_minute"], &told["per_hour"], &told["zone"]),
        (&json!(5), &json!(300), &json!("Europe/Berlin"))
    );
    assert_eq!(api.get(path).await.json(), told);
    for wrong in [json!({ "quiet_hours": "never" }), json!({ "zone": "Mars" })] {
        api.request("PUT", path)
            .json(&wrong)
            .send()
            .await
            .problem(422, "invalid_send_policy");
    }
    for wrong in [
        json!({ "per_minute": -1 }),
        json!({ "per_minut": 1 }),
        json!({ "warm_up_start": 2 }),
    ] {
        api.request("PUT", path)
            .json(&wrong)
            .send()
            .await
            .problem(422, "invalid_body");
    }
    assert_eq!(api.request("DELETE", path).send().await.json(), file);
}

#[tokio::test]
async fn the_same_key_is_answered_the_same_and_does_nothing_more() {
    let api = TestApi::start().await;
    let post = |path: &'static str, key: &'static str, body: Value| {
        api.request("POST", path)
            .header("Idempotency-Key", key)
            .json(&body)
            .send()
    };
    let first = post("/v1/sessions", "k1", json!({ "name": "sales", "connect": false })).await;
    let again = post("/v1/sessions", "k1", json!({ "name": "sales", "connect": false })).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(
        (again.json(), again.header("location")),
        (first.json(), first.header("location"))
    );
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    post("/v1/sessions", "k1", json!({ "name": "other", "connect": false }))
        .await
        .problem(409, "idempotency_key_reused");
    post(PATH, "k1", with(json!({ "type": "text", "text": "x" })))
        .await
        .problem(409, "idempotency_key_reused");
    // What was refused may be tried again.
    post("/v1/sessions", "k2", json!({ "name": "sales", "connect": false }))
        .await
        .problem(409, "session_name_taken");
    assert_eq!(
        post("/v1/sessions", "k2", json!({ "name": "second", "connect": false }))
            .await
            .status,
        201
    );
    // After a day the key is free.
    api.clock.advance(std::time::Duration::from_secs(24 * 3600));
    post("/v1/sessions", "k1", json!({ "name": "sales", "connect": false }))
        .await
        .problem(409, "session_name_taken");
}

#[tokio::test]
async fn what_failed_can_be_waited_for() {
    let api = TestApi::start().await;
    let sent = api
        .post(PATH, with(json!({ "type": "text", "text": "x" })))
        .await
        .json();
    let id = sent["id"].as_str().expect("an id").parse().expect("an effect's id");
    let reason = "not on WhatsApp".into();
    api.outbox
        .progress(api.main, id, Progress::Failed { reason, code: None })
        .await
        .expect("it notes");
    let told = api.get(&format!("/v1/sessions/main/effects/{id}")).await.json();
    assert_eq!(told["state_detail"]["reason"], "not on WhatsApp");
}
