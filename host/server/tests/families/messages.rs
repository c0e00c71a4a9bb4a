//! What a plugin does to messages, as a person and the account's phone see it.

use anyhow::{Context, Result};
use waspnest_simulator::human::{Change, Heard};

use crate::host::{Host, PATIENCE};

/// A host with the guest that does as the text of a message says, in the chat of that message.
pub(crate) async fn obedient(grants: &str) -> Result<Host> {
    Host::with(|_| {
        format!(
            r#"
[[plugin]]
id = "hostile"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
kv = true
schedule = true
{grants}
[[bind]]
id = "all"
plugin = "hostile"
"#
        )
    })
    .await
}

const CHANGES: &str = r#"
"messages.edit" = true
"messages.revoke" = true
"messages.moderate" = true
"messages.vote" = true
"messages.pin" = true
"messages.star" = true
"messages.raw" = true
"messages.history" = true
"#;

/// Waits until Ana has seen a change that `wanted` accepts.
async fn changed(host: &Host, wanted: fn(&Change) -> bool) -> Result<Change> {
    let seen = |heard: &Heard| heard.change().is_some_and(|change| wanted(&change));
    let heard = host.ana.wait_for(seen, PATIENCE).await?;
    heard.change().context("it was just there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_is_edited_pinned_and_taken_back() -> Result<()> {
    let host = obedient(CHANGES).await?;
    host.ana.say(&host.phone, "say-edit").await?;
    let said = host.hears("say-edit: first").await?;
    let edited = changed(&host, |change| matches!(change, Change::Edited { .. })).await?;
    let expected = Change::Edited {
        target: said.id,
        text: Some("other words".into()),
    };
    assert_eq!(edited, expected);

    host.ana.say(&host.phone, "say-pin").await?;
    let said = host.hears("say-pin: first").await?;
    let pinned = changed(&host, |change| matches!(change, Change::Pinned { .. })).await?;
    assert_eq!(pinned, Change::Pinned { target: said.id });

    host.ana.say(&host.phone, "say-revoke").await?;
    let said = host.hears("say-revoke: first").await?;
    let revoked = changed(&host, |change| matches!(change, Change::Revoked { .. })).await?;
    assert_eq!(revoked, Change::Revoked { target: said.id });
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_passed_on_and_marked_as_such() -> Result<()> {
    let host = obedient(CHANGES).await?;
    host.ana.say(&host.phone, "pass-on").await?;
    let passed = host.hears("pass-on").await?;
    let context = passed.message.extended_text_message.as_option();
    let context = context
        .and_then(|text| text.context_info.as_option())
        .context("marks")?;
    assert_eq!((context.is_forwarded, context.forwarding_score), (Some(true), Some(1)));
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_reaches_the_accounts_phone() -> Result<()> {
    let host = obedient(CHANGES).await?;
    let asked = host.ana.say(&host.phone, "star-theirs").await?;
    host.hears("done").await?;
    let starred = async {
        loop {
            let entries = host.simulator.app_state(&host.phone)?;
            let about = |entry: &waspnest_simulator::AppStateEntry| {
                entry.index.first().is_some_and(|action| action == "star") && entry.index.contains(&asked)
            };
            if entries.iter().any(about) {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, starred).await.context("no star")??;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vote_counts_in_the_poll_of_who_asked() -> Result<()> {
    let host = obedient(CHANGES).await?;
    let options = ["Soup".to_owned(), "Salad".to_owned()];
    let poll = host.ana.ask(&host.phone, "Lunch?", &options, 1).await?;
    host.ana.say(&host.phone, &format!("vote {poll} Salad")).await?;
    host.hears("done").await?;
    let counted = async {
        loop {
            let counts = host.ana.poll_count(&poll).await?;
            if counts
                .iter()
                .any(|count| count.option == "Salad" && count.voters.len() == 1)
            {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.context("no vote")??;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_takes_back_what_another_wrote() -> Result<()> {
    let host = obedient(CHANGES).await?;
    let ana = host.ana.account().phone.clone();
    let group = host.simulator.create_group(&host.phone, "Trip", &[&ana])?;
    let said = host.ana.say(&group.jid, "revoke-theirs").await?;
    let revoked = changed(&host, |change| matches!(change, Change::Revoked { .. })).await?;
    assert_eq!(revoked, Change::Revoked { target: said });
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_grants_nothing_is_done() -> Result<()> {
    let host = obedient("").await?;
    host.ana.say(&host.phone, "star-theirs").await?;
    host.hears("the host refused messaging.star: not granted: messages.star")
        .await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earlier_messages_of_the_chat_are_seen() -> Result<()> {
    let host = obedient(CHANGES).await?;
    let first = host.ana.say(&host.phone, "one").await?;
    host.ana.say(&host.phone, "two").await?;
    host.ana.say(&host.phone, "history 3").await?;
    host.hears("history 3|two|one then ").await?;
    let ana = &host.ana.account().phone;
    host.ana.say(&host.phone, &format!("get {first}")).await?;
    host.hears(&format!("one by {ana}")).await?;
    host.stop().await
}
