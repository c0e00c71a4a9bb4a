//! What `http` sends, what it refuses, and what a repeated call is told.

use http::{HeaderMap, HeaderName, HeaderValue};
use ulid::Ulid;
use waspnest_core::id::EventId;

use super::fixture::{Answers, Stored, call, call_over};
use crate::bindings::waspnest::plugin::http::{Host, Request, Response};
use crate::bindings::waspnest::plugin::types::Error;
use crate::host::{HttpAnswer, HttpFailure, HttpRequest};
use crate::manifest::HttpTerms;
use crate::state::{Call, CallState};

pub(super) const URL: &str = "https://api.example.com/things?x=1#part";

pub(super) fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        secrets_in_body: false,
        timeout_ms: None,
        max_bytes: None,
        follow_redirects: 0,
    }
}

fn with_header(name: &str, value: &str) -> Request {
    Request {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..request("GET", URL)
    }
}

pub(super) fn answer(status: u16, body: &str) -> Result<HttpAnswer, HttpFailure> {
    Ok(HttpAnswer {
        status,
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
        truncated: false,
    })
}

pub(super) fn redirect(status: u16, to: &str) -> Result<HttpAnswer, HttpFailure> {
    let location = HeaderValue::try_from(to).expect("a header's value");
    Ok(HttpAnswer {
        headers: HeaderMap::from_iter([(http::header::LOCATION, location)]),
        ..answer(status, "")?
    })
}

pub(super) fn over(answers: &Answers) -> CallState {
    call_over(Stored {
        answers: answers.clone(),
        ..Stored::default()
    })
}

pub(super) fn terms(allow: &[&str]) -> HttpTerms {
    let list = allow.iter().map(|text| text.parse().expect("origins")).collect();
    HttpTerms {
        allow: vec![list],
        ..HttpTerms::default()
    }
}

pub(super) async fn fetch(call: &mut CallState, request: Request) -> Result<Response, Error> {
    call.fetch(request).await.expect("no trap")
}

pub(super) fn header<'a>(request: &'a HttpRequest, name: &'static str) -> Option<&'a str> {
    let value = request.headers.get(HeaderName::from_static(name))?;
    Some(value.to_str().expect("a readable header"))
}

#[tokio::test]
async fn a_request_is_sent_as_it_was_asked_for() {
    let answers = Answers::of([answer(200, "hello")]);
    let mut call = over(&answers);
    let response = fetch(
        &mut call,
        Request {
            body: Some(b"{}".to_vec()),
            timeout_ms: Some(500),
            max_bytes: Some(10),
            ..Request {
                method: "POST".to_owned(),
                ..with_header("X-Token", "1234")
            }
        },
    )
    .await
    .expect("an answer");
    assert_eq!((response.status, response.body.as_slice()), (200, &b"hello"[..]));
    assert_eq!(response.url, "https://api.example.com/things?x=1");
    let [sent] = &answers.asked()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "https://api.example.com/things?x=1")
    );
    assert_eq!((header(sent, "x-token"), &*sent.body), (Some("1234"), &b"{}"[..]));
    assert_eq!((sent.timeout.as_millis(), sent.max_bytes), (500, 10));
    assert_eq!(
        header(sent, "user-agent"),
        Some(concat!("waspnest/", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn the_grant_says_where_to_and_how() {
    let answers = Answers::default();
    let mut call = over(&answers);
    let mut allowed = terms(&["https://api.example.com"]);
    allowed.methods = Some(["GET".into()].into());
    std::sync::Arc::make_mut(&mut call.call.effective).http = Some(allowed);
    for (asked, refusal) in [
        (request("POST", URL), "http: the method POST is not granted"),
        (
            request("GET", "https://example.com/"),
            "http: https://example.com is not granted",
        ),
        (
            request("GET", "http://api.example.com/"),
            "http: http://api.example.com is not granted",
        ),
    ] {
        let refused = fetch(&mut call, asked).await.expect_err(refusal);
        assert!(
            matches!(&refused, Error::Denied(words) if words == refusal),
            "{refused:?}"
        );
    }
    std::sync::Arc::make_mut(&mut call.call.effective).http = None;
    let refused = fetch(&mut call, request("GET", URL)).await.expect_err("no grant");
    assert!(
        matches!(&refused, Error::Denied(words) if words == "http"),
        "{refused:?}"
    );
    assert!(answers.asked().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn what_is_not_in_form_is_refused_with_the_argument() {
    let answers = Answers::default();
    let mut call = over(&answers);
    for (asked, argument) in [
        (request("TRACE", URL), "method"),
        (request("get", URL), "method"),
        (request("GET", "/things"), "url"),
        (request("GET", "file:///etc/passwd"), "url"),
        (request("GET", "https://me:secret@api.example.com/"), "url"),
        (
            request("GET", &format!("https://a.example/{}", "a".repeat(8192))),
            "url",
        ),
        (with_header("host", "evil.example"), "headers"),
        (with_header("Transfer-Encoding", "chunked"), "headers"),
        (with_header("proxy-authorization", "x"), "headers"),
        (with_header("x-a", "1\r\nx-b: 2"), "headers"),
        (with_header("x a", "1"), "headers"),
        (with_header("x-long", &"a".repeat(17 << 10)), "headers"),
    ] {
        call.call.http_requests = crate::state::Budget::of("HTTP requests", 1);
        let refused = fetch(&mut call, asked).await.expect_err(argument);
        assert!(
            matches!(&refused, Error::Invalid(words) if words.starts_with(argument)),
            "{argument}: {refused:?}"
        );
    }
    call.call.http_requests = crate::state::Budget::of("HTTP requests", 1);
    let body = Request {
        body: Some(vec![0; (1 << 20) + 1]),
        ..request("POST", URL)
    };
    assert!(matches!(fetch(&mut call, body).await, Err(Error::TooLarge(1_048_576))));
    assert!(answers.asked().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_repeated_call_gets_the_kept_answer_and_sends_nothing() {
    let answers = Answers::of([answer(201, "first"), answer(201, "second"), answer(404, "other")]);
    for _attempt in 1..=2 {
        let mut call = over(&answers);
        for (method, expected) in [("POST", "first"), ("POST", "second"), ("GET", "other")] {
            let response = fetch(&mut call, request(method, URL)).await.expect("an answer");
            assert_eq!(
                response.body,
                expected.as_bytes(),
                "the same question twice is two questions"
            );
        }
    }
    let asked = answers.asked();
    assert_eq!(asked.len(), 3, "the second attempt asked nobody");
    let keys: Vec<_> = asked.iter().map(|request| header(request, "idempotency-key")).collect();
    assert!(keys[0].is_some() && keys[1].is_some() && keys[0] != keys[1]);
    assert_eq!(keys[2], None, "reading twice does no harm");
}

#[tokio::test]
async fn an_answer_that_says_not_now_is_not_kept() {
    let busy = [408, 425, 429, 500, 503].map(|status| answer(status, "busy"));
    let count = busy.len();
    let answers = Answers::of(
        busy.into_iter()
            .chain([Err(HttpFailure::TimedOut), answer(200, "done")]),
    );
    for _ in 0..count {
        let response = fetch(&mut over(&answers), request("POST", URL))
            .await
            .expect("an answer");
        assert_eq!(response.body, b"busy");
    }
    let refused = fetch(&mut over(&answers), request("POST", URL))
        .await
        .expect_err("no answer");
    assert!(matches!(refused, Error::Timeout));
    for _attempt in 1..=2 {
        let response = fetch(&mut over(&answers), request("POST", URL))
            .await
            .expect("an answer");
        assert_eq!(response.body, b"done");
    }
    let keys: std::collections::BTreeSet<_> = answers
        .asked()
        .iter()
        .map(|request| header(request, "idempotency-key").map(str::to_owned))
        .collect();
    assert_eq!(
        (answers.asked().len(), keys.len()),
        (count + 2, 1),
        "one name for all attempts"
    );
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_asked_and_each_is_checked() {
    let answers = Answers::of([
        redirect(302, "/moved"),
        redirect(307, "https://cdn.example.com/file#top"),
        answer(200, "there"),
    ]);
    let mut call = over(&answers);
    std::sync::Arc::make_mut(&mut call.call.effective).http = Some(terms(&["https://*.example.com"]));
    let asked = Request {
        method: "POST".to_owned(),
        body: Some(b"x".to_vec()),
        follow_redirects: 2,
        ..with_header("authorization", "Bearer 1")
    };
    let response = fetch(&mut call, asked).await.expect("an answer");
    assert_eq!(
        (response.body.as_slice(), response.url.as_str()),
        (&b"there"[..], "https://cdn.example.com/file")
    );
    let sent = answers.asked();
    let lines: Vec<_> = sent
        .iter()
        .map(|request| {
            (
                request.method.as_str(),
                request.url.as_str(),
                header(request, "authorization"),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("POST", "https://api.example.com/things?x=1", Some("Bearer 1")),
            ("GET", "https://api.example.com/moved", Some("Bearer 1")),
            ("GET", "https://cdn.example.com/file", None),
        ]
    );
    assert!(sent[1].body.is_empty() && sent[2].body.is_empty());
}

#[tokio::test]
async fn a_redirect_leads_nowhere_the_grant_does_not() {
    for (to, refusal) in [
        ("https://evil.example/", "http: https://evil.example is not granted"),
        ("http://api.example.com/", "http: http://api.example.com is not granted"),
        (
            "file:///etc/passwd",
            "http: the address of a redirect must begin with http:// or https:// and name a host",
        ),
    ] {
        let answers = Answers::of([redirect(302, to)]);
        let mut call = over(&answers);
        std::sync::Arc::make_mut(&mut call.call.effective).http = Some(terms(&["https://api.example.com"]));
        let asked = Request {
            follow_redirects: 5,
            ..request("GET", URL)
        };
        let refused = fetch(&mut call, asked).await.expect_err(to);
        assert!(
            matches!(&refused, Error::Denied(words) if words == refusal),
            "{refused:?}"
        );
        assert_eq!(answers.asked().len(), 1, "the target was not asked");
    }
    let answers = Answers::of([redirect(302, "/a"), redirect(302, "/b")]);
    let asked = Request {
        follow_redirects: 1,
        ..request("GET", URL)
    };
    let response = fetch(&mut over(&answers), asked)
        .await
        .expect("the last redirect is the answer");
    assert_eq!(
        (response.status, response.url.as_str()),
        (302, "https://api.example.com/a")
    );
}

#[tokio::test]
async fn requests_have_a_budget_and_failures_say_why() {
    let answers = Answers::of([
        Err(HttpFailure::Forbidden(
            "\"intranet\" is not on the public internet".to_owned(),
        )),
        Err(HttpFailure::Unreachable("connection refused".to_owned())),
    ]);
    let mut call = over(&answers);
    let refused = fetch(&mut call, request("GET", URL)).await.expect_err("forbidden");
    assert!(
        matches!(&refused, Error::Denied(words) if words.contains("public internet")),
        "{refused:?}"
    );
    let refused = fetch(&mut call, request("GET", URL)).await.expect_err("unreachable");
    assert!(
        matches!(&refused, Error::Upstream((0, words)) if words == "connection refused"),
        "{refused:?}"
    );
    for _ in 2..10 {
        fetch(&mut call, request("GET", URL))
            .await
            .expect_err("nobody is there");
    }
    let refused = fetch(&mut call, request("GET", URL)).await.expect_err("the eleventh");
    assert!(
        matches!(&refused, Error::Quota(words) if words == "HTTP requests: 10 in one call"),
        "{refused:?}"
    );
    for _ in 11..100 {
        fetch(&mut call, request("GET", URL)).await.expect_err("over budget");
    }
    assert!(call.fetch(request("GET", URL)).await.is_err(), "a flood ends the call");
}

#[test]
fn a_message_that_is_delivered_once_more_is_the_same_to_servers() {
    let key = |change: fn(&mut Call)| {
        let mut call = call().call;
        change(&mut call);
        let question = call.question("http", b"POST");
        call.idempotency_key(&question)
    };
    let other = |call: &mut Call| call.event = EventId::new(Ulid(7));
    let first = key(|_| {});
    assert_eq!(key(other), first);
    let another = key(|call| {
        let message = call.scene.message.as_mut().expect("it is about a message");
        message.key.id = "3EB0OTHER".parse().expect("an id");
    });
    assert_ne!(another, first);
    let nothing = key(|call| call.scene.message = None);
    let later = key(|call| {
        call.scene.message = None;
        call.event = EventId::new(Ulid(7));
    });
    assert_ne!(nothing, later, "of what is no message each event is its own");
}
