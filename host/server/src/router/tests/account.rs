//! What plugins ask of the account is done once, however often the plugin is called for the event.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use waspnest_core::address::Party;
use waspnest_core::event::{Position, Switch};
use waspnest_core::live::{Account, Answer, GroupInfo, GroupOperation, Member, Operation, Refusal, Request, Role};

use super::harness::{Harness, Install};
use super::three_tries;

/// An account that makes groups, and loses its first answer about one of the subject `lost`. In every group it is asked about,
/// [`ADMIN`] and who has [`ADMIN_LID`] are the administrators, unless it is offline.
#[derive(Debug, Default)]
pub(super) struct ScriptedAccount {
    asked: Mutex<Vec<Request>>,
    offline: AtomicBool,
}

/// Who administrates groups.
pub(super) const ADMIN: &str = "4915100001";
/// Another who does, of whom the group knows only this.
pub(super) const ADMIN_LID: &str = "100000000000007@lid";

impl ScriptedAccount {
    /// It cannot be asked from now on.
    pub(super) fn go_offline(&self) {
        self.offline.store(true, Ordering::Relaxed);
    }

    /// It can be asked again.
    pub(super) fn come_back(&self) {
        self.offline.store(false, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("no test panics with this lock").clone()
    }
}

#[async_trait]
impl Account for ScriptedAccount {
    async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let mut asked = self.asked.lock().expect("no test panics with this lock");
        asked.push(request.clone());
        match request.operation {
            Operation::Group(GroupOperation::Create { subject, .. }) if &*subject == "lost" && asked.len() == 1 => {
                Err(Refusal::TimedOut)
            }
            Operation::Group(GroupOperation::Create { subject, .. }) => Ok(made(&subject, asked.len())),
            Operation::Group(GroupOperation::Info(_)) if self.offline.load(Ordering::Relaxed) => Err(Refusal::Offline),
            Operation::Group(GroupOperation::Info(_)) => Ok(run_by([ADMIN, ADMIN_LID])),
            Operation::Group(_) | Operation::Contact(_) | Operation::Chat { .. } => Ok(Answer::Done),
        }
    }
}

fn run_by(admins: [&str; 2]) -> Answer {
    let member = |who: &str, role| Member {
        who: Party::known_as(who.parse().expect("a valid address")),
        role,
    };
    let mut members = admins.map(|admin| member(admin, Role::Admin)).to_vec();
    members.push(member("4915100002", Role::Member));
    Answer::Group(Box::new(GroupInfo {
        members,
        ..group("a group", 1)
    }))
}

fn made(subject: &str, nth: usize) -> Answer {
    Answer::Group(Box::new(group(subject, nth)))
}

fn group(subject: &str, nth: usize) -> GroupInfo {
    GroupInfo {
        group: format!("12036300000000000{nth}@g.us").parse().expect("a valid address"),
        subject: subject.into(),
        description: None,
        owner: None,
        created_at: None,
        announce: Switch::Off,
        locked: Switch::Off,
        approval: Switch::Off,
        members_add: None,
        ephemeral_s: None,
        community: None,
        is_community: false,
        members: Vec::new(),
    }
}

fn clerk() -> Install {
    Install {
        retry: three_tries(),
        ..Install::of("clerk", "clerk")
    }
}

#[tokio::test]
async fn a_group_is_made_once_over_failures_and_a_restart() {
    let app = Harness::start(vec![clerk()]).await;
    app.hears("4915100001", "until 2 create trip 4915200000002").await;
    app.failed_once("clerk", Position(1)).await;
    let app = app.restart().await;
    app.pass_until_replies(1).await;
    let [(_, said)] = &app.replies(1).await[..] else {
        panic!("one reply")
    };
    assert!(said.starts_with("120363000000000001@g.us \"trip\""), "{said}");
    assert_eq!(app.account.asked().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn whoever_makes_a_group_again_knows_that_one_was_begun() {
    let app = Harness::start(vec![clerk()]).await;
    app.hears("4915100001", "until 2 create lost 4915200000002").await;
    app.failed_once("clerk", Position(1)).await;
    let app = app.restart().await;
    app.pass_until_replies(1).await;
    let [first, second] = &app.account.asked()[..] else {
        panic!("asked twice")
    };
    assert_eq!((first.begun, &first.operation), (None, &second.operation));
    assert!(second.begun.is_some());
    assert_eq!(first.token, second.token);
    app.stop().await;
}
