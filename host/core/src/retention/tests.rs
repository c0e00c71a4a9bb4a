use std::time::Duration;

use super::*;
use crate::check::Checker;
use crate::clock::Clock as _;
use crate::delivery::{Again, At, Delivery, DeliveryOutcome};
use crate::effect::{EffectState, Progress as News};
use crate::event::EventKind;
use crate::fixture::{NOON, SESSION, World, in_message, installation, jid, message, message_of, on_every_engine, send};
use crate::id::{EventId, WebhookId};
use crate::log::Place;
use crate::mailbox::Behind;
use crate::message::{Message, MessageKey, Origin};
use crate::progress::{DeadLetter, Found};
use crate::session::Sessions;

const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const MINUTE: Duration = Duration::from_secs(60);
const EVER: UnixMs = UnixMs(u64::MAX);

/// A session that keeps a mailbox, and messages that came a minute apart.
async fn mailbox(world: &World) -> Mailbox {
    let register = Sessions::open(Arc::clone(&world.store)).await.expect("it opens");
    let (log, outbox) = (world.log.clone(), world.outbox.clone());
    Mailbox::new(Arc::clone(&world.store), log, outbox, register, world.clock.clone())
}

async fn catch_up(world: &World) {
    let mailbox = mailbox(world).await;
    while mailbox.catch_up(SESSION).await.expect("it catches up") == Behind::Yes {}
}

async fn retention(world: &World) -> Retention {
    Retention::new(
        Arc::clone(&world.store),
        world.log.clone(),
        world.outbox.clone(),
        mailbox(world).await,
        world.progress.clone(),
    )
}

async fn receive(world: &World, ids: &[&str]) {
    for id in ids {
        world.receive_text(id).await;
        world.clock.advance(MINUTE);
    }
    catch_up(world).await;
}

async fn prune(world: &World, since: UnixMs, consumers: &[Consumer]) -> LetGo {
    let gone = retention(world).await.prune(SESSION, since, consumers).await;
    gone.expect("it prunes")
}

async fn positions(world: &World) -> Vec<u64> {
    let events = world.log.read(SESSION, Position(0), 100).await.expect("it reads");
    events.iter().map(|event| event.position.0).collect()
}

/// What does not agree in the store; the register knows no session here.
async fn findings(world: &World) -> Vec<String> {
    let checker = Checker::new(Arc::clone(&world.store), world.clock.clone(), world.ids.clone());
    let found = checker.check().await.expect("it reads").findings.into_iter();
    found
        .map(|finding| finding.what.to_string())
        .filter(|what| what != "the register knows no such session")
        .collect()
}

fn echo() -> Consumer {
    Consumer::Installation(installation("echo"))
}

fn key(id: &str) -> MessageKey {
    MessageKey {
        chat: jid(ADA),
        id: id.parse().expect("an id"),
        from: Origin::Them,
        participant: None,
    }
}

fn letter(event: EventId) -> DeadLetter {
    DeadLetter {
        event,
        attempts: 3,
        error: "it trapped".into(),
        at: UnixMs(1),
        kind: "message".into(),
    }
}

fn delivery(event: EventId) -> Delivery {
    Delivery {
        event,
        kind: "message".into(),
        attempts: 1,
        first_at: UnixMs(1),
        last_at: UnixMs(1),
        duration_ms: 1,
        outcome: DeliveryOutcome::Delivered { status: 200 },
    }
}

on_every_engine! {
    async fn what_everybody_is_done_with_goes_from_the_beginning(world: &mut World) {
        receive(world, &["M1", "M2", "M3", "M4", "M5"]).await;
        world.progress.advance(SESSION, echo(), Position(3)).await.expect("it is done");
        let gone = prune(world, EVER, &[echo()]).await;
        assert_eq!(gone, LetGo { events: 3, effects: 0 });
        assert_eq!(positions(world).await, [4, 5]);
        assert!(world.log.find_message(SESSION, &key("M3")).await.expect("it reads").is_none());
        let chat = world.log.history(SESSION, &jid(ADA), Place::END, 10).await.expect("it reads");
        let ids: Vec<_> = chat.iter().map(|event| in_message(event).key.id.to_string()).collect();
        assert_eq!(ids, ["M5", "M4"]);
        assert_eq!(findings(world).await, [""; 0]);
        // What a phone shows is not of the log any more.
        let mails = mailbox(world).await.named(SESSION, &"M1".parse().expect("an id")).await;
        assert_eq!(mails.expect("it reads").len(), 1);
    }

    async fn the_newest_event_stays_and_positions_go_on(world: &mut World) {
        receive(world, &["M1", "M2"]).await;
        assert_eq!(prune(world, EVER, &[]).await.events, 1);
        assert_eq!(prune(world, EVER, &[]).await.events, 0);
        world.restart();
        let next = world.receive_text("M3").await;
        assert_eq!(next.position, Position(3));
        assert_eq!(findings(world).await, [""; 0]);
    }

    async fn what_is_young_stays(world: &mut World) {
        let since = world.clock.now().plus(MINUTE * 2);
        receive(world, &["M1", "M2", "M3", "M4"]).await;
        assert_eq!(prune(world, since, &[]).await.events, 2);
        assert_eq!(positions(world).await, [3, 4]);
    }

    async fn who_is_not_done_holds_an_event(world: &mut World) {
        world.receive_text("M1").await;
        world.receive_text("M2").await;
        world.receive_text("M3").await;
        assert_eq!(prune(world, EVER, &[]).await.events, 0, "the mailbox has not taken them");
        catch_up(world).await;
        let webhook = WebhookId::new(ulid::Ulid(9));
        let told = Consumer::Webhook(webhook);
        for consumer in [echo(), told.clone()] {
            world.progress.advance(SESSION, consumer, Position(3)).await.expect("it is done");
        }
        let event = world.log.get(SESSION, Position(2)).await.expect("it reads").expect("it is there");
        world.progress.park(SESSION, echo(), Position(2), &letter(event.id)).await.expect("it is parked");
        let found = world.progress.replay(SESSION, echo(), Position(2)).await.expect("it is wanted");
        assert_eq!(found, Found::Yes);
        let deliveries = Deliveries::new(Arc::clone(&world.store), world.progress.clone());
        let range = Again { next: Position(1), to: Position(2) };
        for position in [1, 2, 3] {
            let at = At { session: SESSION, webhook, position: Position(position) };
            deliveries.delivered(at, &delivery(event.id)).await.expect("it is noted");
        }
        deliveries.tell_again(SESSION, webhook, range).await.expect("it is wanted");
        let both = [echo(), told];
        assert_eq!(prune(world, EVER, &both).await.events, 0, "the webhook is told it again");
        deliveries.told_again(SESSION, webhook, range, Position(3)).await.expect("it is told");
        assert_eq!(prune(world, EVER, &both).await.events, 1, "it is handled again");
        let at = At { session: SESSION, webhook, position: Position(1) };
        assert_eq!(deliveries.get(at).await.expect("it reads"), None, "what became of an event goes with it");
        world.progress.forget_replay(SESSION, echo(), Position(2)).await.expect("it was handled");
        assert_eq!(prune(world, EVER, &both).await.events, 1);
        assert_eq!(positions(world).await, [3]);
        let left = deliveries.list(SESSION, webhook, None, 10).await.expect("it reads");
        assert_eq!(left.iter().map(|(position, _)| position.0).collect::<Vec<_>>(), [3]);
    }

    async fn what_was_given_up_goes_with_its_event(world: &mut World) {
        receive(world, &["M1", "M2", "M3"]).await;
        for position in [1, 3] {
            let event = world.log.get(SESSION, Position(position)).await.expect("it reads").expect("it is there");
            world.progress.park(SESSION, echo(), event.position, &letter(event.id)).await.expect("it is parked");
        }
        world.progress.advance(SESSION, echo(), Position(3)).await.expect("it is done");
        assert_eq!(prune(world, EVER, &[echo()]).await.events, 2);
        let letters = world.progress.dead_letters(SESSION, echo(), Position(0), 10).await.expect("it reads");
        let left: Vec<_> = letters.iter().map(|(position, _)| position.0).collect();
        assert_eq!(left, [3]);
        assert_eq!(findings(world).await, [""; 0]);
    }

    async fn who_was_away_begins_behind_what_went(world: &mut World) {
        receive(world, &["M1", "M2", "M3"]).await;
        world.progress.advance(SESSION, echo(), Position(1)).await.expect("it is done");
        assert_eq!(prune(world, EVER, &[]).await.events, 2, "who is not at work holds nothing");
        let cursor = world.progress.load(SESSION, echo()).await.expect("it reads");
        assert_eq!(cursor.low, Position(2));
    }

    async fn a_message_is_not_found_under_any_of_its_authors_addresses(world: &mut World) {
        let known = crate::address::Party::known_as(jid(ADA_LID));
        world.receive(message_of(jid(ADA_LID), known, "L1", "hi")).await.expect("it is new");
        let both = crate::address::Party { jid: jid(ADA_LID), alt: Some(jid(ADA)), push_name: None };
        world.receive(message_of(jid(ADA_LID), both, "L2", "hi")).await.expect("it is new");
        receive(world, &["M3"]).await;
        assert_eq!(prune(world, EVER, &[]).await.events, 2);
        assert_eq!(findings(world).await, [""; 0]);
        let again = world.receive(message_of(jid(ADA_LID), crate::address::Party::known_as(jid(ADA_LID)), "L1", "hi"));
        assert_eq!(again.await.expect("nobody knows it any more").position, Position(4));
    }

    async fn nobody_can_tell_of_a_message_from_before_what_is_kept(world: &mut World) {
        let sent = |id: &str, at: UnixMs| {
            let EventKind::Message(mut message) = message(ADA, id, "hi") else { unreachable!("it is a message") };
            message.timestamp = at;
            message
        };
        let missed = sent("M9", NOON.plus(MINUTE));
        let done = async |world: &World, message: &Message| world.log.is_done_with(SESSION, message).await.expect("it reads");
        assert!(!done(world, &missed).await, "the log is empty");
        receive(world, &["M1", "M2", "M3"]).await;
        assert!(done(world, &sent("M1", NOON)).await, "it is recorded");
        assert!(!done(world, &missed).await);
        prune(world, EVER, &[]).await;
        assert!(done(world, &sent("M1", NOON)).await, "it was recorded");
        assert!(done(world, &missed).await, "it may have been recorded");
        assert!(!done(world, &sent("M9", NOON.plus(MINUTE * 2))).await, "it would be there");
    }

    async fn effects_that_have_left_go_and_those_that_failed_stay(world: &mut World) {
        let mut ids = Vec::new();
        for number in 1..=70_u128 {
            let request = EventId::new(ulid::Ulid(number));
            let asked = world.outbox.submit(SESSION, request, vec![send(ADA, "hello")]).await;
            ids.push(asked.expect("it is new").effects[0].id);
        }
        for (number, id) in ids.iter().enumerate().take(69) {
            let news = match number {
                2 => News::Failed { reason: "no".into(), code: None },
                _ => News::Sent,
            };
            world.outbox.progress(SESSION, *id, news).await.expect("it is told");
        }
        assert_eq!(prune(world, EVER, &[]).await.effects, 0, "the mailbox has not taken them");
        catch_up(world).await;
        let gone = prune(world, EVER, &[]).await.effects;
        let left = world.outbox.all(SESSION, Position(0), 100).await.expect("it reads");
        assert_eq!(left.len(), 70 - gone);
        assert!(gone >= 60, "{gone}");
        assert!(matches!(left[0].state, EffectState::Failed { .. }), "{:?}", left[0]);
        assert!(left.last().is_some_and(|last| last.state.is_pending()));
        assert_eq!(world.outbox.by_message(SESSION, &ids[0].message_id()).await.expect("it reads"), None);
        assert_eq!(findings(world).await, [""; 0]);
        world.restart();
        let due = world.outbox.due(SESSION, Position(0), 100).await.expect("it reads");
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].id, ids[69]);
    }
}
