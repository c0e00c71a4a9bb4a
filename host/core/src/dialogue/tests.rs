use super::*;
use crate::address::Party;
use crate::clock::Clock;
use crate::draft::{Draft, Pot};
use crate::event::Tick;
use crate::fixture::{NOON, QUOTA, SESSION, World, call, installation, jid, message_of, on_every_engine};
use crate::kv::Quota;
use crate::outbox::{Call, CommitError};

const GROUP: &str = "120363000000000001@g.us";
const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const BOB: &str = "4915100000002@s.whatsapp.net";
const LATER: UnixMs = UnixMs(NOON.0 + 60_000);

fn state(name: &str) -> State {
    State {
        name: name.into(),
        data: b"x".to_vec(),
        version: 3,
    }
}

fn of_ada() -> KvScope {
    KvScope::Sender {
        chat: jid(GROUP),
        sender: jid(ADA),
    }
}

fn expecting(scope: &KvScope, by: Position, name: &str) -> Draft {
    let wait = Wait {
        state: state(name),
        until: LATER,
    };
    Draft {
        dialogues: vec![KvWrite {
            key: wait_key(scope.clone()),
            entry: Some(entry(&wait, by, None)),
        }],
        dialogue_reads: vec![KvRead {
            key: wait_key(scope.clone()),
            revision: None,
        }],
        timers: vec![timer(scope, by, LATER)],
        ..Draft::default()
    }
}

fn ending(pending: &Pending) -> Draft {
    Draft {
        dialogues: vec![pending.over()],
        dialogue_reads: vec![pending.read()],
        timers: vec![no_timer(&pending.scope)],
        ..Draft::default()
    }
}

async fn says(world: &World, who: &str, id: &str) -> Event {
    let kind = message_of(jid(GROUP), Party::known_as(jid(who)), id, "hello");
    world.receive(kind).await.expect("it is new")
}

async fn pending(world: &World, event: &Event) -> Option<Pending> {
    let bot = installation("bot");
    ended_by(world.outbox.dialogues(), SESSION, &bot, event)
        .await
        .expect("it reads")
}

async fn commit(world: &World, event: &Event, draft: Draft) -> Result<(), CommitError> {
    let bot = installation("bot");
    world
        .outbox
        .commit_draft(SESSION, call(event, &bot), draft)
        .await
        .map(drop)
}

/// The tick of the only timer there is.
async fn expiry(world: &World) -> Event {
    let timers = world.outbox.timers();
    let due = timers.due(SESSION, UnixMs(u64::MAX), 10).await.expect("it lists");
    let [(installation, timer)] = due.as_slice() else {
        panic!("{due:?}")
    };
    let tick = Tick {
        installation: installation.clone(),
        schedule: timer.id.clone(),
        cause: TickCause::Expired,
        scheduled_for: timer.next,
        missed: 0,
        previous: None,
        zone: timer.zone.clone(),
        payload: timer.payload.clone(),
        origin: timer.origin.clone(),
    };
    world.receive(EventKind::Tick(tick)).await.expect("it is new")
}

on_every_engine! {
    async fn the_next_message_of_that_person_is_the_answer_whatever_happens_in_between(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        assert_eq!(pending(world, &asked).await, None);
        commit(world, &asked, expecting(&of_ada(), asked.position, "size")).await.expect("it commits");
        let bobs = says(world, BOB, "B1").await;
        let adas = says(world, ADA, "A2").await;
        assert_eq!(pending(world, &bobs).await, None);
        for _ in 0..2 {
            let found = pending(world, &adas).await.expect("it is the answer");
            assert_eq!((found.state, found.end), (state("size"), End::Answered));
            world.restart();
        }
        // Neither the message that began the wait nor any before it is an answer.
        assert_eq!(pending(world, &asked).await, None);
        let found = pending(world, &adas).await.expect("it is the answer");
        commit(world, &adas, ending(&found)).await.expect("it commits");
        assert_eq!(pending(world, &adas).await, None);
        assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it reads"), None, "nothing is left to expire");
    }

    async fn an_answer_counts_whatever_address_its_author_is_known_by(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        let by_lid = KvScope::Sender { chat: jid(GROUP), sender: jid(ADA_LID) };
        commit(world, &asked, expecting(&by_lid, asked.position, "size")).await.expect("it commits");
        let author = Party { alt: Some(jid(ADA_LID)), ..Party::known_as(jid(ADA)) };
        let answer = world.receive(message_of(jid(GROUP), author, "A2", "hello")).await.expect("it is new");
        assert_eq!(pending(world, &answer).await.map(|found| found.scope), Some(by_lid));
    }

    async fn a_wait_of_one_person_comes_before_one_of_the_chat(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        let again = says(world, ADA, "A2").await;
        commit(world, &asked, expecting(&KvScope::Chat(jid(GROUP)), asked.position, "anybody")).await.expect("it commits");
        commit(world, &again, expecting(&of_ada(), again.position, "ada")).await.expect("it commits");
        let bobs = says(world, BOB, "B1").await;
        let adas = says(world, ADA, "A3").await;
        assert_eq!(pending(world, &adas).await.map(|found| found.state), Some(state("ada")));
        assert_eq!(pending(world, &bobs).await.map(|found| found.state), Some(state("anybody")));
    }

    async fn a_wait_ends_with_its_time(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        commit(world, &asked, expecting(&of_ada(), asked.position, "size")).await.expect("it commits");
        let in_time = says(world, ADA, "A2").await;
        world.clock.set(LATER);
        let late = says(world, ADA, "A3").await;
        let expired = expiry(world).await;
        world.restart();
        assert_eq!(world.clock.now(), LATER);
        assert_eq!(pending(world, &late).await, None, "it came when the time was over");
        assert_eq!(pending(world, &in_time).await.map(|found| found.end), Some(End::Answered), "whenever its turn comes");
        let found = pending(world, &expired).await.expect("it tells");
        assert_eq!((found.state.clone(), found.end), (state("size"), End::Expired));
        commit(world, &expired, ending(&found)).await.expect("it commits");
        assert_eq!(pending(world, &expired).await, None);
    }

    async fn a_timer_of_an_earlier_wait_tells_nothing(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        commit(world, &asked, expecting(&of_ada(), asked.position, "size")).await.expect("it commits");
        let expired = expiry(world).await;
        let again = says(world, ADA, "A2").await;
        let mut draft = expecting(&of_ada(), again.position, "colour");
        draft.dialogue_reads[0].revision = Some(asked.position.0);
        commit(world, &again, draft).await.expect("it commits");
        assert_eq!(pending(world, &expired).await, None);
    }

    async fn of_two_that_end_a_wait_one_is_a_conflict(world: &mut World) {
        let asked = says(world, ADA, "A1").await;
        commit(world, &asked, expecting(&of_ada(), asked.position, "size")).await.expect("it commits");
        let (one, two) = (says(world, ADA, "A2").await, says(world, ADA, "A3").await);
        let found = pending(world, &one).await.expect("it is the answer");
        commit(world, &one, ending(&found)).await.expect("it commits");
        assert!(matches!(commit(world, &two, ending(&found)).await, Err(CommitError::Conflict)));
        assert_eq!(pending(world, &two).await, None);
    }

    async fn dialogues_take_nothing_of_what_values_may_take(world: &mut World) {
        let bot = installation("bot");
        let none = Quota { bytes: 0, keys: 0 };
        let asked = says(world, ADA, "A1").await;
        let draft = expecting(&of_ada(), asked.position, "size");
        let of = |event| Call { quota: none, ..call(event, &bot) };
        world.outbox.commit_draft(SESSION, of(&asked), draft).await.expect("it commits");
        let (values, dialogues) = (world.outbox.kv().usage(SESSION, &bot, &Pot::Own), world.outbox.dialogues().usage(SESSION, &bot, &Pot::Own));
        assert_eq!((values.await.expect("it reads").keys, dialogues.await.expect("it reads").keys), (0, 1));
        let more = says(world, BOB, "B1").await;
        let elsewhere = KvScope::Chat(jid(GROUP));
        let full = Call { quota: QUOTA, dialogue_quota: Quota { bytes: u64::MAX, keys: 1 }, ..call(&more, &bot) };
        let refused = world.outbox.commit_draft(SESSION, full, expecting(&elsewhere, more.position, "size")).await;
        assert!(matches!(refused, Err(CommitError::KvQuota { .. })));
    }
}

#[tokio::test]
async fn what_is_done_to_messages_and_old_news_are_no_answers() {
    let world = World::in_memory();
    let event = says(&world, ADA, "A1").await;
    let EventKind::Message(said) = event.kind else {
        panic!("it is a message")
    };
    assert!(may_answer(&said));
    let revoked = Message {
        content: Content::Revoke(said.key.clone()),
        ..(*said).clone()
    };
    let edited = Message {
        edit_of: Some(said.key.clone()),
        ..(*said).clone()
    };
    let old = Message { history: true, ..*said };
    assert!([revoked, edited, old].iter().all(|message| !may_answer(message)));
}

/// The bytes of what is stored. They are read for ever: a change needs a new version.
#[test]
fn stored_forms_stay_what_they_are() {
    let wait = Wait {
        state: state("size"),
        until: UnixMs(300),
    };
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(bytes(&codec::encode(&state("size"))), "010473697a65017803");
    assert_eq!(bytes(&codec::encode(&wait)), "010473697a65017803ac02");
    let TimerChange::Set(set) = timer(&of_ada(), Position(5), UnixMs(300)) else {
        panic!("it sets one")
    };
    assert_eq!(set.id.as_str(), format!("waspnest:wait {GROUP} {ADA}"));
    let rule = postcard::to_allocvec(&set.rule).expect("it serializes");
    let cause = postcard::to_allocvec(&TickCause::Expired).expect("it serializes");
    assert_eq!((bytes(&rule).as_str(), bytes(&cause).as_str()), ("03ac02", "04"));
    assert_eq!(
        bytes(&crate::schema::kv(
            crate::schema::Shelf::Dialogues,
            &installation("bot"),
            &wait_key(KvScope::Session)
        )),
        "70626f74000077616974"
    );
}
