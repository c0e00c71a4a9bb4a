//! Sessions through the API.

use serde_json::{Value, json};
use waspnest_whatsapp::State;

use crate::support::TestApi;

#[tokio::test]
async fn a_session_is_made_once_and_found_by_id_and_name() {
    let api = TestApi::start().await;
    let made = api.post("/v1/sessions", json!({ "name": "sales-de" })).await;
    assert_eq!(made.status, 201);
    let session = made.json();
    assert_eq!(session["status"]["state"], "pairing", "it connects unless told not to");
    let id = session["id"].as_str().expect("an id");
    assert_eq!(made.header("location"), Some(&*format!("/v1/sessions/{id}")));
    for given in [id, "sales-de"] {
        assert_eq!(api.get(&format!("/v1/sessions/{given}")).await.json(), session);
    }
    api.post("/v1/sessions", json!({ "name": "sales-de" }))
        .await
        .problem(409, "session_name_taken");
}

#[tokio::test]
async fn an_unknown_session_is_not_found_anywhere() {
    let api = TestApi::start().await;
    for given in ["nobody", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "NoSlug", "ses_short"] {
        for (method, rest) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/status"),
            ("GET", "/qr"),
            ("POST", ":connect"),
            ("POST", ":disconnect"),
            ("POST", "/logout"),
        ] {
            let problem = api
                .request(method, &format!("/v1/sessions/{given}{rest}"))
                .send()
                .await
                .problem(404, "unknown_session");
            assert_eq!(problem["detail"], format!("there is no session {given:?}"));
        }
        let message = json!({ "type": "text", "to": "+4915112345678", "text": "hello" });
        api.post(&format!("/v1/sessions/{given}/messages"), message)
            .await
            .problem(404, "unknown_session");
    }
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let api = TestApi::start().await;
    for name in ["b", "c", "d", "e"] {
        // Ids grow with time; two of one moment have no order.
        api.clock.advance(std::time::Duration::from_millis(1));
        assert_eq!(
            api.post("/v1/sessions", json!({ "name": name, "connect": false }))
                .await
                .status,
            201
        );
    }
    let mut names = Vec::new();
    let mut path = "/v1/sessions?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = api.get(&path).await.json();
        names.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|session| session["name"].as_str().expect("a name").to_owned()),
        );
        pages += 1;
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/sessions?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["main", "b", "c", "d", "e"]);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_session_is_connected_disconnected_and_logged_out() {
    let api = TestApi::start().await;
    for (action, status, state, connect) in [
        ("/connect", 202, "pairing", true),
        (":disconnect", 200, "disconnected", false),
        (":connect", 202, "pairing", true),
        ("/logout", 200, "logged_out", false),
    ] {
        let answer = api.request("POST", &format!("/v1/sessions/main{action}")).send().await;
        assert_eq!(answer.status, status, "{action}");
        let session = answer.json();
        assert_eq!(
            (session["status"]["state"].as_str(), session["connect"].as_bool()),
            (Some(state), Some(connect)),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_ban_says_until_when() {
    let api = TestApi::start().await;
    api.script.state(
        api.main,
        State::Banned {
            until: Some(waspnest_core::clock::UnixMs(1_767_312_000_000)),
        },
    );
    let status = api.get("/v1/sessions/main/status").await.json();
    assert_eq!(
        (status["state"].as_str(), status["banned_until"].as_str()),
        (Some("banned"), Some("2026-01-02T00:00:00.000Z"))
    );
}

#[tokio::test]
async fn a_removed_session_is_gone_and_its_name_is_free() {
    let api = TestApi::start().await;
    assert_eq!(api.request("DELETE", "/v1/sessions/main").send().await.status, 204);
    api.get("/v1/sessions/main").await.problem(404, "unknown_session");
    assert_eq!(api.post("/v1/sessions", json!({ "name": "main" })).await.status, 201);
}

#[tokio::test]
async fn dead_letters_are_replayed_or_thrown_away() {
    let api = TestApi::start().await;
    let letters = "/v1/installations/echo/dead-letters";
    let act = async |action: &str, body: Value| api.post(&format!("{letters}:{action}"), body).await;
    let none = act("replay", json!({ "session": "main", "position": 4 })).await;
    assert_eq!((none.status, none.json()), (202, json!({ "replayed": 0 })));
    let one = act("replay", json!({ "session": "main", "position": 3 })).await;
    assert_eq!((one.status, one.json()), (202, json!({ "replayed": 1 })));
    let left = api.get(letters).await.json();
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
    let gone = act("discard", json!({})).await;
    assert_eq!((gone.status, gone.json()), (200, json!({ "discarded": 1 })));
    assert_eq!(api.get(letters).await.json()["items"], json!([]));

    let unsaid = act("replay", json!({ "position": 3 })).await;
    assert_eq!(unsaid.status, 422);
    assert_eq!(unsaid.json()["errors"][0]["pointer"], "/position");
    let wrong = act("replay", json!({ "session": "main", "position": -1 })).await;
    assert_eq!(
        wrong.json()["errors"][0]["detail"],
        "-1 is not a whole number of 0 or more"
    );
    let unknown = api.post("/v1/installations/ecko/dead-letters:replay", json!({})).await;
    assert_eq!(
        (unknown.status, unknown.json()["code"].as_str()),
        (404, Some("unknown_installation"))
    );
}

#[tokio::test]
async fn dead_letters_come_in_pages_and_by_session() {
    let api = TestApi::start().await;
    let first = api.get("/v1/installations/echo/dead-letters?limit=1").await.json();
    assert_eq!(first["items"][0]["position"], 3);
    let next = first["next"].as_str().expect("there is another");
    let second = api
        .get(&format!("/v1/installations/echo/dead-letters?limit=1&cursor={next}"))
        .await
        .json();
    assert_eq!(
        (second["items"][0]["position"].as_u64(), second["next"].as_str()),
        (Some(7), None)
    );
    assert_eq!(api.post("/v1/sessions", json!({ "name": "other" })).await.status, 201);
    let other = api
        .get("/v1/installations/echo/dead-letters?session=other")
        .await
        .json();
    assert_eq!(other["items"].as_array().map(Vec::len), Some(0));
    let main = api.get("/v1/installations/echo/dead-letters?session=main").await.json();
    assert_eq!(main["items"].as_array().map(Vec::len), Some(2));
    api.get("/v1/installations/echo/dead-letters?session=nobody")
        .await
        .problem(404, "unknown_session");
    api.get("/v1/installations/nothing/dead-letters")
        .await
        .problem(404, "unknown_installation");
    api.get("/v1/installations/NoSlug")
        .await
        .problem(404, "unknown_installation");
}
