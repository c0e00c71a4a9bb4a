//! Who would get a message.

use serde_json::json;

use crate::plugins::installed as installations;
use crate::support::TestApi;

const CONFIG: &str = r#"
[[plugin]]
id = "bot"
source = "talker"
priority = 200
grants = { "messages.send" = true, dialogue = true }
commands = { operators = ["4930*"] }
[[bind]]
id = "bot-all"
plugin = "bot"
can-stop = true

[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "echo-elsewhere"
plugin = "echo"
sessions = ["elsewhere"]
[[bind]]
id = "echo-bang"
plugin = "echo"
text = "!*"

[[plugin]]
id = "watcher"
source = "echo"
mode = "observe"
grants = { "messages.send" = true }
"#;

#[tokio::test]
async fn it_is_told_who_would_get_a_message_and_why_the_others_would_not() {
    let api = TestApi::start_over(installations(CONFIG).await).await;
    let answer = api
        .get("/v1/routes:explain?session=main&chat=4915112345678&text=hello")
        .await
        .json();
    let [bot, echo, watcher] = &answer["installations"].as_array().expect("a list")[..] else {
        panic!("{answer}")
    };
    let gets = json!({ "handler": "message-handler", "bind": "bot-all", "answer": null, "only_if": null, "may_be_reply": true });
    assert_eq!(
        (&bot["id"], &bot["gets"], &bot["priority"]),
        (&json!("bot"), &gets, &json!(200))
    );
    let refusals = json!([
        { "bind": "echo-elsewhere", "why": "sessions: not this one" },
        { "bind": "echo-bang", "why": "text: does not fit" },
    ]);
    assert_eq!((&echo["gets"], &echo["refusals"]), (&json!(null), &refusals));
    assert_eq!(
        (&watcher["mode"], &watcher["because"]),
        (&json!("observe"), &json!("no bind names it"))
    );

    let answer = api
        .get("/v1/routes/explain?session=main&chat=4915112345678&text=!x")
        .await
        .json();
    assert_eq!(answer["installations"][1]["gets"]["bind"], "echo-bang");
    assert_eq!(answer["installations"][1]["waits_for"], json!(["bot"]));
    let answer = api
        .get("/v1/routes/explain?session=main&chat=4915112345678&text=/ordr%20tea")
        .await
        .json();
    let gets = &answer["installations"][0]["gets"];
    assert_eq!(
        (&gets["handler"], &gets["answer"]),
        (&json!("host"), &json!("There is no /ordr. Did you mean /order?"))
    );
    let answer = api
        .get("/v1/routes/explain?session=main&chat=120363000000000001@g.us&sender=4915112345678&kind=image")
        .await;
    let answer = answer.json();
    assert_eq!(
        answer["installations"][0]["gets"]["handler"], "reply-handler",
        "it takes texts only, and answers"
    );
}

#[tokio::test]
async fn what_only_administrators_may_use_is_told_as_such() {
    let api = TestApi::start_over(installations(CONFIG).await).await;
    let gets = async |question: &str| {
        let path = format!("/v1/routes/explain?session=main&text=/mute&{question}");
        api.get(&path).await.json()["installations"][0]["gets"].clone()
    };
    let in_a_group = gets("chat=120363000000000001@g.us&sender=4915112345678").await;
    assert_eq!(
        (&in_a_group["handler"], &in_a_group["only_if"]),
        (&json!("command-handler"), &json!("its author administrates the group"))
    );
    let operator = gets("chat=120363000000000001@g.us&sender=493000000000").await;
    assert_eq!(
        (&operator["handler"], &operator["only_if"]),
        (&json!("command-handler"), &json!(null))
    );
    let elsewhere = gets("chat=4915112345678").await;
    assert_eq!(
        (&elsewhere["handler"], &elsewhere["answer"]),
        (
            &json!("host"),
            &json!("Only administrators of a group may use /mute, in that group.")
        )
    );
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let api = TestApi::start().await;
    for path in [
        "/v1/routes/explain",
        "/v1/routes/explain?session=main&chat=nowhere",
        "/v1/routes/explain?session=main&chat=120363000000000001@g.us",
        "/v1/routes/explain?session=main&chat=4915112345678&kind=song",
        "/v1/routes/explain?session=main&chat=4915112345678&from_me=perhaps",
        "/v1/routes/explain?session=main&chat=4915112345678&txt=hello",
    ] {
        api.get(path).await.problem(400, "invalid_query");
    }
    api.bare("GET", "/v1/routes/explain")
        .send()
        .await
        .problem(401, "unauthenticated");
}
