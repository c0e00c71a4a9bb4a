//! Faults, the clock, restarts and files of worlds.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_put_in_force_counted_and_taken_out() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let people = json!({"people": [{"push_name": "Anna"}, {"push_name": "Ben"}]});
    let people = calls.done("POST /people/bulk", people).await?;
    let [anna, ben] = [0, 1].map(|n| people["items"][n]["phone"].as_str().unwrap_or_default());
    let twice = json!({
        "on": {"direction": "out", "accounts": [ben], "tag": "message"},
        "action": {"kind": "duplicate", "copies": 1},
        "limit": 1,
    });
    let fault = calls.done("POST /faults", twice).await?;
    calls
        .done(&format!("POST /people/{anna}/say"), json!({"to": ben, "text": "twice"}))
        .await?;
    calls
        .done(&format!("GET /people/{ben}/inbox/wait?contains=twice"), Value::Null)
        .await?;
    let faults = calls.done("GET /faults", Value::Null).await?;
    assert_eq!(
        (&faults["items"][0]["id"], &faults["items"][0]["applied"]),
        (&fault["id"], &json!(1))
    );
    calls
        .done(&format!("DELETE /faults/{}", fault["id"]), Value::Null)
        .await?;
    calls
        .fails(&format!("DELETE /faults/{}", fault["id"]), "", 404, "unknown")
        .await?;
    calls.fails("DELETE /faults/x", "", 404, "unknown").await?;
    assert_eq!(calls.done("DELETE /faults", Value::Null).await?, json!({"cleared": 0}));
    let wrong = r#"{"action": {"kind": "delay", "fixed_ms": 1}, "probability": 2.0}"#;
    calls.fails("POST /faults", wrong, 422, "bad_fault").await?;
    let wrong = calls
        .fails("POST /faults", r#"{"action": {"kind": "melt"}}"#, 400, "bad_body")
        .await?;
    assert!(text(&wrong.body, "detail")?.contains("`delay`"), "{}", wrong.body);
    let silent = calls
        .done(&format!("POST /accounts/{ben}/half-open"), Value::Null)
        .await?;
    assert_eq!(silent, json!({"silent": 1}));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_restarted_saved_and_put_back() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let anna = text(&anna, "phone")?;
    let before = calls.done("GET /clock", Value::Null).await?;
    let after = calls.done("POST /clock", json!({"by_ms": 86_400_000})).await?;
    assert!(
        after["now_ms"].as_u64() >= before["now_ms"].as_u64().map(|now| now + 86_400_000),
        "{before} {after}"
    );
    calls.done("POST /restart", json!({"keep": "state"})).await?;
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": anna, "text": "still here"}),
        )
        .await?;

    let file = std::env::temp_dir().join(format!("waspnest-world-{}.json", std::process::id()));
    calls.done("POST /save", json!({"path": file})).await?;
    calls.done("POST /accounts", json!({"push_name": "Later"})).await?;
    calls.done("POST /restore", json!({"path": file})).await?;
    std::fs::remove_file(&file)?;
    let accounts = calls.done("GET /accounts", Value::Null).await?;
    assert_eq!(
        accounts["items"].as_array().map(Vec::len),
        Some(1),
        "what came later is gone"
    );
    calls
        .fails("POST /restore", &json!({"path": file}).to_string(), 409, "file_failed")
        .await?;
    assert_eq!(calls.done("GET /unknown", Value::Null).await?, json!({"items": []}));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
