//! People talk to each other through the simulator: two real encrypted clients, nothing faked in between.

use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use waspnest_simulator::human::{Human, HumanError, ReceiptKind, Standing, Typing};
use waspnest_simulator::{Config, LoginRefusal, NewAccount, Reachability, Simulator, Strictness};
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;

/// Far beyond what anything here takes; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn people<const N: usize>(names: [&str; N]) -> anyhow::Result<(Simulator, [Human; N])> {
    // Real clients send nothing that the server does not know.
    let config = Config {
        strictness: Strictness::Strict,
        ..Config::default()
    };
    let simulator = Simulator::start(config).await?;
    let mut joined = Vec::new();
    for name in names {
        joined.push(
            Human::join(&simulator, named(name))
                .await
                .with_context(|| format!("{name} joins"))?,
        );
    }
    let joined = joined
        .try_into()
        .map_err(|_length| anyhow::anyhow!("one human per name"))?;
    Ok((simulator, joined))
}

fn named(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.to_owned(),
        phone: None,
    }
}

async fn end<const N: usize>(simulator: Simulator, people: [Human; N]) {
    for human in people {
        human.leave().await;
    }
    let unknown = simulator.unknown_stanzas();
    assert!(unknown.is_empty(), "{unknown:#?}");
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_talk_quote_and_react() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    assert_eq!(anna.standing(), Standing::Connected);

    let hello = anna.say(&ben.account().phone, "Hello Ben").await?;
    let heard = ben
        .wait_for(|h| h.text.as_deref() == Some("Hello Ben"), PATIENCE)
        .await?;
    assert_eq!(heard.id, hello);
    assert_eq!(heard.sender, anna.account().jid());
    assert_eq!(heard.chat, anna.account().jid());
    assert_eq!((heard.kind(), heard.copies, heard.from_me), ("text", 1, false));
    assert_eq!(heard.push_name, "Anna");

    let answer = ben.reply(&heard, "Hello Anna").await?;
    let quoting = anna.wait_for(|h| h.id == answer, PATIENCE).await?;
    assert_eq!(quoting.text.as_deref(), Some("Hello Anna"));
    assert_eq!(quoting.quoted.as_deref(), Some(hello.as_str()));

    let stale = anna
        .wait_for_after(anna.position(), |_| true, Duration::from_millis(20))
        .await;
    assert!(matches!(stale, Err(HumanError::NotSeen { heard: 1, .. })), "{stale:?}");

    let thumb = anna.react(&quoting, "👍").await?;
    let reaction = ben.wait_for(|h| h.id == thumb, PATIENCE).await?;
    assert_eq!(reaction.kind(), "reaction");
    let reaction = reaction.reaction().context("a reaction in a reaction message")?;
    assert_eq!(
        (reaction.emoji.as_str(), reaction.target.as_str()),
        ("👍", answer.as_str())
    );

    let own = anna.say_quoting(&ben.account().jid(), "As I said", &hello).await?;
    let own = ben.wait_for(|h| h.id == own, PATIENCE).await?;
    assert_eq!(own.quoted.as_deref(), Some(hello.as_str()), "one can quote oneself");

    assert_eq!(ben.phone_view().iter().map(|h| h.seq).collect::<Vec<_>>(), [1, 2, 3]);
    for human in [&anna, &ben] {
        assert_eq!(
            (human.undecryptable(), human.placeholders(), human.forgotten()),
            (0, 0, 0)
        );
    }
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_turn_grey_then_blue_and_typing_shows() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    let id = anna.say(&ben.account().phone, "Are you there?").await?;
    let heard = ben.wait_for(|h| h.id == id, PATIENCE).await?;
    let is = |kind: ReceiptKind| {
        let id = id.clone();
        move |r: &waspnest_simulator::human::ReceiptSeen| r.kind == kind && r.ids.contains(&id)
    };
    let delivered = anna.wait_receipt(is(ReceiptKind::Delivered), PATIENCE).await?;
    assert_eq!(delivered.sender, ben.account().jid());
    assert!(
        !anna.receipts().iter().any(is(ReceiptKind::Read)),
        "nothing was read yet"
    );

    ben.read(&heard).await?;
    let read = anna.wait_receipt(is(ReceiptKind::Read), PATIENCE).await?;
    assert_eq!(read.chat, ben.account().jid());

    for state in [Typing::Composing, Typing::Recording, Typing::Paused] {
        ben.typing(&anna.account().phone, state).await?;
        let seen = anna.wait_typing(|t| t.state == state, PATIENCE).await?;
        assert_eq!(seen.sender, ben.account().jid());
    }
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_kind_of_message_arrives_whole() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    let place = wa::Message {
        location_message: MessageField::some(wa::message::LocationMessage {
            degrees_latitude: Some(52.52),
            degrees_longitude: Some(13.405),
            name: Some("Berlin".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let id = anna.send(&ben.account().phone, place).await?;
    let heard = ben.wait_for(|h| h.id == id, PATIENCE).await?;
    assert_eq!((heard.kind(), heard.text.as_deref()), ("location", None));
    let location = heard.message.location_message.as_option().context("the location")?;
    assert_eq!(
        (location.degrees_latitude, location.name.as_deref()),
        (Some(52.52), Some("Berlin"))
    );
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_wait_in_order_for_someone_who_is_away() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    anna.say(&ben.account().phone, "before").await?;
    ben.wait_for(|h| h.text.as_deref() == Some("before"), PATIENCE).await?;

    ben.go_offline().await;
    assert_eq!(ben.standing(), Standing::Away);
    let refused = ben.say(&anna.account().phone, "into the void").await;
    assert!(matches!(refused, Err(HumanError::Away)), "{refused:?}");

    for n in 0..20 {
        anna.say(&ben.account().phone, &format!("while away {n}")).await?;
    }
    ben.come_online().await?;
    let queued = ben.wait_for_count(21, |_| true, PATIENCE).await?;
    let texts: Vec<_> = queued.iter().skip(1).filter_map(|h| h.text.clone()).collect();
    assert_eq!(texts, (0..20).map(|n| format!("while away {n}")).collect::<Vec<_>>());

    let back = ben.say(&anna.account().phone, "back again").await?;
    anna.wait_for(|h| h.id == back, PATIENCE).await?;
    assert_eq!((anna.undecryptable(), ben.undecryptable()), (0, 0), "the keys survived");
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_taken_up_again_and_loses_nothing() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    const MESSAGES: usize = 30;
    for n in 0..MESSAGES {
        if n % 5 == 2 {
            assert_eq!(
                simulator.drop_connections(&anna.account().phone),
                1,
                "before message {n}"
            );
        }
        if n % 5 == 4 {
            assert_eq!(
                simulator.drop_connections(&ben.account().phone),
                1,
                "before message {n}"
            );
            ben.wait_connected(PATIENCE).await?;
        }
        anna.say(&ben.account().phone, &format!("message {n}"))
            .await
            .with_context(|| format!("message {n}"))?;
        anna.wait_connected(PATIENCE).await?;
        // The next cut must hit a connection that stands, on both sides.
        ben.wait_for(|h| h.text.as_deref() == Some(&format!("message {n}")), PATIENCE)
            .await?;
    }
    let shown: Vec<_> = ben.phone_view().into_iter().filter_map(|h| h.text).collect();
    assert_eq!(shown, (0..MESSAGES).map(|n| format!("message {n}")).collect::<Vec<_>>());
    assert_eq!((ben.placeholders(), anna.placeholders()), (0, 0));
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_over_a_shaky_line_arrives_complete_and_once() -> anyhow::Result<()> {
    const MESSAGES: usize = 300;
    const UNDER_WAY: usize = 16;
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    let sending = stream::iter(0..MESSAGES).map(|n| {
        let (simulator, anna, ben) = (&simulator, &anna, &ben);
        async move {
            // Cuts fall wherever the others under way happen to be: before, during and after their acknowledgements.
            if n % 29 == 17 {
                simulator.drop_connections(&anna.account().phone);
            }
            if n % 31 == 11 {
                simulator.drop_connections(&ben.account().phone);
            }
            anna.say(&ben.account().phone, &format!("message {n}")).await
        }
    });
    let mut sent: Vec<String> = sending.buffer_unordered(UNDER_WAY).try_collect().await?;
    let heard = ben.wait_for_count(MESSAGES, |_| true, PATIENCE).await?;

    let mut shown: Vec<_> = heard.iter().map(|h| h.id.clone()).collect();
    sent.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, sent, "every acknowledged message is shown");
    let mut texts: Vec<_> = heard.iter().filter_map(|h| h.text.clone()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), MESSAGES, "each once");
    assert_eq!(ben.placeholders(), 0, "and readable");
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_out_of_reach_comes_back() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    simulator.set_reachability(&ben.account().phone, Reachability::Offline)?;
    let id = anna.say(&ben.account().phone, "when you have signal").await?;
    simulator.set_reachability(&ben.account().phone, Reachability::Online)?;
    ben.wait_for(|h| h.id == id, PATIENCE).await?;
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_ends_the_session_until_it_is_lifted() -> anyhow::Result<()> {
    let (simulator, [anna]) = people(["Anna"]).await?;
    let phone = anna.account().phone.clone();
    let log = simulator.stanzas(0, usize::MAX).last().map_or(0, |record| record.seq);
    simulator.refuse_login(&phone, Some(LoginRefusal::Banned))?;
    assert_eq!(simulator.drop_connections(&phone), 1);
    // What was under way when the connection was cut may still be taken in.
    simulator
        .wait_stanza(log, |record| record.tag == "failure", PATIENCE)
        .await
        .context("a refused login")?;
    let ended = anna.say(&phone, "anybody there?").await.expect_err("banned");
    assert!(matches!(ended, HumanError::Ended { .. }), "{ended:?}");

    simulator.refuse_login(&phone, None)?;
    anna.go_offline().await;
    anna.come_online().await?;
    assert_eq!(anna.standing(), Standing::Connected);
    end(simulator, [anna]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_for_a_moment_is_tried_again() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    let phone = anna.account().phone.clone();
    let log = simulator.stanzas(0, usize::MAX).last().map_or(0, |record| record.seq);
    simulator.refuse_login(&phone, Some(LoginRefusal::Unavailable))?;
    assert_eq!(simulator.drop_connections(&phone), 1);
    simulator
        .wait_stanza(log, |record| record.tag == "failure", PATIENCE)
        .await
        .context("a refused login")?;
    simulator.refuse_login(&phone, None)?;

    let id = anna.say(&ben.account().phone, "back").await?;
    ben.wait_for(|h| h.id == id, PATIENCE).await?;
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlinked_person_is_told_so() -> anyhow::Result<()> {
    let (simulator, [anna, ben]) = people(["Anna", "Ben"]).await?;
    simulator.unlink(&anna.account().phone, 1)?;
    let sent = loop {
        // The first attempt may still be accepted: the removal travels on the same connection.
        match anna.say(&ben.account().phone, "still me?").await {
            Ok(_) => anna.wait_connected(PATIENCE).await.ok(),
            Err(error) => break error,
        };
    };
    assert!(matches!(sent, HumanError::Ended { .. }), "{sent:?}");
    assert!(matches!(anna.standing(), Standing::Ended(_)), "{:?}", anna.standing());
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answering_person_answers_everyone_in_order() -> anyhow::Result<()> {
    const EACH: usize = 25;
    let (simulator, [echo, anna, ben]) = people(["Echo", "Anna", "Ben"]).await?;
    echo.answer_with(|heard| heard.text.as_ref().map(|text| format!("echo: {text}")));
    let phone = echo.account().phone.clone();
    let talk = |human: Human| {
        let phone = phone.clone();
        async move {
            for n in 0..EACH {
                human.say(&phone, &format!("{n}")).await?;
            }
            let answers = human.wait_for_count(EACH, |_| true, PATIENCE).await?;
            Ok::<_, HumanError>(answers.into_iter().filter_map(|h| h.text).collect::<Vec<_>>())
        }
    };
    let (annas, bens) = tokio::join!(talk(anna.clone()), talk(ben.clone()));
    let expected: Vec<_> = (0..EACH).map(|n| format!("echo: {n}")).collect();
    assert_eq!(annas?, expected);
    assert_eq!(bens?, expected);
    assert_eq!(echo.phone_view().len(), 2 * EACH);
    end(simulator, [echo, anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_refused_by_name() -> anyhow::Result<()> {
    let (simulator, [anna]) = people(["Anna"]).await?;
    let bad = anna.say("anybody", "hello").await.expect_err("not an address");
    assert!(
        matches!(&bad, HumanError::Address { given } if given == "anybody"),
        "{bad:?}"
    );
    let unknown = anna.react_to("NOSUCH", "👍").await.expect_err("no such message");
    assert!(matches!(unknown, HumanError::UnknownMessage { .. }), "{unknown:?}");
    let quiet = anna
        .wait_for(|_| true, Duration::from_millis(50))
        .await
        .expect_err("nobody wrote");
    assert!(matches!(quiet, HumanError::NotSeen { heard: 0, .. }), "{quiet:?}");
    let taken = NewAccount {
        push_name: "Twin".to_owned(),
        phone: Some(anna.account().phone.clone()),
    };
    let twin = Human::join(&simulator, taken).await.expect_err("the number is taken");
    assert!(matches!(twin, HumanError::Account(_)), "{twin:?}");
    end(simulator, [anna]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_joins_within_a_second() -> anyhow::Result<()> {
    let (simulator, [anna]) = people(["Anna"]).await?;
    // The first join warmed nothing that matters; the second is what a test suite pays per person. A loaded machine
    // takes longer, so the bound only tells the ten seconds apart that a client waits for a silent phone.
    let joining = Human::join(&simulator, named("Ben"));
    let ben = tokio::time::timeout(Duration::from_secs(5), joining)
        .await
        .context("the phone shared its keys")??;
    end(simulator, [anna, ben]).await;
    Ok(())
}
