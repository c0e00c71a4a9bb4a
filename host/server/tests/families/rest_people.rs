//! People, chats, and the account itself over REST.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::human::{PictureSize, PresenceState};
use waspnest_simulator::{BusinessProfile, StatusAudience};

use super::host::PATIENCE;
use super::rest::{JPEG, JPEG_BASE64, holds, human, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_checked_seen_watched_and_blocked() -> Result<()> {
    let host = start().await?;
    let ben = human(&host, "Ben").await?;
    let (ana, ben_is) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    ben.set_about("Fishing").await?;
    host.simulator.set_picture(&ben_is, JPEG)?;
    let profile = BusinessProfile {
        name: "Ben's".into(),
        description: "Fish".into(),
        ..BusinessProfile::default()
    };
    host.simulator.set_business(&ben_is, profile)?;

    let asked = json!({ "phones": [ben_is, "+4999999999999", ana] });
    let told = host.ask("POST", "/contacts:check", asked, 200).await?;
    let exists: Vec<_> = told["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["exists"])
        .collect();
    ensure!(exists == [&json!(true), &json!(false), &json!(true)], "{told:#}");
    ensure!(
        told["items"][0]["who"]["lid"].is_string(),
        "a number and its LID are one person: {told:#}"
    );

    let seen = host.see(&format!("/contacts/+{ben_is}")).await?;
    holds(&seen, &json!({ "about": "Fishing", "blocked": false }))?;
    ensure!(
        seen["picture"].as_str().is_some_and(|url| url.starts_with("http")),
        "{seen:#}"
    );
    ensure!(seen["business"]["description"] == "Fish", "{seen:#}");
    let picture = host.see(&format!("/contacts/{ben_is}/picture?size=preview")).await?;
    ensure!(picture["url"].is_string(), "{picture:#}");
    let devices = host.see(&format!("/contacts/{ben_is}/devices")).await?;
    ensure!(
        devices["items"][0]["number"] == json!(0),
        "the phone is one of them: {devices:#}"
    );
    ensure!(
        devices["items"].as_array().is_some_and(|all| all.len() == 2),
        "{devices:#}"
    );
    let nobody = host.ask("GET", "/contacts/4999999999999", Value::Null, 404).await?;
    ensure!(nobody["code"] == "not_found", "{nobody:#}");

    host.ask("PUT", &format!("/blocked/{ben_is}"), Value::Null, 204).await?;
    ensure!(host.simulator.blocked(&host.phone)? == [ben_is.as_str()]);
    let blocked = host.see("/blocked").await?;
    ensure!(blocked["items"][0]["phone"] == format!("+{ben_is}"), "{blocked:#}");
    holds(
        &host.see(&format!("/contacts/{ben_is}")).await?,
        &json!({ "blocked": true }),
    )?;
    host.ask("DELETE", &format!("/blocked/{ben_is}"), Value::Null, 204)
        .await?;
    ensure!(host.simulator.blocked(&host.phone)?.is_empty());

    // Whoever watches asks, and shows itself.
    host.ask("PUT", &format!("/contacts/{ana}/watch"), Value::Null, 204)
        .await?;
    let asks = |stanza: &waspnest_simulator::StanzaRecord| stanza.tag == "presence" && stanza.xml.contains("subscribe");
    host.simulator
        .wait_stanza(0, asks, PATIENCE)
        .await
        .context("nobody asked")?;
    host.ask("DELETE", &format!("/contacts/{ana}/watch"), Value::Null, 204)
        .await?;
    // The phone's name for the account may not be here yet.
    host.ask("PATCH", "/profile", json!({ "name": "Host" }), 204).await?;
    host.ask("PUT", "/presence", json!({ "presence": "available" }), 204)
        .await?;
    host.ana.appear().await?;
    host.ana.watch(&host.phone).await?;
    host.ana
        .wait_presence(|seen| seen.state == PresenceState::There, PATIENCE)
        .await?;
    ben.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_kept_in_order() -> Result<()> {
    let host = start().await?;
    let ana = host.ana.account().phone.clone();
    let shown = |action: &str| -> Result<Option<Value>> {
        let entries = host.simulator.app_state(&host.phone)?;
        let found = entries
            .into_iter()
            .find(|entry| entry.index.first().is_some_and(|name| name == action));
        Ok(found.map(|entry| entry.value))
    };
    let chat = format!("/chats/{ana}");
    let changes = json!({ "archived": true, "pinned": true, "muted": 3600, "read": true, "add_labels": ["3"] });
    host.ask("PATCH", &chat, changes, 204).await?;
    for action in ["archive", "pin_v1", "mute", "markChatAsRead", "label_jid"] {
        ensure!(shown(action)?.is_some(), "nothing is known of {action}");
    }
    let back = json!({ "archived": false, "pinned": false, "muted": false, "read": false, "remove_labels": ["3"] });
    host.ask("PATCH", &chat, back, 204).await?;
    let muted = shown("mute")?.context("it was muted once")?;
    ensure!(muted.to_string().contains("false"), "{muted}");
    host.ask("PATCH", &chat, json!({ "ephemeral_seconds": 86400 }), 204)
        .await?;
    let timer = |heard: &waspnest_simulator::human::Heard| {
        let notice = heard.message.protocol_message.as_option();
        notice.is_some_and(|notice| notice.ephemeral_expiration == Some(86_400))
    };
    host.ana.wait_for(timer, PATIENCE).await?;
    host.ask("DELETE", &format!("{chat}?only=messages"), Value::Null, 204)
        .await?;
    ensure!(shown("clearChat")?.is_some());
    host.ask("DELETE", &chat, Value::Null, 204).await?;
    ensure!(shown("deleteChat")?.is_some());

    host.ask("PUT", "/labels/4", json!({ "name": "Regulars", "color": 2 }), 204)
        .await?;
    let label = shown("label_edit")?.context("there is a label")?;
    ensure!(label.to_string().contains("Regulars"), "{label}");
    host.ask("DELETE", "/labels/4", Value::Null, 204).await?;

    host.ask("POST", "/app-state:sync", json!({ "collection": "regular_low" }), 204)
        .await?;
    host.ask("POST", "/app-state:mark-clean", json!({ "type": "groups" }), 204)
        .await?;
    let refused = host.ask("POST", "/app-state", json!({ "patch": "AAAA" }), 501).await?;
    ensure!(refused["code"] == "not_supported", "{refused:#}");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_shows_itself_and_says_who_may_see_it() -> Result<()> {
    let host = start().await?;
    let phone = host.phone.clone();
    host.ask(
        "PATCH",
        "/profile",
        json!({ "name": "Shop", "about": "Open at nine" }),
        204,
    )
    .await?;
    ensure!(host.ana.about(&phone).await? == "Open at nine");
    host.ask("PUT", "/profile/picture", json!({ "data": JPEG_BASE64 }), 204)
        .await?;
    ensure!(host.simulator.picture(&phone)?.as_deref() == Some(&JPEG[..]));
    ensure!(host.ana.picture_of(&phone, PictureSize::Full).await?.is_some());
    let profile = host.see("/profile").await?;
    holds(&profile, &json!({ "about": "Open at nine" }))?;
    ensure!(
        profile["who"]["phone"] == format!("+{phone}") && profile["picture"].is_string(),
        "{profile:#}"
    );
    host.ask("DELETE", "/profile/picture", Value::Null, 204).await?;
    ensure!(host.simulator.picture(&phone)?.is_none());

    holds(&host.see("/privacy").await?, &json!({ "last_seen": "everyone" }))?;
    let changes = json!({ "last_seen": "nobody", "about": "contacts", "read_receipts": "nobody", "default_ephemeral_seconds": 604800 });
    let changed = host.ask("PATCH", "/privacy", changes, 200).await?;
    holds(
        &changed,
        &json!({ "last_seen": "nobody", "about": "contacts", "read_receipts": "nobody" }),
    )?;
    let settings = format!("{:?}", host.simulator.privacy(&phone)?);
    ensure!(settings.contains("Last: None"), "{settings}");

    let ana = host.ana.account().phone.clone();
    holds(
        &host.see("/status-privacy").await?,
        &json!({ "audience": "contacts", "except": [], "only": [] }),
    )?;
    host.simulator
        .set_status_privacy(&phone, StatusAudience::Blacklist, &[&ana])?;
    let told = host.see("/status-privacy").await?;
    ensure!(told["audience"] == "contacts_except", "{told:#}");
    ensure!(told["except"][0]["phone"] == format!("+{ana}"), "{told:#}");
    host.stop().await
}
