//! What is refused, and in which words.

use waspnest_core::message::{Content, Interactive, InteractiveStyle, Media, MediaSource, Poll, ScheduledCall};
use waspnest_whatsapp::encode::{self, EncodeError, Extras};

use crate::samples::{choice, choices, file, picture, poll, targets};
use crate::world::{ANNA, account, at, envelope, text_content};

#[track_caller]
fn refused(content: &Content) -> EncodeError {
    let to = at(ANNA);
    encode::content(content, &envelope(&to, account())).expect_err("it cannot be sent")
}

#[test]
fn files_have_to_be_uploaded_first() {
    let media = Media {
        source: MediaSource::default(),
        ..file("image/jpeg")
    };
    for content in [
        Content::Image(media.clone()),
        Content::Video(media.clone()),
        Content::VideoNote(media.clone()),
        Content::Audio(media.clone()),
        Content::Voice(media.clone()),
        Content::Document(media.clone()),
        Content::Sticker(media),
    ] {
        assert_eq!(refused(&content), EncodeError::NotUploaded { kind: content.kind() });
    }
}

#[test]
fn polls_have_to_be_ones_that_phones_show() {
    for (poll, why) in [
        (
            Poll {
                options: vec!["One".into()],
                ..poll()
            },
            "2 to 12 options",
        ),
        (
            Poll {
                options: vec!["One".into(), "One".into()],
                ..poll()
            },
            "the same",
        ),
        (
            Poll {
                correct: Some("Bread".into()),
                ..poll()
            },
            "not among",
        ),
        (
            Poll {
                kind: waspnest_core::message::PollKind::Quiz,
                ..poll()
            },
            "needs a right answer",
        ),
    ] {
        let error = refused(&Content::Poll(poll)).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn what_has_no_room_for_a_quote_says_so() {
    let to = at(ANNA);
    let [theirs, _] = targets(&to);
    let extras = Extras {
        mentions: &[at(ANNA)],
        ..Extras::default()
    };
    let error = encode::with_extras(&Content::Revoke(theirs), &extras, &envelope(&to, account()));
    assert_eq!(error.expect_err("no room"), EncodeError::NoContext { kind: "revoke" });
}

#[test]
fn only_what_is_looked_at_is_for_one_look() {
    let to = at(ANNA);
    let extras = Extras {
        view_once: true,
        ..Extras::default()
    };
    let error = encode::with_extras(&text_content("Hi"), &extras, &envelope(&to, account()));
    assert!(
        matches!(error, Err(EncodeError::Invalid { kind: "text", .. })),
        "{error:?}"
    );
}

#[test]
fn styles_without_all_their_parts_are_refused() {
    let one = || vec![choice("1", "One", "reply", None)];
    for content in [
        Content::Interactive(choices(InteractiveStyle::Carousel, one())),
        Content::Interactive(choices(InteractiveStyle::Shop, one())),
        Content::Interactive(choices(InteractiveStyle::ProductList, one())),
        Content::Interactive(choices(InteractiveStyle::Other, one())),
        Content::Interactive(Interactive {
            media: Some(picture()),
            ..choices(InteractiveStyle::Buttons, one())
        }),
        Content::Interactive(Interactive {
            media: Some(picture()),
            ..choices(InteractiveStyle::List, one())
        }),
        Content::ScheduledCall(ScheduledCall {
            title: "Weekly".into(),
            at: waspnest_core::clock::UnixMs(1),
            video: false,
            canceled: true,
        }),
        Content::Contacts(vec![]),
    ] {
        let error = refused(&content).to_string();
        assert!(error.contains(content.kind()), "{error}");
    }
}
