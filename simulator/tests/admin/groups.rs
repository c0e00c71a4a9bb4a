//! Groups, through the people who are in them.

use serde_json::{Value, json};

use crate::calls::{started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_joined_changed_and_left_over_http() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let cast = json!({"people": [{"push_name": "Anna"}, {"push_name": "Ben"}, {"push_name": "Cleo"}]});
    let people = calls.done("POST /people/bulk", cast).await?;
    let [anna, ben, cleo] = [0, 1, 2].map(|n| people["items"][n]["phone"].as_str().unwrap_or_default());

    let made = calls
        .done(
            &format!("POST /people/{anna}/groups"),
            json!({"subject": "Garden", "members": [ben]}),
        )
        .await?;
    let group = text(&made, "jid")?;
    // JIDs may be written as they are, or encoded as a URL library would.
    let of = |phone: &str| format!("/people/{phone}/groups/{}", group.replace('@', "%40"));
    let seen = calls
        .done(&format!("GET /people/{ben}/groups/{group}"), Value::Null)
        .await?;
    assert_eq!(
        (&seen["subject"], seen["members"].as_array().map(Vec::len)),
        (&json!("Garden"), Some(2))
    );

    let link = calls.done(&format!("POST {}/link", of(anna)), Value::Null).await?;
    let joined = calls
        .done(&format!("POST /people/{cleo}/join"), json!({"link": link["link"]}))
        .await?;
    assert_eq!(joined, json!({"state": "joined", "group": group}));

    calls
        .done(
            &format!("POST /people/{cleo}/say"),
            json!({"to": group, "text": "hello all"}),
        )
        .await?;
    let heard = calls
        .done(
            &format!(
                "GET /people/{ben}/inbox/wait?contains=hello+all&chat={}",
                group.replace('@', "%40")
            ),
            Value::Null,
        )
        .await?;
    assert_eq!(
        (&heard["chat"], &heard["sender"]),
        (&json!(group), &json!(format!("{cleo}@s.whatsapp.net")))
    );

    for change in [
        json!({"subject": "Garden club"}),
        json!({"description": "Roses"}),
        json!({"setting": "announcement"}),
    ] {
        let done = calls.done(&format!("POST {}/change", of(anna)), change.clone()).await?;
        assert_eq!(done, change);
    }
    let promote = json!({"change": "promote", "members": [ben]});
    let promoted = calls.done(&format!("POST {}/members", of(anna)), promote).await?;
    assert_eq!(promoted["items"][0]["error"], Value::Null, "{promoted}");
    let seen = calls.done(&format!("GET {}", of(ben)), Value::Null).await?;
    assert_eq!(
        (&seen["subject"], &seen["description"], &seen["announcement"]),
        (&json!("Garden club"), &json!("Roses"), &json!(true))
    );
    let rank = seen["members"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|member| member["phone"] == json!(format!("{ben}@s.whatsapp.net")));
    assert_eq!(rank.map(|member| &member["role"]), Some(&json!("admin")), "{seen}");
    calls
        .fails(
            &format!("POST /people/{cleo}/say"),
            &json!({"to": group, "text": "hush"}).to_string(),
            502,
            "refused_by_server",
        )
        .await?;

    calls
        .done(&format!("POST {}/change", of(anna)), json!({"setting": "approval"}))
        .await?;
    calls.done(&format!("POST {}/leave", of(cleo)), Value::Null).await?;
    let pending = calls
        .done(&format!("POST /people/{cleo}/join"), json!({"link": link["link"]}))
        .await?;
    assert_eq!(pending["state"], json!("waiting"));
    let waiting = calls.done(&format!("GET {}/requests", of(anna)), Value::Null).await?;
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1), "{waiting}");
    let approve = json!({"change": "approve", "members": [waiting["items"][0]]});
    calls.done(&format!("POST {}/members", of(anna)), approve).await?;
    let mine = calls.done(&format!("GET /people/{cleo}/groups"), Value::Null).await?;
    assert_eq!(mine["items"][0]["jid"], json!(group));

    calls
        .fails(&format!("GET /people/{anna}/groups/{ben}"), "", 422, "bad_address")
        .await?;
    calls
        .fails(
            &format!("POST {}/change", of(cleo)),
            r#"{"setting": "not_announcement"}"#,
            502,
            "refused_by_server",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_changed_from_outside() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let cast = json!({"people": [{"push_name": "Anna"}, {"push_name": "Ben"}], "accounts": [{"push_name": "Bot"}]});
    let people = calls.done("POST /people/bulk", cast).await?;
    let [anna, ben] = [0, 1].map(|n| people["items"][n]["phone"].as_str().unwrap_or_default());
    let made = json!({"owner": anna, "subject": "Garden"});
    let group = calls.done("POST /groups", made).await?;
    let jid = text(&group, "jid")?;
    let members = |view: &serde_json::Value| view["members"].as_array().map(Vec::len);
    let added = calls
        .done(&format!("POST /groups/{jid}/members"), json!({"add": [ben]}))
        .await?;
    assert_eq!(members(&added), Some(2));
    let rank = json!({"rank": {"role": "admin", "members": [ben]}});
    calls.done(&format!("POST /groups/{jid}/members"), rank).await?;
    calls
        .done(&format!("POST /people/{ben}/say"), json!({"to": jid, "text": "thanks"}))
        .await?;
    calls
        .done(&format!("GET /people/{anna}/inbox/wait?chat={jid}"), Value::Null)
        .await?;
    let notices = calls
        .done(&format!("GET /people/{ben}/group-notices"), Value::Null)
        .await?;
    assert!(notices.to_string().contains(r#""change":"add""#), "{notices}");
    calls
        .done(&format!("POST /groups/{jid}/members"), json!({"remove": [ben]}))
        .await?;
    let left = calls.done(&format!("GET /groups/{jid}"), Value::Null).await?;
    assert_eq!(members(&left), Some(1));
    let all = calls.done("GET /groups", Value::Null).await?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    calls.fails("GET /groups/1@g.us", "", 404, "unknown").await?;
    calls
        .fails(
            "POST /groups",
            &json!({"owner": anna, "subject": ""}).to_string(),
            422,
            "bad_subject",
        )
        .await?;

    let village = calls
        .done(&format!("POST /people/{anna}/communities"), json!({"name": "Village"}))
        .await?;
    let village = text(&village, "jid")?;
    let linked = calls
        .done(
            &format!("POST /people/{anna}/groups/{village}/subgroups"),
            json!({"link": jid}),
        )
        .await?;
    assert!(
        linked["items"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|group| group == jid),
        "{linked}"
    );
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}
