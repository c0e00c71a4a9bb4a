//! Votes in polls, opened by the host: in those the account asked, in those of others, and in both kinds of chats.

use anyhow::{Context, Result};
use waspnest_simulator::NewAccount;
use waspnest_simulator::human::{Heard, Human};

use crate::host::{Host, PATIENCE};

/// The plugin that ships.
const POLLS: &str = r#"
[[plugin]]
id = "poll"
source = "poll"
[plugin.grants]
"messages.send" = true
kv = true
schedule = true
[[bind]]
id = "polls"
plugin = "poll"
"#;

/// The poll that the host has sent.
async fn poll(human: &Human) -> Result<Heard> {
    let is_poll = |heard: &Heard| {
        let v3 = heard.message.poll_creation_message_v3.as_option();
        v3.or_else(|| heard.message.poll_creation_message.as_option()).is_some()
    };
    human.wait_for(is_poll, PATIENCE).await.context("no poll came")
}

/// Says `words` to `chat` until the answer shows `wanted`: a vote is on its way while the next message is written.
async fn tells(host: &Host, chat: &str, words: &str, wanted: &str) -> Result<()> {
    let told = async {
        loop {
            let seen = host.ana.position();
            host.ana.say(chat, words).await?;
            let answers = |heard: &Heard| !heard.from_me && heard.text.is_some();
            let heard = host.ana.wait_for_after(seen, answers, PATIENCE).await?;
            if heard.text.is_some_and(|text| text.contains(wanted)) {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(PATIENCE, told)
        .await
        .with_context(|| format!("{wanted:?} was not told"))?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_in_a_poll_of_a_plugin_are_counted_over_a_restart() -> Result<()> {
    let mut host = Host::with(|_| POLLS.to_owned()).await?;
    host.ana.say(&host.phone, "/poll Where to? | Sea | Hills").await?;
    let asked = poll(&host.ana).await?;
    host.ana.vote(&asked, &["Hills".to_owned()]).await?;
    tells(&host, &host.phone, "/tally", "*Hills*").await?;
    host.restart().await?;
    host.ana.vote(&asked, &["Sea".to_owned()]).await?;
    tells(&host, &host.phone, "/tally", "*Sea*").await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_of_a_group_are_counted_by_person() -> Result<()> {
    let host = Host::with(|_| POLLS.to_owned()).await?;
    let ben = NewAccount {
        push_name: "Ben".into(),
        phone: None,
    };
    let ben = Human::join(&host.simulator, ben).await?;
    let (anas, bens) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    let group = host.simulator.create_group(&host.phone, "Trip", &[&anas, &bens])?;
    host.ana
        .say(&group.jid, "/poll multiple Where to? | Sea | Hills")
        .await?;
    let seen_by_ana = poll(&host.ana).await?;
    let seen_by_ben = poll(&ben).await?;
    host.ana
        .vote(&seen_by_ana, &["Sea".to_owned(), "Hills".to_owned()])
        .await?;
    ben.vote(&seen_by_ben, &["Sea".to_owned()]).await?;
    tells(&host, &group.jid, "/tally", "2 people voted").await?;
    tells(&host, &group.jid, "/close", "2 (100 %)").await?;
    ben.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vote_in_somebody_elses_poll_is_told_with_its_options() -> Result<()> {
    let host = Host::with(|ana| {
        format!(
            r#"
[[plugin]]
id = "recorder"
source = "recorder"
grants = {{ "messages.send" = {{ scope = "any" }} }}
config = {{ tell = "{ana}" }}
[[bind]]
id = "groups"
plugin = "recorder"
chats = {{ kind = ["group"] }}
"#
        )
    })
    .await?;
    let ben = NewAccount {
        push_name: "Ben".into(),
        phone: None,
    };
    let ben = Human::join(&host.simulator, ben).await?;
    let (anas, bens) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    let group = host.simulator.create_group(&host.phone, "Trip", &[&anas, &bens])?;
    let options = ["Sea".to_owned(), "Hills".to_owned()];
    host.ana.ask(&group.jid, "Where to?", &options, 1).await?;
    let asked = poll(&ben).await?;
    host.ana
        .wait_for(
            |heard| heard.text.as_deref().is_some_and(|text| text.contains("Where to?")),
            PATIENCE,
        )
        .await
        .context("the poll was not told")?;
    ben.vote(&asked, &options[1..]).await?;
    let told = |heard: &Heard| {
        let text = heard.text.as_deref().unwrap_or_default();
        text.contains("\"selected\":[\"Hills\"]")
    };
    host.ana
        .wait_for(told, PATIENCE)
        .await
        .context("the vote was not told")?;
    ben.leave().await;
    host.stop().await
}
