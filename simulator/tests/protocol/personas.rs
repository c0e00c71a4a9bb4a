//! People who behave by themselves, each of them a real client.

use std::time::Duration;

use anyhow::Context;
use futures::future::try_join_all;
use waspnest_simulator::human::persona::{Action, Chats, Hears, Moment, Persona, Reads, Rule, Span};
use waspnest_simulator::human::{Cast, CastError, Heard, Human, ReceiptKind, Standing, Typing};
use waspnest_simulator::{Config, Direction, GroupRole, NewAccount, Simulator, StanzaRecord};

/// Far beyond what anything here takes; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(120);

async fn person(simulator: &Simulator, name: &str) -> anyhow::Result<Human> {
    let spec = NewAccount {
        push_name: name.to_owned(),
        phone: None,
    };
    Human::join(simulator, spec)
        .await
        .with_context(|| format!("{name} joins"))
}

fn says(text: &str) -> impl Fn(&Heard) -> bool + Send {
    let text = text.to_owned();
    move |heard| heard.text.as_deref() == Some(text.as_str())
}

async fn end(simulator: Simulator, people: impl IntoIterator<Item = Human>) {
    for human in people {
        human.leave().await;
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shopkeeper_reads_types_quotes_and_reacts() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, shop) = (person(&simulator, "Anna").await?, person(&simulator, "Shop").await?);
    shop.behave(
        Persona::new()
            .reads(Reads::AtOnce)
            .answers_after(Span::between(0, 2))
            .types(Span::exactly(1))
            .rule(
                Rule::when(Hears::contains("price"))
                    .chats(Chats::Direct)
                    .does(Action::quote("Ten euro, {name}. Greetings, {me}")?)
                    .does(Action::react("💶")),
            )
            .rule(Rule::when(Hears::equals("spam")))
            .rule(Rule::when(Hears::Anything).does(Action::answer("{n}: you said {text}")?)),
    )?;

    let to = shop.account().phone.clone();
    anna.say(&to, "spam").await?;
    let asked = anna.say(&to, "What is the PRICE?").await?;
    let quoted = anna.wait_for(says("Ten euro, Anna. Greetings, Shop"), PATIENCE).await?;
    assert_eq!(quoted.quoted.as_ref(), Some(&asked));
    let reaction = anna.wait_for(|heard| heard.reaction().is_some(), PATIENCE).await?;
    let reaction = reaction.reaction().context("a reaction")?;
    assert_eq!((reaction.emoji.as_str(), &reaction.target), ("💶", &asked));
    anna.wait_receipt(
        |seen| seen.kind == ReceiptKind::Read && seen.ids.contains(&asked),
        PATIENCE,
    )
    .await?;
    anna.wait_typing(|seen| seen.state == Typing::Composing, PATIENCE)
        .await?;

    for (n, text) in ["so", "many"].iter().enumerate() {
        anna.say(&to, text).await?;
        anna.wait_for(says(&format!("{}: you said {text}", n + 1)), PATIENCE)
            .await?;
    }
    // One task deals with everything in order, so the answers so far show that nothing was said about the spam.
    assert_eq!(anna.phone_view().len(), 4);
    end(simulator, [anna, shop]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_hold_every_so_often_and_so_many_times() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, ben) = (person(&simulator, "Anna").await?, person(&simulator, "Ben").await?);
    ben.behave(toml::from_str(
        r#"
        rules = [
            { hears = { starts_with = "tick" }, every = 3, does = [{ answer = "tock {text}" }] },
            { hears = "anything", at_most = 2, does = [{ answer = "heard {text}" }] },
        ]
        "#,
    )?)?;
    let to = ben.account().phone.clone();
    for text in [
        "tick 1", "a", "tick 2", "b", "tick 3", "c", "tick 4", "tick 5", "tick 6",
    ] {
        anna.say(&to, text).await?;
    }
    anna.wait_for(says("tock tick 6"), PATIENCE).await?;
    let view = anna.phone_view();
    let heard: Vec<_> = view.iter().filter_map(|heard| heard.text.as_deref()).collect();
    assert_eq!(heard, ["heard a", "heard b", "tock tick 3", "tock tick 6"]);
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_routine_speaks_first_and_goes_offline_for_a_while() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, ben) = (person(&simulator, "Anna").await?, person(&simulator, "Ben").await?);
    let (to_anna, to_ben) = (&anna.account().phone, &ben.account().phone);
    let echo = Rule::when(Hears::Anything).does(Action::answer("{text}?")?);
    ben.behave(
        Persona::new()
            .at(Moment::Start, [Action::say(to_anna, "I am {me}, good morning")?])
            .at(
                Moment::AfterMessages(2),
                [Action::OfflineFor(Span::exactly(1)), Action::say(to_anna, "back")?],
            )
            .at(
                Moment::After(Span::exactly(1)),
                [Action::Wait(Span::exactly(1)), Action::say(to_anna, "later")?],
            )
            .rule(echo),
    )?;
    anna.wait_for(says("I am Ben, good morning"), PATIENCE).await?;
    anna.wait_for(says("later"), PATIENCE).await?;
    for text in ["one", "two", "three"] {
        anna.say(to_ben, text).await?;
    }
    anna.wait_for(says("back"), PATIENCE).await?;
    anna.wait_for(says("three?"), PATIENCE).await?;
    let logins = simulator.stats().logins;
    assert_eq!(logins, 2 + 1, "each of them logged in once, and Ben once more");
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_offline_stays_so_until_the_routine_says_otherwise() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, ben) = (person(&simulator, "Anna").await?, person(&simulator, "Ben").await?);
    let (to_anna, to_ben) = (&anna.account().phone, &ben.account().phone);
    ben.behave(
        Persona::new().rule(
            Rule::when(Hears::Anything)
                .does(Action::answer("bye")?)
                .does(Action::GoOffline),
        ),
    )?;
    anna.say(to_ben, "go").await?;
    anna.wait_for(says("bye"), PATIENCE).await?;
    ben.wait_standing(|standing| *standing == Standing::Away, PATIENCE)
        .await?;
    let queued = anna.say(to_ben, "you there?").await?;
    ben.behave(Persona::new().at(Moment::Start, [Action::ComeOnline, Action::say(to_anna, "here")?]))?;
    anna.wait_for(says("here"), PATIENCE).await?;
    ben.wait_for(|heard| heard.id == queued, PATIENCE).await?;
    assert_eq!(ben.standing(), Standing::Connected);
    end(simulator, [anna, ben]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_plays_one_persona_at_a_time() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, ben) = (person(&simulator, "Anna").await?, person(&simulator, "Ben").await?);
    let to = ben.account().phone.clone();
    let answers =
        |text| Ok::<_, anyhow::Error>(Persona::new().rule(Rule::when(Hears::Anything).does(Action::answer(text)?)));
    ben.behave(answers("first")?)?;
    anna.say(&to, "1").await?;
    anna.wait_for(says("first"), PATIENCE).await?;
    ben.behave(answers("second")?)?;
    anna.say(&to, "2").await?;
    anna.wait_for(says("second"), PATIENCE).await?;
    ben.stop_behaving().await;
    let unanswered = anna.say(&to, "3").await?;
    ben.wait_for(|heard| heard.id == unanswered, PATIENCE).await?;
    ben.say(&anna.account().phone, "myself again").await?;
    anna.wait_for(says("myself again"), PATIENCE).await?;
    let view = anna.phone_view();
    let heard: Vec<_> = view.iter().filter_map(|heard| heard.text.as_deref()).collect();
    assert_eq!(heard, ["first", "second", "myself again"]);
    end(simulator, [anna, ben]).await;
    Ok(())
}

/// People in the crowd below.
const CROWD: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_joins_and_everybody_answers() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let cast = Cast::from_toml(&format!(
        r#"
        [personas.guest]
        rules = [{{ hears = "anything", does = [{{ answer = "{{me}} heard {{text}}" }}] }}]

        [[people]]
        push_name = "Guest"
        phone = "4915100000001"
        count = {CROWD}
        persona = "guest"

        [[people]]
        push_name = "Host"
        "#
    ))?;
    assert_eq!(cast.size(), CROWD + 1);
    let people = cast.join(&simulator).await?;
    let (host, guests) = people.split_last().context("a host")?;
    assert_eq!((host.account().push_name.as_str(), guests.len()), ("Host", CROWD));
    assert_eq!(
        guests[CROWD - 1].account().phone,
        format!("{}", 4_915_100_000_000_u64 + CROWD as u64)
    );

    try_join_all(guests.iter().map(|guest| host.say(&guest.account().phone, "hello"))).await?;
    let answers = host.wait_for_count(CROWD, |heard| !heard.from_me, PATIENCE).await?;
    let mut texts: Vec<_> = answers.iter().filter_map(|heard| heard.text.clone()).collect();
    let mut expected: Vec<_> = (1..=CROWD).map(|n| format!("Guest {n} heard hello")).collect();
    texts.sort();
    expected.sort();
    assert_eq!(texts, expected);
    end(simulator, people).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_a_cast_the_same_numbers() -> anyhow::Result<()> {
    let cast = Cast::from_json(r#"{"people": [{"push_name": "Guest", "count": 3}, {"push_name": "Anna"}]}"#)?;
    let mut casts = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::start(Config::default()).await?;
        let people = cast.join(&simulator).await?;
        casts.push(people.iter().map(|human| human.account().clone()).collect::<Vec<_>>());
        end(simulator, people).await;
    }
    assert_eq!(casts[0], casts[1]);
    let names: Vec<_> = casts[0].iter().map(|account| account.push_name.as_str()).collect();
    assert_eq!(names, ["Guest 1", "Guest 2", "Guest 3", "Anna"]);
    Ok(())
}

#[tokio::test]
async fn a_cast_that_makes_no_sense_is_refused_with_a_reason() -> anyhow::Result<()> {
    let refused = |toml: &str| Cast::from_toml(toml).expect_err(toml);
    let nobody = refused("[personas.echo]\n[personas.shop]\n[[people]]\npush_name = \"A\"\npersona = \"eko\"");
    assert!(matches!(nobody, CastError::UnknownPersona { .. }), "{nobody}");
    assert!(nobody.to_string().contains("echo, shop"), "{nobody}");
    let crowd = refused("[[people]]\npush_name = \"A\"\ncount = 5001");
    assert!(
        crowd.to_string().contains("5001") && crowd.to_string().contains("5000"),
        "{crowd}"
    );
    let field = refused("[[people]]\nname = \"A\"");
    let field = format!("{:#}", anyhow::Error::from(field));
    assert!(
        field.contains("`name`") && field.contains("`push_name`") && field.contains("line 2"),
        "{field}"
    );

    let simulator = Simulator::start(Config::default()).await?;
    let twice =
        r#"{"people": [{"push_name": "A", "phone": "4915111111111"}, {"push_name": "B", "phone": "4915111111111"}]}"#;
    let twice = Cast::from_json(twice)?
        .join(&simulator)
        .await
        .expect_err("one number, two people");
    assert!(
        matches!(&twice, CastError::Account { push_name, .. } if push_name == "B"),
        "{twice}"
    );
    let letters = Cast::from_json(r#"{"people": [{"push_name": "A", "phone": "x", "count": 2}]}"#)?;
    let letters = letters.join(&simulator).await.expect_err("no number");
    assert!(matches!(letters, CastError::BadFirstPhone(_)), "{letters}");
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_join_groups_by_link_and_leave_when_told() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let (anna, ben) = (person(&simulator, "Anna").await?, person(&simulator, "Ben").await?);
    let group = anna.create_group("Garden", &[]).await?.jid;
    let link = anna.group_link(&group).await?;
    ben.behave(
        Persona::new()
            .at(Moment::Start, [Action::Join(link), Action::say(&group, "I am {me}")?])
            .rule(
                Rule::when(Hears::equals("go away"))
                    .chats(Chats::Group)
                    .does(Action::answer("Bye, {name}")?)
                    .does(Action::Leave),
            )
            .rule(Rule::when(Hears::Anything).does(Action::answer("not about me")?)),
    )?;
    let hello = anna.wait_for(says("I am Ben"), PATIENCE).await?;
    assert_eq!(
        (hello.chat.as_str(), hello.sender),
        (group.as_str(), ben.account().jid())
    );
    let members = anna.group(&group).await?.members;
    let ranks: Vec<_> = members
        .iter()
        .map(|member| (member.phone.clone(), member.role))
        .collect();
    assert!(
        ranks.contains(&(Some(anna.account().jid()), GroupRole::Creator)),
        "{ranks:?}"
    );
    assert!(
        ranks.contains(&(Some(ben.account().jid()), GroupRole::Member)),
        "{ranks:?}"
    );

    anna.say(&ben.account().phone, "go away").await?;
    anna.wait_for(says("not about me"), PATIENCE).await?;
    anna.say(&group, "Go away").await?;
    anna.wait_for(says("Bye, Anna"), PATIENCE).await?;
    let asked = |stanza: &StanzaRecord| stanza.direction == Direction::In && stanza.xml.contains("<leave");
    let asked = simulator.wait_stanza(0, asked, PATIENCE).await.context("Ben leaves")?;
    let done = |stanza: &StanzaRecord| stanza.direction == Direction::Out && stanza.id == asked.id;
    simulator
        .wait_stanza(0, done, PATIENCE)
        .await
        .context("and is let go")?;
    assert_eq!(ben.groups().await?, [], "Ben is in no group any more");
    end(simulator, [anna, ben]).await;
    Ok(())
}
