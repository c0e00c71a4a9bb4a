//! What an account's phone remembers and says of itself, and people who take accounts that exist.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_is_given_a_past() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let account = calls.done("POST /accounts", json!({"push_name": "Bot"})).await?;
    let phone = text(&account, "phone")?;
    let invented = calls
        .done(
            &format!("POST /accounts/{phone}/history"),
            json!({"chats": 2, "messages": 3}),
        )
        .await?;
    let chats = invented["items"].as_array().expect("chats");
    assert_eq!(chats.len(), 2);
    assert!(
        chats
            .iter()
            .all(|chat| chat["messages"].as_array().map(Vec::len) == Some(3)),
        "{invented}"
    );
    assert_eq!(calls.look(&format!("/accounts/{phone}/chats")).await?, invented);

    // What the phone decrypts, it remembers as well.
    let [ben] = calls.people(["Ben"]).await?;
    let hello = json!({"to": phone, "text": "hello phone"});
    calls.done(&format!("POST /people/{ben}/say"), hello).await?;
    calls
        .look(&format!(
            "/stanzas/wait?account={ben}&direction=out&tag=ack&contains=message"
        ))
        .await?;
    let path = format!("POST /accounts/{phone}/history");
    let much = json!({"chats": 1001, "messages": 1}).to_string();
    calls.fails(&path, &much, 422, "too_much_history").await?;
    calls.fails(&path, r#"{"chats": 1}"#, 400, "bad_body").await?;
    calls.fails("GET /accounts/49/chats", "", 404, "unknown").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_writes_about_the_account_and_its_queue_shows() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let about = json!({"text": "In the garden"});
    calls
        .done(&format!("POST /accounts/{anna}/about"), about.clone())
        .await?;
    assert_eq!(calls.look(&format!("/accounts/{anna}/about")).await?, about);
    let contact = calls.look(&format!("/people/{ben}/contact?of={anna}")).await?;
    assert_eq!(contact["contact"]["about"], about["text"]);
    let timer = json!({"seconds": 86400});
    let set = calls
        .done(&format!("POST /accounts/{anna}/timer"), timer.clone())
        .await?;
    assert_eq!(set, timer);

    let restricted = json!({"reachout": "restricted"});
    calls
        .done(&format!("POST /accounts/{ben}/reachout"), restricted)
        .await?;
    let refused = json!({"to": anna, "text": "do you know me?"}).to_string();
    calls
        .fails(&format!("POST /people/{ben}/say"), &refused, 502, "refused_by_server")
        .await?;

    calls.done(&format!("POST /people/{ben}/offline"), Value::Null).await?;
    let said = calls
        .done(&format!("POST /people/{anna}/say"), json!({"to": ben, "text": "hello"}))
        .await?;
    let queue = calls.look(&format!("/accounts/{ben}/queue?device=1")).await?;
    let message = queue["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["id"] == said["id"]);
    assert_eq!(
        message.map(|entry| (&entry["class"], &entry["sent"])),
        Some((&json!("message"), &json!(false))),
        "{queue}"
    );

    calls
        .fails(&format!("GET /accounts/{ben}/queue?device=9"), "", 404, "unknown")
        .await?;
    calls
        .fails(
            &format!("POST /accounts/{ben}/reachout"),
            r#"{"reachout": "?"}"#,
            400,
            "bad_body",
        )
        .await?;
    calls
        .fails("POST /accounts/49/about", r#"{"text": "x"}"#, 404, "unknown")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_takes_an_account_and_leaves_it() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let account = calls.done("POST /accounts", json!({"push_name": "Cleo"})).await?;
    let cleo = text(&account, "phone")?;
    let [anna] = calls.people(["Anna"]).await?;
    for link in ["qr", "code"] {
        let taken = calls
            .done(&format!("POST /accounts/{cleo}/person"), json!({"link": link}))
            .await?;
        assert_eq!(
            (&taken["phone"], &taken["standing"]),
            (&json!(cleo), &json!("connected"))
        );
        calls
            .done(&format!("POST /people/{anna}/say"), json!({"to": cleo, "text": link}))
            .await?;
        calls
            .look(&format!("/people/{cleo}/inbox/wait?contains={link}"))
            .await?;
        calls
            .fails(&format!("POST /accounts/{cleo}/person"), "", 409, "already_there")
            .await?;
        let gone = calls.done(&format!("DELETE /people/{cleo}"), Value::Null).await?;
        assert_eq!(gone["standing"], json!("away"));
        calls.fails(&format!("GET /people/{cleo}"), "", 404, "unknown").await?;
    }
    let accounts = calls.look("/accounts").await?;
    assert_eq!(accounts["items"].as_array().map(Vec::len), Some(2), "accounts stay");
    calls.fails("POST /accounts/49/person", "", 404, "unknown").await?;
    calls
        .fails(
            &format!("POST /accounts/{cleo}/person"),
            r#"{"link": "wire"}"#,
            400,
            "bad_body",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_wants_a_passkey_and_then_no_more() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let account = calls.done("POST /accounts", json!({"push_name": "Cleo"})).await?;
    let cleo = text(&account, "phone")?;
    let point = "BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU=";
    let passkey = json!({"credential_id": "dGhlIG9uZQ==", "public_key": point});
    let gate = calls.done(&format!("POST /accounts/{cleo}/passkey"), passkey).await?;
    assert_eq!(gate, json!({"required": true}));
    // This person's client has no passkey, and is let go when the server goes down.
    let take = format!("POST /accounts/{cleo}/person");
    let linking = calls.fails(&take, "", 504, "client_silent");
    let asked = async {
        calls
            .look("/stanzas/wait?direction=out&contains=passkey_prologue_request")
            .await?;
        let code = calls.look(&format!("/accounts/{cleo}/passkey/code")).await?;
        assert_eq!(code, json!({"code": null}));
        calls.done("POST /restart", json!({"keep": "state"})).await
    };
    let (refused, restarted) = tokio::join!(linking, asked);
    refused?;
    restarted?;
    let gate = calls
        .done(&format!("DELETE /accounts/{cleo}/passkey"), Value::Null)
        .await?;
    assert_eq!(gate, json!({"required": false}));
    calls.done(&take, Value::Null).await?;

    let path = format!("POST /accounts/{cleo}/passkey");
    let short = json!({"credential_id": "dGhlIG9uZQ==", "public_key": "BGsX"}).to_string();
    calls.fails(&path, &short, 422, "bad_passkey").await?;
    calls.fails(&path, "", 400, "bad_body").await?;
    calls.fails("GET /accounts/49/passkey/code", "", 404, "unknown").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
