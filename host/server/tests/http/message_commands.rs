//! `waspnest message …` against a running host.

use std::ffi::OsString;

use waspnest::cli::{self, Exit, Output};
use waspnest_core::effect::{Action, Effect};
use waspnest_core::event::Position;
use waspnest_core::message::Content;

use crate::support::{SECRET, TestApi};

const TO: &str = "+4915112345678";

/// Runs a command to its end, where it may wait for answers, and gives how it ended and what it printed to either side.
async fn run(api: &TestApi, arguments: &[&str]) -> (Exit, String, String) {
    let all = ["waspnest", "message"].iter().chain(arguments).map(OsString::from);
    let all: Vec<_> = all.collect();
    let env = [
        ("WASPNEST_URL".to_owned(), format!("http://{}/", api.address)),
        ("WASPNEST_SECRET".to_owned(), SECRET.to_owned()),
    ];
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let exit = cli::run(all.into_iter(), env.into_iter(), output);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(out), text(err))
    });
    ran.await.expect("it does not panic")
}

async fn done(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, out, err) = run(api, arguments).await;
    assert_eq!(exit, Exit::Success, "{arguments:?}: {out}{err}");
    out
}

async fn refused(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, _, err) = run(api, arguments).await;
    assert_eq!(exit, Exit::Failure, "{arguments:?}");
    err
}

/// The parts of a line that was printed of an effect.
fn parts(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What the session is asked to do, the latest last.
async fn effects(api: &TestApi) -> Vec<Effect> {
    let due = api.outbox.due(api.main, Position::default(), 100).await;
    due.expect("it is read")
}

async fn actions(api: &TestApi) -> Vec<Action> {
    effects(api).await.into_iter().map(|effect| effect.action).collect()
}

#[tokio::test]
async fn a_text_is_sent_to_one_or_many_now_or_later() {
    let api = TestApi::start().await;
    let said = done(&api, &["send", "main", TO, "hello", "--mention", "+491520000001"]).await;
    let line = parts(&said);
    assert!(line[0].starts_with("eff_") && line[2].starts_with("3EB0"), "{said}");
    assert_eq!((line[1], line[3]), ("4915112345678@s.whatsapp.net", "pending"));

    let again = ["send", "main", TO, "once", "--key", "order-4711"];
    let first = done(&api, &again).await;
    assert_eq!(done(&api, &again).await, first, "under its key it is sent once");

    let both = done(&api, &["send", "main", "+491520000001,+491520000002", "to both"]).await;
    assert_eq!(both.lines().count(), 2, "{both}");

    let later = done(&api, &["send", "main", TO, "later", "--at", "2026-06-01T00:00:00Z"]).await;
    assert!(later.starts_with("smg_"), "{later}");
    assert!(
        later.ends_with("4915112345678@s.whatsapp.net  at 2026-06-01T00:00:00.000Z\n"),
        "{later}"
    );

    let said = refused(&api, &["send", "main", "nobody", "hello"]).await;
    assert!(said.contains("(422 invalid_body)") && said.contains("/to"), "{said}");
    let said = refused(&api, &["send", "nowhere", TO, "hello"]).await;
    assert!(said.contains("(404 unknown_session)"), "{said}");
    assert_eq!(actions(&api).await.len(), 4);
}

#[tokio::test]
async fn a_file_is_put_there_and_sent_as_what_it_is() {
    let api = TestApi::start().await;
    let dir = tempfile::tempdir().expect("a directory");
    for (name, more, kind) in [
        ("tea.JPG", &["--caption", "your tea"][..], "image"),
        ("notes", &[], "document"),
        ("song.mp3", &["--as", "voice"], "voice"),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, "bytes").expect("written");
        let file = file.to_str().expect("text");
        done(&api, &[&["file", "main", TO, file], more].concat()).await;
        let last = actions(&api).await.pop();
        let sent = last.as_ref().and_then(Action::sent).expect("something is sent");
        assert_eq!(sent.content.kind(), kind);
        if let Content::Image(image) = &sent.content {
            assert_eq!(
                (&*image.mime, image.caption.as_deref()),
                ("image/jpeg", Some("your tea"))
            );
        }
    }
    let said = refused(&api, &["file", "main", TO, "/nowhere/tea.jpg"]).await;
    assert!(said.contains("cannot read /nowhere/tea.jpg"), "{said}");
}

#[tokio::test]
async fn messages_are_changed_taken_back_and_answered_with_an_emoji() {
    let api = TestApi::start().await;
    let sent = done(&api, &["send", "main", TO, "helo"]).await;
    let id = parts(&sent)[2].to_owned();
    done(&api, &["edit", "main", &id, "hello"]).await;
    done(&api, &["react", "main", "ABC", "🐝", "--chat", TO]).await;
    done(&api, &["read", "main", "ABC", "--chat", TO]).await;
    done(&api, &["revoke", "main", &id]).await;
    done(&api, &["revoke", "main", &id, "--for-me"]).await;
    let names: Vec<_> = actions(&api).await.iter().map(Action::name).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    let said = refused(&api, &["edit", "main", "ABC", "hello"]).await;
    assert!(said.contains("the host refuses"), "{said}");
}

#[tokio::test]
async fn what_a_phone_would_show_is_listed_and_shown() {
    let api = TestApi::start().await;
    let all = api.get("/v1/sessions/main/messages").await.json();
    let newest = &all["items"][0];
    let id = newest["id"].as_str().expect("an id");
    let listed = done(&api, &["list", "main"]).await;
    let last = listed.lines().last().expect("there are some");
    assert_eq!(parts(last)[1], id, "{listed}");
    assert_eq!(done(&api, &["list", "main", "--limit", "1"]).await, format!("{last}\n"));
    let line = done(&api, &["list", "main", "--limit", "1", "--json"]).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), *newest);
    let none = done(&api, &["list", "main", "--search", "nobodyeversaidthis"]).await;
    assert_eq!(none, "");
    let shown = done(&api, &["show", "main", id]).await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shown).expect("JSON")["id"],
        id
    );
    refused(&api, &["show", "main", "3EB0NEVER"]).await;
}
