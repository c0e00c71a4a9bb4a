//! Groups and communities over REST.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::GroupRole;
use waspnest_simulator::human::{JoinOutcome, PictureSize};

use super::rest::{JPEG_BASE64, done, holds, human, jid, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_changed_and_left() -> Result<()> {
    let host = start().await?;
    let (ben, cleo) = (human(&host, "Ben").await?, human(&host, "Cleo").await?);
    let [ana, ben_is] = [&host.ana.account().phone, &ben.account().phone];
    let body = json!({ "subject": "Trip", "participants": [ana, "+4999999999999"] });
    let made = host.ask("POST", "/groups", body, 201).await?;
    let group = jid(&made["group"])?;
    ensure!(made["participants"].as_array().map(Vec::len) == Some(2), "{made:#}");
    ensure!(host.ana.group(&group).await?.subject == "Trip");

    let here = format!("/groups/{group}");
    let changes = json!({
        "subject": "Long trip", "description": "Bring water", "announce": true, "locked": true, "approval": true,
        "member_add": "admins", "ephemeral_seconds": 86400, "picture": JPEG_BASE64,
    });
    let changed = host.ask("PATCH", &here, changes.clone(), 200).await?;
    let mut expected = changes;
    // A picture is elsewhere, and whatsapp-rust does not read who may add people as servers write it.
    for elsewhere in ["picture", "member_add"] {
        expected.as_object_mut().expect("an object").remove(elsewhere);
    }
    ensure!(host.simulator.group(&group)?.admins_add == Some(true));
    holds(&changed, &expected)?;
    let seen = host.ana.group(&group).await?;
    ensure!(
        seen.announcement && seen.locked && seen.approval && seen.ephemeral_s == 86_400,
        "{seen:?}"
    );
    ensure!(
        host.ana.picture_of(&group, PictureSize::Full).await?.is_some(),
        "it shows something"
    );
    host.ask("DELETE", &format!("{here}/picture"), Value::Null, 204).await?;
    ensure!(host.ana.picture_of(&group, PictureSize::Full).await?.is_none());
    holds(
        &host.see(&here).await?,
        &json!({ "subject": "Long trip", "is_community": false }),
    )?;
    let all = host.see("/groups").await?;
    ensure!(all["items"].as_array().map(Vec::len) == Some(1), "{all:#}");

    let people = format!("{here}/participants");
    let added = json!({ "action": "add", "participants": [ben_is, ana] });
    let added = host.ask("POST", &people, added, 200).await?;
    ensure!(added["results"][0]["done"] == json!(true), "{added:#}");
    ensure!(added["results"][1]["code"] == json!(409), "{added:#}");
    done(
        &host
            .ask(
                "POST",
                &people,
                json!({ "action": "promote", "participants": [ana] }),
                200,
            )
            .await?,
    )?;
    let admins = host.ana.group(&group).await?.members;
    ensure!(
        admins.iter().filter(|member| member.role == GroupRole::Admin).count() == 1,
        "{admins:?}"
    );
    done(
        &host
            .ask(
                "POST",
                &people,
                json!({ "action": "demote", "participants": [ana] }),
                200,
            )
            .await?,
    )?;
    done(
        &host
            .ask(
                "POST",
                &people,
                json!({ "action": "remove", "participants": [ben_is] }),
                200,
            )
            .await?,
    )?;
    let left = host.see(&people).await?;
    ensure!(left["items"].as_array().map(Vec::len) == Some(2), "{left:#}");

    // Somebody comes by the link and is let in.
    let link = host.see(&format!("{here}/invite-link")).await?["link"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    ensure!(cleo.join_group(&link).await? == JoinOutcome::Waiting(group.clone()));
    let waiting = host.see(&format!("{here}/requests")).await?;
    let who = jid(&waiting["items"][0])?;
    let decision = json!({ "action": "approve", "participants": [who] });
    done(&host.ask("POST", &format!("{here}/requests"), decision, 200).await?)?;
    ensure!(cleo.group(&group).await?.members.len() == 3);
    let fresh = host
        .ask("POST", &format!("{here}/invite-link:reset"), Value::Null, 200)
        .await?;
    let fresh = fresh["link"].as_str().unwrap_or_default().to_owned();
    let code = |link: &str| link.rsplit('/').next().unwrap_or_default().to_owned();
    let dead = host
        .ask("GET", &format!("/invites/{}", code(&link)), Value::Null, 502)
        .await?;
    ensure!(dead["whatsapp_code"].is_number(), "it leads nowhere any more: {dead:#}");
    holds(
        &host.see(&format!("/invites/{}", code(&fresh))).await?,
        &json!({ "subject": "Long trip" }),
    )?;

    // And out again, which others cannot be told of by who is gone.
    host.ask("DELETE", &here, Value::Null, 204).await?;
    ensure!(host.ana.group(&group).await?.members.len() == 2);
    let refused = host.ask("PATCH", &here, json!({ "subject": "Mine" }), 502).await?;
    ensure!(
        refused["code"] == "refused_by_whatsapp" && refused["whatsapp_code"].is_number(),
        "{refused:#}"
    );
    let joined = host
        .ask("POST", &format!("/invites/{}:join", code(&fresh)), Value::Null, 200)
        .await?;
    ensure!(joined["membership"] == "waiting", "{joined:#}");
    ben.leave().await;
    cleo.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_holds_groups_together() -> Result<()> {
    let host = start().await?;
    let ana = host.ana.account().phone.clone();
    let body = json!({ "subject": "Village", "description": "Everybody" });
    let made = host.ask("POST", "/communities", body, 201).await?;
    let community = jid(&made["group"])?;
    ensure!(made["is_community"] == json!(true), "{made:#}");
    let all = host.see("/communities").await?;
    ensure!(jid(&all["items"][0]["group"])? == community, "{all:#}");
    let here = format!("/communities/{community}");

    let body = json!({ "subject": "Choir", "participants": [ana] });
    let choir = jid(&host.ask("POST", &format!("{here}/subgroups"), body, 201).await?["group"])?;
    ensure!(host.simulator.group(&choir)?.community.as_ref() == Some(&community));
    let band = jid(&host.ask("POST", "/groups", json!({ "subject": "Band" }), 201).await?["group"])?;
    done(
        &host
            .ask("POST", &format!("{here}:link"), json!({ "groups": [band] }), 200)
            .await?,
    )?;
    ensure!(host.simulator.group(&band)?.community.as_ref() == Some(&community));

    let groups = host.see(&format!("{here}/subgroups")).await?;
    let subjects: Vec<_> = groups["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|group| &group["subject"])
        .collect();
    ensure!(
        subjects.contains(&&json!("Choir")) && subjects.contains(&&json!("Band")),
        "{groups:#}"
    );
    let people = host.see(&format!("{here}/participants")).await?;
    ensure!(
        people["items"].as_array().is_some_and(|people| people.len() >= 2),
        "{people:#}"
    );

    done(
        &host
            .ask("POST", &format!("{here}:unlink"), json!({ "groups": [band] }), 200)
            .await?,
    )?;
    ensure!(host.simulator.group(&band)?.community.is_none());
    let body = json!({ "participants": [ana] });
    done(
        &host
            .ask("POST", &format!("{here}/participants:remove"), body, 200)
            .await?,
    )?;
    ensure!(host.simulator.group(&choir)?.members.len() == 1);
    host.ask("DELETE", &here, Value::Null, 204).await?;
    ensure!(
        host.simulator.group(&choir)?.community.is_none(),
        "its groups stay, on their own"
    );
    host.stop().await
}
