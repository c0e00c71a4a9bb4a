//! Status posts and newsletters over REST.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::human::{Change, STATUS_CHAT};

use super::host::PATIENCE;
use super::rest::{JPEG, JPEG_BASE64, holds, human, jid, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_seen_and_taken_back() -> Result<()> {
    let host = start().await?;
    let ana = host.ana.account().phone.clone();
    let post = json!({ "type": "text", "text": "Open again", "background": "#128c7e", "font": "courier", "to": [ana] });
    let posted = host.ask("POST", "/statuses", post, 201).await?;
    ensure!(posted["recipients"] == json!(1), "{posted:#}");
    let id = posted["id"].as_str().context("it has an id")?.to_owned();
    let seen = host.ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
    ensure!(
        seen.chat == STATUS_CHAT && seen.text.as_deref() == Some("Open again"),
        "{seen:?}"
    );

    let picture = json!({ "type": "image", "data": JPEG_BASE64, "caption": "Fresh", "to": [ana] });
    let posted = host.ask("POST", "/statuses", picture, 201).await?;
    let picture = posted["id"].as_str().context("it has an id")?.to_owned();
    let seen = host.ana.wait_for(|heard| heard.id == picture, PATIENCE).await?;
    ensure!(seen.text.as_deref() == Some("Fresh") && host.ana.download(&seen).await? == JPEG);
    let video = json!({ "type": "video", "data": "AAAAHGZ0eXA=", "seconds": 2, "to": [ana] });
    host.ask("POST", "/statuses", video, 201).await?;

    host.ask("DELETE", &format!("/statuses/{id}"), json!({ "from": [ana] }), 204)
        .await?;
    let gone = |heard: &waspnest_simulator::human::Heard| matches!(heard.change(), Some(Change::Revoked { target }) if target == id);
    host.ana.wait_for(gone, PATIENCE).await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsletter_is_run_and_another_one_followed() -> Result<()> {
    let host = start().await?;
    let body = json!({ "name": "News", "description": "All of it" });
    let made = host.ask("POST", "/newsletters", body, 201).await?;
    let own = jid(&made["newsletter"])?;
    holds(&made, &json!({ "name": "News", "role": "owner", "state": "active" }))?;
    let here = format!("/newsletters/{own}");
    let changed = host.ask("PATCH", &here, json!({ "name": "Good news" }), 200).await?;
    holds(&changed, &json!({ "name": "Good news" }))?;
    ensure!(host.simulator.newsletters()[0].name == "Good news");

    let ben = human(&host, "Ben").await?;
    let other = ben.create_newsletter("Fishing", Some("Every day")).await?;
    let there = format!("/newsletters/{other}");
    let first = host.simulator.publish(&other, "Pike")?;
    let second = host.simulator.publish(&other, "Trout")?;
    host.ask("PUT", &format!("{there}/follow"), Value::Null, 204).await?;
    let all = host.see("/newsletters").await?;
    ensure!(all["items"].as_array().map(Vec::len) == Some(2), "{all:#}");
    let told = host.see(&format!("{there}/messages?limit=1")).await?;
    ensure!(
        told["items"][0]["text"] == "Trout" && told["next"] == json!(second),
        "{told:#}"
    );
    let told = host.see(&format!("{there}/messages?before={second}")).await?;
    ensure!(told["items"][0]["text"] == "Pike" && told["next"].is_null(), "{told:#}");
    let reaction = json!({ "server_id": first, "emoji": "🐟" });
    host.ask("POST", &format!("{there}/reactions"), reaction, 204).await?;
    // The server takes it without a word.
    let taken = async {
        loop {
            let posts = host.simulator.newsletter_posts(&other)?;
            if posts.iter().any(|post| post.reactions == [("🐟".to_owned(), 1)]) {
                return Ok::<_, anyhow::Error>(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, taken)
        .await
        .context("nobody saw the reaction")??;
    host.ask("PUT", &format!("{there}/mute"), Value::Null, 204).await?;
    host.ask("DELETE", &format!("{there}/mute"), Value::Null, 204).await?;

    let link = host.see(&there).await?["link"].as_str().context("a link")?.to_owned();
    let code = link.rsplit('/').next().unwrap_or_default();
    holds(
        &host.see(&format!("/newsletter-invites/{code}")).await?,
        &json!({ "name": "Fishing" }),
    )?;
    host.ask("DELETE", &format!("{there}/follow"), Value::Null, 204).await?;
    let all = host.see("/newsletters").await?;
    ensure!(all["items"].as_array().map(Vec::len) == Some(1), "{all:#}");
    host.ask("GET", "/newsletters/120363999999999999@newsletter", Value::Null, 404)
        .await?;
    ben.leave().await;
    host.stop().await
}
