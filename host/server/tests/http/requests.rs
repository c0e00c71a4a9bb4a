//! What every request goes through, whatever it asks for.

use serde_json::json;
use waspnest::service::health::Phase;

use crate::support::{BODY_LIMIT, TestApi};

#[tokio::test]
async fn a_path_that_is_nothing_is_not_found() {
    let api = TestApi::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/sessions/main/nothing",
        "/v1/sessions/",
        "/v2/sessions",
        "/v1//sessions",
        "/%2e%2e/",
        "/v1/sessions/main/qr/x",
    ] {
        api.get(path).await.problem(404, "no_route");
    }
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let api = TestApi::start().await;
    for (method, path, allow) in [
        ("PUT", "/v1/sessions", "POST, GET"),
        ("DELETE", "/v1/sessions", "POST, GET"),
        ("POST", "/v1/sessions/main", "GET, PATCH, DELETE"),
        ("PUT", "/v1/sessions/main/messages", "POST, GET"),
        ("GET", "/v1/sessions/main:connect", "POST"),
        ("POST", "/healthz", "GET"),
        ("POST", "/v1/installations/echo", "GET, PATCH, DELETE"),
    ] {
        let answer = api.request(method, path).send().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let api = TestApi::start().await;
    let large = vec![b' '; usize::try_from(BODY_LIMIT).expect("small") + 1];
    let announced = api
        .request("POST", "/v1/sessions")
        .header("Content-Type", "application/json")
        .body(&large)
        .send()
        .await;
    announced.problem(413, "body_too_large");
    let chunk = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let chunked = api
        .request("POST", "/v1/sessions")
        .header("Content-Type", "application/json")
        .header("Transfer-Encoding", "chunked")
        .raw(&chunk);
    chunked.send().await.problem(413, "body_too_large");
    // The limit itself is fine.
    let mut fits = json!({ "name": "fits" }).to_string().into_bytes();
    fits.resize(usize::try_from(BODY_LIMIT).expect("small"), b' ');
    assert_eq!(
        api.request("POST", "/v1/sessions")
            .header("Content-Type", "application/json")
            .body(&fits)
            .send()
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let api = TestApi::start().await;
    let body = br#"{ "name": "x" }"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        api.request("POST", "/v1/sessions")
            .header("Content-Type", kind)
            .body(body)
            .send()
            .await
            .problem(415, "unsupported_media_type");
    }
    api.request("POST", "/v1/sessions")
        .body(body)
        .send()
        .await
        .problem(415, "unsupported_media_type");
    let with_charset = api
        .request("POST", "/v1/sessions")
        .header("Content-Type", "Application/JSON; charset=utf-8")
        .body(body)
        .send()
        .await;
    assert_eq!(with_charset.status, 201);
}

#[tokio::test]
async fn an_accept_that_nothing_fits_is_refused() {
    let api = TestApi::start().await;
    let answer = api
        .request("GET", "/v1/version")
        .header("Accept", "text/html")
        .send()
        .await;
    let problem = answer.problem(406, "not_acceptable");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("application/json"))
    );
    for accept in ["*/*", "application/*", "text/html, application/json;q=0.1"] {
        assert_eq!(
            api.request("GET", "/v1/version")
                .header("Accept", accept)
                .send()
                .await
                .status,
            200,
            "{accept}"
        );
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused() {
    let api = TestApi::start().await;
    let problem = api.get("/v1/sessions?limt=3").await.problem(400, "invalid_query");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("did you mean \"limit\"?")),
        "{problem}"
    );
    for query in ["limit=0", "limit=201", "limit=x", "cursor=nonsense"] {
        api.get(&format!("/v1/sessions?{query}"))
            .await
            .problem(400, "invalid_query");
    }
    api.get("/v1/version?pretty=1").await.problem(400, "invalid_query");
}

#[tokio::test]
async fn a_request_has_an_id_the_callers_or_a_new_one() {
    let api = TestApi::start().await;
    let asked = async |id: &str| {
        api.bare("GET", "/healthz")
            .header("X-Request-Id", id)
            .send()
            .await
            .header("x-request-id")
            .map(str::to_owned)
    };
    assert_eq!(asked("order-17").await.as_deref(), Some("order-17"));
    // What is not fit for a log is replaced.
    let long = "x".repeat(129);
    for unfit in ["", "two words", "a\"b", "{}", &long] {
        let id = asked(unfit).await.expect("an id");
        assert!(id.starts_with("req_") && id.len() == 30, "{unfit:?} became {id:?}");
    }
}

#[tokio::test]
async fn readiness_follows_the_host() {
    let api = TestApi::start().await;
    assert_eq!(api.bare("GET", "/readyz").send().await.status, 200);
    for (phase, says) in [(Phase::Starting, "starting"), (Phase::Stopping, "stopping")] {
        api.phase.send_replace(phase);
        let problem = api.bare("GET", "/readyz").send().await.problem(503, "not_ready");
        assert_eq!(problem["detail"], format!("the host is {says}"));
        assert_eq!(problem["errors"][0]["pointer"], "/phase");
        let health = api.get("/v1/health").await.json();
        assert_eq!(health["lacks"]["phase"], format!("the host is {says}"));
        assert_eq!(
            api.bare("GET", "/healthz").send().await.status,
            200,
            "alive all the same"
        );
    }
}
