//! What people and businesses show of themselves over HTTP, checked on the client of whoever sees it.

use serde_json::{Value, json};

use crate::calls::{started, text};

const ROSE: &str = "/9j/cm9zZQ==";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_shown_seen_and_taken_away() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let none = calls.look(&format!("/people/{ben}/picture?of={anna}")).await?;
    assert_eq!(none, json!({"id": null, "jpeg": null}));

    let set = calls
        .done(&format!("POST /people/{anna}/picture"), json!({"jpeg": ROSE}))
        .await?;
    let seen = calls
        .look(&format!("/people/{ben}/picture?of={anna}&size=preview"))
        .await?;
    assert_eq!(seen, json!({"id": set["id"], "jpeg": ROSE}));
    assert_eq!(calls.look(&format!("/people/{anna}/picture")).await?, seen);
    let contact = calls.look(&format!("/people/{ben}/contact?of={anna}")).await?;
    assert_eq!(contact["contact"]["picture"], set["id"]);
    let stored = calls.look(&format!("/accounts/{anna}/picture")).await?;
    assert_eq!(stored, json!({"jpeg": ROSE}));
    calls
        .done(&format!("DELETE /people/{anna}/picture"), Value::Null)
        .await?;
    assert_eq!(calls.look(&format!("/people/{ben}/picture?of={anna}")).await?, none);

    let set = calls
        .done(&format!("POST /accounts/{anna}/picture"), json!({"jpeg": ROSE}))
        .await?;
    let seen = calls.look(&format!("/people/{ben}/picture?of={anna}")).await?;
    assert_eq!(seen["id"], set["id"], "what the phone shows, clients see");
    let away = calls
        .done(&format!("DELETE /accounts/{anna}/picture"), Value::Null)
        .await?;
    assert_eq!(away, json!({"jpeg": null}));

    let group = calls
        .done(
            &format!("POST /people/{anna}/groups"),
            json!({"subject": "Garden", "members": [ben]}),
        )
        .await?;
    let group = text(&group, "jid")?;
    calls
        .done(
            &format!("POST /people/{anna}/picture"),
            json!({"jpeg": ROSE, "group": group}),
        )
        .await?;
    let of_group = format!("/people/{ben}/picture?of={group}");
    assert_eq!(calls.look(&of_group).await?["jpeg"], json!(ROSE));
    calls
        .done(&format!("DELETE /people/{anna}/picture?group={group}"), Value::Null)
        .await?;
    assert_eq!(calls.look(&of_group).await?, none);

    for (call, body, status, code) in [
        (
            "POST /people/49/picture".to_owned(),
            json!({"jpeg": ROSE}),
            404,
            "unknown",
        ),
        (
            format!("POST /people/{anna}/picture"),
            json!({"jpeg": "?"}),
            400,
            "bad_body",
        ),
        (
            format!("POST /accounts/{anna}/picture"),
            json!({"jpeg": ""}),
            422,
            "bad_picture",
        ),
        (
            "POST /accounts/49/picture".to_owned(),
            json!({"jpeg": ROSE}),
            404,
            "unknown",
        ),
        (
            format!("POST /people/{ben}/picture"),
            json!({"jpeg": ROSE, "group": "120363000000000000@g.us"}),
            502,
            "refused_by_server",
        ),
    ] {
        calls.fails(&call, &body.to_string(), status, code).await?;
    }
    calls
        .fails(&format!("GET /people/{ben}/picture?of=nobody"), "", 422, "bad_address")
        .await?;
    calls
        .fails(&format!("GET /people/{ben}/picture?size=huge"), "", 400, "bad_query")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_posted_seen_and_taken_back() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let text_post = json!({"text": "In the garden", "audience": [ben]});
    let post = calls.done(&format!("POST /people/{anna}/statuses"), text_post).await?;
    let image = json!({"kind": "image", "data": ROSE, "caption": "a rose", "audience": [ben]});
    calls
        .done(&format!("POST /people/{anna}/statuses/media"), image)
        .await?;
    calls
        .look(&format!("/people/{ben}/inbox/wait?chat=status@broadcast&kind=image"))
        .await?;
    let seen = calls.look(&format!("/people/{ben}/statuses")).await?;
    assert_eq!(
        (&seen["items"][0]["text"], &seen["items"][1]["media"]["caption"]),
        (&json!("In the garden"), &json!("a rose"))
    );
    assert_eq!(seen["items"][0]["id"], post["id"]);
    let id = text(&post, "id")?;
    let revoke = format!("POST /people/{anna}/statuses/{id}/revoke");
    calls.done(&revoke, json!({"audience": [ben]})).await?;
    let revoked = calls.look(&format!("/people/{ben}/inbox/wait?kind=protocol")).await?;
    assert_eq!(revoked["change"], json!({"revoked": {"target": id}}));

    let nobody = json!({"text": "x", "audience": []}).to_string();
    calls.fails("POST /people/49/statuses", &nobody, 404, "unknown").await?;
    let missing = calls
        .fails(
            &format!("POST /people/{anna}/statuses"),
            r#"{"text": "x"}"#,
            400,
            "bad_body",
        )
        .await?;
    assert!(
        text(&missing.body, "detail")?.contains("`audience`"),
        "{}",
        missing.body
    );
    calls
        .fails(&revoke, r#"{"audience": ["?"]}"#, 422, "bad_address")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_abouts_privacy_and_blocks_are_the_persons_own() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    calls
        .done(&format!("POST /accounts/{ben}/contacts"), json!({"add": anna}))
        .await?;
    calls
        .done(&format!("POST /people/{anna}/name"), json!({"name": "Anna B."}))
        .await?;
    calls
        .done(&format!("POST /people/{anna}/about"), json!({"text": "In the garden"}))
        .await?;
    let heard = calls
        .look(&format!("/people/{ben}/abouts/wait?of={anna}&contains=garden"))
        .await?;
    assert_eq!(heard["text"], json!("In the garden"));
    assert_eq!(
        calls.look(&format!("/people/{ben}/abouts")).await?["items"],
        json!([heard])
    );
    let contact = calls.look(&format!("/people/{ben}/contact?of={anna}")).await?;
    assert_eq!(
        (&contact["contact"]["about"], &contact["contact"]["business"]),
        (&json!("In the garden"), &json!(false))
    );
    calls
        .done(&format!("POST /people/{anna}/say"), json!({"to": ben, "text": "hello"}))
        .await?;
    let said = calls.look(&format!("/people/{ben}/inbox/wait?contains=hello")).await?;
    assert_eq!(said["push_name"], json!("Anna B."));

    let hidden = json!({"category": "status", "value": "none"});
    calls.done(&format!("POST /people/{anna}/privacy"), hidden).await?;
    let settings = calls.look(&format!("/accounts/{anna}/privacy")).await?;
    assert_eq!(settings["settings"]["status"], json!("none"));
    let contact = calls.look(&format!("/people/{ben}/contact?of={anna}")).await?;
    assert_eq!(contact["contact"]["about"], json!(""));
    calls
        .done(&format!("POST /people/{anna}/blocked"), json!({"block": ben}))
        .await?;
    assert_eq!(
        calls.look(&format!("/accounts/{anna}/blocked")).await?["items"],
        json!([ben])
    );
    calls
        .done(&format!("POST /people/{anna}/blocked"), json!({"unblock": ben}))
        .await?;
    assert_eq!(
        calls.look(&format!("/accounts/{anna}/blocked")).await?["items"],
        json!([])
    );

    let wrong = json!({"category": "readreceipts", "value": "contacts"}).to_string();
    let wrong = calls
        .fails(&format!("POST /people/{anna}/privacy"), &wrong, 422, "bad_privacy")
        .await?;
    assert_eq!(wrong.body["allowed"], json!(["all", "none"]));
    let block = r#"{"block": "?"}"#;
    calls
        .fails(&format!("POST /people/{anna}/blocked"), block, 422, "bad_address")
        .await?;
    calls
        .fails("POST /people/49/name", r#"{"name": "x"}"#, 404, "unknown")
        .await?;
    let quiet = format!("GET /people/{ben}/abouts/wait?contains=office&timeout_ms=20");
    calls.fails(&quiet, "", 404, "nothing_heard").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_becomes_a_business_and_others_see_it() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let none = calls.look(&format!("/people/{ben}/business?of={anna}")).await?;
    assert_eq!(none, json!({"business": null}));
    assert_eq!(calls.look(&format!("/accounts/{anna}/business")).await?, none);
    let bakery = json!({
        "name": "Anna's Bakery", "description": "Bread and cake", "email": "anna@bakery.example",
        "categories": [{"id": "1223524174334504", "name": "Bakery"}],
        "hours": {"timezone": "Europe/Berlin", "days": [{"day": "mon", "mode": "specific_hours", "open": 480, "close": 1080}]},
    });
    let made = calls
        .done(&format!("POST /accounts/{anna}/business"), bakery.clone())
        .await?;
    assert_eq!(calls.look(&format!("/accounts/{anna}/business")).await?, made);
    let seen = calls.look(&format!("/people/{ben}/business?of={anna}")).await?;
    for field in ["description", "email", "categories", "hours"] {
        assert_eq!(seen["business"][field], bakery[field], "{field}");
    }
    let contact = calls.look(&format!("/people/{ben}/contact?of={anna}")).await?;
    assert_eq!(
        (&contact["contact"]["business"], &contact["contact"]["verified_name"]),
        (&json!(true), &json!("Anna's Bakery"))
    );
    calls.fails("POST /accounts/49/business", "", 404, "unknown").await?;
    let wrong = r#"{"title": "x"}"#;
    let wrong = calls
        .fails(&format!("POST /accounts/{anna}/business"), wrong, 400, "bad_body")
        .await?;
    assert!(text(&wrong.body, "detail")?.contains("`description`"), "{}", wrong.body);
    calls
        .fails(&format!("GET /people/{ben}/business"), "", 400, "bad_query")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
