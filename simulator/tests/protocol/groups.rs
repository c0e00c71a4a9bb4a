//! Groups: made, asked about and changed; and what every member is told.

use whatsapp_rust::Jid;
use whatsapp_rust::features::{
    BatchGroupResult, GroupDescription, GroupSubject, MemberAddMode, MembershipApprovalMode, PreviousDescription,
};
use whatsapp_rust::wacore::iq::groups::{GroupInfoOutcome, GroupQueryIq, ParticipantType};
use whatsapp_rust::wacore::messages::MessageUtils;
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
    let nowhere: Jid = "120363999999999999@g.us".parse().unwrap();
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
async fn several_groups_are_asked_about_at_once_and_each_answers_for_itself() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let foreign = found(&circle.cleo, "Foreign", &[]).await;
    let nowhere: Jid = "120363999999999999@g.us".parse().unwrap();
    let asked = vec![group.clone(), foreign.clone(), nowhere.clone()];
    let answers = circle.ada.client().groups().batch_get_info(asked).await.unwrap();
    assert!(matches!(&answers[0], BatchGroupResult::Full(seen) if seen.id == group && seen.participants.len() == 3));
    assert!(matches!(&answers[1], BatchGroupResult::Forbidden(jid) if *jid == foreign));
    assert!(matches!(&answers[2], BatchGroupResult::NotFound(jid) if *jid == nowhere));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_knows_the_members_is_not_sent_them_again() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let members = [lid(&circle.ada), lid(&circle.ben), lid(&circle.cleo)];
    let known = MessageUtils::participant_list_hash(&members).unwrap();
    let ada = circle.ada.client();
    let ask = async |phash: &str| {
        ada.execute(GroupQueryIq::with_phash(&group, Some(phash.to_owned())))
            .await
            .unwrap()
    };
    assert!(matches!(ask(&known).await, GroupInfoOutcome::NotModified));
    assert!(matches!(ask("2:AAAAAAAA").await, GroupInfoOutcome::Full(_)));
    circle
        .ada
        .client()
        .groups()
        .remove_participants(group.clone(), &[pn(&circle.cleo)])
        .await
        .unwrap();
    assert!(matches!(ask(&known).await, GroupInfoOutcome::Full(_)));
    circle.part().await;
}
