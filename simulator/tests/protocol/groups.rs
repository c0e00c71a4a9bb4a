//! Groups: made, asked about, changed, joined and left; and what every member is told.

use whatsapp_rust::features::{
    GroupDescription, GroupSubject, MemberAddMode, MembershipApprovalMode, PreviousDescription,
};
use whatsapp_rust::wacore::iq::groups::{JoinGroupResult, ParticipantType};
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;

use crate::circle::{Circle, found, lid, noticed, pn, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_and_every_member_sees_the_same() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    for member in [&circle.ada, &circle.ben, &circle.cleo] {
        let seen = member.client().groups().get_metadata(&group).await.unwrap();
        assert_eq!(seen.subject, "Three");
        assert_eq!(seen.creator, Some(lid(&circle.ada)));
        assert_eq!(seen.creator_pn, Some(pn(&circle.ada)));
        assert_eq!(seen.size, Some(3));
        // Members go by LID, and their numbers stand beside it.
        for (person, role) in [
            (&circle.ada, ParticipantType::SuperAdmin),
            (&circle.ben, ParticipantType::Member),
            (&circle.cleo, ParticipantType::Member),
        ] {
            let entry = seen.participants.iter().find(|p| p.jid == lid(person)).unwrap();
            assert_eq!(entry.phone_number, Some(pn(person)));
            assert_eq!(entry.participant_type, role);
        }
        let all = member.client().groups().get_participating().await.unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), [&group]);
    }
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_added_promoted_demoted_and_removed_each_with_a_result() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let group = found(ada, "Two", &[ben]).await;
    let outsider = cleo.client().groups().get_metadata(&group).await;
    assert_eq!(refused(outsider), 403, "only members see a group");

    let nobody = "99912345678@s.whatsapp.net".parse().unwrap();
    let results = ada
        .client()
        .groups()
        .add_participants(group.clone(), &[pn(cleo), pn(ben), nobody])
        .await
        .unwrap();
    let errors: Vec<Option<&str>> = results.iter().map(|result| result.error.as_deref()).collect();
    assert_eq!(errors, [None, Some("409"), Some("404")]);
    assert_eq!(results[0].jid, lid(cleo));
    assert_eq!(results[0].phone_number, Some(pn(cleo)));
    for member in [ada, ben, cleo] {
        let added = noticed(member, &group, "add", |action| matches!(action, Action::Add { .. })).await;
        let Action::Add { participants, .. } = added else {
            unreachable!()
        };
        assert_eq!(participants.len(), 1, "whom it did not work for is not told of");
        assert_eq!(participants[0].jid, lid(cleo));
    }

    ada.client()
        .groups()
        .promote_participants(group.clone(), &[pn(ben)])
        .await
        .unwrap();
    noticed(
        cleo,
        &group,
        "promote",
        |action| matches!(action, Action::Promote { participants } if participants[0].jid == lid(ben)),
    )
    .await;
    // Ben is an admin now; even so the creator stays, and who is not there cannot go.
    let results = ben
        .client()
        .groups()
        .remove_participants(group.clone(), &[lid(cleo), lid(ada)])
        .await
        .unwrap();
    let errors: Vec<Option<&str>> = results.iter().map(|result| result.error.as_deref()).collect();
    assert_eq!(errors, [None, Some("405")]);
    // Who is removed learns it as well.
    for member in [ada, ben, cleo] {
        noticed(
            member,
            &group,
            "remove",
            |action| matches!(action, Action::Remove { participants, .. } if participants[0].jid == lid(cleo)),
        )
        .await;
    }
    assert_eq!(refused(cleo.client().groups().get_metadata(&group).await), 403);

    ada.client()
        .groups()
        .demote_participants(group.clone(), &[pn(ben)])
        .await
        .unwrap();
    noticed(ben, &group, "demote", |action| matches!(action, Action::Demote { .. })).await;
    let again = ben
        .client()
        .groups()
        .add_participants(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    assert!(again[0].is_ok(), "anybody may add unless it is set otherwise");
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_admin_is_refused_and_nothing_changes() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let groups = circle.ben.client();
    let groups = groups.groups();
    assert_eq!(refused(groups.set_locked(group.clone(), true).await), 403);
    assert_eq!(refused(groups.set_announce(group.clone(), true).await), 403);
    assert_eq!(
        refused(groups.set_member_add_mode(group.clone(), MemberAddMode::AdminAdd).await),
        403
    );
    assert_eq!(
        refused(
            groups
                .set_membership_approval(group.clone(), MembershipApprovalMode::On)
                .await
        ),
        403
    );
    assert_eq!(
        refused(groups.remove_participants(group.clone(), &[pn(&circle.cleo)]).await),
        403
    );
    assert_eq!(
        refused(groups.promote_participants(group.clone(), &[pn(&circle.ben)]).await),
        403
    );
    assert_eq!(refused(groups.get_membership_requests(group.clone()).await), 403);
    assert_eq!(refused(groups.get_invite_link(group.clone(), false).await), 401);
    assert_eq!(refused(groups.get_invite_link(group.clone(), true).await), 401);
    let nowhere: whatsapp_rust::Jid = "120363999999999999@g.us".parse().unwrap();
    assert_eq!(refused(groups.get_metadata(&nowhere).await), 404);

    // The subject is everybody's until the group is locked.
    groups
        .set_subject(group.clone(), GroupSubject::new("Ours").unwrap())
        .await
        .unwrap();
    let ada = circle.ada.client();
    ada.groups().set_locked(group.clone(), true).await.unwrap();
    assert_eq!(
        refused(
            groups
                .set_subject(group.clone(), GroupSubject::new("Mine").unwrap())
                .await
        ),
        403
    );
    assert_eq!(refused(groups.set_ephemeral(group.clone(), 86_400).await), 403);
    ada.groups()
        .set_member_add_mode(group.clone(), MemberAddMode::AdminAdd)
        .await
        .unwrap();
    assert_eq!(
        refused(groups.add_participants(group.clone(), &[pn(&circle.cleo)]).await),
        403
    );
    let seen = groups.get_metadata(&group).await.unwrap();
    assert_eq!(seen.subject, "Ours");
    assert_eq!(seen.participants.len(), 3);
    assert!(!seen.is_announcement && !seen.membership_approval);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_is_told_to_the_members_and_shown() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let ada = circle.ada.client();
    let ada = ada.groups();
    ada.set_subject(group.clone(), GroupSubject::new("Third").unwrap())
        .await
        .unwrap();
    ada.set_announce(group.clone(), true).await.unwrap();
    ada.set_locked(group.clone(), true).await.unwrap();
    ada.set_ephemeral(group.clone(), 604_800).await.unwrap();
    ada.set_member_add_mode(group.clone(), MemberAddMode::AdminAdd)
        .await
        .unwrap();
    ada.set_membership_approval(group.clone(), MembershipApprovalMode::On)
        .await
        .unwrap();
    ada.set_no_frequently_forwarded(group.clone(), true).await.unwrap();
    for member in [&circle.ben, &circle.cleo] {
        noticed(member, &group, "subject", |action| matches!(action, Action::Subject { subject, subject_owner, .. } if subject == "Third" && *subject_owner == Some(lid(&circle.ada)))).await;
        noticed(member, &group, "announcement", |action| {
            matches!(action, Action::Announce)
        })
        .await;
        noticed(member, &group, "locked", |action| {
            matches!(action, Action::Locked { .. })
        })
        .await;
        noticed(member, &group, "ephemeral", |action| {
            matches!(
                action,
                Action::Ephemeral {
                    expiration: 604_800,
                    ..
                }
            )
        })
        .await;
        noticed(
            member,
            &group,
            "add mode",
            |action| matches!(action, Action::MemberAddMode { mode } if mode == "admin_add"),
        )
        .await;
        noticed(member, &group, "approval", |action| {
            matches!(action, Action::MembershipApprovalMode { enabled: true })
        })
        .await;
        noticed(member, &group, "forwarding", |action| {
            matches!(action, Action::NoFrequentlyForwarded)
        })
        .await;
        let seen = member.client().groups().get_metadata(&group).await.unwrap();
        assert_eq!(seen.subject, "Third");
        assert!(seen.is_announcement && seen.is_locked && seen.membership_approval && seen.no_frequently_forwarded);
        assert_eq!(seen.ephemeral.and_then(|ephemeral| ephemeral.expiration), Some(604_800));
    }

    ada.set_announce(group.clone(), false).await.unwrap();
    ada.set_locked(group.clone(), false).await.unwrap();
    ada.set_ephemeral(group.clone(), 0).await.unwrap();
    ada.set_membership_approval(group.clone(), MembershipApprovalMode::Off)
        .await
        .unwrap();
    noticed(&circle.ben, &group, "not_announcement", |action| {
        matches!(action, Action::NotAnnounce)
    })
    .await;
    noticed(&circle.ben, &group, "unlocked", |action| {
        matches!(action, Action::Unlocked)
    })
    .await;
    noticed(&circle.ben, &group, "not_ephemeral", |action| {
        matches!(action, Action::Ephemeral { expiration: 0, .. })
    })
    .await;
    noticed(&circle.ben, &group, "approval off", |action| {
        matches!(action, Action::MembershipApprovalMode { enabled: false })
    })
    .await;
    let seen = circle.cleo.client().groups().get_metadata(&group).await.unwrap();
    assert!(!seen.is_announcement && !seen.is_locked && !seen.membership_approval);
    assert!(seen.ephemeral.is_none());
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_edits_of_a_description_the_second_has_to_know_the_first() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let describe = |text: &str| Some(GroupDescription::new(text).unwrap());
    let ada = circle.ada.client();
    let ben = circle.ben.client();
    ada.groups()
        .set_description(group.clone(), describe("first"), PreviousDescription::Absent)
        .await
        .unwrap();
    noticed(
        &circle.cleo,
        &group,
        "description",
        |action| matches!(action, Action::Description { description, .. } if description.as_deref() == Some("first")),
    )
    .await;
    let conflict = ben
        .groups()
        .set_description(group.clone(), describe("other"), PreviousDescription::Absent)
        .await;
    assert!(
        matches!(conflict, Err(whatsapp_rust::features::GroupError::DescriptionConflict)),
        "{conflict:?}"
    );
    ben.groups()
        .set_description(group.clone(), describe("second"), PreviousDescription::Resolve)
        .await
        .unwrap();
    let seen = ada.groups().get_metadata(&group).await.unwrap();
    assert_eq!(seen.description.as_deref(), Some("second"));
    assert_eq!(seen.description_owner, Some(lid(&circle.ben)));

    ada.groups()
        .set_description(group.clone(), None, PreviousDescription::Resolve)
        .await
        .unwrap();
    noticed(&circle.cleo, &group, "deletion", |action| {
        matches!(action, Action::Description { description: None, .. })
    })
    .await;
    assert_eq!(ben.groups().get_metadata(&group).await.unwrap().description, None);
    circle.part().await;
}

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
