//! Commands for those who administrate a group.

use std::time::Duration;

use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{EventKind, GroupChange, GroupEvent, Position};
use waspnest_core::log::Incoming;

use super::account::{ADMIN, ADMIN_LID};
use super::harness::{Harness, Install};
use super::three_tries;

const GROUP: &str = "120363000000000000@g.us";
const BOB: &str = "4915100002";
const TOLD: &str = "Only administrators of a group may use /mute, in that group.";

fn talker() -> Install {
    Install {
        retry: three_tries(),
        ..Install::of("talker", "bot")
    }
}

fn jid(text: &str) -> Jid {
    text.parse().expect("a valid address")
}

/// Somebody writes a text in the group.
async fn hears(app: &Harness, sender: Party, text: &str) {
    let mut incoming = app.text(GROUP, text);
    if let EventKind::Message(message) = &mut incoming.kind {
        message.chat_kind = ChatKind::Group;
        message.key.participant = Some(sender.jid.clone());
        message.sender = sender;
    }
    app.happens(incoming).await;
}

async fn texts(app: &Harness, count: usize) -> Vec<String> {
    app.pass_until_replies(count).await;
    app.replies(count).await.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn administrators_may_and_others_are_told() {
    let app = Harness::start(vec![talker()]).await;
    let (admin, bob) = (Party::known_as(jid(ADMIN)), Party::known_as(jid(BOB)));
    hears(&app, admin.clone(), "/mute").await;
    assert_eq!(texts(&app, 1).await, ["mute as mute:"]);
    hears(&app, bob, "/mute").await;
    assert_eq!(texts(&app, 2).await[1], TOLD);
    assert_eq!(app.account.asked().len(), 1, "a group is asked about once in a while");
    app.hears(ADMIN, "/mute").await;
    assert_eq!(
        texts(&app, 3).await[2],
        TOLD,
        "there is nothing to administrate in a chat of two"
    );
    app.passes(Duration::from_secs(120));
    hears(&app, admin, "/mute").await;
    assert_eq!(texts(&app, 4).await[3], "mute as mute:");
    assert_eq!(app.account.asked().len(), 2, "and not remembered for ever");
    app.stop().await;
}

#[tokio::test]
async fn an_administrator_is_known_by_any_address() {
    let app = Harness::start(vec![talker()]).await;
    // The message has both addresses, and the group the one that is not its first.
    let both = Party {
        alt: Some(jid(ADMIN_LID)),
        ..Party::known_as(jid("4915100007"))
    };
    hears(&app, both, "/mute one").await;
    assert!(texts(&app, 1).await[0].starts_with("mute as mute:"));
    // From that the host knows who it is.
    hears(&app, Party::known_as(jid("4915100007")), "/mute two").await;
    assert!(texts(&app, 2).await[1].starts_with("mute as mute:"));
    hears(&app, Party::known_as(jid("100000000000002@lid")), "/mute").await;
    assert_eq!(texts(&app, 3).await[2], TOLD);
    app.stop().await;
}

#[tokio::test]
async fn a_change_of_the_group_is_noticed_at_once() {
    let app = Harness::start(vec![talker()]).await;
    let admin = Party::known_as(jid(ADMIN));
    hears(&app, admin.clone(), "/mute").await;
    texts(&app, 1).await;
    let change = GroupEvent {
        group: jid(GROUP),
        change: GroupChange::Demoted,
        actor: None,
        targets: vec![admin.clone()],
        at: UnixMs(0),
    };
    app.happens(Incoming::from(EventKind::Group(change))).await;
    hears(&app, admin, "/mute").await;
    texts(&app, 2).await;
    assert_eq!(app.account.asked().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_repeated_attempt_decides_the_same() {
    let app = Harness::start(vec![talker()]).await;
    hears(&app, Party::known_as(jid(ADMIN)), "/mute retry").await;
    app.failed_once("bot", Position(1)).await;
    // Nothing in memory is left, and nobody could be asked.
    let app = app.restart().await;
    app.account.go_offline();
    assert_eq!(texts(&app, 1).await, ["mute as mute: what=Arg::Text(\"retry\")"]);
    assert_eq!(app.account.asked().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_command_is_refused() {
    let app = Harness::start(vec![talker()]).await;
    let admin = Party::known_as(jid(ADMIN));
    app.account.go_offline();
    hears(&app, admin.clone(), "/mute").await;
    assert_eq!(
        texts(&app, 1).await,
        [
            "Only administrators of this group may use /mute, and who they are could not be asked: the session is not connected."
        ]
    );
    app.account.come_back();
    hears(&app, admin, "/mute").await;
    assert_eq!(
        texts(&app, 2).await[1],
        "mute as mute:",
        "what was not known is not remembered"
    );
    app.stop().await;
}
