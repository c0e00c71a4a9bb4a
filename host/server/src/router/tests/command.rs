//! Commands from the text to the answer: whose they are, who may use them, what the host says by itself, and in which order.

use std::time::Duration;

use waspnest_core::event::Position;

use super::harness::{Harness, Install, everything};
use super::three_tries;
use crate::config::bind::{Bind, Topic};
use crate::config::commands::Commands;
use crate::router::{Commands as Known, collisions};

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

fn talker() -> Install {
    Install {
        retry: three_tries(),
        ..Install::of("talker", "bot")
    }
}

fn called(prefix: &str, rename: &[(&str, &str)]) -> Commands {
    let mut commands = Commands::default();
    commands.naming.prefixes = vec![prefix.into()];
    commands.naming.renamed = rename.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect();
    commands
}

async fn texts(app: &Harness, count: usize) -> Vec<String> {
    app.replies(count).await.into_iter().map(|(_, text)| text).collect()
}

const TEA: &str = r#"order as order: what=Arg::Text("tea") count=Arg::Integer(1)"#;

#[tokio::test]
async fn a_command_goes_to_the_command_handler_and_other_messages_do_not() {
    let app = Harness::start(vec![talker(), Install::of("echo", "other")]).await;
    app.hears(ADA, "/order tea").await;
    let mut both = texts(&app, 2).await;
    both.sort_unstable();
    assert_eq!(both, ["/order tea", TEA], "others see a message");
    app.hears(ADA, "order tea").await;
    let mut both = texts(&app, 4).await.split_off(2);
    both.sort_unstable();
    assert_eq!(both, ["ok: order tea", "order tea"]);
    app.stop().await;
}

#[tokio::test]
async fn the_host_says_what_was_wrong_and_what_there_is() {
    let app = Harness::start(vec![talker()]).await;
    for text in [
        "/order",
        "/order tea 10",
        "/ordr tea",
        "/list",
        "/help",
        "/help order",
        "/help nothing",
        "/shrug",
        "/",
    ] {
        app.hears(ADA, text).await;
    }
    let said = texts(&app, 9).await;
    let help = "/order <what> [count] [note…] – Order something\n\
                /all [number] [flag] [span] [when] [who] [red|green] [items…]\n/list open\n/daily\n/stop";
    assert_eq!(said[0], "what is missing\nUsage: /order <what> [count] [note…]");
    assert_eq!(
        said[1],
        r#"order as order: what=Arg::Text("tea") count=Arg::Integer(1) note=Arg::Rest("10")"#
    );
    assert_eq!(said[2], "There is no /ordr. Did you mean /order?");
    assert_eq!(said[3], "/list needs more:\n/list open");
    assert_eq!(said[4], help);
    assert!(
        said[5].starts_with("/order <what> [count] [note…]\nOrder something\n• what: text"),
        "{}",
        said[5]
    );
    assert_eq!(said[6], format!("There is no command nothing. There are:\n{help}"));
    assert_eq!(
        said[7..],
        ["ok: /shrug", "ok: /"],
        "what is near to nothing is a message"
    );
    app.stop().await;
}

#[tokio::test]
async fn of_several_installations_one_answers_for_all() {
    let second = Install {
        commands: called("/", &[("order", "reserve"), ("buy", "take")]),
        ..Install::of("talker", "second")
    };
    let app = Harness::start(vec![talker(), second]).await;
    app.hears(ADA, "/reserve tea").await;
    let mut both = texts(&app, 2).await;
    both.sort_unstable();
    let reserved = r#"order as reserve: what=Arg::Text("tea") count=Arg::Integer(1)"#;
    assert_eq!(both, ["ok: /reserve tea", reserved]);
    app.hears(ADA, "/reserv tea").await;
    let mut both = texts(&app, 4).await.split_off(2);
    both.sort_unstable();
    assert_eq!(both, ["There is no /reserv. Did you mean /reserve?", "ok: /reserv tea"]);
    app.hears(BOB, "/help").await;
    let mut both = texts(&app, 6).await.split_off(4);
    both.sort_unstable();
    assert!(
        both[0].contains("/order <what>") && both[0].contains("/reserve <what>"),
        "{both:?}"
    );
    assert_eq!(both[1], "ok: /help");
    app.stop().await;
}

#[tokio::test]
async fn binds_let_commands_through_by_name() {
    let only_orders = Bind {
        events: vec![Topic::Command],
        commands: vec!["order".into()],
        ..everything("orders")
    };
    let app = Harness::start(vec![Install {
        binds: vec![only_orders],
        ..talker()
    }])
    .await;
    for text in ["/list open", "hello", "/help", "/order tea"] {
        app.hears(ADA, text).await;
    }
    let said = texts(&app, 2).await;
    assert_eq!(said, ["/order <what> [count] [note…] – Order something", TEA]);
    // Where commands are not let through, they are texts.
    let messages = Bind {
        events: vec![Topic::Family(waspnest_core::event::Family::Message)],
        ..everything("messages")
    };
    let app = app
        .restart_with(vec![Install {
            binds: vec![messages],
            ..talker()
        }])
        .await;
    app.hears(ADA, "/order tea").await;
    assert_eq!(texts(&app, 3).await[2], "ok: /order tea");
    app.stop().await;
}

#[tokio::test]
async fn what_is_for_operators_is_not_for_others() {
    let commands = Commands {
        operators: vec![BOB.parse().expect("a valid pattern")],
        ..Commands::default()
    };
    let app = Harness::start(vec![Install { commands, ..talker() }]).await;
    for (who, text) in [(ADA, "/reset"), (ADA, "/reste"), (BOB, "/reset"), (BOB, "/reste")] {
        app.hears(who, text).await;
    }
    let mut said = app.replies(4).await;
    said.sort_unstable();
    let texts: Vec<_> = said.into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        texts,
        [
            "Only operators may use /reset.",
            "ok: /reste",
            "There is no /reste. Did you mean /reset?",
            "reset as reset:"
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_command_can_be_used_so_often_and_no_more() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "/daily").await;
    app.replies(1).await;
    app.hears(ADA, "/daily").await;
    app.hears(ADA, "/daily").await;
    app.hears(BOB, "/daily").await;
    app.hears(ADA, "then").await;
    let said = app.replies(4).await;
    let of = |who: &str| -> Vec<String> {
        said.iter()
            .filter(|(chat, _)| chat == who)
            .map(|(_, text)| text.clone())
            .collect()
    };
    assert_eq!(
        of(ADA),
        ["daily as daily:", "/daily can be used again in 10s.", "ok: then"],
        "they are told once"
    );
    assert_eq!(of(BOB), ["daily as daily:"]);
    app.pass(Duration::from_secs(10));
    app.hears(ADA, "/daily").await;
    assert_eq!(texts(&app, 5).await[4], "daily as daily:");
    app.stop().await;
}

#[tokio::test]
async fn an_urgent_command_does_not_wait_for_its_chat() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "/order retry").await;
    app.failed_once("bot", Position(1)).await;
    app.hears(ADA, "behind it").await;
    app.hears(ADA, "/stop").await;
    assert_eq!(texts(&app, 1).await, ["stop as stop:"]);
    app.pass_until_replies(3).await;
    let rest = texts(&app, 3).await.split_off(1);
    assert!(rest[0].contains("retry"), "{rest:?}");
    assert_eq!(rest[1], "ok: behind it");
    app.stop().await;
}

#[tokio::test]
async fn who_is_waited_for_answers_and_commands_nothing_unless_it_is_urgent() {
    let app = Harness::start(vec![talker()]).await;
    for text in ["/order ask", "/order tea", "/order tea"] {
        app.hears(ADA, text).await;
    }
    let said = texts(&app, 3).await;
    assert_eq!(said[1..], ["size got /order tea".to_owned(), TEA.to_owned()]);
    app.hears(BOB, "/order ask").await;
    app.replies(4).await;
    app.hears(BOB, "/stop").await;
    app.replies(5).await;
    app.hears(BOB, "large").await;
    assert_eq!(texts(&app, 6).await[4..], ["stop as stop:", "size got large"]);
    app.stop().await;
}

#[tokio::test]
async fn a_command_that_fails_is_repeated_and_parked_like_any_message() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "/order fail").await;
    app.hears(ADA, "/order retry").await;
    app.failed_once("bot", Position(2)).await;
    let app = app.restart().await;
    app.pass_until_replies(1).await;
    assert!(texts(&app, 1).await[0].contains("retry"));
    assert_eq!(app.dead_letters("bot").await.len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn names_that_are_not_there_and_names_of_two_are_told_at_the_start() {
    let app = Harness::start(vec![talker()]).await;
    let manifest = app.manifest("talker").await;
    let wrong = called("/", &[("ordr", "x")]);
    let error = Known::new(&manifest, &wrong, &[])
        .expect_err("there is no such command")
        .to_string();
    assert!(
        error.starts_with("rename: the plugin has no command \"ordr\"; it has order, buy, all"),
        "{error}"
    );
    let bind = Bind {
        commands: vec!["ordr".into()],
        ..everything("all")
    };
    let error = Known::new(&manifest, &Commands::default(), &[bind])
        .expect_err("there is no such command")
        .to_string();
    assert!(
        error.starts_with("bind.commands: the plugin has no command \"ordr\""),
        "{error}"
    );

    let elsewhere = Bind {
        sessions: vec!["elsewhere".parse().expect("a valid pattern")],
        ..everything("all")
    };
    let here = Bind {
        sessions: vec!["here-*".parse().expect("a valid pattern")],
        ..everything("all")
    };
    let with = |id, binds: Vec<Bind>, commands| Install {
        binds,
        commands,
        ..Install::of("talker", id)
    };
    let one = app
        .installed(&with("one", vec![here.clone()], Commands::default()))
        .await;
    let two = app.installed(&with("two", vec![elsewhere], Commands::default())).await;
    let three = app
        .installed(&with("three", vec![here.clone()], called("!", &[])))
        .await;
    assert!(collisions(&[one.clone(), two, three]).is_empty());
    let four = app
        .installed(&with("four", vec![here], called("/", &[("order", "reserve")])))
        .await;
    let [collision] = &collisions(&[one, four])[..] else {
        panic!("one collision")
    };
    assert!(
        collision.starts_with("one and four both hear /buy, /all, /list"),
        "{collision}"
    );
    app.stop().await;
}
