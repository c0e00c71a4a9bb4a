//! What the account is asked, what a guest is told of its refusals, and what of that a repeated call gets.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::ManualClock;
use waspnest_core::live::{Answer, GroupOperation, Operation, Refusal};

use super::fixture::{NOW, Script, Stored, call_over};
use crate::bindings::waspnest::plugin::types::Error;
use crate::bindings::waspnest::plugin::{chats, contacts, groups};
use crate::state::CallState;

const GROUP: &str = "120363000000000001@g.us";

/// A call that does not know of an earlier one but by what the host kept.
fn over(script: &Script, stored: &Stored) -> CallState {
    call_over(Stored {
        account: script.clone(),
        answers: stored.answers.clone(),
        ..Stored::default()
    })
}

async fn leave(call: &mut CallState) -> Result<(), Error> {
    groups::Host::leave(call, GROUP.to_owned()).await.expect("no trap")
}

fn refused(code: u32) -> Refusal {
    Refusal::Refused {
        code,
        words: "no".into(),
    }
}

#[tokio::test]
async fn refusals_keep_their_meaning_and_those_that_hold_are_kept() {
    type Is = fn(&Error) -> bool;
    let cases: [(Refusal, Is, bool); 8] = [
        (Refusal::Offline, |error| matches!(error, Error::Offline), false),
        (Refusal::TimedOut, |error| matches!(error, Error::Timeout), false),
        (
            Refusal::TooFast {
                wait: Some(Duration::from_secs(2)),
            },
            |error| matches!(error, Error::RateLimited(Some(2000))),
            false,
        ),
        (refused(503), |error| matches!(error, Error::Upstream((503, _))), false),
        (refused(0), |error| matches!(error, Error::Upstream((0, _))), false),
        (
            refused(403),
            |error| matches!(error, Error::Upstream((403, words)) if words == "no"),
            true,
        ),
        (Refusal::NotFound, |error| matches!(error, Error::NotFound), true),
        (
            Refusal::Invalid("link: is none".into()),
            |error| matches!(error, Error::Invalid(words) if words == "link: is none"),
            true,
        ),
    ];
    for (refusal, is_it, holds) in cases {
        let (script, stored) = (Script::of([Err(refusal.clone()), Ok(Answer::Done)]), Stored::default());
        let told = leave(&mut over(&script, &stored)).await.expect_err("refused");
        assert!(is_it(&told), "{refusal:?}: {told:?}");
        let again = leave(&mut over(&script, &stored)).await;
        match again {
            Err(told) => assert!(holds && is_it(&told), "{refusal:?}: {told:?}"),
            Ok(()) => assert!(!holds, "{refusal:?}"),
        }
        assert_eq!(script.asked().len(), if holds { 1 } else { 2 }, "{refusal:?}");
    }
}

#[tokio::test]
async fn only_what_cannot_be_done_twice_is_announced() {
    let (script, stored) = (Script::default(), Stored::default());
    for _ in 0..2 {
        let mut call = over(&script, &stored);
        let made = groups::Host::create(&mut call, "trip".to_owned(), Vec::new(), None).await;
        assert!(matches!(made, Ok(Err(Error::Offline))));
        leave(&mut call).await.expect_err("offline");
    }
    let asked = script.asked();
    let begun: Vec<_> = asked.iter().map(|request| request.begun).collect();
    assert_eq!(begun, [None, None, Some(NOW), None]);
    assert_eq!(asked[0].token, asked[2].token);
    assert_ne!(asked[0].token, asked[1].token);
    let Operation::Group(GroupOperation::Create { subject, .. }) = &asked[2].operation else {
        panic!("a group was asked for")
    };
    assert_eq!(&**subject, "trip");
}

#[tokio::test]
async fn the_same_twice_in_one_call_is_two_questions() {
    let link = |text: &str| Ok(Answer::Link(text.into()));
    let (script, stored) = (Script::of([link("one"), link("two")]), Stored::default());
    for _attempt in 1..=2 {
        let mut call = over(&script, &stored);
        for expected in ["one", "two"] {
            let told = groups::Host::invite_link(&mut call, GROUP.to_owned(), true).await;
            assert!(matches!(told, Ok(Ok(link)) if link == expected));
        }
    }
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn an_account_that_does_not_answer_is_waited_for_until_the_deadline() {
    let mut call = call_over(Stored {
        account: Script::silent(),
        ..Stored::default()
    });
    let clock = Arc::new(ManualClock::at(NOW));
    call.call.clock = clock.clone();
    let deadline = call.call.deadline;
    let (told, ()) = tokio::join!(leave(&mut call), async { clock.set(deadline) });
    assert!(matches!(told, Err(Error::Timeout)), "{told:?}");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let all: Vec<Jid> = (0..2100)
        .map(|number| format!("12036300000{number:07}@g.us").parse().expect("a group"))
        .collect();
    let answers = (0..3).map(|_| Ok(Answer::Groups(all.clone())));
    let mut call = over(&Script::of(answers), &Stored::default());
    let (mut listed, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = groups::Host::list(&mut call, cursor)
            .await
            .expect("no trap")
            .expect("a page");
        listed.extend(page.items);
        (cursor, pages) = (page.cursor, pages + 1);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((pages, listed.len()), (3, all.len()));
    assert!(listed.iter().zip(&all).all(|(text, jid)| *text == jid.to_string()));

    let people = (0..1500).map(|number| Party::known_as(format!("4915{number:08}").parse().expect("a number")));
    let mut call = over(&Script::knowing(people.collect()), &Stored::default());
    let first = contacts::Host::list(&mut call, None)
        .await
        .expect("no trap")
        .expect("a page");
    let rest = contacts::Host::list(&mut call, first.cursor)
        .await
        .expect("no trap")
        .expect("a page");
    assert_eq!((first.items.len(), rest.items.len(), rest.cursor), (1000, 500, None));
    assert_eq!(rest.items[0].jid, "491500001000@s.whatsapp.net");
}

#[tokio::test]
async fn an_answer_beside_the_point_is_a_fault_of_the_host() {
    let script = Script::of([Ok(Answer::Done), Ok(Answer::Groups(Vec::new()))]);
    let mut call = over(&script, &Stored::default());
    let told = groups::Host::info(&mut call, GROUP.to_owned()).await.expect("no trap");
    assert!(matches!(&told, Err(Error::Internal(words)) if words == "the session answered with Done"));
    let told = chats::Host::update(&mut call, GROUP.to_owned(), chats::Change::Clear).await;
    assert!(matches!(told, Ok(Err(Error::Internal(_)))));
}

#[tokio::test]
async fn a_link_has_a_length() {
    let mut call = over(&Script::default(), &Stored::default());
    for link in [String::new(), "a".repeat(257)] {
        let told = groups::Host::join(&mut call, link).await.expect("no trap");
        assert!(matches!(&told, Err(Error::Invalid(words)) if words == "link: must have 1 to 256 bytes"));
    }
}
