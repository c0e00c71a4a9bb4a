//! What a real guest reads of files, what it makes, and where that ends.

use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::files::FileName;
use waspnest_core::message::{Content, Media, MediaSource, Message};
use waspnest_engine::{CallContext, Grants, Installation, InstallationSpec};

use crate::kit::{Rig, message, sent};

/// A picture whose caption is also what is in it, as the host of these tests plays.
fn picture(phone: &str, words: &str) -> Message {
    let mut shown = message(phone, "");
    shown.content = Content::Image(Media {
        source: MediaSource {
            direct_path: Some("/v/1".into()),
            media_key: Some(vec![7; 32]),
            ..MediaSource::default()
        },
        mime: "image/jpeg".into(),
        size: words.len() as u64,
        sha256: None,
        caption: Some(words.into()),
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    });
    shown
}

fn shown(rig: &Rig, words: &str) -> Event {
    rig.event(EventKind::Message(Box::new(picture("4915112345678", words))))
}

async fn answer(rig: &Rig, hostile: &Installation, event: &Event) -> String {
    let draft = rig.call(hostile, event).await.expect("it answers");
    sent(&draft).concat()
}

fn without(take: impl FnOnce(&mut Grants)) -> impl FnOnce(&mut InstallationSpec) {
    move |spec| {
        spec.grants = Grants::as_requested();
        take(&mut spec.grants);
    }
}

#[tokio::test]
async fn the_file_of_the_event_is_read() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(
        answer(&rig, &hostile, &shown(&rig, "read")).await,
        "4 bytes, sum 412: read"
    );
    let large = shown(&rig, &format!("read {}", "x".repeat(64 << 10)));
    let refused = answer(&rig, &hostile, &large).await;
    assert!(refused.ends_with("larger than 65536 bytes"), "{refused}");
}

#[tokio::test]
async fn a_file_of_the_chat_is_read_and_sent_by_its_handle_and_one_of_another_chat_is_not() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let mut near = picture("4915112345678", "near");
    near.key.id = "NEAR".parse().expect("an id");
    let mut far = picture("4915187654321", "far");
    far.key.id = "FAR".parse().expect("an id");
    rig.host.remember(near);
    rig.host.remember(far);
    let handle = |id: &str| {
        let recorded = rig.host.recorded_as(id);
        format!("{}.{}", recorded.event, recorded.position.0)
    };
    assert_eq!(
        rig.say(&hostile, &format!("read-handle {}", handle("NEAR"))).await,
        ["4 bytes, sum 422: near"]
    );
    let refused = rig
        .say(&hostile, &format!("read-handle {}", handle("FAR")))
        .await
        .concat();
    assert!(
        refused.contains("media.read") && refused.contains("reply-only"),
        "{refused}"
    );
    let refused = rig
        .say(&hostile, &format!("send-handle {}", handle("FAR")))
        .await
        .concat();
    assert!(refused.contains("messages.history"), "{refused}");
    // Handles are not guessed: the right place with the wrong event is nothing.
    let forged = format!(
        "evt_01J00000000000000000000000.{}",
        rig.host.recorded_as("NEAR").position.0
    );
    for word in ["read-handle", "send-handle"] {
        let refused = rig.say(&hostile, &format!("{word} {forged}")).await.concat();
        assert!(refused.ends_with("not found"), "{refused}");
    }
}

#[tokio::test]
async fn a_made_file_is_an_effect_that_names_it() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let draft = rig
        .call(&hostile, &rig.text("make hello file"))
        .await
        .expect("it answers");
    let [Action::Send(send), Action::Send(_)] = draft.effects.as_slice() else {
        panic!("{:?}", draft.effects)
    };
    let Content::Document(file) = &send.content else {
        panic!("{:?}", send.content)
    };
    let name = FileName::of(b"hello file");
    assert_eq!((file.size, file.sha256.as_deref()), (10, Some(&name.bytes()[..])));
    assert_eq!(
        (&*file.mime, file.file_name.as_deref()),
        ("text/plain", Some("made.txt"))
    );
    assert!(file.source.is_nowhere());
    assert_eq!(
        rig.say(&hostile, "make-read hello file").await,
        ["10 bytes, sum 980: hello file"]
    );

    let draft = rig
        .call(&hostile, &rig.text("make-once look"))
        .await
        .expect("it answers");
    assert!(
        matches!(&draft.effects[0], Action::SendMarked(marked) if marked.view_once),
        "{:?}",
        draft.effects
    );
    let refused = rig.say(&hostile, "make-once-document look").await.concat();
    assert!(refused.contains("upload.view-once"), "{refused}");
}

#[tokio::test]
async fn what_is_made_is_bounded_in_a_call_and_altogether() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let refused = rig.say(&hostile, "make-kib 65").await.concat();
    assert!(refused.ends_with("larger than 65536 bytes"), "{refused}");
    assert_eq!(rig.say(&hostile, "make-kib 64").await, ["made"]);
    let refused = rig.say(&hostile, "make-kib 33").await.concat();
    assert!(refused.ends_with("used up: files kept: 98304 bytes"), "{refused}");
    let refused = rig.say(&hostile, "make-many").await.concat();
    assert!(
        refused.starts_with("20: ") && refused.contains("files: 20 in one call"),
        "{refused}"
    );
    for (word, says) in [
        ("make-kind nonsense", "mime"),
        ("make-handle", "empty"),
        ("send-handle file_1_x", "not found"),
    ] {
        let refused = rig.say(&hostile, word).await.concat();
        assert!(refused.contains(says), "{word}: {refused}");
    }
}

#[tokio::test]
async fn a_url_is_fetched_once_for_an_event() {
    const URL: &str = "http://127.0.0.1:8080/file";
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text(&format!("grab {URL}"));
    for attempt in [1, 2] {
        let context = CallContext {
            attempt,
            ..CallContext::new(&event, &rig.session)
        };
        let draft = rig
            .engine
            .call(&hostile, context, rig.host.clone())
            .await
            .expect("it answers");
        let Some(Content::Document(file)) = draft.effects[0].sent().map(|send| &send.content) else {
            panic!("{:?}", draft.effects)
        };
        let name = FileName::of(b"GET number 1");
        assert_eq!(file.sha256.as_deref(), Some(&name.bytes()[..]), "attempt {attempt}");
    }
    let refused = rig.say(&hostile, "grab https://evil.example/").await.concat();
    assert!(
        refused.ends_with("not granted: http: https://evil.example is not granted"),
        "{refused}"
    );
    let refused = rig.say(&hostile, "grab http://127.0.0.1:1/").await.concat();
    assert!(refused.contains("connection refused"), "{refused}");
}

#[tokio::test]
async fn without_the_grant_files_are_neither_read_nor_made() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", without(|grants| grants.media_read = None))
        .await;
    let refused = answer(&rig, &hostile, &shown(&rig, "read")).await;
    assert!(refused.ends_with("not granted: media.read"), "{refused}");
    let hostile = rig
        .install_with("hostile", without(|grants| grants.media_write = None))
        .await;
    for word in ["make x", "grab http://127.0.0.1:8080/"] {
        let refused = rig.say(&hostile, word).await.concat();
        assert!(refused.ends_with("not granted: media.write"), "{refused}");
    }
    let hostile = rig.install_with("hostile", without(|grants| grants.http = None)).await;
    let refused = rig.say(&hostile, "grab http://127.0.0.1:8080/").await.concat();
    assert!(refused.ends_with("not granted: http"), "{refused}");
}

#[tokio::test]
async fn past_the_rate_files_wait() {
    let rig = Rig::new();
    let rates = toml::toml! {
        "media.read" = { rate = "1/min" }
        "media.write" = { rate = "1/min" }
    };
    let rates = Grants::from_toml("grants", &rates).expect("grants");
    let hostile = rig
        .install_with(
            "hostile",
            without(|grants| {
                grants.media_read = rates.media_read;
                grants.media_write = rates.media_write;
            }),
        )
        .await;
    assert_eq!(rig.say(&hostile, "make-kind text/plain").await, ["made"]);
    for word in ["make-kind text/plain", "grab http://127.0.0.1:8080/file"] {
        let refused = rig.say(&hostile, word).await.concat();
        assert!(refused.ends_with("too fast, wait 60000 ms"), "{word}: {refused}");
    }
    answer(&rig, &hostile, &shown(&rig, "read")).await;
    let refused = answer(&rig, &hostile, &shown(&rig, "read")).await;
    assert!(refused.ends_with("too fast, wait 60000 ms"), "{refused}");
}
