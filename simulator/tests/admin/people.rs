//! People who behave by themselves, over HTTP and from a file.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::{Value, json};
use waspnest_simulator::human::Cast;

use crate::calls::{Calls, started, text};

const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/people.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_people_join_at_once_and_play() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let cast = json!({
        "personas": {"echo": {"rules": [{"hears": "anything", "does": [{"quote": "{me} heard {text}"}]}]}},
        "accounts": [{"push_name": "Bot", "phone": "4915199999999"}],
        "people": [{"push_name": "Guest", "count": 5, "persona": "echo"}, {"push_name": "Anna"}],
    });
    let joined = calls.done("POST /people/bulk", cast).await?;
    let names: Vec<_> = joined["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|person| &person["push_name"])
        .collect();
    assert_eq!(names, ["Guest 1", "Guest 2", "Guest 3", "Guest 4", "Guest 5", "Anna"]);
    let (guest, anna) = (text(&joined["items"][2], "phone")?, text(&joined["items"][5], "phone")?);
    let people = calls.done("GET /people", Value::Null).await?;
    assert_eq!(people["items"].as_array().map(Vec::len), Some(6));
    let accounts = calls.done("GET /accounts", Value::Null).await?;
    assert_eq!(accounts["items"][0]["phone"], json!("4915199999999"));

    let hello = json!({"to": guest, "text": "hello"});
    calls.done(&format!("POST /people/{anna}/say"), hello.clone()).await?;
    calls
        .done(
            &format!("GET /people/{anna}/inbox/wait?contains=Guest+3+heard+hello"),
            Value::Null,
        )
        .await?;

    let persona =
        json!({"reads": "at_once", "rules": [{"hears": {"equals": "hello"}, "does": [{"answer": "again?"}]}]});
    let plays = calls.done(&format!("POST /people/{guest}/persona"), persona).await?;
    assert_eq!(plays["rules"][0]["does"], json!([{"answer": "again?"}]));
    calls.done(&format!("POST /people/{anna}/say"), hello.clone()).await?;
    calls
        .done(&format!("GET /people/{anna}/inbox/wait?contains=again"), Value::Null)
        .await?;
    calls
        .done(&format!("DELETE /people/{guest}/persona"), Value::Null)
        .await?;
    calls.done(&format!("POST /people/{anna}/say"), hello).await?;
    let unanswered = format!("GET /people/{guest}/inbox/wait?after=2&contains=hello");
    calls.done(&unanswered, Value::Null).await?;
    let inbox = calls.done(&format!("GET /people/{anna}/inbox"), Value::Null).await?;
    assert_eq!(inbox["items"].as_array().map(Vec::len), Some(2), "{inbox}");
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_show_pictures_and_post_by_themselves() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    // The file is JSON, because this client reads nothing else.
    let persona = json!({"rules": [
        {"hears": {"equals": "yours"}, "does": [{"picture": {"data": "eyJyb3NlcyI6M30=", "caption": "for {name}"}}]},
        {"hears": {"equals": "any"}, "does": [{"picture": {"to": anna}}]},
        {"hears": {"equals": "post"}, "does": [{"post_status": {"text": "{name} wrote", "to": [anna]}}]},
    ]});
    let plays = calls
        .done(&format!("POST /people/{ben}/persona"), persona.clone())
        .await?;
    assert_eq!(plays["rules"][0]["does"], persona["rules"][0]["does"]);
    let say = async |text: &str| {
        let text = json!({"to": ben, "text": text});
        calls.done(&format!("POST /people/{anna}/say"), text).await
    };
    say("yours").await?;
    let rose = calls.look(&format!("/people/{anna}/inbox/wait?kind=image")).await?;
    assert_eq!(rose["text"], json!("for Anna"));
    let file = format!("/people/{anna}/inbox/{}/file", text(&rose, "id")?);
    assert_eq!(calls.fetched(&file).await?, json!({"roses": 3}));
    say("any").await?;
    let after = rose["seq"].as_u64().context("a position")?;
    let made = calls
        .look(&format!("/people/{anna}/inbox/wait?kind=image&after={after}"))
        .await?;
    assert_eq!(
        (&made["media"]["mime"], &made["text"]),
        (&json!("image/png"), &Value::Null)
    );
    say("post").await?;
    let post = calls
        .look(&format!("/people/{anna}/inbox/wait?chat=status@broadcast"))
        .await?;
    assert_eq!(post["text"], json!("Anna wrote"));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_before_anybody_joins() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    for (cast, status, code, told) in [
        (
            json!({"people": [{"push_name": "A", "persona": "echo"}]}),
            422,
            "bad_cast",
            "no such persona",
        ),
        (
            json!({"people": [{"push_name": "A", "count": 9999}]}),
            422,
            "bad_cast",
            "9999",
        ),
        (
            json!({"people": [{"push_name": "A", "phone": "12"}]}),
            422,
            "bad_phone",
            "12",
        ),
        (
            json!({"personas": {"x": {"routine": [{"at": "start", "does": ["read"]}]}}}),
            400,
            "bad_body",
            "a routine hears nothing",
        ),
        (json!({"persons": []}), 400, "bad_body", "`people`"),
    ] {
        let refused = calls
            .fails("POST /people/bulk", &cast.to_string(), status, code)
            .await?;
        assert!(text(&refused.body, "detail")?.contains(told), "{}", refused.body);
    }
    let people = calls.done("GET /people", Value::Null).await?;
    assert_eq!(people["items"], json!([]));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[test]
fn the_example_is_a_cast() -> anyhow::Result<()> {
    let cast = Cast::from_toml(&std::fs::read_to_string(PEOPLE)?)?;
    assert_eq!((cast.size(), cast.personas.len(), cast.accounts.len()), (7, 4, 1));
    Ok(())
}

#[test]
fn the_program_starts_with_the_people_of_a_file() -> anyhow::Result<()> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest-simulator"))
        .args(["--people", PEOPLE, "--log", "error"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(program.stdout.take().context("its output")?).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)?;
    let calls = Calls::to(text(&ready, "admin")?);
    let anna = calls.call_blocking("GET /people/4915100000002", None)?;
    assert_eq!(
        (anna.status, &anna.body["standing"]),
        (200, &json!("connected")),
        "{}",
        anna.body
    );
    let ask = json!({"to": "4915100000001", "text": "what price?"}).to_string();
    calls.call_blocking("POST /people/4915100000002/say", Some(ask))?;
    let told = calls.call_blocking("GET /people/4915100000002/inbox/wait?contains=Ten+euro,+Anna", None)?;
    assert_eq!(told.status, 200, "{}", told.body);
    calls.call_blocking("POST /shutdown", None)?;
    assert!(program.wait()?.success());
    Ok(())
}

#[test]
fn the_program_says_what_is_wrong_with_a_file() -> anyhow::Result<()> {
    let refused = Command::new(env!("CARGO_BIN_EXE_waspnest-simulator"))
        .args(["--people", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()?;
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("Cargo.toml") && said.contains("unknown field") && said.contains("`people`"),
        "{said}"
    );
    assert!(refused.stdout.is_empty(), "nothing was announced");
    Ok(())
}
