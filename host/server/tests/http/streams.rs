//! Streams of events over real connections: nothing is missed, nothing comes twice, nothing comes to those who may not see it.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpSocket;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::SessionState;
use waspnest_core::id::SessionId;
use waspnest_core::log::Incoming;
use waspnest_core::retention::Retention;

use crate::events::{happens, says, state};
use crate::exposition::Exposition;
use crate::known::shop;
use crate::listening::Listener;
use crate::support::{SECRET, TestApi};

const PATH: &str = "/v1/events/stream";

async fn listens(api: &TestApi) -> Listener {
    Listener::opens(api.address, SECRET, "", None).await
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_what_was_is_not() {
    let api = TestApi::start().await;
    happens(&api, api.main, says("A0", "before")).await;
    let mut listener = listens(&api).await;
    for number in 1..=300 {
        happens(&api, api.main, says(&format!("A{number}"), &number.to_string())).await;
        if number % 50 == 0 {
            for told in number - 49..=number {
                assert_eq!(listener.text().await, told.to_string());
            }
        }
    }
    happens(&api, api.main, state(SessionState::Banned { until: None })).await;
    let event = listener.event().await;
    assert_eq!(
        (&event["type"], &event["session"]["name"], &event["position"]),
        (&json!("session.banned"), &json!("main"), &json!(302))
    );
    let listed = api.get("/v1/sessions/main/events?cursor=301").await.json();
    assert_eq!(listed["items"][0], event, "a list shows the same");
}

#[tokio::test]
async fn who_comes_back_goes_on_where_they_were() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let mut listener = listens(&api).await;
    for (session, text) in [(api.main, "one"), (twin.session.id, "two"), (api.main, "three")] {
        happens(&api, session, says(&format!("A{text}"), text)).await;
        assert_eq!(listener.text().await, text);
    }
    let last = listener.last();
    drop(listener);
    // More than is read of a log at a time, in both.
    for number in 0..150 {
        happens(&api, api.main, says(&format!("M{number}"), &format!("main {number}"))).await;
        happens(
            &api,
            twin.session.id,
            says(&format!("T{number}"), &format!("twin {number}")),
        )
        .await;
    }
    let mut listener = Listener::opens(api.address, SECRET, "", Some(&last)).await;
    let mut found = Vec::new();
    for _ in 0..200 {
        found.push(listener.text().await);
    }
    // In the middle of it, once more.
    let last = listener.last();
    drop(listener);
    happens(&api, api.main, says("M150", "main 150")).await;
    let mut listener = Listener::opens(api.address, SECRET, &format!("?cursor={last}"), None).await;
    for _ in 0..101 {
        found.push(listener.text().await);
    }
    happens(&api, api.main, says("M151", "main 151")).await;
    found.push(listener.text().await);
    for (name, count) in [("main", 152), ("twin", 150)] {
        let of_one: Vec<_> = found.iter().filter(|text| text.starts_with(name)).cloned().collect();
        let expected: Vec<_> = (0..count).map(|number| format!("{name} {number}")).collect();
        assert_eq!(of_one, expected);
    }
    api.get(&format!("{PATH}?cursor=nonsense"))
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn who_was_away_for_too_long_is_told_how_much_is_gone() {
    let api = TestApi::start().await;
    let mut listener = listens(&api).await;
    happens(&api, api.main, says("A0", "0")).await;
    assert_eq!(listener.text().await, "0");
    let last = listener.last();
    drop(listener);
    for number in 1..=5 {
        happens(&api, api.main, says(&format!("A{number}"), &number.to_string())).await;
    }
    api.mailbox.settle(api.main).await.expect("it is shown");
    let (store, log, outbox) = (api.store.clone(), api.log.clone(), api.outbox.clone());
    let retention = Retention::new(store, log, outbox, api.mailbox.clone(), api.progress.clone());
    let gone = retention.prune(api.main, UnixMs(u64::MAX), &[]).await;
    assert_eq!(gone.expect("they go").events, 5, "all but the newest");

    let mut listener = Listener::opens(api.address, SECRET, "", Some(&last)).await;
    let missed = json!([{ "session": api.main.to_string(), "events": 4 }]);
    assert_eq!(listener.opened["missed"], missed);
    assert_eq!(listener.text().await, "5");
    let listener = Listener::opens(api.address, SECRET, "", Some(&listener.last())).await;
    assert_eq!(listener.opened["missed"], json!(null), "nothing is");
}

#[tokio::test]
async fn the_place_goes_on_over_what_is_not_wanted() {
    let api = TestApi::start().await;
    let mut listener = Listener::opens(api.address, SECRET, "?type=session", None).await;
    happens(&api, api.main, state(SessionState::Connected)).await;
    assert_eq!(listener.event().await["type"], "session.connected");
    for number in 0..10 {
        happens(&api, api.main, says(&format!("A{number}"), "not wanted")).await;
    }
    // A quiet stream says that it is there, and where it has come to.
    let last = listener.last();
    api.clock.advance(Duration::from_secs(20));
    let beat = listener.block().await.expect("it has not ended");
    assert_eq!((&beat.event, &beat.data), (&None, &None));
    assert!(beat.id.is_some_and(|id| id != last), "it has gone on");
    let query = format!("?type=session,message&cursor={}", listener.last());
    let mut all = Listener::opens(api.address, SECRET, &query, None).await;
    happens(&api, api.main, says("A11", "this")).await;
    assert_eq!(all.text().await, "this");
}

#[tokio::test]
async fn a_code_is_shown_at_once_and_the_next_one_when_it_comes() {
    let api = TestApi::start().await;
    api.script.show_qr(api.main, "2@first");
    let mut listener = Listener::opens(api.address, SECRET, "?session=main&type=pairing", None).await;
    let event = listener.event().await;
    assert_eq!(
        (&event["type"], &event["id"], &event["data"]["text"]),
        (&json!("pairing.qr"), &json!(null), &json!("2@first"))
    );
    assert!(
        event["data"]["png"]
            .as_str()
            .is_some_and(|png| png.starts_with("data:image/png;base64,iVBOR"))
    );
    api.script.show_qr(api.main, "2@second");
    assert_eq!(listener.event().await["data"]["text"], "2@second");
    // Scanning it links the session, so it takes more than reading.
    let reads = api.key(json!({ "scopes": ["sessions:read"] })).await.1;
    let mut reads = Listener::opens(api.address, &reads, "", None).await;
    api.script.show_qr(api.main, "2@third");
    happens(&api, api.main, state(SessionState::Connected)).await;
    assert_eq!(reads.event().await["type"], "session.connected");
}

#[tokio::test]
async fn sessions_types_and_chats_narrow_it() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let one = format!("?session={}&type=message", twin.session.id);
    let mut of_one = Listener::opens(api.address, SECRET, &one, None).await;
    let mut of_chat = Listener::opens(api.address, SECRET, "?chat=%2B4915100000001", None).await;
    let problem = api.get(&format!("{PATH}?session=nowhere")).await;
    problem.problem(404, "unknown_session");
    happens(&api, api.main, state(SessionState::Connected)).await;
    happens(&api, api.main, says("A1", "in main")).await;
    happens(&api, twin.session.id, says("A1", "in twin")).await;
    assert_eq!(of_one.text().await, "in twin");
    assert_eq!(of_chat.text().await, "in main");
    assert_eq!(of_chat.text().await, "in twin");
}

#[tokio::test]
async fn tenants_hear_nothing_of_each_other() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    // Both sessions are older than the streams.
    api.clock.advance(Duration::from_secs(1));
    let mut ours = Listener::opens(api.address, &shop(), "", None).await;
    let mut theirs = Listener::opens(api.address, &twin.secret, "", None).await;
    for round in 0..20 {
        happens(&api, api.main, says(&format!("A{round}"), &format!("ours {round}"))).await;
        happens(
            &api,
            twin.session.id,
            says(&format!("A{round}"), &format!("theirs {round}")),
        )
        .await;
    }
    api.script.show_qr(api.main, "2@ours");
    api.script.show_qr(twin.session.id, "2@theirs");
    for round in 0..20 {
        assert_eq!(ours.text().await, format!("ours {round}"));
        assert_eq!(theirs.text().await, format!("theirs {round}"));
    }
    assert_eq!(ours.text().await, "2@ours");
    assert_eq!(theirs.text().await, "2@theirs");
    // A place in another's logs is none in one's own.
    let mut again = Listener::opens(api.address, &twin.secret, "", Some(&ours.last())).await;
    assert_eq!(again.text().await, "2@theirs");
    happens(&api, api.main, says("A99", "ours")).await;
    happens(&api, twin.session.id, says("A99", "theirs")).await;
    assert_eq!(again.text().await, "theirs");
    let guessed = format!("{PATH}?session={}", api.main);
    api.asks(&twin.secret, "GET", &guessed, None)
        .await
        .problem(404, "unknown_session");
}

#[tokio::test]
async fn calls_of_plugins_are_the_operators() {
    let api = TestApi::start().await;
    let tenant = api.asks(&shop(), "GET", &format!("{PATH}?type=run"), None).await;
    tenant.problem(403, "admin_only");
    let nothing = api.key(json!({ "scopes": ["messages:send"] })).await.1;
    api.asks(&nothing, "GET", PATH, None)
        .await
        .problem(403, "scope_missing");
}

#[tokio::test]
async fn a_credential_that_ends_ends_its_streams() {
    let api = TestApi::start().await;
    let (id, key) = api.key(json!({})).await;
    let mut quiet = Listener::opens(api.address, &key, "", None).await;
    let mut busy = Listener::opens(api.address, &key, "", None).await;
    happens(&api, api.main, says("A1", "yours")).await;
    assert_eq!(busy.text().await, "yours");
    assert_eq!(quiet.text().await, "yours");
    let removed = api.request("DELETE", &format!("/v1/api-keys/{id}")).send().await;
    assert_eq!(removed.status, 204);
    // What happens a moment later is told to nobody.
    api.clock.advance(Duration::from_secs(2));
    happens(&api, api.main, says("A2", "not yours any more")).await;
    assert_eq!(busy.closed().await, "unauthenticated");
    assert_eq!(quiet.closed().await, "unauthenticated");
    // And where nothing happens it is found out soon.
    let user = api.log_in("default").await;
    let mut quiet = Listener::opens(api.address, &user, "", None).await;
    assert_eq!(api.asks(&user, "POST", "/v1/auth/logout", None).await.status, 204);
    api.clock.advance(Duration::from_secs(20));
    assert_eq!(quiet.closed().await, "unauthenticated");
}

#[tokio::test]
async fn a_session_that_is_taken_away_is_told_no_more() {
    let api = TestApi::start().await;
    let (id, key) = api.key(json!({})).await;
    let mut listener = Listener::opens(api.address, &key, "", None).await;
    let fewer = json!({ "scopes": ["sessions:read"] });
    let changed = api
        .request("PATCH", &format!("/v1/api-keys/{id}"))
        .json(&fewer)
        .send()
        .await;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    api.clock.advance(Duration::from_secs(2));
    happens(&api, api.main, says("A1", "not yours any more")).await;
    happens(&api, api.main, state(SessionState::Connected)).await;
    assert_eq!(listener.event().await["type"], "session.connected");
    let none = json!({ "scopes": ["messages:send"] });
    let changed = api
        .request("PATCH", &format!("/v1/api-keys/{id}"))
        .json(&none)
        .send()
        .await;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    api.clock.advance(Duration::from_secs(20));
    assert_eq!(listener.closed().await, "forbidden");
}

/// Lets so much happen that no queue and no buffer holds it.
async fn floods(api: &TestApi, session: SessionId, name: &str) {
    let long = "x".repeat(30_000);
    for round in 0..12 {
        let many = (0..50).map(|number| Incoming::from(says(&format!("{name}{round}x{number}"), &long)));
        api.log.append(session, many.collect()).await.expect("recorded");
        // Whoever follows the log gets its turn, and so do connections.
        for _ in 0..5 {
            assert_eq!(api.get("/healthz").await.status, 200);
        }
    }
}

#[tokio::test]
async fn who_does_not_listen_is_told_so_and_finds_the_rest_later() {
    let api = TestApi::start().await;
    let mut quick = Listener::opens(api.address, SECRET, "?type=session", None).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small one");
    let connection = socket.connect(api.address).await.expect("the API listens");
    let mut slow = Listener::over(connection, SECRET, "?type=message", None).await;
    happens(&api, api.main, says("A0", "first")).await;
    assert_eq!(slow.text().await, "first");
    floods(&api, api.main, "B").await;
    api.clock.advance(Duration::from_secs(11));
    happens(&api, api.main, state(SessionState::Connected)).await;
    assert_eq!(
        quick.event().await["type"],
        "session.connected",
        "others are not held up"
    );
    let mut heard = 1;
    let why = loop {
        let block = slow.block().await.expect("it says why");
        match block.event.as_deref() {
            Some("closed") => break block.data()["code"].as_str().expect("a code").to_owned(),
            _ => heard += 1,
        }
    };
    assert_eq!(why, "too_slow");
    let measured = api.get("/metrics").await;
    let measured = String::from_utf8(measured.body).expect("a text");
    let measured = Exposition::parse(&measured).expect("the text format");
    let ended = [("kind", "sse"), ("reason", "too_slow")];
    assert_eq!(
        measured.value("waspnest_http_streams_ended_total", &ended),
        Some(1.0),
        "whoever looks sees it, too"
    );
    assert!(heard < 600, "{heard} were held for it");
    let mut again = Listener::opens(api.address, SECRET, "?type=message", Some(&slow.last())).await;
    for _ in heard..601 {
        again.event().await;
    }
    happens(&api, api.main, says("C0", "last")).await;
    assert_eq!(again.text().await, "last");
}

#[tokio::test]
async fn the_end_of_the_host_is_told() {
    let api = TestApi::start().await;
    let mut listener = listens(&api).await;
    api.stop.cancel();
    assert_eq!(listener.closed().await, "stopping");
}
