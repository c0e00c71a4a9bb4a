//! Whole scenes on the in-memory host.

use crate::Welcome;
use waspnest_plugin::groups::{GroupInfo, Participant, Role};
use waspnest_plugin::testing::{Effect, Host, context, group_text};
use waspnest_plugin::types::{Address, Command, GroupChange, GroupEvent, Message};

const MINUTE: u64 = 60_000;

fn host(mine: Role, senders: Role) -> Host {
    let sender = group_text("").sender;
    let me = context().me.expect("an account");
    let group = GroupInfo {
        id: group_text("").key.chat,
        subject: "Garden".into(),
        description: None,
        owner: None,
        created_at: None,
        announce: false,
        locked: false,
        approval: false,
        member_add: true,
        ephemeral_s: None,
        community: None,
        is_community: false,
        participants: vec![
            Participant { who: me, role: mine },
            Participant {
                who: sender,
                role: senders,
            },
        ],
    };
    Host::new().with_group(group).with_config(
        r#"{ "greeting": "Welcome to {group}, {name}!", "rules": "Be kind.", "links": "warn",
        "allowed-hosts": ["good.example"], "flood-messages": 3, "flood-s": 10, "warnings": 2, "forget-after-h": 1 }"#,
    )
}

fn say(host: &mut Host, text: &str) -> String {
    let mut msg = group_text(text);
    msg.timestamp = host.now();
    handled(host, &msg)
}

fn handled(host: &mut Host, msg: &Message) -> String {
    host.clear_effects();
    host.message::<Welcome>(msg).expect("the handler answers");
    host.texts().join("\n")
}

fn joined(targets: Vec<Address>) -> GroupEvent {
    GroupEvent {
        group: group_text("").key.chat,
        change: GroupChange::Joined,
        actor: None,
        targets,
        value: None,
        attrs: Vec::new(),
        at: 0,
    }
}

fn person(number: &str) -> Address {
    Address {
        jid: format!("{number}@s.whatsapp.net"),
        alt: None,
        push_name: None,
    }
}

fn members(host: &Host) -> usize {
    host.groups().first().map_or(0, |group| group.participants.len())
}

const FIRST: &str = "@491511111111: please do not post links here (warning 1 of 2)";
const SECOND: &str = "@491511111111: please do not post links here (warning 2 of 2)";

#[test]
fn who_joins_is_greeted_by_name_and_the_account_is_not() {
    let mut host = host(Role::Member, Role::Member);
    let me = context().me.expect("an account");
    let event = joined(vec![person("1"), me.clone(), person("2")]);
    host.group::<Welcome>(&event).expect("greets");
    assert_eq!(host.texts(), ["Welcome to Garden, @1 and @2!"]);
    let [Effect::Sent { options, .. }] = host.effects() else {
        panic!("one message: {:?}", host.effects());
    };
    assert_eq!(options.mentions.len(), 2);
    host.clear_effects();
    host.group::<Welcome>(&joined(vec![me])).expect("looks away");
    let left = GroupEvent {
        change: GroupChange::Left,
        ..joined(vec![person("1")])
    };
    host.group::<Welcome>(&left).expect("looks away");
    assert!(host.effects().is_empty());
}

#[test]
fn without_knowing_the_group_it_greets_all_the_same() {
    let mut host = host(Role::Member, Role::Member).without_grant("groups.read");
    host.group::<Welcome>(&joined(vec![person("1")])).expect("greets");
    assert_eq!(host.texts(), ["Welcome to the group, @1!"]);
}

#[test]
fn the_rules_are_told() {
    let mut host = host(Role::Member, Role::Member);
    host.command::<Welcome>(&Command::new("rules"), &group_text("/rules"))
        .expect("tells them");
    assert_eq!(host.texts(), ["Be kind."]);
}

#[test]
fn links_are_warned_about_until_the_sender_is_removed() {
    let mut host = host(Role::Admin, Role::Member);
    assert_eq!(say(&mut host, "hello"), "");
    assert_eq!(say(&mut host, "https://good.example/x"), "");
    assert_eq!(say(&mut host, "https://bad.example"), FIRST);
    host.set_now(host.now() + MINUTE);
    assert_eq!(say(&mut host, "t.me/bad"), SECOND);
    assert_eq!(members(&host), 2);
    let removed = "@491511111111: removed after 2 warnings";
    assert_eq!(say(&mut host, "t.me/bad"), removed);
    assert_eq!(members(&host), 1);
}

#[test]
fn a_link_that_an_edit_brings_counts() {
    let mut host = host(Role::Admin, Role::Member);
    let mut msg = group_text("t.me/bad");
    msg.edit_of = Some(msg.key.clone());
    assert_eq!(handled(&mut host, &msg), FIRST);
}

#[test]
fn warnings_are_forgotten() {
    let mut host = host(Role::Admin, Role::Member);
    assert_eq!(say(&mut host, "t.me/bad"), FIRST);
    host.set_now(host.now() + 60 * MINUTE);
    assert_eq!(say(&mut host, "t.me/bad"), FIRST);
}

#[test]
fn too_many_messages_at_once_are_warned_about() {
    let mut host = host(Role::Admin, Role::Member);
    let flood = "@491511111111: please do not write so many messages at once (warning 1 of 2)";
    let mut said = |after: u64| {
        host.set_now(host.now() + after);
        say(&mut host, "x")
    };
    assert_eq!([0, 1, 1, 1].map(&mut said), ["", "", "", flood]);
    assert_eq!([0, 0, 0].map(&mut said), ["", "", ""], "counted anew");
    assert_eq!([10_000, 0, 0].map(said), ["", "", ""], "slow enough");
}

#[test]
fn messages_heard_of_late_count_by_when_they_were_written() {
    let mut host = host(Role::Admin, Role::Member);
    for minute in 0..5 {
        let mut msg = group_text("x");
        msg.timestamp += minute * MINUTE;
        assert_eq!(handled(&mut host, &msg), "");
    }
}

#[test]
fn administrators_are_not_warned() {
    for role in [Role::Admin, Role::Owner] {
        assert_eq!(say(&mut host(Role::Admin, role), "t.me/good"), "");
    }
}

#[test]
fn who_cannot_remove_anybody_says_so_once() {
    for (mut host, why) in [
        (host(Role::Member, Role::Member), "I do not administrate this group"),
        (
            host(Role::Admin, Role::Member).without_grant("groups.write"),
            "I have not been given the right to",
        ),
        (
            host(Role::Admin, Role::Member).without_grant("groups.read"),
            "I have not been given the right to",
        ),
    ] {
        let said = [(); 4].map(|()| say(&mut host, "t.me/bad"));
        let cannot = format!("I would remove somebody who was warned so often, but I cannot: {why}.");
        assert_eq!(said, [FIRST, SECOND, &cannot, ""]);
        assert_eq!(members(&host), 2);
    }
}

#[test]
fn own_and_old_messages_are_no_offence() {
    let mut own = group_text("t.me/bad");
    own.key.from_me = true;
    let mut old = group_text("t.me/bad");
    old.history = true;
    for msg in [own, old] {
        assert_eq!(handled(&mut host(Role::Admin, Role::Member), &msg), "");
    }
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let issues = Host::new()
        .with_config(
            r#"{ "greeting": "Hi {nam}", "rules": " ", "links": "allow", "allowed-hosts": ["https://a.example", "b.example", "c"],
            "flood-messages": 0, "flood-s": 10, "warnings": 3, "forget-after-h": 24 }"#,
        )
        .issues::<Welcome>();
    let said: Vec<_> = issues.iter().map(|issue| (issue.path.as_str(), issue.fatal)).collect();
    assert_eq!(
        said,
        [
            ("/allowed-hosts/0", true),
            ("/allowed-hosts/2", true),
            ("/rules", true),
            ("/allowed-hosts", false),
            ("/greeting", false),
        ]
    );
    assert!(issues[4].message.contains("{nam}"), "{issues:?}");
}
