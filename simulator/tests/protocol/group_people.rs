//! Groups as people use them, and as a test sets them up from outside.

use waspnest_simulator::human::{Human, HumanError, JoinOutcome};
use waspnest_simulator::{GroupKind, GroupRole, GroupSetting, NewAccount, PrivacyCategory, PrivacyValue, Simulator};

use crate::client::{PATIENCE, end, strict};

async fn person(simulator: &Simulator, name: &str) -> Human {
    let spec = NewAccount {
        push_name: name.to_owned(),
        phone: None,
    };
    Human::join(simulator, spec).await.unwrap()
}

fn code<T: std::fmt::Debug>(outcome: Result<T, HumanError>) -> u16 {
    match outcome {
        Err(HumanError::RequestRefused { code, .. }) => code,
        other => panic!("not refused by the server: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_make_groups_talk_in_them_and_see_what_changes() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = person(&simulator, "Anna").await;
    let ben = person(&simulator, "Ben").await;
    let (a, b) = (anna.account().clone(), ben.account().clone());

    let group = anna.create_group("Lunch", &[&b.phone, "99900000001"]).await.unwrap();
    assert_eq!(group.members.len(), 2, "nobody has the second number");
    assert_eq!(group.role(&a.phone), Some(GroupRole::Creator));
    assert_eq!(group.role(&b.lid_jid()), Some(GroupRole::Member));
    let seen = simulator.group(&group.jid).unwrap();
    assert_eq!((seen.subject.as_str(), &seen.members), ("Lunch", &group.members));
    assert_eq!(ben.groups().await.unwrap(), std::slice::from_ref(&group));

    let id = anna.say(&group.jid, "who is hungry?").await.unwrap();
    let heard = ben.wait_for(|heard| heard.id == id, PATIENCE).await.unwrap();
    assert_eq!(
        (heard.chat.as_str(), heard.sender.clone()),
        (group.jid.as_str(), a.jid())
    );
    let answer = ben.reply(&heard, "I am").await.unwrap();
    anna.wait_for(
        |heard| heard.id == answer && heard.quoted.as_ref() == Some(&id),
        PATIENCE,
    )
    .await
    .unwrap();

    ben.set_group_subject(&group.jid, "Late lunch").await.unwrap();
    let notice = anna
        .wait_group_notice(|notice| notice.change == "subject", PATIENCE)
        .await
        .unwrap();
    assert_eq!(
        (notice.by, notice.value.as_deref()),
        (Some(b.jid()), Some("Late lunch"))
    );
    anna.set_group_description(&group.jid, Some("at one")).await.unwrap();
    ben.set_group_description(&group.jid, None).await.unwrap();
    anna.set_group(&group.jid, GroupSetting::Ephemeral(86_400))
        .await
        .unwrap();
    assert_eq!(code(ben.set_group(&group.jid, GroupSetting::Announcement).await), 403);
    anna.set_group(&group.jid, GroupSetting::Announcement).await.unwrap();
    let refused = ben.say(&group.jid, "and now?").await;
    assert!(
        matches!(&refused, Err(HumanError::Refused { code, .. }) if code == "403"),
        "{refused:?}"
    );
    anna.promote_in_group(&group.jid, &[&b.phone]).await.unwrap();
    ben.wait_group_notice(
        |notice| notice.change == "promote" && notice.people == [b.jid()],
        PATIENCE,
    )
    .await
    .unwrap();
    ben.say(&group.jid, "now").await.unwrap();
    anna.demote_in_group(&group.jid, &[&b.phone]).await.unwrap();
    let seen = ben.group(&group.jid).await.unwrap();
    assert!(seen.announcement && seen.description.is_none());
    assert_eq!(seen.ephemeral_s, 86_400);
    ben.leave_group(&group.jid).await.unwrap();
    anna.wait_group_notice(
        |notice| notice.change == "remove" && notice.by == Some(b.jid()),
        PATIENCE,
    )
    .await
    .unwrap();
    assert_eq!(code(ben.group(&group.jid).await), 403);
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_join_by_link_or_ask_to() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = person(&simulator, "Anna").await;
    let ben = person(&simulator, "Ben").await;
    let group = anna.create_group("Open", &[]).await.unwrap().jid;
    let link = anna.group_link(&group).await.unwrap();
    let preview = ben.preview_link(&link).await.unwrap();
    assert_eq!((preview.subject.as_str(), preview.members.len()), ("Open", 0));
    assert_eq!(ben.join_group(&link).await.unwrap(), JoinOutcome::Joined(group.clone()));
    ben.leave_group(&group).await.unwrap();

    anna.set_group(&group, GroupSetting::Approval).await.unwrap();
    let link = anna.reset_group_link(&group).await.unwrap();
    assert_eq!(
        ben.join_group(&link).await.unwrap(),
        JoinOutcome::Waiting(group.clone())
    );
    assert_eq!(simulator.group(&group).unwrap().waiting, [ben.account().jid()]);
    anna.wait_group_notice(|notice| notice.change == "created_membership_requests", PATIENCE)
        .await
        .unwrap();
    assert_eq!(anna.group_requests(&group).await.unwrap(), [ben.account().lid_jid()]);
    anna.reject_requests(&group, &[&ben.account().phone]).await.unwrap();
    ben.join_group(&link).await.unwrap();
    let approved = anna.approve_requests(&group, &[&ben.account().phone]).await.unwrap();
    assert_eq!(
        (approved[0].address.as_str(), approved[0].error),
        (ben.account().jid().as_str(), None)
    );
    ben.wait_group_notice(
        |notice| notice.change == "add" && notice.by == Some(anna.account().jid()),
        PATIENCE,
    )
    .await
    .unwrap();

    let roof = anna.create_community("Roof").await.unwrap();
    assert_eq!(roof.kind, GroupKind::Community);
    anna.link_group(&roof.jid, &group).await.unwrap();
    assert_eq!(code(anna.link_group(&roof.jid, &group).await), 409);
    assert_eq!(ben.community_groups(&roof.jid).await.unwrap().len(), 3);
    assert_eq!(ben.group(&group).await.unwrap().community, Some(roof.jid.clone()));
    anna.unlink_group(&roof.jid, &group).await.unwrap();
    assert_eq!(simulator.group(&group).unwrap().kind, GroupKind::Plain);
    let club = anna.create_subgroup(&roof.jid, "Club", &[]).await.unwrap();
    assert_eq!(
        (club.kind, club.community.as_ref()),
        (GroupKind::Subgroup, Some(&roof.jid))
    );
    assert_eq!(ben.join_subgroup(&roof.jid, &club.jid).await.unwrap().members.len(), 2);
    anna.deactivate_community(&roof.jid).await.unwrap();
    ben.wait_group_notice(|notice| notice.change == "delete" && notice.group == roof.jid, PATIENCE)
        .await
        .unwrap();
    assert_eq!(ben.group(&club.jid).await.unwrap().kind, GroupKind::Plain);
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_set_up_and_changed_from_outside_and_members_are_told() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = person(&simulator, "Anna").await;
    let ben = person(&simulator, "Ben").await;
    // The owner has nothing but a phone.
    let owner = simulator.create_account(NewAccount::default()).unwrap();
    let phones = (anna.account().phone.clone(), ben.account().phone.clone());
    let group = simulator
        .create_group(&owner.phone, "From outside", &[&phones.0])
        .unwrap();
    let notice = anna
        .wait_group_notice(|notice| notice.change == "create", PATIENCE)
        .await
        .unwrap();
    assert_eq!(
        (notice.group.as_str(), notice.by),
        (group.jid.as_str(), Some(owner.jid()))
    );

    simulator.add_to_group(&group.jid, &[&phones.1]).unwrap();
    ben.wait_group_notice(|notice| notice.change == "add", PATIENCE)
        .await
        .unwrap();
    anna.wait_group_notice(|notice| notice.change == "add", PATIENCE)
        .await
        .unwrap();
    anna.say(&group.jid, "hello").await.unwrap();
    ben.wait_for(|heard| heard.text.as_deref() == Some("hello"), PATIENCE)
        .await
        .unwrap();
    simulator
        .set_group_role(&group.jid, &[&phones.0], GroupRole::Admin)
        .unwrap();
    assert!(
        anna.remove_from_group(&group.jid, &[&phones.1]).await.unwrap()[0]
            .error
            .is_none()
    );
    simulator.set_group_subject(&group.jid, "Renamed").unwrap();
    let seen = simulator.set_group(&group.jid, GroupSetting::Announcement).unwrap();
    assert!(seen.announcement && seen.subject == "Renamed");
    anna.wait_group_notice(
        |notice| notice.change == "announcement" && notice.by == Some(owner.jid()),
        PATIENCE,
    )
    .await
    .unwrap();
    let seen = simulator.remove_from_group(&group.jid, &[&phones.0]).unwrap();
    assert_eq!(seen.members.len(), 1);
    anna.wait_group_notice(
        |notice| notice.change == "remove" && notice.people == [anna.account().jid()],
        PATIENCE,
    )
    .await
    .unwrap();
    assert_eq!(simulator.groups(), [seen]);
    assert!(simulator.create_group(&owner.phone, "", &[]).is_err());
    assert!(simulator.create_group("1", "Nobody's", &[]).is_err());
    assert!(simulator.add_to_group("1@g.us", &[]).is_err());
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lets_nobody_add_them_is_invited_and_comes_if_they_like() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = person(&simulator, "Anna").await;
    let ben = person(&simulator, "Ben").await;
    let cleo = person(&simulator, "Cleo").await;
    let phone = ben.account().phone.clone();
    simulator
        .set_privacy(&phone, PrivacyCategory::GroupAdd, PrivacyValue::None)
        .unwrap();
    let group = anna.create_group("Choosy", &[&phone]).await.unwrap();
    assert_eq!(group.members.len(), 1, "nobody puts Ben into a group");

    let outcome = anna.add_to_group(&group.jid, &[&phone]).await.unwrap().remove(0);
    assert_eq!((outcome.address, outcome.error), (ben.account().jid(), Some(403)));
    let invitation = outcome.invitation.unwrap();
    // It is made out to Ben.
    assert_eq!(code(cleo.accept_invitation(&invitation).await), 410);
    let mut forged = invitation.clone();
    forged.code = String::from("0000000000000000");
    assert_eq!(code(ben.accept_invitation(&forged).await), 406);
    assert_eq!(
        ben.accept_invitation(&invitation).await.unwrap(),
        JoinOutcome::Joined(group.jid.clone())
    );
    anna.wait_group_notice(
        |notice| notice.change == "add" && notice.people == [ben.account().jid()],
        PATIENCE,
    )
    .await
    .unwrap();

    // Whom Ben knows may add him, once he says so.
    ben.leave_group(&group.jid).await.unwrap();
    simulator
        .set_privacy(&phone, PrivacyCategory::GroupAdd, PrivacyValue::Contacts)
        .unwrap();
    assert_eq!(
        anna.add_to_group(&group.jid, &[&phone]).await.unwrap()[0].error,
        Some(403)
    );
    simulator.add_contact(&phone, &anna.account().phone).unwrap();
    assert_eq!(anna.add_to_group(&group.jid, &[&phone]).await.unwrap()[0].error, None);
    assert_eq!(code(ben.accept_invitation(&invitation).await), 409);
    for person in [anna, ben, cleo] {
        person.leave().await;
    }
    end(simulator).await;
}
