//! Where secrets are put, where they are not, and what is taken out of answers.

use http::{HeaderMap, HeaderValue};

use super::fixture::{Answers, Stored, call_over};
use crate::bindings::waspnest::plugin::http::{Host, Request, Response};
use crate::bindings::waspnest::plugin::types::Error;
use crate::host::{HttpAnswer, HttpFailure};

const PLACE: &str = "{{secret:token}}";
const HOME: &str = "https://api.example.com/";

fn request(url: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Request {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: headers.collect(),
        body: None,
        secrets_in_body: false,
        timeout_ms: None,
        max_bytes: None,
        follow_redirects: 2,
    }
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<HttpAnswer, HttpFailure> {
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::try_from(*value).expect("a header's value");
        (http::HeaderName::from_static(name), value)
    });
    Ok(HttpAnswer {
        status,
        headers: HeaderMap::from_iter(headers),
        body: body.to_owned().into(),
        truncated: false,
    })
}

async fn fetch(answers: &Answers, request: Request) -> Result<Response, Error> {
    let mut call = call_over(Stored {
        answers: answers.clone(),
        ..Stored::default()
    });
    call.fetch(request).await.expect("no trap")
}

#[tokio::test]
async fn a_secret_stands_as_it_is_in_headers_and_encoded_in_queries() {
    let answers = Answers::of([answer(200, &[], "")]);
    let url = format!("{HOME}?a=1&key={PLACE}");
    fetch(&answers, request(&url, &[("x-key", &format!("a {PLACE} b {PLACE}"))]))
        .await
        .expect("sent");
    let sent = &answers.asked()[0];
    assert_eq!(sent.url.as_str(), "https://api.example.com/?a=1&key=sword%2Ffish");
    let header = &sent.headers["x-key"];
    assert_eq!(header.as_bytes(), b"a sword/fish b sword/fish");
    assert!(header.is_sensitive());
    let shown = format!("{sent:?}");
    assert!(!shown.contains("sword"), "{shown}");
}

#[tokio::test]
async fn a_secret_goes_to_its_own_hosts_alone() {
    let answers = Answers::of([]);
    let elsewhere = fetch(&answers, request("https://evil.example/", &[("x-key", PLACE)])).await;
    assert!(
        matches!(&elsewhere, Err(Error::Denied(words)) if words == "secrets: token is not bound to evil.example"),
        "{elsewhere:?}"
    );
    assert!(answers.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_takes_no_secret_to_another_host() {
    let away = |status| answer(status, &[("location", "https://evil.example/")], "");
    // Another header than those that no other origin is told of.
    let answers = Answers::of([away(307)]);
    let refused = fetch(&answers, request(HOME, &[("x-key", PLACE)])).await;
    assert!(
        matches!(&refused, Err(Error::Denied(words)) if words == "secrets: token is not bound to evil.example"),
        "{refused:?}"
    );
    assert_eq!(answers.asked().len(), 1);

    let answers = Answers::of([away(307), answer(200, &[], "there")]);
    fetch(&answers, request(HOME, &[("authorization", PLACE)]))
        .await
        .expect("followed");
    assert!(!answers.asked()[1].headers.contains_key("authorization"));

    let with_body = || Request {
        body: Some(PLACE.into()),
        secrets_in_body: true,
        ..request(HOME, &[])
    };
    let answers = Answers::of([away(307)]);
    assert!(matches!(fetch(&answers, with_body()).await, Err(Error::Denied(_))));
    assert_eq!(answers.asked()[0].body, "sword/fish");
    let answers = Answers::of([away(303), answer(200, &[], "there")]);
    fetch(&answers, with_body()).await.expect("a GET has no body");

    // What a server writes is not filled.
    let answers = Answers::of([
        answer(307, &[("location", "/?key={{secret:token}}")], ""),
        answer(200, &[], ""),
    ]);
    fetch(&answers, request(HOME, &[])).await.expect("followed");
    assert_eq!(answers.asked()[1].url.query(), Some("key={{secret:token}}"));
}

#[tokio::test]
async fn what_a_server_repeats_is_taken_out() {
    let echo = r#"{"raw":"sword/fish","url":"/?key=sword%2Ffish"}"#;
    let answers = Answers::of([answer(200, &[("x-seen", "sword/fish!")], echo)]);
    let response = fetch(&answers, request(&format!("{HOME}?key={PLACE}"), &[]))
        .await
        .expect("answered");
    assert_eq!(
        String::from_utf8(response.body).expect("text"),
        r#"{"raw":"{{secret:token}}","url":"/?key={{secret:token}}"}"#
    );
    assert_eq!(
        response.headers,
        [("x-seen".to_owned(), "{{secret:token}}!".to_owned())]
    );
    assert_eq!(response.url, "https://api.example.com/?key={{secret:token}}");
}

#[tokio::test]
async fn an_answer_that_is_cut_within_a_secret_does_not_show_its_beginning() {
    for (body, shown) in [
        ("seen: sword/fis", "seen: "),
        ("seen: s", "seen: "),
        ("seen: x", "seen: x"),
    ] {
        let cut = HttpAnswer {
            truncated: true,
            ..answer(200, &[], body).expect("an answer")
        };
        let answers = Answers::of([Ok(cut)]);
        let response = fetch(&answers, request(HOME, &[("x-key", PLACE)]))
            .await
            .expect("answered");
        assert_eq!(String::from_utf8(response.body).expect("text"), shown);
    }
}
