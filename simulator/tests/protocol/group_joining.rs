//! How people get into groups and out of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use waspnest_simulator::{Clock, Config, PrivacyCategory, PrivacyValue, Simulator, SystemClock};
use whatsapp_rust::features::MembershipApprovalMode;
use whatsapp_rust::wacore::iq::groups::JoinGroupResult;
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;

use crate::circle::{Circle, found, lid, noticed, pn, refused};
use crate::client::Companion;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_shows_the_group_and_lets_people_in_until_it_is_reset() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let group = found(ada, "By link", &[]).await;
    let link = ada
        .client()
        .groups()
        .get_invite_link(group.clone(), false)
        .await
        .unwrap();
    let preview = ben.client().groups().get_invite_info(&link).await.unwrap();
    assert_eq!(
        (preview.id.clone(), preview.subject.as_str(), preview.size),
        (group.clone(), "By link", Some(1))
    );

    let joined = ben.client().groups().join_with_invite_code(&link).await.unwrap();
    assert_eq!(joined, JoinGroupResult::Joined(group.clone()));
    let added = noticed(ada, &group, "add", |action| matches!(action, Action::Add { .. })).await;
    assert!(matches!(added, Action::Add { reason: Some(reason), .. } if reason == "invite"));
    assert_eq!(refused(ben.client().groups().join_with_invite_code(&link).await), 409);
    assert_eq!(
        refused(
            cleo.client()
                .groups()
                .join_with_invite_code("AAAAAAAAAAAAAAAAAAAAAA")
                .await
        ),
        406
    );

    let fresh = ada
        .client()
        .groups()
        .get_invite_link(group.clone(), true)
        .await
        .unwrap();
    assert_ne!(fresh, link);
    noticed(
        ben,
        &group,
        "invite",
        |action| matches!(action, Action::Invite { code } if fresh.ends_with(code.as_str())),
    )
    .await;
    assert_eq!(refused(cleo.client().groups().join_with_invite_code(&link).await), 410);
    // Who was removed does not come back on their own.
    ada.client()
        .groups()
        .remove_participants(group.clone(), &[pn(ben)])
        .await
        .unwrap();
    assert_eq!(refused(ben.client().groups().join_with_invite_code(&fresh).await), 405);
    ada.client()
        .groups()
        .add_participants(group.clone(), &[pn(ben)])
        .await
        .unwrap();
    assert_eq!(ben.client().groups().get_metadata(&group).await.unwrap().size, Some(2));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_admins_decide_who_joins_a_request_is_approved_rejected_or_taken_back() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let group = found(ada, "Closed", &[]).await;
    let admin = ada.client();
    let admin = admin.groups();
    admin
        .set_membership_approval(group.clone(), MembershipApprovalMode::On)
        .await
        .unwrap();
    let link = admin.get_invite_link(group.clone(), false).await.unwrap();
    for asking in [ben, cleo] {
        let outcome = asking.client().groups().join_with_invite_code(&link).await.unwrap();
        assert_eq!(outcome, JoinGroupResult::PendingApproval(group.clone()));
        noticed(ada, &group, "a request", |action| matches!(action, Action::CreatedMembershipRequests { requests, .. } if requests[0].jid == lid(asking))).await;
    }
    let waiting = admin.get_membership_requests(group.clone()).await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|request| request.request_time.is_some()));

    let results = admin
        .approve_membership_requests(group.clone(), &[pn(ben)])
        .await
        .unwrap();
    assert!(results[0].is_ok());
    noticed(ben, &group, "add", |action| matches!(action, Action::Add { .. })).await;
    admin
        .reject_membership_requests(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    noticed(
        cleo,
        &group,
        "rejection",
        |action| matches!(action, Action::RevokedMembershipRequests { participants } if participants[0] == lid(cleo)),
    )
    .await;
    assert_eq!(refused(cleo.client().groups().get_metadata(&group).await), 403);

    cleo.client().groups().join_with_invite_code(&link).await.unwrap();
    let results = cleo
        .client()
        .groups()
        .cancel_membership_requests(group.clone(), &[lid(cleo)])
        .await
        .unwrap();
    assert!(results[0].is_ok());
    assert!(admin.get_membership_requests(group.clone()).await.unwrap().is_empty());
    let results = admin
        .approve_membership_requests(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    assert_eq!(results[0].error.as_deref(), Some("404"), "there is nothing to approve");
    // Whom a plain member adds waits as well.
    let results = ben
        .client()
        .groups()
        .add_participants(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    assert_eq!(results[0].error.as_deref(), Some("202"));
    assert_eq!(admin.get_membership_requests(group.clone()).await.unwrap().len(), 1);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_gone_and_a_group_never_lacks_an_admin() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let group = circle.group().await;
    ada.client().groups().leave(group.clone()).await.unwrap();
    for member in [ada, ben, cleo] {
        noticed(
            member,
            &group,
            "remove",
            |action| matches!(action, Action::Remove { participants, .. } if participants[0].jid == lid(ada)),
        )
        .await;
        noticed(
            if member.account == ada.account { ben } else { member },
            &group,
            "promote",
            |action| matches!(action, Action::Promote { .. }),
        )
        .await;
    }
    let seen = ben.client().groups().get_metadata(&group).await.unwrap();
    assert_eq!(seen.participants.len(), 2);
    assert_eq!(seen.participants.iter().filter(|p| p.is_admin()).count(), 1);
    assert_eq!(refused(ada.client().groups().leave(group.clone()).await), 403);
    assert!(ada.client().groups().get_participating().await.unwrap().is_empty());
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_when_removed_learns_it_on_coming_back() {
    let mut circle = Circle::gather().await;
    let group = circle.group().await;
    circle.cleo.stop().await;
    circle
        .ada
        .client()
        .groups()
        .remove_participants(group.clone(), &[pn(&circle.cleo)])
        .await
        .unwrap();
    circle.cleo.start().await;
    noticed(&circle.cleo, &group, "remove", |action| {
        matches!(action, Action::Remove { .. })
    })
    .await;
    circle.cleo.connected().await;
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_somebody_has_blocked_cannot_put_them_into_a_group() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, .. } = &circle;
    // They know each other from here.
    let group = circle.group().await;
    ada.say_to(&group.to_string(), "hello").await;
    ben.events.text("hello").await;
    ben.client().blocking().block(&lid(ada)).await.unwrap();
    let group = found(ada, "Without Ben", &[ben]).await;
    assert_eq!(
        ada.client()
            .groups()
            .get_metadata(&group)
            .await
            .unwrap()
            .participants
            .len(),
        1
    );
    let results = ada.client().groups().add_participants(group, &[pn(ben)]).await.unwrap();
    assert_eq!(results[0].error.as_deref(), Some("401"));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_holds_until_it_is_taken_back() {
    let circle = Circle::gather().await;
    let Circle {
        ada, ben, simulator, ..
    } = &circle;
    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::GroupAdd, PrivacyValue::None)
        .unwrap();
    let group = found(ada, "By invitation", &[]).await;
    let admin = ada.client();
    let admin = admin.groups();
    let results = admin.add_participants(group.clone(), &[pn(ben)]).await.unwrap();
    let invitation = results[0].add_request.clone().unwrap();
    let until = i64::try_from(invitation.expiration).unwrap();
    let revoked = admin.revoke_request_code(group.clone(), &[lid(ben)]).await.unwrap();
    assert!(revoked[0].is_ok());
    let guest = ben.client();
    let joined = guest
        .groups()
        .join_with_invite_v4(group.clone(), &invitation.code, until, lid(ada))
        .await;
    assert_eq!(refused(joined), 410);
    let again = admin.revoke_request_code(group.clone(), &[lid(ben)]).await.unwrap();
    assert_eq!(again[0].error.as_deref(), Some("404"));

    let results = admin.add_participants(group.clone(), &[pn(ben)]).await.unwrap();
    let invitation = results[0].add_request.clone().unwrap();
    let joined = guest
        .groups()
        .join_with_invite_v4(group.clone(), &invitation.code, until, lid(ada))
        .await
        .unwrap();
    assert_eq!(joined, JoinGroupResult::Joined(group));
    circle.part().await;
}

/// The real time, and what was added to it.
#[derive(Debug, Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms() + self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_three_days_an_invitation_leads_nowhere() {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let clock = Arc::new(Ahead::default());
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    let simulator = Simulator::start(config).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::GroupAdd, PrivacyValue::None)
        .unwrap();
    let group = found(&ada, "By invitation", &[]).await;
    let results = ada
        .client()
        .groups()
        .add_participants(group.clone(), &[pn(&ben)])
        .await
        .unwrap();
    let invitation = results[0].add_request.clone().unwrap();
    // The client looks at its own clock, which goes on as ever.
    let until = i64::try_from(invitation.expiration).unwrap();
    clock.0.store(3 * DAY_MS + 2_000, Ordering::Relaxed);
    let late = ben
        .client()
        .groups()
        .join_with_invite_v4(group.clone(), &invitation.code, until, lid(&ada))
        .await;
    assert_eq!(refused(late), 410);
    clock.0.store(3 * DAY_MS - 60_000, Ordering::Relaxed);
    let joined = ben
        .client()
        .groups()
        .join_with_invite_v4(group.clone(), &invitation.code, until, lid(&ada))
        .await
        .unwrap();
    assert_eq!(joined, JoinGroupResult::Joined(group));
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}
