//! Calls over HTTP: who rings, who answers, and what the other side is told.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_calls_and_the_person_declines() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let call = calls
        .done("POST /calls", json!({"from": anna, "to": ben, "media": "video"}))
        .await?;
    assert_eq!(call["state"], json!("ringing"));
    let id = text(&call, "id")?;
    let rings = calls
        .look(&format!("/people/{ben}/calls/wait?call={id}&event=ringing&from={anna}"))
        .await?;
    assert_eq!(rings["media"], json!("video"));
    calls
        .done(&format!("POST /people/{ben}/calls/{id}/reject"), Value::Null)
        .await?;
    let acknowledged = format!("/stanzas/wait?account={ben}&direction=out&tag=ack&contains=reject");
    calls.look(&acknowledged).await?;
    let call = calls.look(&format!("/calls/{id}")).await?;
    assert_eq!((&call["state"], &call["answered_by"]), (&json!("rejected"), &json!(1)));
    calls
        .fails(&format!("POST /calls/{id}/end"), "", 409, "call_over")
        .await?;

    let call = calls
        .done("POST /calls", json!({"from": anna, "to": ben, "media": "audio"}))
        .await?;
    let id = text(&call, "id")?;
    let ended = calls
        .done(&format!("POST /calls/{id}/end"), json!({"how": "timed_out"}))
        .await?;
    assert_eq!(ended["state"], json!("ended"));
    calls
        .look(&format!("/people/{ben}/calls/wait?call={id}&event=ended"))
        .await?;
    let all = calls.look("/calls").await?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2));

    let nobody = json!({"from": anna, "to": "49", "media": "audio"}).to_string();
    calls.fails("POST /calls", &nobody, 404, "unknown").await?;
    calls.fails("POST /calls/NOSUCH/end", "", 404, "unknown").await?;
    let smell = json!({"from": anna, "to": ben, "media": "smell"}).to_string();
    calls.fails("POST /calls", &smell, 400, "bad_body").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_call_each_other_answer_and_hang_up() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let dialled = calls
        .done(
            &format!("POST /people/{anna}/calls"),
            json!({"to": ben, "media": "audio"}),
        )
        .await?;
    let id = text(&dialled, "call")?;
    calls
        .look(&format!("/people/{ben}/calls/wait?call={id}&event=ringing"))
        .await?;
    calls
        .done(&format!("POST /people/{ben}/calls/{id}/accept"), Value::Null)
        .await?;
    let accepted = format!("/people/{anna}/calls/wait?call={id}&event=accepted&from={ben}");
    calls.look(&accepted).await?;
    assert_eq!(calls.look(&format!("/calls/{id}")).await?["state"], json!("accepted"));
    calls
        .done(&format!("POST /people/{anna}/calls/{id}/end"), Value::Null)
        .await?;
    calls
        .look(&format!("/people/{ben}/calls/wait?call={id}&event=ended"))
        .await?;
    assert_eq!(calls.look(&format!("/calls/{id}")).await?["state"], json!("ended"));
    let heard = calls.look(&format!("/people/{anna}/calls")).await?;
    let events: Vec<_> = heard["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|news| &news["event"])
        .collect();
    assert_eq!(events, ["dialled", "accepted"]);

    let unknown = calls
        .fails(&format!("POST /people/{ben}/calls/NOSUCH/accept"), "", 404, "unknown")
        .await?;
    assert!(unknown.body["allowed"].to_string().contains(id), "{}", unknown.body);
    let nobody = json!({"to": "?", "media": "audio"}).to_string();
    calls
        .fails(&format!("POST /people/{anna}/calls"), &nobody, 422, "bad_address")
        .await?;
    calls.fails("GET /people/49/calls", "", 404, "unknown").await?;
    calls
        .fails(
            &format!("GET /people/{ben}/calls/wait?event=missed&timeout_ms=20"),
            "",
            404,
            "nothing_heard",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
