//! Communities: groups under one roof, and who is in which of them.

use whatsapp_rust::Jid;
use whatsapp_rust::features::{CommunityError, CreateCommunityOptions, GroupError, GroupType, group_type};
use whatsapp_rust::wacore::iq::groups::{GroupQueryIq, JoinGroupResult, MemberLinkMode};
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::{IqError, NodeBuilder};

use crate::circle::{Circle, found, lid, noticed, pn, refused, send};
use crate::client::Companion;

async fn community(by: &Companion, closed: bool) -> Jid {
    let options = CreateCommunityOptions {
        description: Some("a roof".to_owned()),
        closed,
        ..CreateCommunityOptions::new("Roof")
    };
    let made = by.client().community().create(options).await.unwrap().metadata;
    assert_eq!(group_type(&made), GroupType::Community);
    made.id
}

fn refused_here<T: std::fmt::Debug>(outcome: Result<T, CommunityError>) -> u16 {
    match outcome {
        Err(CommunityError::Iq(IqError::ServerError { code, .. })) => code,
        Err(CommunityError::Group(error)) => refused::<T>(Err(error)),
        other => panic!("not refused by the server: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_comes_with_announcements_and_a_general_chat() {
    let circle = Circle::gather().await;
    let roof = community(&circle.ada, false).await;
    let ada = circle.ada.client();
    let parts = ada.community().get_subgroups(&roof).await.unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts[0].is_default_sub_group && parts[0].subject == "Roof");
    assert!(parts[1].is_general_chat);
    assert_eq!(parts[0].owner, Some(lid(&circle.ada)));
    for (part, wanted) in [
        (&parts[0].id, GroupType::LinkedAnnouncementGroup),
        (&parts[1].id, GroupType::LinkedGeneralGroup),
    ] {
        let seen = ada.groups().get_metadata(part).await.unwrap();
        assert_eq!(group_type(&seen), wanted);
        assert_eq!(seen.parent_group_jid.as_ref(), Some(&roof));
    }
    assert!(ada.groups().get_metadata(&parts[0].id).await.unwrap().is_announcement);
    let all = ada.community().get_participating().await.unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), [&roof]);
    assert_eq!(all[&roof].description.as_deref(), Some("a roof"));

    // The announcements carry messages; the community itself carries none.
    ada.groups()
        .add_participants(roof.clone(), &[pn(&circle.ben)])
        .await
        .unwrap();
    noticed(&circle.ben, &parts[0].id, "add", |action| {
        matches!(action, Action::Add { .. })
    })
    .await;
    circle.ada.say_to(&parts[0].id.to_string(), "hear ye").await;
    circle.ben.events.text("hear ye").await;
    let id = circle.ada.say_to(&roof.to_string(), "to nobody").await;
    assert!(circle.reply("ack", &id).await.xml.contains("error=\"403\""));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_linked_with_their_members_and_unlinked_again() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let roof = community(ada, false).await;
    let own = found(ada, "Own", &[ben]).await;
    let foreign = found(cleo, "Foreign", &[ada]).await;
    let nowhere: Jid = "120363999999999999@g.us".parse().unwrap();
    let asked = [own.clone(), foreign.clone(), nowhere.clone()];
    let linked = ada
        .client()
        .community()
        .link_subgroups(roof.clone(), &asked)
        .await
        .unwrap();
    assert_eq!(linked.linked_jids, std::slice::from_ref(&own));
    assert_eq!(linked.failed_groups, [(foreign.clone(), 403), (nowhere, 404)]);
    noticed(
        ada,
        &roof,
        "link",
        |action| matches!(action, Action::Link { link_type, .. } if link_type == "sub_group"),
    )
    .await;
    noticed(
        ben,
        &own,
        "link",
        |action| matches!(action, Action::Link { link_type, .. } if link_type == "parent_group"),
    )
    .await;
    let seen = ben.client().groups().get_metadata(&own).await.unwrap();
    assert_eq!(group_type(&seen), GroupType::LinkedSubgroup);
    // Ben is in the community by being in the group.
    noticed(
        ben,
        &roof,
        "add",
        |action| matches!(action, Action::Add { participants, .. } if participants[0].jid == lid(ben)),
    )
    .await;
    let everybody = ben
        .client()
        .community()
        .get_linked_groups_participants(roof.clone())
        .await
        .unwrap();
    let everybody: Vec<Jid> = everybody.into_iter().map(|person| person.jid).collect();
    assert_eq!(everybody, [lid(ada), lid(ben)]);
    let counts = ada
        .client()
        .community()
        .get_subgroup_participant_counts(&roof)
        .await
        .unwrap();
    assert!(counts.contains(&(own.clone(), 2)), "{counts:?}");

    assert_eq!(
        refused_here(ben.client().community().link_subgroups(roof.clone(), &[]).await),
        403
    );
    assert_eq!(
        refused_here(
            cleo.client()
                .community()
                .get_linked_groups_participants(roof.clone())
                .await
        ),
        403
    );
    let unlinked = ada
        .client()
        .community()
        .unlink_subgroups(roof.clone(), std::slice::from_ref(&own), true)
        .await
        .unwrap();
    assert_eq!(unlinked.unlinked_jids, std::slice::from_ref(&own));
    noticed(
        ben,
        &own,
        "unlink",
        |action| matches!(action, Action::Unlink { unlink_type, .. } if unlink_type == "parent_group"),
    )
    .await;
    // Nothing else keeps Ben in the community.
    noticed(ben, &roof, "remove", |action| matches!(action, Action::Remove { .. })).await;
    assert_eq!(
        ben.client()
            .groups()
            .get_metadata(&own)
            .await
            .unwrap()
            .participants
            .len(),
        2
    );
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_inside_a_community_its_groups_are_seen_and_joined() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, .. } = &circle;
    let roof = community(ada, true).await;
    let club = ada
        .client()
        .community()
        .create_subgroup("Club", &[], roof.clone())
        .await
        .unwrap()
        .metadata
        .id;
    assert_eq!(
        refused_here(ben.client().community().join_subgroup(roof.clone(), club.clone()).await),
        403
    );
    let link = ada
        .client()
        .groups()
        .get_invite_link(roof.clone(), false)
        .await
        .unwrap();
    let joined = ben.client().groups().join_with_invite_code(&link).await.unwrap();
    assert_eq!(joined, JoinGroupResult::Joined(roof.clone()));

    let seen = ben
        .client()
        .community()
        .query_linked_group(roof.clone(), club.clone())
        .await
        .unwrap();
    assert_eq!((seen.subject.as_str(), seen.participants.len()), ("Club", 1));
    assert_eq!(
        refused(ben.client().groups().get_metadata(&club).await),
        403,
        "seen from the community only"
    );
    let joined = ben
        .client()
        .community()
        .join_subgroup(roof.clone(), club.clone())
        .await
        .unwrap();
    assert_eq!(joined.participants.len(), 2);
    ada.say_to(&club.to_string(), "welcome").await;
    ben.events.text("welcome").await;

    // Only its admins make groups in it, unless it is open to all.
    let refused_one = ben
        .client()
        .community()
        .create_subgroup("Mine", &[], roof.clone())
        .await;
    assert_eq!(refused_here(refused_one), 403);
    // The other client names no approval mode: then the community's own holds, and joining takes an admin.
    let strict = NodeBuilder::new("iq")
        .attr("to", "@g.us")
        .attr("type", "set")
        .attr("xmlns", "w:g2")
        .attr("id", "STRICT")
        .children([NodeBuilder::new("create")
            .attr("subject", "Strict")
            .children([NodeBuilder::new("linked_parent").attr("jid", roof.clone()).build()])
            .build()])
        .build();
    send(ada, strict).await;
    let answer = circle.reply("iq", "STRICT").await;
    assert!(answer.xml.contains("<group_join state=\"on\"/>"), "{}", answer.xml);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_put_out_of_a_community_is_out_of_all_of_it_and_a_deactivated_one_is_gone() {
    let circle = Circle::gather().await;
    let Circle { ada, ben, cleo, .. } = &circle;
    let roof = community(ada, false).await;
    let club = ada
        .client()
        .community()
        .create_subgroup("Club", &[pn(ben), pn(cleo)], roof.clone())
        .await
        .unwrap()
        .metadata
        .id;
    noticed(ben, &roof, "add", |action| matches!(action, Action::Add { .. })).await;
    let results = ada
        .client()
        .community()
        .remove_participants(roof.clone(), &[pn(ben)])
        .await
        .unwrap();
    assert!(results[0].is_ok());
    for group in [&roof, &club] {
        noticed(ben, group, "remove", |action| matches!(action, Action::Remove { .. })).await;
    }
    assert!(ben.client().groups().get_participating().await.unwrap().is_empty());

    // Who leaves the community leaves its groups; here Cleo stays, and the community goes.
    assert_eq!(
        refused_here(cleo.client().community().deactivate(roof.clone()).await),
        403
    );
    ada.client().community().deactivate(roof.clone()).await.unwrap();
    noticed(cleo, &roof, "delete", |action| matches!(action, Action::Delete { .. })).await;
    noticed(
        cleo,
        &club,
        "unlink",
        |action| matches!(action, Action::Unlink { unlink_reason: Some(reason), .. } if reason == "delete_parent"),
    )
    .await;
    let gone = cleo
        .client()
        .execute(GroupQueryIq::new(&roof))
        .await
        .map_err(GroupError::from);
    assert_eq!(refused(gone), 404);
    let left = cleo.client().groups().get_participating().await.unwrap();
    assert_eq!(left.keys().collect::<Vec<_>>(), [&club]);
    assert_eq!(group_type(&left[&club]), GroupType::Default);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_see_the_link_is_set_as_a_document() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    assert_eq!(
        refused(circle.ben.client().groups().get_invite_link(group.clone(), false).await),
        401
    );
    let by_member = circle
        .ben
        .client()
        .groups()
        .set_member_link_mode(&group, MemberLinkMode::AllMemberLink)
        .await;
    assert!(by_member.is_err());
    circle
        .ada
        .client()
        .groups()
        .set_member_link_mode(&group, MemberLinkMode::AllMemberLink)
        .await
        .unwrap();
    circle
        .ben
        .client()
        .groups()
        .get_invite_link(group.clone(), false)
        .await
        .unwrap();
    assert_eq!(
        refused(circle.ben.client().groups().get_invite_link(group, true).await),
        401
    );
    circle.part().await;
}
