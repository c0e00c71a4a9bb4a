//! What a plugin does with groups, people and chats, checked on the other side.

use anyhow::{Context, Result, ensure};
use waspnest_simulator::human::{Human, JoinOutcome};
use waspnest_simulator::{GroupRole, NewAccount};

use super::host::{Host, PATIENCE};

async fn human(host: &Host, name: &str) -> Result<Human> {
    let spec = NewAccount {
        push_name: name.into(),
        phone: None,
    };
    Ok(Human::join(&host.simulator, spec).await?)
}

/// The first word of an answer.
fn first(said: &str) -> Result<&str> {
    said.split(' ').next().context("it says something")
}

/// Tells the clerk something and expects its answer.
async fn expect(host: &Host, words: &str, answer: &str) -> Result<()> {
    let said = host.told(words).await?;
    ensure!(said == answer, "{words:?} was answered {said:?}, not {answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_makes_and_runs_a_group() -> Result<()> {
    let host = Host::with_clerk().await?;
    let (ben, cleo) = (human(&host, "Ben").await?, human(&host, "Cleo").await?);
    let [me, ana, ben_is] = [&host.phone, &host.ana.account().phone, &ben.account().phone];

    let said = host.told(&format!("create Trip {ana} 4999999999999")).await?;
    let group = first(&said)?;
    let seen = host.ana.group(group).await?;
    ensure!(seen.subject == "Trip" && seen.members.len() == 2, "{seen:?}");
    let members = format!("{ana} {me}**");
    let mut sorted: Vec<_> = members.split(' ').collect();
    sorted.sort_unstable();
    ensure!(said.contains(&format!("[{}]", sorted.join(" "))), "{said}");

    expect(&host, &format!("add {group} {ben_is} {ana}"), "ok 200, no 409").await?;
    expect(&host, &format!("promote {group} {ana}"), "ok 200").await?;
    expect(&host, &format!("set {group} subject Long trip"), "done").await?;
    expect(&host, &format!("set {group} description Bring water"), "done").await?;
    expect(&host, &format!("set {group} ephemeral 86400"), "done").await?;
    for switched in ["announce on", "locked on", "approval on", "member-add off"] {
        expect(&host, &format!("set {group} {switched}"), "done").await?;
    }
    let seen = host.ana.group(group).await?;
    ensure!(
        seen.subject == "Long trip" && seen.description.as_deref() == Some("Bring water"),
        "{seen:?}"
    );
    ensure!(
        seen.announcement && seen.locked && seen.approval && seen.ephemeral_s == 86_400,
        "{seen:?}"
    );
    ensure!(host.simulator.group(group)?.admins_add == Some(true));
    let admins = seen.members.iter().filter(|member| member.role == GroupRole::Admin);
    ensure!(admins.count() == 1, "{seen:?}");
    let said = host.told(&format!("info {group}")).await?;
    ensure!(
        said.contains("\"Long trip\" Some(\"Bring water\")") && said.contains("[announce locked approval"),
        "{said}"
    );
    expect(&host, "groups", &format!("groups {group}")).await?;

    // Somebody comes by the link and is let in.
    let link = host.told(&format!("link {group}")).await?;
    ensure!(
        cleo.join_group(&link).await? == JoinOutcome::Waiting(group.to_owned()),
        "an administrator decides"
    );
    let waiting = host.told(&format!("requests {group}")).await?;
    let cleo_is = waiting.strip_prefix("people ").context("somebody waits")?;
    expect(&host, &format!("approve {group} {cleo_is}"), "ok 200").await?;
    ensure!(cleo.group(group).await?.members.len() == 4, "she is in");
    let fresh = host.told(&format!("new-link {group}")).await?;
    ensure!(
        fresh != link
            && host
                .told(&format!("behind {link}"))
                .await?
                .starts_with("the host refused")
    );
    ensure!(host.told(&format!("behind {fresh}")).await?.contains("\"Long trip\""));

    // And out again.
    expect(&host, &format!("remove {group} {ben_is}"), "ok 200").await?;
    expect(&host, &format!("set {group} description"), "done").await?;
    expect(&host, &format!("leave {group}"), "done").await?;
    let left = host.ana.group(group).await?;
    ensure!(left.members.len() == 2 && left.description.is_none(), "{left:?}");
    let refused = host.told(&format!("set {group} subject Mine")).await?;
    ensure!(refused.contains("the other side answered"), "{refused}");
    expect(&host, &format!("join {fresh}"), &format!("{group} waiting")).await?;
    host.ana
        .set_group(group, waspnest_simulator::GroupSetting::NoApproval)
        .await?;
    host.ana.approve_requests(group, &[me]).await?;
    ensure!(host.ana.group(group).await?.members.len() == 3);
    ben.leave().await;
    cleo.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_puts_groups_into_a_community() -> Result<()> {
    let host = Host::with_clerk().await?;
    let me = host.phone.clone();
    let community = host.ana.create_community("Village").await?.jid;
    host.ana.add_to_group(&community, &[&me]).await?;
    host.ana.promote_in_group(&community, &[&me]).await?;
    let said = host.told("create Choir").await?;
    let group = first(&said)?;
    expect(&host, &format!("affiliate {community} {group}"), "ok 200").await?;
    ensure!(host.simulator.group(group)?.community.as_ref() == Some(&community));
    expect(&host, &format!("separate {community} {group}"), "ok 200").await?;
    ensure!(host.simulator.group(group)?.community.is_none());
    let said = host.told(&format!("create-in {community} Band")).await?;
    ensure!(
        host.simulator.group(first(&said)?)?.community.as_ref() == Some(&community),
        "{said}"
    );
    ensure!(said.ends_with(&format!("Some({community:?})")), "{said}");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_asks_about_people_and_blocks_them() -> Result<()> {
    let host = Host::with_clerk().await?;
    let ben = human(&host, "Ben").await?;
    let (ana, ben_is) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    ben.set_about("Fishing").await?;
    let resolved = format!("+{ben_is}={ben_is} +4999999999999=nobody");
    expect(&host, &format!("resolve +{ben_is} +4999999999999"), &resolved).await?;
    let known = |blocked| format!("{ben_is} None Some(\"Fishing\") business false blocked {blocked}");
    expect(&host, &format!("get {ben_is}"), &known(false)).await?;
    expect(&host, "get 4999999999999", "the host refused contacts.get: not found").await?;
    expect(&host, &format!("block {ben_is}"), "done").await?;
    ensure!(host.simulator.blocked(&host.phone)? == [ben_is.as_str()]);
    expect(&host, &format!("get {ben_is}"), &known(true)).await?;
    expect(&host, &format!("unblock {ben_is}"), "done").await?;
    ensure!(host.simulator.blocked(&host.phone)?.is_empty());

    expect(&host, &format!("picture {ana}"), "picture None").await?;
    host.simulator.set_picture(&ana, JPEG)?;
    let said = host.told(&format!("picture {ana}")).await?;
    ensure!(said.starts_with("picture Some(\"http"), "{said}");
    let people = host.told("people").await?;
    ensure!(people.contains(&ana), "{people}");
    ben.leave().await;
    host.stop().await
}

/// The shortest thing that begins and ends as a JPEG does.
const JPEG: [u8; 6] = [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_keeps_the_accounts_chats_in_order() -> Result<()> {
    let host = Host::with_clerk().await?;
    let shown = |action: &str| -> Result<Option<serde_json::Value>> {
        let entries = host.simulator.app_state(&host.phone)?;
        let found = entries
            .into_iter()
            .find(|entry| entry.index.first().is_some_and(|name| name == action));
        Ok(found.map(|entry| entry.value))
    };
    for (change, action) in [
        ("archive on", "archive"),
        ("pin on", "pin_v1"),
        ("mute-until", "mute"),
        ("read on", "markChatAsRead"),
        ("label 3", "label_jid"),
        ("clear", "clearChat"),
        ("delete", "deleteChat"),
    ] {
        expect(&host, &format!("chat here {change}"), "done").await?;
        ensure!(shown(action)?.is_some(), "{change}: nothing is known of it");
    }
    for undone in ["archive off", "pin off", "unmute", "read off", "unlabel 3"] {
        expect(&host, &format!("chat here {undone}"), "done").await?;
    }
    let muted = shown("mute")?.context("it was muted once")?;
    ensure!(muted.to_string().contains("false"), "{muted}");

    expect(&host, "chat here ephemeral 86400", "done").await?;
    let timer = |heard: &waspnest_simulator::human::Heard| {
        let notice = heard.message.protocol_message.as_option();
        notice.is_some_and(|notice| notice.ephemeral_expiration == Some(86_400))
    };
    host.ana.wait_for(timer, PATIENCE).await?;
    host.stop().await
}
