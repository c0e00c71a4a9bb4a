//! Every family of events from a simulated WhatsApp to a plugin and back: the witness says in a chat what it saw there.

mod account;
mod assistant;
mod author;
mod commands;
#[path = "../http/exposition.rs"]
#[expect(dead_code, reason = "the tests of the API alone look at more")]
mod exposition;
mod fetched;
mod files;
mod host;
#[path = "../../examples/support/incoming.rs"]
mod incoming;
#[path = "../http/listening.rs"]
#[expect(dead_code, reason = "the tests of the API alone look at more")]
mod listening;
mod live;
mod made;
mod mailbox;
mod messages;
mod metrics;
mod outside;
mod past;
mod replays;
mod rest;
mod rest_groups;
mod rest_linking;
mod rest_people;
mod rest_posts;
mod schedules;
mod sending;
mod traces;
mod use_cases;
mod versions;
mod votes;

use anyhow::Result;
use waspnest_simulator::CallMedia;
use waspnest_simulator::human::Typing;

use host::Host;

const EVERYTHING: &str = r#"["message", "receipt", "group", "presence", "contact", "chat", "call", "session"]"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_learns_of_what_is_no_message() -> Result<()> {
    let host = Host::witnessing(EVERYTHING).await?;
    let ana = host.ana.account().phone.clone();

    // The session itself.
    host.hears("session State::Connected").await?;

    // A receipt: Ana reads what the plugin wrote.
    host.ana.say(&host.phone, "ping").await?;
    let pong = host.hears("pong").await?;
    host.ana.read(&pong).await?;
    host.hears(&format!("receipt Status::Read of {} by {ana}", pong.id))
        .await?;

    // Typing.
    host.ana.typing(&host.phone, Typing::Composing).await?;
    host.hears(&format!("presence State::Typing of {ana}")).await?;

    // A call.
    let call = host.simulator.offer_call(&ana, &host.phone, CallMedia::Video)?;
    host.hears(&format!("call State::Offered of {ana} video Some(true)"))
        .await?;
    host.simulator.end_call(&call)?;
    host.hears(&format!("call State::Ended of {ana}")).await?;

    // A group, which both are in when something changes.
    let group = host.simulator.create_group(&host.phone, "Trip", &[&ana])?;
    host.hears("group Change::Created").await?;
    host.simulator.set_group_subject(&group.jid, "Long trip")?;
    host.hears("group Change::Subject").await?;

    // A person.
    host.ana.set_about("Busy").await?;
    host.hears(&format!("contact Change::About of {ana} value Some(\"Busy\")"))
        .await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_bind_names_is_not_taken_in() -> Result<()> {
    let host = Host::witnessing(r#"["message", "call"]"#).await?;
    let ana = host.ana.account().phone.clone();
    host.ana.typing(&host.phone, Typing::Composing).await?;
    host.ana.set_about("Busy").await?;
    host.ana.say(&host.phone, "ping").await?;
    let pong = host.hears("pong").await?;
    host.ana.read(&pong).await?;
    host.simulator.offer_call(&ana, &host.phone, CallMedia::Audio)?;
    host.hears("call State::Offered").await?;
    let heard: Vec<_> = host
        .ana
        .phone_view()
        .into_iter()
        .filter(|heard| !heard.from_me)
        .collect();
    assert_eq!(heard.len(), 2, "{heard:?}");
    host.stop().await
}
