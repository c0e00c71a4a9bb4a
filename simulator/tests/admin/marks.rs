//! What people do to messages that exist, and messages of kinds that have no call, over HTTP.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_pinned_kept_played_and_disappear() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let recording = json!({"to": ben, "kind": "audio", "data": "T2dnUw=="});
    let sent = calls.done(&format!("POST /people/{anna}/send"), recording).await?;
    calls.look(&format!("/people/{ben}/inbox/wait?kind=audio")).await?;
    let id = text(&sent, "id")?;

    let mut after = 0;
    for (call, change) in [
        ("POST pin", json!({"pinned": {"target": id}})),
        ("DELETE pin", json!({"unpinned": {"target": id}})),
        ("POST keep", json!({"kept": {"target": id}})),
        ("DELETE keep", json!({"unkept": {"target": id}})),
    ] {
        let (method, mark) = call.split_once(' ').expect("two words");
        let done = calls
            .done(&format!("{method} /people/{ben}/inbox/{id}/{mark}"), Value::Null)
            .await?;
        let heard = calls
            .look(&format!("/people/{anna}/inbox/wait?after={after}&from={ben}"))
            .await?;
        assert_eq!((&heard["id"], &heard["change"]), (&done["id"], &change), "{call}");
        after += 1;
    }
    calls
        .done(
            &format!("POST /people/{ben}/timer"),
            json!({"to": anna, "seconds": 86400}),
        )
        .await?;
    let heard = calls
        .look(&format!("/people/{anna}/inbox/wait?after={after}&from={ben}"))
        .await?;
    assert_eq!(heard["change"], json!({"timer": {"seconds": 86400}}));

    calls
        .done(&format!("POST /people/{ben}/inbox/{id}/play"), Value::Null)
        .await?;
    let played = calls
        .look(&format!("/people/{anna}/receipts/wait?from={ben}&id={id}&kind=played"))
        .await?;
    assert_eq!(played["ids"], json!([id]));

    let nothing = calls
        .fails(&format!("POST /people/{ben}/inbox/NOSUCH/pin"), "", 404, "unknown")
        .await?;
    assert_eq!(nothing.body["allowed"], json!([id]));
    calls
        .fails(
            &format!("POST /people/{ben}/timer"),
            &json!({"to": anna}).to_string(),
            400,
            "bad_body",
        )
        .await?;
    let quiet = format!("GET /people/{anna}/receipts/wait?kind=played&id=NOSUCH&timeout_ms=20");
    calls.fails(&quiet, "", 404, "nothing_heard").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_any_kind_is_sent_and_read_as_it_is() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    // `location_message` (field 5) with a name (field 3), as any protocol-buffers library writes it.
    let location = "KgcaBUJlcmxu";
    let message = json!({"to": ben, "message": location});
    let sent = calls
        .done(&format!("POST /people/{anna}/send-message"), message)
        .await?;
    let heard = calls.look(&format!("/people/{ben}/inbox/wait?kind=location")).await?;
    assert_eq!(heard["id"], sent["id"]);
    let raw = calls
        .look(&format!("/people/{ben}/inbox/{}/message", text(&sent, "id")?))
        .await?;
    assert!(text(&raw, "message")?.starts_with(location), "{raw}");

    let path = format!("POST /people/{anna}/send-message");
    let garbage = json!({"to": ben, "message": "//8="}).to_string();
    calls.fails(&path, &garbage, 422, "bad_message").await?;
    let text = json!({"to": ben, "message": "not base64"}).to_string();
    calls.fails(&path, &text, 400, "bad_body").await?;
    calls
        .fails(&format!("GET /people/{ben}/inbox/NOSUCH/message"), "", 404, "unknown")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_end_when_the_sign_is_seen() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    calls
        .done(&format!("POST /people/{anna}/watch"), json!({"whom": ben}))
        .await?;
    calls
        .done(&format!("POST /people/{ben}/presence"), json!({"state": "there"}))
        .await?;
    calls
        .look(&format!("/people/{anna}/presences/wait?of={ben}&state=there"))
        .await?;
    calls
        .done(
            &format!("POST /people/{ben}/typing"),
            json!({"to": anna, "state": "recording"}),
        )
        .await?;
    let typing = calls
        .look(&format!("/people/{anna}/typing/wait?from={ben}&state=recording"))
        .await?;
    assert_eq!(typing["state"], json!("recording"));
    calls.done(&format!("POST /people/{ben}/offline"), Value::Null).await?;
    let away = calls.look(&format!("/people/{ben}/wait?standing=away")).await?;
    assert_eq!(away["standing"], json!("away"));
    calls
        .fails(
            &format!("GET /people/{ben}/wait?standing=connected&timeout_ms=20"),
            "",
            404,
            "nothing_heard",
        )
        .await?;
    calls
        .fails(&format!("GET /people/{ben}/wait?standing=tall"), "", 400, "bad_query")
        .await?;
    calls
        .fails("GET /stanzas/wait?tag=nothing&timeout_ms=20", "", 404, "nothing_heard")
        .await?;
    let page = calls.look("/stanzas?limit=0").await?;
    assert!(page["latest"].as_u64() > Some(0), "{page}");
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
