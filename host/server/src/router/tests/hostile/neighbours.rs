//! What belongs to other chats, other installations and other sessions, and what a call may not do a second time.

use std::collections::BTreeSet;

use super::super::harness::{Harness, Install, hostile};
use super::super::three_tries;
use super::{Asker, Ended, judged};

const HERS: &str = "4915100001";
const MINE: &str = "4915100002";
/// What nobody else may learn.
const SECRET: &str = "the treasure is under the oak";

pub(super) async fn all() -> Vec<Ended> {
    let mut ended = other_chats().await;
    ended.extend(other_installations_and_sessions().await);
    ended.extend(races().await);
    ended.extend(repetitions().await);
    ended
}

/// An installation that may look at the chat of its event, asked in one chat about another.
async fn other_chats() -> Vec<Ended> {
    let app = Harness::start(vec![hostile("bot")]).await;
    let asker = Asker::new(&app);
    let hers = app.hears_as(HERS, SECRET).await;
    asker.answer().await;
    let jid = format!("{HERS}@s.whatsapp.net");
    assert_eq!(
        asker.ask(HERS, &format!("get {hers}")).await,
        format!("{SECRET} by {jid}"),
        "in its own chat it can be looked at"
    );
    let mut ended = Vec::new();
    for (name, words) in [
        ("looking at a message of another chat", format!("get-from {jid} {hers}")),
        (
            "looking at another chat's message as if it were here",
            format!("get {hers}"),
        ),
        ("the history of another chat", format!("history-of {jid}")),
        (
            "passing a message of another chat on",
            format!("forward-from {jid} {hers}"),
        ),
        (
            "passing another chat's message on as if it were here",
            format!("forward {hers}"),
        ),
        ("writing to another chat", format!("send-to {jid}")),
        ("changing a message of another chat", "elsewhere edit".to_owned()),
        ("taking a message of another chat back", "elsewhere revoke".to_owned()),
        ("moderating another chat", "elsewhere moderate".to_owned()),
        ("voting in another chat", "elsewhere vote".to_owned()),
        ("pinning in another chat", "elsewhere pin".to_owned()),
        ("a star in another chat", "elsewhere star".to_owned()),
    ] {
        let answer = asker.ask(MINE, &words).await;
        ended.push(judged(name, answer, |answer| {
            let refused = answer.contains("not granted") || answer.contains("not found") || answer == "nothing";
            refused && !answer.contains(SECRET)
        }));
    }
    asker.ask(HERS, "kv-counter").await;
    ended.push(judged(
        "values of another chat",
        asker.ask(MINE, "kv-counter").await,
        |count| count == "1",
    ));
    app.stop().await;
    ended
}

/// The same plugin installed for somebody else, with data that look the same.
async fn other_installations_and_sessions() -> Vec<Ended> {
    let hers = Harness::start(vec![hostile("hers")]).await;
    let (asker, mut ended) = (Asker::new(&hers), Vec::new());
    for _ in 0..3 {
        asker.ask(HERS, "kv-session-counter").await;
    }
    let handle = asker.ask(HERS, &format!("make-handle {SECRET}")).await;
    assert!(
        asker
            .ask(HERS, &format!("read-handle {handle}"))
            .await
            .contains("the treasure")
    );
    let message = hers.hears_as(HERS, SECRET).await;
    asker.answer().await;

    // Another session of the same host, whose installation is the same and whose chat bears the same number. (Files are the
    // installation's, in all its sessions.)
    let mine = hers.beside(vec![hostile("hers")]).await;
    let spy = Asker::new(&mine);
    for (name, words) in [
        ("a message of another session", format!("get {message}")),
        ("the history of another session", "history 10 ".to_owned()),
        ("passing a message of another session on", format!("forward {message}")),
    ] {
        let answer = spy.ask(HERS, &words).await;
        ended.push(judged(name, answer, |answer| !answer.contains("treasure")));
    }
    let count = spy.ask(HERS, "kv-session-counter").await;
    ended.push(judged("values of another session", count, |count| count == "1"));
    mine.stop().await;

    // Another installation of the same plugin in the same session, after a restart that changed its name.
    let mine = hers.restart_with(vec![hostile("mine")]).await;
    let spy = Asker::new(&mine);
    let count = spy.ask(HERS, "kv-session-counter").await;
    ended.push(judged("values of another installation", count, |count| count == "1"));
    for (name, word) in [("reading", "read-handle"), ("sending", "send-handle")] {
        let answer = spy.ask(HERS, &format!("{word} {handle}")).await;
        ended.push(judged(
            format!("{name} a file of another installation"),
            answer,
            |answer| answer.contains("not found"),
        ));
    }
    mine.stop().await;
    ended
}

/// Many chats at the same time fill what all share.
async fn races() -> Vec<Ended> {
    const WRITERS: usize = 100;
    let app = Harness::start(vec![Install {
        retry: three_tries(),
        ..hostile("bot")
    }])
    .await;
    for chat in 0..WRITERS {
        app.hears_without_waiting(&format!("49151001{chat:03}"), &format!("kv-fill {chat}"))
            .await;
    }
    app.pass_until_replies(WRITERS).await;
    let answers = app.replies(WRITERS).await;
    let stored = answers.iter().filter(|(_, answer)| answer == "stored").count();
    let refused = answers.iter().filter(|(_, answer)| answer.contains("used up")).count();
    app.stop().await;
    // 64 KiB are granted; each value is 1 KiB with its quotes, and its key comes on top.
    vec![judged(
        format!("{WRITERS} chats fill one store at the same time"),
        format!("{stored} stored, {refused} refused"),
        |_| (50..64).contains(&stored) && stored + refused == WRITERS,
    )]
}

/// A repeated call does not do things a second time under other ids.
async fn repetitions() -> Vec<Ended> {
    let app = Harness::start(vec![Install {
        retry: three_tries(),
        ..hostile("bot")
    }])
    .await;
    app.hears(HERS, "now-until 3").await;
    // At once: "now" three times the same, and each attempt's own number; in the end the answer.
    app.pass_until_replies(5).await;
    let texts: Vec<String> = app.replies(5).await.into_iter().map(|(_, text)| text).collect();
    let ids: BTreeSet<_> = app.carried_ids().into_iter().collect();
    app.stop().await;
    vec![judged("other ids at a retry", texts.join(", "), |_| {
        texts.iter().filter(|text| *text == "now").count() == 1 && ids.len() == 5
    })]
}
