//! What the owner of an account does on the phone, and what there is besides chats.

use std::time::Duration;

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_on_the_phone_shows_in_its_app_state() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let account = calls.done("POST /accounts", json!({"push_name": "Bot"})).await?;
    let phone = text(&account, "phone")?;
    calls
        .done(
            &format!("POST /accounts/{phone}/act"),
            json!({"action": "pin", "chat": "4915112345678"}),
        )
        .await?;
    let state = calls
        .done(&format!("GET /accounts/{phone}/app-state"), Value::Null)
        .await?;
    let pinned = |entry: &Value| entry["index"][0] == "pin_v1" && entry["index"][1] == "4915112345678@s.whatsapp.net";
    assert!(state["items"].as_array().into_iter().flatten().any(pinned), "{state}");
    calls
        .done(&format!("POST /accounts/{phone}/app-state/rotate"), Value::Null)
        .await?;
    let wrong = calls
        .fails(
            &format!("POST /accounts/{phone}/act"),
            r#"{"action": "shred"}"#,
            400,
            "bad_body",
        )
        .await?;
    assert!(text(&wrong.body, "detail")?.contains("`archive`"), "{}", wrong.body);

    let waiting = calls.done(&format!("GET /accounts/{phone}/code"), Value::Null).await?;
    assert_eq!(waiting, json!({"waiting": null}));
    calls
        .fails(
            &format!("POST /accounts/{phone}/code"),
            r#"{"code": "ABCD-1234"}"#,
            409,
            "stale_pairing_code",
        )
        .await?;
    calls
        .fails(
            &format!("POST /accounts/{phone}/code"),
            r#"{"code": "x"}"#,
            422,
            "bad_pairing_code",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privacy_contacts_and_blocks_are_set_on_the_phone() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let mut phones = Vec::new();
    for name in ["Anna", "Ben"] {
        let account = calls.done("POST /accounts", json!({"push_name": name})).await?;
        phones.push(text(&account, "phone")?.to_owned());
    }
    let (anna, ben) = (&phones[0], &phones[1]);
    let last = json!({"category": "last", "value": "contacts"});
    calls.done(&format!("POST /accounts/{anna}/privacy"), last).await?;
    let privacy = calls
        .done(&format!("GET /accounts/{anna}/privacy"), Value::Null)
        .await?;
    assert_eq!(privacy["settings"]["last"], json!("contacts"));
    let wrong = r#"{"category": "readreceipts", "value": "contacts"}"#;
    let wrong = calls
        .fails(&format!("POST /accounts/{anna}/privacy"), wrong, 422, "bad_privacy")
        .await?;
    assert_eq!(wrong.body["allowed"], json!(["all", "none"]));
    let except = json!({"category": "status", "phone": ben});
    calls
        .done(&format!("POST /accounts/{anna}/privacy/except"), except)
        .await?;
    for (list, put, taken) in [("contacts", "add", "remove"), ("blocked", "block", "unblock")] {
        let changed = calls
            .done(&format!("POST /accounts/{anna}/{list}"), json!({put: ben}))
            .await?;
        assert_eq!(changed["items"], json!([ben]), "{list}");
        let changed = calls
            .done(&format!("POST /accounts/{anna}/{list}"), json!({taken: ben}))
            .await?;
        assert_eq!(changed["items"], json!([]), "{list}");
        let seen = calls.done(&format!("GET /accounts/{anna}/{list}"), Value::Null).await?;
        assert_eq!(seen["items"], json!([]), "{list}");
        calls
            .fails(
                &format!("POST /accounts/{anna}/{list}"),
                &json!({put: "1"}).to_string(),
                404,
                "unknown",
            )
            .await?;
    }
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsletter_is_published_and_followed() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let owner = calls.done("POST /accounts", json!({"push_name": "Editor"})).await?;
    let reader = calls.done("POST /people", json!({"push_name": "Reader"})).await?;
    let (owner, reader) = (text(&owner, "phone")?, text(&reader, "phone")?);
    let made = calls
        .done("POST /newsletters", json!({"owner": owner, "name": "News"}))
        .await?;
    let jid = text(&made, "jid")?;
    calls
        .done(&format!("POST /people/{reader}/newsletters"), json!({"follow": jid}))
        .await?;
    let post = calls
        .done(
            &format!("POST /newsletters/{jid}/posts"),
            json!({"text": "Good morning"}),
        )
        .await?;
    let heard = calls
        .done(
            &format!("GET /people/{reader}/inbox/wait?contains=morning"),
            Value::Null,
        )
        .await?;
    assert_eq!(heard["chat"], json!(jid));
    let react = json!({"react": {"newsletter": jid, "server_id": post["server_id"], "emoji": "☀️"}});
    calls.done(&format!("POST /people/{reader}/newsletters"), react).await?;
    let views = json!({"server_id": post["server_id"], "views": 7});
    calls.done(&format!("POST /newsletters/{jid}/views"), views).await?;
    // A reaction is on its way for a moment after it was asked for.
    let posts = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let posts = calls
                .done(&format!("GET /newsletters/{jid}/posts"), Value::Null)
                .await?;
            if posts["items"][0]["reactions"] != json!([]) {
                return anyhow::Ok(posts);
            }
        }
    })
    .await??;
    assert_eq!(
        (&posts["items"][0]["text"], &posts["items"][0]["views"]),
        (&json!("Good morning"), &json!(7))
    );
    assert_eq!(posts["items"][0]["reactions"], json!([["☀️", 1]]));
    let other = calls.done("POST /accounts", json!({"push_name": "Other"})).await?;
    let followed = calls
        .done(
            &format!("POST /newsletters/{jid}/followers"),
            json!({"phone": other["phone"]}),
        )
        .await?;
    assert_eq!(followed["followers"].as_array().map(Vec::len), Some(3), "{followed}");
    let all = calls.done("GET /newsletters", Value::Null).await?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    calls
        .fails("GET /newsletters/1@newsletter/posts", "", 404, "unknown")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_and_phones_are_set_up_anew() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let mut phones = Vec::new();
    for name in ["Anna", "Ben", "Cleo"] {
        let person = calls.done("POST /people", json!({"push_name": name})).await?;
        phones.push(text(&person, "phone")?.to_owned());
    }
    let (anna, ben, cleo) = (&phones[0], &phones[1], &phones[2]);
    let ended = calls
        .done(&format!("POST /accounts/{anna}/end"), json!({"with": "unavailable"}))
        .await?;
    assert_eq!(ended, json!({"count": 1}));
    let lost = calls
        .done(&format!("POST /accounts/{ben}/lose-prekeys"), json!({"device": 1}))
        .await?;
    assert!(lost["count"].as_u64() > Some(0), "{lost}");
    calls
        .fails(
            &format!("POST /accounts/{ben}/lose-prekeys"),
            r#"{"device": 9}"#,
            404,
            "unknown",
        )
        .await?;
    let ban = json!({"reason": "blocked_by_users", "seconds": 60});
    assert_eq!(
        calls.done(&format!("POST /accounts/{ben}/ban"), ban.clone()).await?,
        ban
    );
    let unlinked = calls
        .done(&format!("POST /accounts/{ben}/unlink-all"), Value::Null)
        .await?;
    assert_eq!(unlinked, json!({"count": 1}));
    let fresh = calls
        .done(&format!("POST /accounts/{cleo}/reinstall"), Value::Null)
        .await?;
    assert_eq!((&fresh["phone"], &fresh["push_name"]), (&json!(cleo), &json!("Cleo")));
    let none = calls
        .done(&format!("POST /accounts/{cleo}/unlink-all"), Value::Null)
        .await?;
    assert_eq!(none, json!({"count": 0}), "setting it up anew unlinked everything");
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
