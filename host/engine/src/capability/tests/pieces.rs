//! Answers that are taken in pieces: what a repeated call is told, and what a record gives again.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use wasmtime::component::Resource;

use super::fixture::{Answers, Stored};
use super::http::{URL, answer, fetch, header, over, redirect, request, terms};
use crate::bindings::waspnest::plugin::http::{Host, HostIncoming, Request};
use crate::bindings::waspnest::plugin::types::Error;
use crate::host::{HttpFailure, HttpRequest, InvalidRule};
use crate::record::{Function, Recorder, Replay, Rules};
use crate::state::CallState;

/// The pieces of an answer, and what ended them.
async fn pieces(call: &mut CallState, request: Request) -> (Vec<String>, Result<(), Error>) {
    let incoming = call.open(request).await.expect("no trap").expect("an answer");
    let rep = incoming.rep();
    let mut said = Vec::new();
    loop {
        match call.next(Resource::new_borrow(rep), 0).await.expect("no trap") {
            Ok(Some(bytes)) => said.push(String::from_utf8(bytes).expect("a text")),
            Ok(None) => return (said, Ok(())),
            Err(refusal) => return (said, Err(refusal)),
        }
    }
}

#[tokio::test]
async fn a_repeated_call_gets_the_same_pieces_and_sends_nothing() {
    let answers = Answers::of([answer(200, "one|two|three"), answer(200, "a|(breaks off)")]);
    for attempt in 1..=2 {
        let mut call = over(&answers);
        let (said, ended) = pieces(&mut call, request("POST", URL)).await;
        assert_eq!(
            (said, ended.is_ok()),
            (["one", "two", "three"].map(str::to_owned).to_vec(), true)
        );
        let (said, ended) = pieces(&mut call, request("POST", URL)).await;
        assert_eq!(said, ["a"]);
        let Err(Error::Upstream((0, why))) = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(
            why.starts_with("the rest of the answer was lost"),
            attempt == 2,
            "{why}"
        );
    }
    let asked = answers.asked();
    assert_eq!(asked.len(), 2, "the second attempt asked nobody");
    assert!(header(&asked[0], "idempotency-key").is_some());
}

#[tokio::test]
async fn pieces_of_an_answer_that_says_not_now_are_not_kept() {
    let answers = Answers::of([answer(503, "bu|sy"), answer(200, "there"), answer(200, "more")]);
    let (said, _) = pieces(&mut over(&answers), request("GET", URL)).await;
    assert_eq!(said, ["bu", "sy"]);
    for _attempt in 1..=2 {
        let (said, _) = pieces(&mut over(&answers), request("GET", URL)).await;
        assert_eq!(said, ["there"]);
    }
    let mut call = over(&answers);
    let whole = fetch(&mut call, request("GET", URL)).await.expect("an answer");
    assert_eq!(whole.body, b"more", "taking all of it at once is another question");
}

#[tokio::test]
async fn a_redirect_of_what_is_opened_is_checked_too() {
    let answers = Answers::of([redirect(302, "https://evil.example/")]);
    let mut call = over(&answers);
    std::sync::Arc::make_mut(&mut call.call.effective).http = Some(terms(&["https://api.example.com"]));
    let asked = Request {
        follow_redirects: 1,
        ..request("GET", URL)
    };
    let Err(refused) = call.open(asked).await.expect("no trap") else {
        panic!("it was opened")
    };
    assert!(
        matches!(&refused, Error::Denied(words) if words.contains("evil.example")),
        "{refused:?}"
    );
}

/// The pieces that a host gives, and how they end.
async fn taken(host: &dyn crate::host::Host, request: HttpRequest) -> (Vec<String>, Result<(), HttpFailure>) {
    let mut opened = host.open(request).await.expect("an answer");
    let mut said = Vec::new();
    loop {
        match opened.body.next(Duration::ZERO, Duration::ZERO).await {
            Ok(Some(bytes)) => said.push(String::from_utf8(bytes.to_vec()).expect("a text")),
            Ok(None) => return (said, Ok(())),
            Err(failure) => return (said, Err(failure)),
        }
    }
}

#[tokio::test]
async fn a_record_gives_pieces_as_they_came_and_without_secrets() {
    use crate::host::Host as _;

    let answers = Answers::of([answer(200, "a sword|/fish b|(breaks off)"), answer(200, "end|sword")]);
    let recorder = Recorder::new(Arc::new(Stored {
        answers,
        ..Stored::default()
    }));
    let token = "token".parse().expect("a name");
    recorder.secret(&token).await.expect("it works").expect("it is there");
    let asked = HttpRequest {
        method: http::Method::GET,
        url: URL.parse().expect("a URL"),
        headers: HeaderMap::new(),
        body: Default::default(),
        timeout: Duration::ZERO,
        max_bytes: 100,
    };
    let broken = Err(HttpFailure::Unreachable("reset".to_owned()));
    let (said, ended) = taken(&recorder, asked.clone()).await;
    assert_eq!(
        (said, ended),
        (vec!["a sword".to_owned(), "/fish b".to_owned()], broken.clone())
    );
    assert_eq!(taken(&recorder, asked.clone()).await.0, ["end", "sword"]);
    let rules = Rules {
        next_cron: |_, _, _| Err(InvalidRule("none".to_owned())),
        judge_raw: |_| Ok(()),
    };
    let replay = Replay::of(recorder.take().taken, rules);
    let (said, ended) = taken(&replay, asked.clone()).await;
    let hidden = vec!["a ".to_owned(), "recorded-secret-token b".to_owned()];
    assert_eq!((said, ended), (hidden, broken));
    assert_eq!(taken(&replay, asked).await.0.concat(), "endsword");
    assert!(replay.missing().is_empty(), "{:?}", replay.missing());
    assert_eq!(replay.unasked(), [Function::Secret]);
}
