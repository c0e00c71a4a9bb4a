//! Pictures and files over HTTP, and what people see of each other's keyboards.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_sent_fetched_and_forgotten() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let people = json!({"people": [{"push_name": "Anna"}, {"push_name": "Ben"}]});
    let people = calls.done("POST /people/bulk", people).await?;
    let [anna, ben] = [0, 1].map(|n| people["items"][n]["phone"].as_str().unwrap_or_default());
    let server = calls.done("GET /media", Value::Null).await?;
    assert!(text(&server, "url")?.starts_with("https://127.0.0.1:"), "{server}");
    assert!(
        text(&server, "ca_pem")?.starts_with("-----BEGIN CERTIFICATE-----"),
        "{server}"
    );

    // The file is JSON, because this client reads nothing else.
    let file = json!({
        "to": ben, "kind": "document", "data": "eyJyb3NlcyI6M30=", "file_name": "garden.json", "mime": "application/json",
    });
    let sent = calls.done(&format!("POST /people/{anna}/send"), file).await?;
    let heard = calls
        .done(&format!("GET /people/{ben}/inbox/wait?kind=document"), Value::Null)
        .await?;
    assert_eq!(heard["id"], sent["id"]);
    assert_eq!(
        (&heard["media"]["file_name"], &heard["media"]["size"]),
        (&json!("garden.json"), &json!(11))
    );
    let fetch = format!("/people/{ben}/inbox/{}/file", text(&sent, "id")?);
    assert_eq!(calls.fetched(&fetch).await?, json!({"roses": 3}));

    let path = json!({"path": heard["media"]["direct_path"]});
    calls.done("POST /media/expire", path).await?;
    calls.fails(&format!("GET {fetch}"), "", 502, "media_failed").await?;
    calls
        .done(&format!("POST /accounts/{anna}/media-auth/expire"), Value::Null)
        .await?;

    calls
        .fails("POST /media/expire", r#"{"path": "/v/nothing"}"#, 404, "unknown")
        .await?;
    calls
        .fails(&format!("GET /people/{ben}/inbox/NOSUCH/file"), "", 404, "unknown")
        .await?;
    let broken = json!({"to": ben, "kind": "image", "data": "?"}).to_string();
    calls
        .fails(&format!("POST /people/{anna}/send"), &broken, 400, "bad_body")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
