//! Real guests that ask and change the account: every function with its grant, without it, past its scope and past its quota.

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Switch;
use waspnest_core::live::{
    Answer, ContactInfo, ContactOperation, GroupInfo, GroupOperation, Member, Membership, Operation, Outcome, Refusal,
    Role,
};
use waspnest_engine::{CallContext, GrantError, Grants, Installation};

use crate::kit::{Connection, Rig, sent};

const GROUP: &str = "120363000000000001@g.us";

/// Somebody the account knows.
pub(crate) fn ana() -> Party {
    Party {
        jid: "4915200000002".parse().expect("a phone number"),
        alt: Some("200000000000002@lid".parse().expect("a LID")),
        push_name: None,
    }
}

/// What the account of the tests answers to the operation that is the `nth` it carries out.
pub(crate) fn answer(operation: &Operation, nth: usize) -> Result<Answer, Refusal> {
    let group = || -> Jid { format!("12036300000000000{nth}@g.us").parse().expect("a group") };
    let info = |group: Jid, subject: &str| {
        Ok(Answer::Group(Box::new(GroupInfo {
            group,
            subject: subject.into(),
            description: Some("all about it".into()),
            owner: Some(ana()),
            created_at: Some(UnixMs(1)),
            announce: Switch::Off,
            locked: Switch::On,
            approval: Switch::Off,
            members_add: Some(Switch::Off),
            ephemeral_s: Some(86_400),
            community: None,
            is_community: false,
            members: vec![Member {
                who: ana(),
                role: Role::Owner,
            }],
        })))
    };
    let outcomes = |who: &[Jid]| {
        let one = |(place, who): (usize, &Jid)| Outcome {
            who: who.clone(),
            refused: (place > 0).then_some(403),
            invitation: (place > 0).then(|| "code".into()),
        };
        Ok(Answer::Outcomes(who.iter().enumerate().map(one).collect()))
    };
    match operation {
        Operation::Group(operation) => match operation {
            GroupOperation::List => Ok(Answer::Groups(vec![GROUP.parse().expect("a group")])),
            GroupOperation::Info(group) if group.user() == "404" => Err(Refusal::NotFound),
            GroupOperation::Info(group) => info(group.clone(), "garden"),
            GroupOperation::Create { subject, .. } => info(group(), subject),
            GroupOperation::Members { who, .. } => outcomes(who),
            GroupOperation::Requests(_) => Ok(Answer::People(vec![ana()])),
            GroupOperation::Link { .. } => Ok(Answer::Link(format!("https://chat.whatsapp.com/{nth}").into())),
            GroupOperation::Behind { .. } => info(group(), "behind"),
            GroupOperation::Join { .. } => Ok(Answer::Joined {
                group: group(),
                membership: Membership::Waiting,
            }),
            GroupOperation::Leave(_) => Err(Refusal::Refused {
                code: 403,
                words: "forbidden".into(),
            }),
            GroupOperation::Update { .. } => Ok(Answer::Done),
            GroupOperation::Affiliate { groups, .. } => outcomes(groups),
        },
        Operation::Contact(operation) => match operation {
            ContactOperation::Resolve(phones) => {
                let known = |phone: &Jid| Some(ana()).filter(|ana| ana.jid == *phone);
                Ok(Answer::Registered(phones.iter().map(known).collect()))
            }
            ContactOperation::Get(_) => Ok(Answer::Contact(Box::new(ContactInfo {
                who: ana(),
                verified_name: Some("Ana's shop".into()),
                about: None,
                business: true,
                blocked: false,
            }))),
            ContactOperation::Picture { .. } => Ok(Answer::Picture(Some(format!("https://pps/{nth}").into()))),
            ContactOperation::Block { .. } => Ok(Answer::Done),
        },
        Operation::Chat { .. } => Ok(Answer::Done),
    }
}

/// Every function: what is said, the capability it needs, and the answer with it.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("groups", "groups.read", "groups 120363000000000001@g.us"),
    (
        "info 120363000000000001@g.us",
        "groups.read",
        "120363000000000001@g.us \"garden\" Some(\"all about it\") by 4915200000002 [4915200000002**] [locked admins-add] Some(86400) None",
    ),
    (
        "create trip 4915200000002",
        "groups.write",
        "120363000000000001@g.us \"trip\" Some(\"all about it\") by 4915200000002 [4915200000002**] [locked admins-add] Some(86400) None",
    ),
    (
        "create-in 120363000000000009@g.us trip 4915200000002",
        "groups.write",
        "120363000000000001@g.us \"trip\"",
    ),
    ("set 120363000000000001@g.us announce on", "groups.write", "done"),
    ("set 120363000000000001@g.us locked on", "groups.write", "done"),
    ("set 120363000000000001@g.us approval on", "groups.write", "done"),
    ("set 120363000000000001@g.us member-add on", "groups.write", "done"),
    ("set 120363000000000001@g.us ephemeral 86400", "groups.write", "done"),
    ("set 120363000000000001@g.us subject Long trip", "groups.write", "done"),
    ("set 120363000000000001@g.us description", "groups.write", "done"),
    ("set 120363000000000001@g.us no-picture", "groups.write", "done"),
    (
        "add 120363000000000001@g.us 4915200000002 4915200000003",
        "groups.write",
        "ok 200, no 403 invited",
    ),
    ("remove 120363000000000001@g.us 4915200000002", "groups.write", "ok 200"),
    (
        "promote 120363000000000001@g.us 4915200000002",
        "groups.write",
        "ok 200",
    ),
    ("demote 120363000000000001@g.us 4915200000002", "groups.write", "ok 200"),
    (
        "approve 120363000000000001@g.us 4915200000002",
        "groups.write",
        "ok 200",
    ),
    ("reject 120363000000000001@g.us 4915200000002", "groups.write", "ok 200"),
    (
        "requests 120363000000000001@g.us",
        "groups.read",
        "people 4915200000002",
    ),
    (
        "link 120363000000000001@g.us",
        "groups.read",
        "https://chat.whatsapp.com/1",
    ),
    (
        "new-link 120363000000000001@g.us",
        "groups.write",
        "https://chat.whatsapp.com/1",
    ),
    (
        "behind https://chat.whatsapp.com/CODE",
        "groups.read",
        "120363000000000001@g.us \"behind\"",
    ),
    (
        "join https://chat.whatsapp.com/CODE",
        "groups.write",
        "120363000000000001@g.us waiting",
    ),
    (
        "leave 120363000000000001@g.us",
        "groups.write",
        "the host refused groups.leave: the other side answered 403: forbidden",
    ),
    (
        "affiliate 120363000000000009@g.us 120363000000000001@g.us",
        "groups.write",
        "ok 200",
    ),
    (
        "separate 120363000000000009@g.us 120363000000000001@g.us",
        "groups.write",
        "ok 200",
    ),
    (
        "resolve +4915200000002 +4915200000003",
        "contacts.read",
        "+4915200000002=4915200000002 +4915200000003=nobody",
    ),
    (
        "get 4915200000002",
        "contacts.read",
        "4915200000002 Some(\"Ana's shop\") None business true blocked false",
    ),
    ("people", "contacts.read", "people 4915200000002"),
    (
        "picture 4915200000002",
        "contacts.read",
        "picture Some(\"https://pps/1\")",
    ),
    (
        "small-picture 120363000000000001@g.us",
        "contacts.read",
        "picture Some(\"https://pps/1\")",
    ),
    ("block 4915200000002", "contacts.write", "done"),
    ("unblock 4915200000002", "contacts.write", "done"),
    ("chat 4915200000002 archive on", "chats.write", "done"),
    ("chat 4915200000002 pin on", "chats.write", "done"),
    ("chat 4915200000002 mute-until 1790000000001", "chats.write", "done"),
    ("chat 4915200000002 mute-until", "chats.write", "done"),
    ("chat 4915200000002 unmute", "chats.write", "done"),
    ("chat 4915200000002 read on", "chats.write", "done"),
    ("chat 120363000000000001@g.us ephemeral 86400", "chats.write", "done"),
    ("chat 4915200000002 label 3", "chats.write", "done"),
    ("chat 4915200000002 unlabel 3", "chats.write", "done"),
    ("chat 4915200000002 clear", "chats.write", "done"),
    ("chat 4915200000002 delete", "chats.write", "done"),
];

fn granted(capability: &str, terms: &str) -> Result<Grants, GrantError> {
    let text = format!("\"messages.send\" = true\n\"{capability}\" = {terms}");
    Grants::from_toml("grants", &text.parse().expect("TOML"))
}

/// A guest with one capability on these terms, and an account that has done nothing yet.
async fn with(capability: &str, terms: &str) -> (Rig, Installation) {
    let rig = Rig::new();
    let clerk = rig
        .install_with("clerk", |spec| {
            spec.grants = granted(capability, terms).expect("grants")
        })
        .await;
    (rig, clerk)
}

async fn say(rig: &Rig, clerk: &Installation, text: &str) -> String {
    rig.say(clerk, text).await.concat()
}

#[tokio::test]
async fn every_function_answers_with_its_grant() {
    for (text, capability, expected) in FUNCTIONS {
        let (rig, clerk) = with(capability, "true").await;
        let said = say(&rig, &clerk, text).await;
        assert!(said.starts_with(expected), "{text}: {said}");
    }
}

#[tokio::test]
async fn without_its_grant_a_function_names_what_is_missing_and_nothing_is_done() {
    for (text, capability, _) in FUNCTIONS {
        let (rig, clerk) = with(capability, "false").await;
        let said = say(&rig, &clerk, text).await;
        assert!(
            said.ends_with(&format!(": not granted: {capability}")),
            "{text}: {said}"
        );
        assert!(rig.host.done().is_empty(), "{text}");
    }
}

#[tokio::test]
async fn past_its_scope_a_function_says_so_and_nothing_is_done() {
    for terms in [
        r#"{ scope = "reply-only" }"#,
        r#"{ scope = { chats = ["4915200000007", "120363000000000007@g.us"] } }"#,
    ] {
        for (text, capability, _) in FUNCTIONS {
            let (rig, clerk) = with(capability, terms).await;
            let said = say(&rig, &clerk, text).await;
            let refusal = format!(": not granted: {capability}: ");
            assert!(said.contains(&refusal), "{text} with {terms}: {said}");
            assert!(rig.host.done().is_empty(), "{text}");
        }
    }
}

#[tokio::test]
async fn within_their_scope_functions_work() {
    let reply_only = r#"{ scope = "reply-only" }"#;
    for (text, capability) in [
        ("get here", "contacts.read"),
        ("get 123456789012345@lid", "contacts.read"),
        ("resolve 4915112345678", "contacts.read"),
        ("picture here", "contacts.read"),
        ("block here", "contacts.write"),
        ("chat here archive on", "chats.write"),
    ] {
        let (rig, clerk) = with(capability, reply_only).await;
        let said = say(&rig, &clerk, text).await;
        assert!(!said.contains("refused"), "{text}: {said}");
    }
    let listed = r#"{ scope = { chats = ["120363000000000001@g.us", "120363000000000002@g.us"] } }"#;
    let (rig, clerk) = with("groups.write", listed).await;
    let both = "affiliate 120363000000000001@g.us 120363000000000002@g.us";
    assert_eq!(say(&rig, &clerk, both).await, "ok 200");
    let (rig, clerk) = with("contacts.read", listed).await;
    let said = say(&rig, &clerk, "picture 120363000000000001@g.us").await;
    assert!(said.starts_with("picture"), "{said}");
    let (rig, clerk) = with("groups.write", listed).await;
    let said = say(&rig, &clerk, &format!("{both} 120363000000000003@g.us")).await;
    assert!(said.contains("the chat is not among those granted"), "{said}");
    assert!(rig.host.done().is_empty());
}

#[tokio::test]
async fn past_its_quota_a_function_says_so() {
    for (text, capability, _) in FUNCTIONS {
        let (rig, clerk) = with(capability, "true").await;
        let said = say(&rig, &clerk, &format!("times 11 {text}")).await;
        assert!(
            said.ends_with(": used up: operations on the account: 10 in one call"),
            "{text}: {said}"
        );
        assert!(rig.host.done().len() <= 10, "{text}");
    }
    let (rig, clerk) = with("groups.read", "true").await;
    let flood = rig.call(&clerk, &rig.text("times 200 groups")).await;
    assert_eq!(flood.expect_err("a flood").class(), "quota");
}

#[tokio::test]
async fn past_its_rate_a_function_says_how_long_to_wait() {
    for (text, capability, _) in FUNCTIONS {
        let (rig, clerk) = with(capability, r#"{ rate = "1/h" }"#).await;
        let said = say(&rig, &clerk, &format!("times 2 {text}")).await;
        assert!(said.ends_with(": too fast, wait 3600000 ms"), "{text}: {said}");
    }
}

#[tokio::test]
async fn a_repeated_call_gets_the_same_answers_and_nothing_is_done_twice() {
    for (text, capability, expected) in FUNCTIONS {
        let (rig, clerk) = with(capability, r#"{ rate = "2/h" }"#).await;
        let event = rig.text(&format!("until 3 {text}"));
        let mut attempt = 0;
        let draft = loop {
            attempt += 1;
            let context = CallContext {
                attempt,
                ..CallContext::new(&event, &rig.session)
            };
            if let Ok(draft) = rig.engine.call(&clerk, context, rig.host.clone()).await {
                break draft;
            }
        };
        assert_eq!(attempt, 3);
        let said = sent(&draft).concat();
        assert!(said.starts_with(expected), "{text}: {said}");
        assert!(rig.host.done().len() <= 1, "{text}: {:?}", rig.host.done());
    }
}

#[tokio::test]
async fn what_says_not_now_is_asked_again() {
    let (rig, clerk) = with("groups.write", "true").await;
    rig.host.connect(Connection::Lost);
    let event = rig.text("create trip 4915200000002");
    let draft = rig.call(&clerk, &event).await.expect("the guest answers");
    assert_eq!(
        sent(&draft),
        ["the host refused groups.create: the session is not connected"]
    );
    rig.host.connect(Connection::There);
    let draft = rig.call(&clerk, &event).await.expect("the guest answers");
    assert!(sent(&draft).concat().contains("\"trip\""));
    assert_eq!(rig.host.done(), ["groups.create"]);
}

#[tokio::test]
async fn arguments_out_of_form_are_named() {
    for (text, capability, refusal) in [
        (
            "info 4915200000002",
            "groups.read",
            "group: is not the address of a group",
        ),
        ("info 404@g.us", "groups.read", "not found"),
        (
            "info nonsense",
            "groups.read",
            "group: \"nonsense\" is not a WhatsApp address",
        ),
        (
            "create  4915200000002",
            "groups.write",
            "subject: must have 1 to 100 characters",
        ),
        (
            "create trip nonsense",
            "groups.write",
            "members: \"nonsense\" is not a WhatsApp address",
        ),
        (
            "set 120363000000000001@g.us subject",
            "groups.write",
            "subject: must have 1 to 100 characters",
        ),
        ("add 120363000000000001@g.us", "groups.write", "who: is empty"),
        ("resolve 200000000000002@lid", "contacts.read", "is not a phone number"),
        (
            "get 120363000000000001@g.us",
            "contacts.read",
            "who: is not the address of a person",
        ),
        ("chat here mute-until 5", "chats.write", "mute-until: is over"),
        ("chat here label", "chats.write", "label: must have 1 to 64 bytes"),
    ] {
        let (rig, clerk) = with(capability, "true").await;
        let said = say(&rig, &clerk, text).await;
        assert!(said.contains(refusal), "{text}: {said}");
    }
}
