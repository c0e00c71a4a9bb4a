//! Messages, chats and people through the API.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use waspnest::service::mailbox::Line;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::files::FileName;
use waspnest_core::id::SessionId;
use waspnest_core::mailbox::{Author, Come, Conversation, Imported, Mailbox, PastReaction};
use waspnest_core::media_store::{MediaStore, Unfinished};
use waspnest_core::message::{Content, Media, MediaSource, Message, MessageKey, Origin, Text};
use waspnest_core::session::Desired;
use waspnest_whatsapp::{AskError, FetchError};

use crate::support::{START, TestApi};

/// The file of the picture.
pub(crate) const PICTURE: &[u8] = b"0123456789";

const ADA: &str = "4915112345678@s.whatsapp.net";

/// A phone that takes every question, and a server that has no files.
pub(crate) struct Quiet;

#[async_trait]
impl Line for Quiet {
    async fn fetch_into(&self, _: SessionId, _: &Content, _: Unfinished) -> Result<Unfinished, FetchError> {
        Err(FetchError::NotConnected)
    }

    async fn ask_past(&self, _: SessionId, _: &Message, _: u32) -> Result<(), AskError> {
        Ok(())
    }
}

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

fn said(id: &str, from: Origin, content: Content, minutes: u64) -> Imported {
    let key = MessageKey {
        chat: jid(ADA),
        id: id.parse().expect("an id"),
        from,
        participant: None,
    };
    let mut sender = Party::known_as(jid(ADA));
    sender.push_name = Some("Ada".into());
    let at = UnixMs(START.0 - 3_600_000 + minutes * 60_000);
    Imported {
        message: Message::new(key, jid(ADA).chat_kind(), sender, at, content),
        starred: false,
        come: Come::Sent,
        reactions: Vec::new(),
        votes: Vec::new(),
        receipts: Vec::new(),
    }
}

fn text(body: &str) -> Content {
    Content::Text(Text {
        body: body.into(),
        preview: None,
    })
}

fn picture(bytes: &[u8]) -> Content {
    Content::Image(Media {
        source: MediaSource::default(),
        mime: "image/png".into(),
        size: bytes.len() as u64,
        sha256: Some(FileName::of(bytes).bytes().to_vec()),
        caption: Some("a picture".into()),
        file_name: None,
        width: Some(4),
        height: Some(3),
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    })
}

/// One chat with everything that is read of it, told by a phone so that the log stays empty.
pub(crate) async fn furnish(mailbox: &Mailbox, media: &MediaStore, session: SessionId) {
    let hello = Imported {
        reactions: vec![PastReaction {
            by: Author::Me,
            emoji: "👍".into(),
            at: START,
        }],
        ..said("3EB0AAAA", Origin::Them, text("hello invoice"), 0)
    };
    let mine = Imported {
        come: Come::Read,
        receipts: vec![(Party::known_as(jid(ADA)), Come::Read, START)],
        ..said("3EB0BBBB", Origin::Me, text("it is paid"), 1)
    };
    let told = Conversation {
        chat: jid(ADA),
        other: Some(jid("100000000000001@lid")),
        name: Some("Ada".into()),
        unread: 2,
        marked_unread: false,
        archived: false,
        pinned_at: Some(START),
        muted: None,
        ephemeral_s: None,
        last_at: None,
        complete: false,
        members: Vec::new(),
        messages: vec![hello, mine, said("3EB0CCCC", Origin::Them, picture(PICTURE), 2)],
    };
    mailbox.import(session, told).await.expect("it imports");
    media
        .put(session, Bytes::from_static(PICTURE), 100)
        .await
        .expect("it is kept");
}

/// A chat with the same person, under the same ids and with the same picture, whose file is not here.
pub(crate) async fn resemble(mailbox: &Mailbox, session: SessionId) {
    let told = Conversation {
        chat: jid(ADA),
        other: None,
        name: Some("Another Ada".into()),
        unread: 0,
        marked_unread: false,
        archived: false,
        pinned_at: None,
        muted: None,
        ephemeral_s: None,
        last_at: None,
        complete: true,
        members: Vec::new(),
        messages: vec![
            said("3EB0AAAA", Origin::Them, text("another invoice"), 0),
            said("3EB0CCCC", Origin::Them, picture(PICTURE), 2),
        ],
    };
    mailbox.import(session, told).await.expect("it imports");
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn messages_are_narrowed_by_words_and_by_what_they_are() {
    let api = TestApi::start().await;
    let all = ["3EB0CCCC", "3EB0BBBB", "3EB0AAAA"];
    let cases: [(&str, &[&str]); 13] = [
        ("", &all),
        ("?chat=%2B4915112345678", &all),
        ("?chat=100000000000001@lid", &all),
        ("?chat=4915100000000", &[]),
        ("?q=INVOICE", &["3EB0AAAA"]),
        ("?q=inv*", &["3EB0AAAA"]),
        ("?q=invoice%20paid", &[]),
        ("?q=%22is%20paid%22", &["3EB0BBBB"]),
        ("?sender=me", &["3EB0BBBB"]),
        ("?sender=100000000000001@lid", &["3EB0CCCC", "3EB0AAAA"]),
        ("?type=image,video", &["3EB0CCCC"]),
        ("?media=false", &["3EB0BBBB", "3EB0AAAA"]),
        ("?from=2025-12-31T23:01:00Z&to=2025-12-31T23:02:00Z", &["3EB0BBBB"]),
    ];
    for (query, expected) in cases {
        let found = api.get(&format!("/v1/sessions/main/messages{query}")).await;
        assert_eq!(ids(&found.json()), expected, "{query}");
    }
    let first = api.get("/v1/sessions/main/messages?limit=2").await.json();
    let next = first["next"].as_str().expect("there is more");
    let rest = api
        .get(&format!("/v1/sessions/main/messages?limit=2&cursor={next}"))
        .await
        .json();
    assert_eq!(
        (ids(&first), ids(&rest)),
        (
            vec!["3EB0CCCC".to_owned(), "3EB0BBBB".to_owned()],
            vec!["3EB0AAAA".to_owned()]
        )
    );
    assert_eq!(rest["next"], Value::Null);
    for wrong in [
        "from=yesterday",
        "type=letter",
        "sender=nobody",
        "q=",
        "cursor=x",
        "mdeia=true",
    ] {
        api.get(&format!("/v1/sessions/main/messages?{wrong}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let api = TestApi::start().await;
    for rest in ["", "/receipts", "/reactions", "/media"] {
        for given in ["3EB0DDDD", "%20"] {
            api.get(&format!("/v1/sessions/main/messages/{given}{rest}"))
                .await
                .problem(404, "unknown_message");
        }
        api.get(&format!("/v1/sessions/nobody/messages/3EB0AAAA{rest}"))
            .await
            .problem(404, "unknown_session");
        api.get(&format!("/v1/sessions/main/messages/3EB0AAAA{rest}?chat=4915100000000"))
            .await
            .problem(404, "unknown_message");
    }
    for rest in ["", "/messages"] {
        for given in ["4915100000000", "nobody"] {
            api.get(&format!("/v1/sessions/main/chats/{given}{rest}"))
                .await
                .problem(404, "unknown_chat");
        }
    }
    api.get("/v1/sessions/main/messages/3EB0AAAA/media")
        .await
        .problem(404, "no_media");
}

#[tokio::test]
async fn what_is_here_is_known_by_its_id_alone() {
    let api = TestApi::start().await;
    let message = "/v1/sessions/main/messages/3EB0AAAA";
    let reacted = api
        .post(&format!("{message}/reactions"), json!({ "emoji": "👍" }))
        .await;
    assert_eq!(
        (reacted.status, &reacted.json()["chat"]["phone"]),
        (202, &json!("+4915112345678")),
        "{}",
        reacted.shown()
    );
    api.post(
        "/v1/sessions/main/messages/3EB0DDDD/reactions",
        json!({ "emoji": "👍" }),
    )
    .await
    .problem(404, "unknown_message");
    // Only a phone told of it, and it can be passed on like what came just now.
    let passed = api
        .post(&format!("{message}/forward"), json!({ "to": ["4915100000009"] }))
        .await;
    assert_eq!(passed.status, 202, "{}", passed.shown());
    let id = passed.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    let effect = api.outbox.get(api.main, id.parse().expect("an id")).await;
    let effect = effect.expect("it reads").expect("it is there");
    let sent = effect.action.sent().expect("a message");
    assert_eq!(sent.content, text("hello invoice"));
}

#[tokio::test]
async fn a_file_is_read_whole_in_parts_and_once() {
    let api = TestApi::start().await;
    let path = "/v1/sessions/main/messages/3EB0CCCC/media";
    let whole = api.get(path).await;
    assert_eq!((whole.status, &*whole.body), (200, PICTURE));
    assert_eq!(whole.header("content-type"), Some("image/png"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(whole.header("content-disposition"), Some("attachment"));
    let tag = whole.header("etag").expect("a tag").to_owned();
    let part = api.request("GET", path).header("Range", "bytes=2-4").send().await;
    assert_eq!((part.status, &*part.body), (206, &PICTURE[2..5]));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let beyond = api.request("GET", path).header("Range", "bytes=10-").send().await;
    beyond.problem(416, "range_not_there");
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    let again = api.request("GET", path).header("If-None-Match", &tag).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn sessions_that_look_alike_stay_apart() {
    let api = TestApi::start().await;
    let twin = api
        .settings
        .register
        .create(
            "twin".parse().expect("a name"),
            Desired::Disconnected,
            &*api.clock,
            &waspnest_core::clock::SeededIds::new(7),
        )
        .await
        .expect("created");
    resemble(&api.mailbox, twin.id).await;
    let found = api.get("/v1/sessions/twin/messages?q=invoice").await.json();
    assert_eq!(found["items"][0]["text"], "another invoice");
    assert_eq!(ids(&found), ["3EB0AAAA"]);
    let main = api.get("/v1/sessions/main/messages/3EB0AAAA").await.json();
    assert_eq!(main["text"], "hello invoice");
    // The same file in another session is not the other session's.
    api.get("/v1/sessions/twin/messages/3EB0CCCC/media")
        .await
        .problem(503, "session_not_connected");
    let chats = api.get("/v1/sessions/twin/chats").await.json();
    assert_eq!(chats["items"][0]["name"], "Another Ada");
    // Its phone has told everything.
    api.request("POST", "/v1/sessions/twin/chats/4915112345678/history")
        .send()
        .await
        .problem(409, "nothing_older");
}
