//! Communities, invite links and newsletters over HTTP, as the clients of the people in them see them.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_grows_and_ends() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let village = calls
        .done(&format!("POST /people/{anna}/communities"), json!({"name": "Village"}))
        .await?;
    let village = text(&village, "jid")?;
    let subgroups = format!("/people/{anna}/groups/{village}/subgroups");
    let create = json!({"create": {"subject": "Bakers", "members": [ben]}});
    let made = calls.done(&format!("POST {subgroups}"), create).await?;
    assert_eq!(calls.look(&subgroups).await?, made);
    let told = format!("/people/{ben}/group-notices/wait?change=create&by={anna}");
    let bakers = calls.look(&told).await?;
    assert!(
        made["items"]
            .as_array()
            .is_some_and(|all| all.contains(&bakers["group"])),
        "{made} {bakers}"
    );
    let own = json!({"create": {"subject": "Gardeners"}});
    let more = calls.done(&format!("POST {subgroups}"), own).await?;
    let gardeners = more["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|group| made["items"].as_array().is_none_or(|before| !before.contains(group)));
    let join = json!({"join": gardeners});
    calls
        .done(&format!("POST /people/{ben}/groups/{village}/subgroups"), join)
        .await?;
    let mine = calls.look(&format!("/people/{ben}/groups")).await?;
    let gardeners = gardeners.cloned().unwrap_or_default();
    assert!(mine.to_string().contains(&gardeners.to_string()), "{mine}");

    calls
        .fails(&format!("POST {subgroups}"), r#"{"sell": "x"}"#, 400, "bad_body")
        .await?;
    calls
        .fails(
            &format!("POST /people/{ben}/groups/{village}/deactivate"),
            "",
            502,
            "refused_by_server",
        )
        .await?;
    let ended = calls
        .done(&format!("POST /people/{anna}/groups/{village}/deactivate"), Value::Null)
        .await?;
    assert_eq!(ended, json!({"community": village}));
    calls
        .fails(&format!("GET /groups/{village}"), "", 404, "unknown")
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_looked_at_before_joining_and_changed_from_outside() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let group = calls
        .done("POST /groups", json!({"owner": anna, "subject": "Garden"}))
        .await?;
    let jid = text(&group, "jid")?;
    let link = calls
        .done(&format!("POST /people/{anna}/groups/{jid}/link"), Value::Null)
        .await?;
    let code = text(&link, "link")?.rsplit('/').next().unwrap_or_default().to_owned();
    let seen = calls.look(&format!("/people/{ben}/preview?link={code}")).await?;
    assert_eq!((&seen["jid"], &seen["subject"]), (&json!(jid), &json!("Garden")));
    let changed = calls
        .done(&format!("POST /groups/{jid}/change"), json!({"subject": "Roses"}))
        .await?;
    assert_eq!(changed["subject"], json!("Roses"));
    let told = calls
        .look(&format!("/people/{anna}/group-notices/wait?group={jid}&change=subject"))
        .await?;
    assert_eq!(told["value"], json!("Roses"));
    let changed = calls
        .done(
            &format!("POST /groups/{jid}/change"),
            json!({"setting": "announcement"}),
        )
        .await?;
    assert_eq!(changed["announcement"], json!(true));

    let path = format!("POST /groups/{jid}/change");
    calls.fails(&path, r#"{"subject": ""}"#, 422, "bad_subject").await?;
    calls.fails(&path, r#"{"setting": "loud"}"#, 400, "bad_body").await?;
    calls
        .fails("POST /groups/1@g.us/change", r#"{"subject": "x"}"#, 404, "unknown")
        .await?;
    calls
        .fails(
            &format!("GET /people/{ben}/preview?link=nothing"),
            "",
            502,
            "refused_by_server",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_runs_a_newsletter_that_another_reads() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let [anna, ben] = calls.people(["Anna", "Ben"]).await?;
    let create = json!({"create": {"name": "News", "description": "What is new"}});
    calls.done(&format!("POST /people/{anna}/newsletters"), create).await?;
    let mine = calls.look(&format!("/people/{anna}/newsletters")).await?;
    let news = &mine["items"][0];
    assert_eq!(
        (&news["name"], &news["role"]),
        (&json!("News"), &json!("owner")),
        "{mine}"
    );
    let (jid, invite) = (text(news, "jid")?, text(news, "invite")?);
    let found = calls.look(&format!("/people/{ben}/newsletter?which={invite}")).await?;
    assert_eq!(found["jid"], json!(jid));
    for deal in ["follow", "watch"] {
        calls
            .done(&format!("POST /people/{ben}/newsletters"), json!({deal: jid}))
            .await?;
    }
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": jid, "text": "Good morning"}),
        )
        .await?;
    calls
        .look(&format!("/people/{ben}/inbox/wait?contains=morning"))
        .await?;
    let posts = calls
        .look(&format!("/people/{ben}/newsletter/posts?newsletter={jid}&limit=5"))
        .await?;
    assert_eq!(posts["items"][0]["text"], json!("Good morning"), "{posts}");

    let path = format!("GET /people/{ben}/newsletter");
    calls
        .fails(&format!("{path}?which=1@newsletter"), "", 502, "request_failed")
        .await?;
    calls.fails(&path, "", 400, "bad_query").await?;
    calls.fails("GET /people/49/newsletters", "", 404, "unknown").await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
