//! Streams over WebSockets, and the tickets of browsers.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::Uri;
use http::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, CloseCode, MaybeTlsStream, Message, WebSocketStream};
use waspnest_core::event::SessionState;

use crate::events::{happens, says, state};
use crate::known::shop;
use crate::listening::Listener;
use crate::support::{SECRET, TestApi};

/// A client.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn opens(api: &TestApi, bearer: Option<&str>, query: &str) -> Result<Self, tokio_websockets::Error> {
        let uri: Uri = format!("ws://{}/v1/ws{query}", api.address)
            .parse()
            .expect("an address");
        let mut builder = ClientBuilder::from_uri(uri);
        if let Some(bearer) = bearer {
            let shown = HeaderValue::from_str(&format!("Bearer {bearer}")).expect("a header");
            builder = builder.add_header(AUTHORIZATION, shown).expect("it is allowed");
        }
        let (socket, _) = builder.connect().await?;
        let mut client = Self(socket);
        let opened = client.told().await;
        assert!(opened["opened"]["cursor"].is_string(), "{opened}");
        Ok(client)
    }

    async fn with_secret(api: &TestApi, query: &str) -> Self {
        Self::opens(api, Some(SECRET), query).await.expect("it opens")
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(30), self.0.next());
        let next = next.await.expect("something comes").expect("it has not ended");
        next.expect("a message")
    }

    /// The next object.
    async fn told(&mut self) -> Value {
        loop {
            if let Some(text) = self.next().await.as_text() {
                return serde_json::from_str(text).expect("JSON");
            }
        }
    }

    /// The text of the next event.
    async fn text(&mut self) -> String {
        let told = self.told().await;
        told["event"]["data"]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("{told}"))
            .to_owned()
    }

    /// With which code and reason it is closed.
    async fn closed(&mut self) -> (CloseCode, String) {
        loop {
            if let Some((code, reason)) = self.next().await.as_close() {
                return (code, reason.to_owned());
            }
        }
    }

    async fn says(&mut self, message: Value) -> Value {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .expect("it is sent");
        self.told().await
    }
}

#[tokio::test]
async fn the_same_comes_over_a_websocket_and_goes_on_where_it_was() {
    let api = TestApi::start().await;
    let mut client = Client::with_secret(&api, "?type=message").await;
    happens(&api, api.main, state(SessionState::Connected)).await;
    happens(&api, api.main, says("A1", "one")).await;
    let told = client.told().await;
    let listed = api.get("/v1/sessions/main/events?type=message").await.json();
    assert_eq!(told["event"], listed["items"][0]);
    let cursor = told["cursor"].as_str().expect("a place").to_owned();
    drop(client);
    happens(&api, api.main, says("A2", "two")).await;
    // A place is the same for both kinds of streams.
    let mut client = Client::with_secret(&api, &format!("?type=message&cursor={cursor}")).await;
    assert_eq!(client.text().await, "two");
    let mut listener = Listener::opens(api.address, SECRET, "?type=message", Some(&cursor)).await;
    assert_eq!(listener.text().await, "two");
}

#[tokio::test]
async fn who_listens_may_want_something_else() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let mut client = Client::with_secret(&api, "?type=session").await;
    happens(&api, api.main, says("A1", "not wanted yet")).await;
    happens(&api, api.main, state(SessionState::Connected)).await;
    assert_eq!(client.told().await["event"]["type"], "session.connected");
    let wish = json!({ "type": ["message"], "session": [twin.session.id.to_string()] });
    assert_eq!(client.says(wish).await, json!({ "wanted": {} }));
    happens(&api, api.main, says("A2", "elsewhere")).await;
    happens(&api, twin.session.id, says("A2", "here")).await;
    assert_eq!(client.text().await, "here");
    // What is wrong is told, and changes nothing.
    for (wrong, code) in [
        (json!({ "types": ["message"] }), "invalid_body"),
        (json!({ "type": ["massage"] }), "invalid_body"),
        (json!({ "session": ["nowhere"] }), "unknown_session"),
        (json!(["message"]), "invalid_body"),
    ] {
        let told = client.says(wrong).await;
        assert_eq!(told["error"]["code"], code, "{told}");
        assert!(told["error"]["detail"].is_string(), "{told}");
    }
    happens(&api, twin.session.id, says("A3", "still here")).await;
    assert_eq!(client.text().await, "still here");
    let key = api.key(json!({ "scopes": ["messages:read"] })).await.1;
    let mut reads = Client::opens(&api, Some(&key), "").await.expect("it opens");
    let told = reads.says(json!({ "type": ["run"] })).await;
    assert_eq!(told["error"]["code"], "admin_only");
    let told = reads.says(json!({ "session": [twin.session.id.to_string()] })).await;
    assert_eq!(told["error"]["code"], "unknown_session");
}

#[tokio::test]
async fn a_quiet_one_is_asked_whether_it_is_there_and_the_end_has_a_reason() {
    let api = TestApi::start().await;
    let (id, key) = api.key(json!({})).await;
    let mut client = Client::opens(&api, Some(&key), "").await.expect("it opens");
    api.clock.advance(Duration::from_secs(20));
    loop {
        if client.next().await.is_ping() {
            break;
        }
    }
    let removed = api.request("DELETE", &format!("/v1/api-keys/{id}")).send().await;
    assert_eq!(removed.status, 204);
    api.clock.advance(Duration::from_secs(20));
    assert_eq!(
        client.closed().await,
        (CloseCode::POLICY_VIOLATION, "unauthenticated".to_owned())
    );
    let mut client = Client::with_secret(&api, "").await;
    api.stop.cancel();
    assert_eq!(client.closed().await, (CloseCode::GOING_AWAY, "stopping".to_owned()));
}

#[tokio::test]
async fn a_ticket_opens_one_stream_for_half_a_minute() {
    let api = TestApi::start().await;
    let ticket = async || {
        let made = api.asks(&shop(), "POST", "/v1/stream-tickets", None).await;
        assert_eq!(made.status, 201, "{}", made.shown());
        made.json()["ticket"].as_str().expect("a ticket").to_owned()
    };
    let query = format!("?type=message&ticket={}", ticket().await);
    let mut client = Client::opens(&api, None, &query).await.expect("it opens");
    happens(&api, api.main, says("A1", "hello")).await;
    assert_eq!(client.text().await, "hello");
    assert!(Client::opens(&api, None, &query).await.is_err(), "it is good once");

    let path = format!("/v1/events/stream?ticket={}", ticket().await);
    assert_eq!(api.bare("GET", &path).send().await.status, 200);
    api.bare("GET", &path).send().await.problem(401, "unauthenticated");
    let path = format!("/v1/events/stream?ticket={}", ticket().await);
    api.clock.advance(Duration::from_secs(31));
    api.bare("GET", &path).send().await.problem(401, "unauthenticated");
    // It opens streams, and nothing else.
    let path = format!("/v1/me?ticket={}", ticket().await);
    api.bare("GET", &path).send().await.problem(401, "unauthenticated");
    // What it stands for ends, and so does the stream.
    let audit = api.get("/v1/audit?which=changed").await.json();
    assert!(!audit.to_string().contains("stream-tickets"), "{audit}");
}

#[tokio::test]
async fn who_wants_no_websocket_is_told_what_this_is() {
    let api = TestApi::start().await;
    let answer = api.get("/v1/ws").await;
    answer.problem(426, "upgrade_required");
    assert_eq!(answer.header("upgrade"), Some("websocket"));
}
