//! Effects out: under their derived id, acknowledged, delivered, read.

use anyhow::{Context, Result};
use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, EffectState, QuoteOf, Typing};
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::message::{Content, Message, MessageKey};
use waspnest_simulator::human::{ReceiptKind, Typing as SeenTyping};
use waspnest_whatsapp::{Carried, CarryError, SessionHandle, Settled, State};

use crate::bench::{Bench, PATIENCE, says, text, wait};

fn message(event: Event) -> Message {
    match event.kind {
        EventKind::Message(message) => *message,
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => unreachable!("only messages are looked for"),
    }
}

/// Carries an effect out to the server's acknowledgement.
async fn send(bench: &Bench, session: &SessionHandle, action: Action) -> Result<String> {
    let effect = bench.effect(action).await?;
    match session.carry_out(&effect).await? {
        Carried::AwaitAck(acknowledgement) => {
            assert_eq!(tokio::time::timeout(PATIENCE, acknowledgement).await?, Settled::Sent)
        }
        Carried::Done => unreachable!("a message is acknowledged"),
    }
    Ok(effect.id.message_id().as_str().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_arrives_under_its_derived_id_and_its_effect_goes_all_the_way() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let effect = bench
        .effect(Action::Send(Box::new(text(ana.account(), "hello Ana"))))
        .await?;
    let Carried::AwaitAck(acknowledgement) = session.carry_out(&effect).await? else {
        unreachable!("a message is acknowledged")
    };
    assert_eq!(tokio::time::timeout(PATIENCE, acknowledgement).await?, Settled::Sent);
    let id = effect.id.message_id();
    let heard = ana.wait_for(|heard| heard.id == id.as_str(), PATIENCE).await?;
    assert_eq!(heard.text.as_deref(), Some("hello Ana"));
    bench
        .state(&effect, |state| matches!(state, EffectState::Delivered { .. }))
        .await?;
    ana.read(&heard).await?;
    bench
        .state(&effect, |state| matches!(state, EffectState::Read { .. }))
        .await?;
    assert!(session.status().borrow().last_round_trip.is_some());
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_is_invisible() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let effect = bench
        .effect(Action::Send(Box::new(text(ana.account(), "only once"))))
        .await?;
    for _ in 0..2 {
        let Carried::AwaitAck(acknowledgement) = session.carry_out(&effect).await? else {
            unreachable!("a message is acknowledged")
        };
        assert_eq!(tokio::time::timeout(PATIENCE, acknowledgement).await?, Settled::Sent);
    }
    let id = effect.id.message_id();
    ana.wait_for(|heard| heard.id == id.as_str() && heard.copies == 2, PATIENCE)
        .await?;
    assert_eq!(
        ana.phone_view()
            .iter()
            .filter(|heard| heard.text.as_deref() == Some("only once"))
            .count(),
        1
    );
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_quotes_and_a_reaction_points_at_the_message() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let asked = ana.say(&bench.account.phone, "do you deliver?").await?;
    let question = message(bench.event(|message| says(message, "do you deliver?")).await?);

    let mut reply = text(ana.account(), "we do");
    reply.quote = Some(QuoteOf {
        key: question.key.clone(),
        sender: question.sender.canonical().clone(),
        content: Some(Box::new(question.content.clone())),
    });
    let id = send(&bench, &session, Action::Send(Box::new(reply))).await?;
    let heard = ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
    assert_eq!(heard.quoted.as_deref(), Some(asked.as_str()));

    let id = send(
        &bench,
        &session,
        Action::React {
            target: question.key.clone(),
            emoji: Some("👍".into()),
        },
    )
    .await?;
    let heard = ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
    let reaction = heard.reaction().context("it is a reaction")?;
    assert_eq!(
        (reaction.emoji.as_str(), reaction.target.as_str()),
        ("👍", asked.as_str())
    );
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_and_typing_are_shown() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let id = ana.say(&bench.account.phone, "are you there?").await?;
    let question = message(bench.event(|message| says(message, "are you there?")).await?);

    let effect = bench
        .effect(Action::MarkRead {
            targets: vec![question.key.clone()],
        })
        .await?;
    assert!(matches!(session.carry_out(&effect).await?, Carried::Done));
    ana.wait_receipt(
        |receipt| receipt.kind == ReceiptKind::Read && receipt.ids.contains(&id),
        PATIENCE,
    )
    .await?;

    let chat = Jid::Phone(ana.account().phone.as_str().into());
    for (state, seen) in [
        (Typing::Composing, SeenTyping::Composing),
        (Typing::Recording, SeenTyping::Recording),
        (Typing::Paused, SeenTyping::Paused),
    ] {
        let effect = bench
            .effect(Action::SetTyping {
                chat: chat.clone(),
                state,
            })
            .await?;
        assert!(matches!(session.carry_out(&effect).await?, Carried::Done));
        ana.wait_typing(|typing| typing.state == seen, PATIENCE).await?;
    }
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_shown_before_the_message() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let mut slow = text(ana.account(), "let me see");
    slow.typing_ms = Some(50);
    let id = send(&bench, &session, Action::Send(Box::new(slow))).await?;
    ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
    assert!(
        ana.typing_seen()
            .iter()
            .any(|typing| typing.state == SeenTyping::Composing)
    );
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_did_not_acknowledge_is_due_again() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    // Something on the way keeps the first send from being the one that settles sessions.
    send(&bench, &session, Action::Send(Box::new(text(ana.account(), "warm")))).await?;

    let effect = bench
        .effect(Action::Send(Box::new(text(ana.account(), "in the tunnel"))))
        .await?;
    let mut cuts = 0;
    let attempts = async {
        loop {
            let carried = session.carry_out(&effect).await;
            if cuts < 3 {
                cuts += 1;
                bench.sim.drop_connections(&bench.account.phone);
            }
            match carried {
                Ok(Carried::AwaitAck(acknowledgement)) => match acknowledgement.await {
                    // The server was faster than the cut: that is an answer too.
                    Settled::Sent => return Ok(()),
                    Settled::Lost => {}
                    Settled::Refused { code } => unreachable!("refused with {code:?}"),
                },
                Ok(Carried::Done) => unreachable!("a message is acknowledged"),
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
            let due = bench.outbox.due(bench.session, Position::default(), 10).await?;
            assert!(
                due.iter().any(|due| due.id == effect.id),
                "it is pending until the server has it"
            );
            wait(&session, |status| status.state == State::Connected).await?;
            tokio::task::yield_now().await;
        }
    };
    let done: Result<()> = tokio::time::timeout(PATIENCE, attempts).await?;
    done?;
    let id = effect.id.message_id();
    ana.wait_for(|heard| heard.id == id.as_str(), PATIENCE).await?;
    assert_eq!(
        ana.phone_view()
            .iter()
            .filter(|heard| heard.text.as_deref() == Some("in the tunnel"))
            .count(),
        1
    );
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offline_session_says_so_at_once_and_an_impossible_effect_is_not_tried_again() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.open().await?;
    let effect = bench
        .effect(Action::Send(Box::new(text(ana.account(), "hello"))))
        .await?;
    assert!(matches!(
        session.carry_out(&effect).await,
        Err(CarryError::NotConnected)
    ));
    bench.pair(&session).await?;
    let mine = MessageKey {
        chat: Jid::Phone(ana.account().phone.as_str().into()),
        id: "3EB0".parse()?,
        from: waspnest_core::message::Origin::Me,
        participant: None,
    };
    let effect = bench.effect(Action::MarkRead { targets: vec![mine] }).await?;
    let error = session.carry_out(&effect).await.expect_err("own messages are not read");
    assert!(!error.is_retryable(), "{error}");
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_replies_reach_the_person_in_order() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let mut waiting = Vec::new();
    for n in 0..50 {
        let effect = bench
            .effect(Action::Send(Box::new(text(ana.account(), &format!("reply {n}")))))
            .await?;
        let Carried::AwaitAck(acknowledgement) = session.carry_out(&effect).await? else {
            unreachable!("a message is acknowledged")
        };
        waiting.push(acknowledgement);
    }
    for acknowledgement in waiting {
        assert_eq!(tokio::time::timeout(PATIENCE, acknowledgement).await?, Settled::Sent);
    }
    ana.wait_for(|heard| heard.text.as_deref() == Some("reply 49"), PATIENCE)
        .await?;
    let texts: Vec<_> = ana.phone_view().into_iter().filter_map(|heard| heard.text).collect();
    assert_eq!(texts, (0..50).map(|n| format!("reply {n}")).collect::<Vec<_>>());
    session.close().await?;
    Ok(())
}

#[test]
fn contents_do_not_show_in_debug() {
    let content = Content::Text(waspnest_core::message::Text {
        body: "secret".into(),
        preview: None,
    });
    assert!(!format!("{content:?}").contains("secret"));
}
