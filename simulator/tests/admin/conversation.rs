//! People and the network, steered over HTTP.

use anyhow::Context;
use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_over_http() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let ben = calls
        .done("POST /people", json!({"push_name": "Ben", "phone": "4915112345678"}))
        .await?;
    assert_eq!(
        (&anna["standing"], &ben["phone"]),
        (&json!("connected"), &json!("4915112345678"))
    );
    let (anna, ben) = (text(&anna, "phone")?, text(&ben, "phone")?);

    // The wait begins before there is anything to hear.
    let waiting = {
        let (calls, path) = (
            calls.clone(),
            format!("GET /people/{ben}/inbox/wait?contains=over+HTTP&from={anna}"),
        );
        async move { calls.done(&path, Value::Null).await }
    };
    let saying = async {
        let body = json!({"to": ben, "text": "Hello over HTTP"});
        calls.done(&format!("POST /people/{anna}/say"), body).await
    };
    let (heard, said) = tokio::join!(waiting, saying);
    let (heard, said) = (heard?, said?);
    assert_eq!(heard["id"], said["id"]);
    assert_eq!(heard["sender"], json!(format!("{anna}@s.whatsapp.net")));

    let id = text(&said, "id")?;
    let reply = json!({"to": anna, "text": "Hello back", "quote": id});
    calls.done(&format!("POST /people/{ben}/say"), reply).await?;
    let answer = calls
        .done(&format!("GET /people/{anna}/inbox/wait?contains=back"), Value::Null)
        .await?;
    assert_eq!(answer["quoted"], said["id"]);

    calls
        .done(&format!("POST /people/{ben}/read"), json!({"id": id}))
        .await?;
    calls
        .done(
            &format!("POST /people/{ben}/typing"),
            json!({"to": anna, "state": "composing"}),
        )
        .await?;
    calls
        .done(
            &format!("POST /people/{anna}/react"),
            json!({"id": answer["id"], "emoji": "🎉"}),
        )
        .await?;
    let after = heard["seq"].as_u64().context("a position")?;
    let reaction = calls
        .done(&format!("GET /people/{ben}/inbox/wait?after={after}"), Value::Null)
        .await?;
    assert_eq!(reaction["reaction"], json!({"emoji": "🎉", "target": answer["id"]}));

    let inbox = calls.done(&format!("GET /people/{ben}/inbox"), Value::Null).await?;
    assert_eq!(
        (inbox["items"].as_array().map(Vec::len), &inbox["next"]),
        (Some(2), &json!(2))
    );
    let rest = calls
        .done(&format!("GET /people/{ben}/inbox?after=2&limit=5"), Value::Null)
        .await?;
    assert_eq!((&rest["items"], &rest["next"]), (&json!([]), &json!(2)));
    let receipts = calls.done(&format!("GET /people/{anna}/receipts"), Value::Null).await?;
    let kinds: Vec<_> = receipts["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|r| r["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"delivered"), "{receipts}");

    let people = calls.done("GET /people", Value::Null).await?;
    assert_eq!(people["items"].as_array().map(Vec::len), Some(2));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_misbehaves_over_http() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let ben = calls.done("POST /people", json!({"push_name": "Ben"})).await?;
    let (anna, ben) = (text(&anna, "phone")?, text(&ben, "phone")?);

    let away = calls.done(&format!("POST /people/{ben}/offline"), Value::Null).await?;
    assert_eq!(away["standing"], json!("away"));
    calls
        .fails(
            &format!("POST /people/{ben}/say"),
            &json!({"to": anna, "text": "?"}).to_string(),
            409,
            "offline",
        )
        .await?;
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": ben, "text": "are you there?"}),
        )
        .await?;
    let back = calls.done(&format!("POST /people/{ben}/online"), Value::Null).await?;
    assert_eq!(back["standing"], json!("connected"));
    calls
        .done(&format!("GET /people/{ben}/inbox/wait?contains=there"), Value::Null)
        .await?;

    let dropped = calls.done(&format!("POST /accounts/{anna}/drop"), Value::Null).await?;
    assert_eq!(dropped, json!({"dropped": 1}));
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": ben, "text": "after the cut"}),
        )
        .await?;
    calls
        .done(&format!("GET /people/{ben}/inbox/wait?contains=after"), Value::Null)
        .await?;

    for state in ["offline", "online"] {
        let set = calls
            .done(&format!("POST /accounts/{ben}/reachability"), json!({"state": state}))
            .await?;
        assert_eq!(set, json!({"state": state}));
    }
    let none = calls
        .done(&format!("POST /accounts/{anna}/refuse"), json!({"reason": null}))
        .await?;
    assert_eq!(none, json!({"reason": null}));

    let stats = calls.done("GET /stats", Value::Null).await?;
    assert!(stats["messages"].as_u64() >= Some(2), "{stats}");
    let page = calls
        .done(&format!("GET /stanzas?account={anna}&limit=5"), Value::Null)
        .await?;
    let items = page["items"].as_array().context("items")?;
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| item["account"] == json!(anna)), "{page}");
    let next = page["next"].as_u64().context("next")?;
    let later = calls
        .done(&format!("GET /stanzas?after={next}&limit=1"), Value::Null)
        .await?;
    assert_eq!(later["items"][0]["seq"], json!(next + 1));

    calls
        .done(&format!("POST /accounts/{anna}/unlink"), json!({"device": 1}))
        .await?;
    calls
        .fails(
            &format!("POST /accounts/{anna}/unlink"),
            r#"{"device": 1}"#,
            404,
            "unknown",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_edited_taken_back_and_voted_on() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let people = json!({"people": [{"push_name": "Anna"}, {"push_name": "Ben"}]});
    let people = calls.done("POST /people/bulk", people).await?;
    let [anna, ben] = [0, 1].map(|n| people["items"][n]["phone"].as_str().unwrap_or_default());

    let said = calls
        .done(&format!("POST /people/{anna}/say"), json!({"to": ben, "text": "helo"}))
        .await?;
    calls
        .done(
            &format!("POST /people/{anna}/edit"),
            json!({"id": said["id"], "text": "hello"}),
        )
        .await?;
    let edit = calls
        .done(&format!("GET /people/{ben}/inbox/wait?after=1"), Value::Null)
        .await?;
    assert_eq!(
        edit["change"],
        json!({"edited": {"target": said["id"], "text": "hello"}}),
        "{edit}"
    );
    calls
        .done(&format!("POST /people/{anna}/revoke"), json!({"id": said["id"]}))
        .await?;
    let revoke = calls
        .done(&format!("GET /people/{ben}/inbox/wait?after=2"), Value::Null)
        .await?;
    assert_eq!(revoke["change"], json!({"revoked": {"target": said["id"]}}), "{revoke}");

    let poll = json!({"to": ben, "question": "When?", "options": ["now", "later"], "choices": 1});
    let poll = calls.done(&format!("POST /people/{anna}/ask"), poll).await?;
    let id = text(&poll, "id")?;
    let heard = calls
        .done(&format!("GET /people/{ben}/inbox/wait?after=3"), Value::Null)
        .await?;
    assert_eq!(heard["id"], poll["id"]);
    calls
        .done(
            &format!("POST /people/{ben}/inbox/{id}/vote"),
            json!({"options": ["later"]}),
        )
        .await?;
    calls
        .done(&format!("GET /people/{anna}/inbox/wait"), Value::Null)
        .await?;
    let votes = calls
        .done(&format!("GET /people/{anna}/poll?id={id}"), Value::Null)
        .await?;
    let counts: Vec<_> = votes["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|count| count["voters"].as_array().map(Vec::len))
        .collect();
    assert_eq!(counts, [Some(0), Some(1)], "{votes}");

    calls
        .done(&format!("POST /people/{anna}/watch"), json!({"whom": ben}))
        .await?;
    for state in ["there", "gone"] {
        let shown = calls
            .done(&format!("POST /people/{ben}/presence"), json!({"state": state}))
            .await?;
        assert_eq!(shown, json!({"state": state}));
    }
    calls
        .done(&format!("POST /people/{ben}/about"), json!({"text": "In the garden"}))
        .await?;
    // A message behind them on the same connection: what was told before it has arrived.
    calls
        .done(&format!("POST /people/{ben}/say"), json!({"to": anna, "text": "bye"}))
        .await?;
    calls
        .done(&format!("GET /people/{anna}/inbox/wait?contains=bye"), Value::Null)
        .await?;
    let presences = calls
        .done(&format!("GET /people/{anna}/presences"), Value::Null)
        .await?;
    assert!(
        presences["items"].as_array().is_some_and(|seen| !seen.is_empty()),
        "{presences}"
    );
    let typing = calls.done(&format!("GET /people/{anna}/typing"), Value::Null).await?;
    assert_eq!(typing["items"], json!([]));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
