//! Votes and answers that need another message's secret.

use waspnest_core::clock::UnixMs;
use waspnest_core::message::{Content, EventResponse, Origin, PollVote, Rsvp};
use waspnest_whatsapp::decode::sealed::{self, SealedError, SealedKind};
use waspnest_whatsapp::encode::sealed::{Seal, event_response, poll_vote};
use whatsapp_rust::waproto::whatsapp as wa;

use crate::samples::poll;
use crate::world::{
    ANNA, ANNAS_LID, GROUP, ME, MY_LID, SECRET, anna, anna_in_group, assert_same, at, key, me, mine, over_the_wire,
    read,
};

fn seal<'a>(author: &'a waspnest_core::address::Jid, me: &'a waspnest_core::address::Party) -> Seal<'a> {
    Seal {
        secret: &SECRET,
        author,
        me,
        now: UnixMs(1_790_000_000_000),
    }
}

/// Anna votes in a poll of the account, in a group that speaks in LIDs.
pub(crate) fn annas_vote() -> (wa::Message, Content) {
    let mut anna = anna();
    anna.push_name = None;
    // Anna's phone writes the key from her side.
    let vote = PollVote {
        poll: key(GROUP, "3EB0POLL", Origin::Them, Some(ME)),
        selected: vec!["Soup".into()],
        voter: anna.clone(),
    };
    let message = poll_vote(&vote, &seal(&at(MY_LID), &anna)).expect("it can be sealed");
    let read = PollVote {
        poll: key(GROUP, "3EB0POLL", Origin::Me, Some(ME)),
        voter: crate::world::anna(),
        ..vote
    };
    (message, Content::PollVote(read))
}

/// The account answers to an event of Anna.
pub(crate) fn my_answer() -> (wa::Message, Content) {
    let answer = EventResponse {
        event: key(ANNA, "3EB0EVENT", Origin::Them, None),
        answer: Rsvp::Maybe,
        extra_guests: 2,
    };
    let message = event_response(&answer, &seal(&at(ANNAS_LID), &me())).expect("it can be sealed");
    (message, Content::EventResponse(answer))
}

#[test]
fn a_vote_opens_with_the_secret_of_its_poll() {
    let (message, wanted) = annas_vote();
    let message = over_the_wire(&message);
    let info = anna_in_group();
    let sealed = sealed::find(&message, &info, Some(&me())).expect("a vote");
    assert_eq!(sealed.kind, SealedKind::PollVote);
    assert_eq!(sealed.target, key(GROUP, "3EB0POLL", Origin::Me, Some(ME)));
    let content = sealed.open(&SECRET, &me(), Some(&poll())).expect("the secret opens it");
    assert_same(&content, &wanted);
}

#[test]
fn an_answer_to_an_event_opens_with_the_secret_of_the_event() {
    let (message, wanted) = my_answer();
    let message = over_the_wire(&message);
    let info = mine(ANNA);
    let sealed = sealed::find(&message, &info, Some(&me())).expect("an answer");
    assert_eq!(sealed.kind, SealedKind::EventResponse);
    let content = sealed.open(&SECRET, &anna(), None).expect("the secret opens it");
    assert_same(&content, &wanted);
}

#[test]
fn what_does_not_open_says_why() {
    let (message, _) = annas_vote();
    let info = anna_in_group();
    let sealed = sealed::find(&message, &info, Some(&me())).expect("a vote");
    assert_eq!(sealed.open(&SECRET, &me(), None), Err(SealedError::NoPoll));
    assert_eq!(
        sealed.open(&[8; 32], &me(), Some(&poll())),
        Err(SealedError::WrongSecret)
    );
    assert_eq!(
        sealed.open(&SECRET, &anna(), Some(&poll())),
        Err(SealedError::WrongSecret)
    );
    let mut other = poll();
    other.options.retain(|option| &**option != "Soup");
    assert_eq!(
        sealed.open(&SECRET, &me(), Some(&other)),
        Err(SealedError::UnknownOption)
    );
}

#[test]
fn a_closed_one_is_kept_by_its_name() {
    let (message, _) = annas_vote();
    match read(&message, &anna_in_group()).content {
        Content::Other(unknown) => assert_eq!(&*unknown.kind, "pollUpdateMessage"),
        other => panic!("{other:?}"),
    }
}
