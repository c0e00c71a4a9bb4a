//! The file of the event's message, sent again.

use waspnest_core::effect::Action;
use waspnest_core::message::{Content, Media, MediaSource};

use super::fixture::{CHAT, call};
use crate::bindings::waspnest::plugin::messaging::{Host, Outgoing, Upload};
use crate::bindings::waspnest::plugin::types::Error;
use crate::state::CallState;

fn media(key: Option<Vec<u8>>) -> Media {
    Media {
        source: MediaSource {
            direct_path: Some("/v/picture".into()),
            media_key: key,
            ..MediaSource::default()
        },
        mime: "image/jpeg".into(),
        size: 100,
        sha256: None,
        caption: Some("before".into()),
        file_name: Some("before.jpg".into()),
        width: Some(10),
        height: Some(20),
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    }
}

/// A call that handles a message with this content.
fn handling(content: Content) -> CallState {
    let mut call = call();
    let message = call.call.scene.message.as_mut().expect("the event is a message");
    message.content = content;
    call
}

fn upload(call: &CallState) -> Upload {
    Upload {
        handle: format!("{}.1", call.call.event),
        caption: None,
        file_name: None,
        view_once: false,
        gif: false,
    }
}

async fn refusal(call: &mut CallState, what: Outgoing) -> Error {
    let refusal = call.send(CHAT.to_owned(), what, None).await.expect("no trap");
    assert!(call.call.draft.effects.is_empty());
    refusal.expect_err("refused")
}

#[tokio::test]
async fn the_file_of_the_message_is_sent_again_under_a_caption_of_its_own() {
    let mut call = handling(Content::Image(media(Some(vec![7; 32]))));
    let again = Upload {
        caption: Some("after".to_owned()),
        ..upload(&call)
    };
    call.send(CHAT.to_owned(), Outgoing::Image(again), None)
        .await
        .expect("no trap")
        .expect("accepted");
    let Action::Send(send) = &call.call.draft.effects[0] else {
        panic!("a send is drafted");
    };
    let expected = Media {
        caption: Some("after".into()),
        ..media(Some(vec![7; 32]))
    };
    assert_eq!(send.content, Content::Image(expected));
}

#[tokio::test]
async fn nothing_but_the_file_at_hand_is_found() {
    let mut call = handling(Content::Image(media(Some(vec![7; 32]))));
    let foreign = Upload {
        handle: "evt_01J00000000000000000000000.1".to_owned(),
        ..upload(&call)
    };
    assert!(matches!(
        refusal(&mut call, Outgoing::Image(foreign)).await,
        Error::NotFound
    ));
    // The event is a text.
    let mut call = super::fixture::call();
    let none = upload(&call);
    assert!(matches!(
        refusal(&mut call, Outgoing::Image(none)).await,
        Error::NotFound
    ));
}

#[tokio::test]
async fn a_file_is_of_one_kind_for_ever() {
    let mut call = handling(Content::Image(media(Some(vec![7; 32]))));
    let other = upload(&call);
    let Error::Invalid(problem) = refusal(&mut call, Outgoing::Document(other)).await else {
        panic!("a picture is no document");
    };
    assert!(problem.contains("image") && problem.contains("document"), "{problem}");
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_named() {
    // Newsletters' files are not encrypted, and a chat takes only what is.
    let mut call = handling(Content::Image(media(None)));
    let plain = upload(&call);
    assert!(
        matches!(refusal(&mut call, Outgoing::Image(plain)).await, Error::Unsupported(what) if what.contains("newsletters"))
    );
}

#[tokio::test]
async fn a_file_can_be_sent_again_to_be_seen_once() {
    let mut call = handling(Content::Image(media(Some(vec![7; 32]))));
    let once = Upload {
        view_once: true,
        ..upload(&call)
    };
    call.send(CHAT.to_owned(), Outgoing::Image(once), None)
        .await
        .expect("no trap")
        .expect("accepted");
    assert!(matches!(&call.call.draft.effects[0], Action::SendMarked(marked) if marked.view_once));
}
