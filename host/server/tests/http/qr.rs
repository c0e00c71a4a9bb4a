//! The pairing code: in three forms, now or as soon as there is one.

use std::time::Duration;

use waspnest_whatsapp::State;

use crate::support::TestApi;

#[tokio::test]
async fn a_code_comes_in_the_form_that_is_wanted() {
    let api = TestApi::start().await;
    api.script.show_qr(api.main, "2@code,of,a,pairing");
    let get = |accept: &'static str| {
        api.request("GET", "/v1/sessions/main/qr")
            .header("Accept", accept)
            .send()
    };
    let json = get("application/json").await;
    assert_eq!(json.json()["text"], "2@code,of,a,pairing");
    let png = get("image/png").await;
    assert_eq!(png.header("content-type"), Some("image/png"));
    assert!(png.body.starts_with(b"\x89PNG"));
    let text = get("text/plain").await;
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(String::from_utf8_lossy(&text.body).contains('█'));
    get("image/jpeg").await.problem(406, "not_acceptable");
}

#[tokio::test]
async fn without_a_code_the_state_says_why() {
    let api = TestApi::start().await;
    for (state, name) in [
        (State::New, "new"),
        (State::Connected, "connected"),
        (State::LoggedOut, "logged_out"),
    ] {
        api.script.state(api.main, state);
        let problem = api.get("/v1/sessions/main/qr").await.problem(409, "no_qr");
        assert_eq!(problem["detail"], format!("there is no QR code: the session is {name}"));
    }
    // Nothing will appear, so nobody waits.
    api.get("/v1/sessions/main/qr?wait=60").await.problem(409, "no_qr");
}

#[tokio::test]
async fn a_waiting_caller_gets_the_code_when_it_appears() {
    let api = TestApi::start().await;
    let waiting = api.get("/v1/sessions/main/qr?wait=60");
    let (answer, ()) = tokio::join!(waiting, async {
        // Whether it appears before or after the caller began to wait: the clock stands still, so only the code can answer.
        tokio::task::yield_now().await;
        api.script.show_qr(api.main, "2@late");
    });
    assert_eq!(answer.json()["text"], "2@late");
}

#[tokio::test]
async fn a_waiting_caller_is_answered_when_the_time_is_up() {
    let api = TestApi::start().await;
    let answer = api
        .while_time_passes(Duration::from_secs(1), api.get("/v1/sessions/main/qr?wait=5"))
        .await;
    answer.problem(409, "no_qr");
}

#[tokio::test]
async fn a_host_that_stops_answers_who_waits() {
    let api = TestApi::start().await;
    let waiting = api.get("/v1/sessions/main/qr?wait=60");
    let (answer, ()) = tokio::join!(waiting, async {
        // The connection must be taken before the host stops taking any.
        api.script.looked.notified().await;
        api.stop.cancel();
    });
    answer.problem(503, "not_ready");
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_refused() {
    let api = TestApi::start().await;
    api.get("/v1/sessions/main/qr?wait=61")
        .await
        .problem(400, "invalid_query");
    api.get("/v1/sessions/main/qr?wait=-1")
        .await
        .problem(400, "invalid_query");
}
