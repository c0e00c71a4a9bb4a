//! Newsletters: made, found and followed, and what is published in them, through real clients.

use waspnest_simulator::Simulator;
use waspnest_simulator::human::{Human, HumanError, PictureSize};
use whatsapp_rust::Jid;
use whatsapp_rust::features::NewsletterRole;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::waproto::whatsapp as wa;

use crate::client::{Companion, PATIENCE, end, strict};
use crate::person::join;

/// Posts as the server has them, as number and text.
fn posts(simulator: &Simulator, jid: &str) -> Vec<(u64, Option<String>)> {
    let posts = simulator.newsletter_posts(jid).unwrap();
    posts.into_iter().map(|post| (post.server_id, post.text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsletter_is_made_found_and_followed() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let jid = ada.create_newsletter("Weather", Some("Rain, mostly")).await.unwrap();
    let made = ada.newsletter(&jid).await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.role),
        ("Weather", Some(NewsletterRole::Owner))
    );
    assert_eq!(made.description.as_deref(), Some("Rain, mostly"));
    assert_eq!((made.subscriber_count, made.picture_url), (1, None));

    let found = ben.newsletter(&made.invite_code.unwrap()).await.unwrap();
    assert_eq!(
        (found.jid.to_string(), found.role),
        (jid.clone(), Some(NewsletterRole::Guest))
    );
    assert!(ben.newsletters().await.unwrap().is_empty());
    ben.follow(&jid).await.unwrap();
    let followed = ben.newsletters().await.unwrap();
    assert_eq!((followed.len(), followed[0].subscriber_count), (1, 2));
    assert_eq!(followed[0].role, Some(NewsletterRole::Subscriber));
    ben.unfollow(&jid).await.unwrap();
    assert!(ben.newsletters().await.unwrap().is_empty());
    // Its owner cannot leave it, and what does not exist cannot be followed.
    assert!(ada.unfollow(&jid).await.is_err());
    assert!(ben.follow("120363400000000001@newsletter").await.is_err());
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_reaches_followers_and_nobody_else_may_write() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let jid = ada.create_newsletter("Weather", None).await.unwrap();
    ben.follow(&jid).await.unwrap();
    let id = ada.say(&jid, "rain").await.unwrap();
    let heard = ben.wait_for(|heard| heard.chat == jid, PATIENCE).await.unwrap();
    assert_eq!((heard.text.as_deref(), heard.id.as_str()), (Some("rain"), id.as_str()));
    let refused = ben.say(&jid, "sun").await;
    assert!(
        matches!(&refused, Err(HumanError::Refused { code, .. }) if code == "403"),
        "{refused:?}"
    );

    // What is published while a follower is away waits for it; what came before it followed is in the history.
    ben.go_offline().await;
    simulator.publish(&jid, "more rain").unwrap();
    ben.come_online().await.unwrap();
    ben.wait_for(|heard| heard.text.as_deref() == Some("more rain"), PATIENCE)
        .await
        .unwrap();
    let cleo = join(&simulator, "Cleo").await;
    let history = cleo.newsletter_history(&jid, 10, None).await.unwrap();
    let texts: Vec<_> = history
        .iter()
        .map(|post| post.message.as_ref().unwrap().conversation.clone().unwrap())
        .collect();
    assert_eq!(texts, ["rain", "more rain"]);
    assert_eq!(history[0].message_id, id);
    let earlier = cleo
        .newsletter_history(&jid, 10, Some(history[1].server_id))
        .await
        .unwrap();
    assert_eq!(earlier.len(), 1);
    let own = ada.newsletter_history(&jid, 1, None).await.unwrap();
    assert!(own[0].is_sender && own[0].server_id == history[1].server_id);
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_changed_and_taken_back_under_its_own_id() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = Companion::join(&simulator, "Ben").await;
    let jid = ada.create_newsletter("Weather", None).await.unwrap();
    simulator.follow_newsletter(&jid, &ben.account.phone).unwrap();
    let id = ada.say(&jid, "rain").await.unwrap();
    assert_eq!(ben.events.text("rain").await, id);
    let address: Jid = jid.parse().unwrap();
    let sun = wa::Message {
        conversation: Some("sun".to_owned()),
        ..wa::Message::default()
    };
    let client = ada.client().unwrap();
    client.newsletter().edit_message(&address, &id, sun).await.unwrap();
    assert_eq!(ben.events.text("sun").await, id);
    assert_eq!(posts(&simulator, &jid), [(100, Some("sun".to_owned()))]);
    client.newsletter().revoke_message(&address, &id).await.unwrap();
    let taken_back = |stanza: &waspnest_simulator::StanzaRecord| {
        stanza.device == Some(ben.device)
            && stanza.account.as_ref() == Some(&ben.account.phone)
            && stanza.tag == "message"
            && stanza.xml.contains("edit=\"8\"")
    };
    simulator.wait_stanza(0, taken_back, PATIENCE).await.unwrap();
    assert_eq!(posts(&simulator, &jid), [(100, None)]);
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_sees_reactions_come_and_go() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let owner = join(&simulator, "Ada").await;
    let cleo = join(&simulator, "Cleo").await;
    let ben = Companion::join(&simulator, "Ben").await;
    let jid = owner.create_newsletter("Weather", None).await.unwrap();
    let address: Jid = jid.parse().unwrap();
    let number = simulator.publish(&jid, "rain").unwrap();
    let held = ben
        .client()
        .newsletter()
        .subscribe_live_updates(address.clone())
        .await
        .unwrap();
    assert_eq!(held, 300);
    let seen = |wanted: &'static [(&'static str, u64)]| {
        let address = &address;
        ben.events.first("a live update", move |event| match event {
            Event::NewsletterLiveUpdate(update) if update.newsletter_jid == *address => {
                let message = &update.messages[0];
                let counts: Vec<_> = message.reactions.iter().map(|r| (r.code.as_str(), r.count)).collect();
                (message.server_id == number && counts == wanted).then_some(())
            }
            _ => None,
        })
    };
    cleo.react_to_post(&jid, number, "👍").await.unwrap();
    seen(&[("👍", 1)]).await;
    owner.react_to_post(&jid, number, "👍").await.unwrap();
    seen(&[("👍", 2)]).await;
    cleo.react_to_post(&jid, number, "🌧").await.unwrap();
    seen(&[("🌧", 1), ("👍", 1)]).await;
    owner.react_to_post(&jid, number, "").await.unwrap();
    seen(&[("🌧", 1)]).await;
    simulator.add_views(&jid, number, 7).unwrap();
    let viewed = |stanza: &waspnest_simulator::StanzaRecord| stanza.xml.contains("<views_count count=\"7\"/>");
    simulator.wait_stanza(0, viewed, PATIENCE).await.unwrap();
    let history = cleo.newsletter_history(&jid, 1, None).await.unwrap();
    assert_eq!(
        (history[0].reactions[0].code.as_str(), history[0].reactions[0].count),
        ("🌧", 1)
    );
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_other_companions_learn_what_it_follows_and_followers_of_a_new_name() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let first = Companion::join(&simulator, "Ben").await;
    let second = Companion::link(&simulator, first.account.clone()).await;
    let jid = ada.create_newsletter("Weather", None).await.unwrap();
    let address: Jid = jid.parse().unwrap();
    let told = |operation: &'static str, path: &'static str, wanted: String| {
        second.events.first(operation, move |event| match event {
            Event::MexNotification(update) if update.op_name == operation => {
                (update.payload.pointer(path)?.as_str()? == wanted).then_some(())
            }
            _ => None,
        })
    };
    first.client().newsletter().join(&address).await.unwrap();
    let join = "/data/xwa2_notify_newsletter_on_join/id";
    told("NotificationNewsletterJoin", join, jid.clone()).await;
    first
        .client()
        .newsletter()
        .set_follower_mute(&address, true)
        .await
        .unwrap();
    let mute = "/data/xwa2_notify_newsletter_on_mute_change/mute";
    told("NotificationNewsletterUserSettingChange", mute, "ON".to_owned()).await;

    let client = ada.client().unwrap();
    let updated = client
        .newsletter()
        .update(&address, Some("Climate"), None)
        .await
        .unwrap();
    assert_eq!(updated.name, "Climate");
    let name = "/updates/0/settings/name";
    told("NotificationNewsletterUpdate", name, "Climate".to_owned()).await;
    // A follower may not rename it.
    assert!(
        first
            .client()
            .newsletter()
            .update(&address, Some("Mine"), None)
            .await
            .is_err()
    );
    first.client().newsletter().leave(&address).await.unwrap();
    let left = "/data/xwa2_notify_newsletter_on_leave/id";
    told("NotificationNewsletterLeave", left, jid).await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_invites_admins_hands_over_and_deletes() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let jid = ada.create_newsletter("Weather", None).await.unwrap();
    let about_ben = serde_json::json!({ "newsletter_id": jid, "user_id": ben.account().lid_jid() });
    let about_it = serde_json::json!({ "newsletter_id": jid });
    // The numbers of the two clients: invite, accept, hand over, demote, delete.
    assert!(
        ask(&ben, "9580828702035549", &about_it).await.is_err(),
        "nobody invited him"
    );
    ask(&ada, "9387141988078609", &about_ben).await.unwrap();
    let pending = ask(&ada, "9783111038412085", &about_it).await.unwrap();
    let invited = &pending["xwa2_newsletter_admin"]["pending_admin_invites"][0]["user"]["pn"];
    assert_eq!(*invited, ben.account().jid());
    ask(&ben, "9580828702035549", &about_it).await.unwrap();
    assert_eq!(ben.newsletter(&jid).await.unwrap().role, Some(NewsletterRole::Admin));
    let admins = ask(&ben, "7130823597031706", &about_it).await.unwrap();
    assert_eq!(admins["xwa2_newsletter_admin"]["admin_count"], 2);
    ben.say(&jid, "sun").await.unwrap();

    assert!(
        ask(&ben, "30062808666639665", &about_it).await.is_err(),
        "only the owner deletes"
    );
    ask(&ada, "7341777602580933", &about_ben).await.unwrap();
    assert_eq!(ben.newsletter(&jid).await.unwrap().role, Some(NewsletterRole::Owner));
    let about_ada = serde_json::json!({ "newsletter_id": jid, "user_id": ada.account().jid() });
    ask(&ben, "6551828931592903", &about_ada).await.unwrap();
    assert_eq!(
        ada.newsletter(&jid).await.unwrap().role,
        Some(NewsletterRole::Subscriber)
    );
    ask(&ben, "30062808666639665", &about_it).await.unwrap();
    assert!(ada.newsletter(&jid).await.is_err());
    assert!(simulator.newsletters().is_empty());
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_kept_from_writing_to_strangers_and_an_unknown_question_is_said_to_be_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let timelock = ada.client().unwrap().mex().fetch_reachout_timelock().await.unwrap();
    assert_eq!(timelock.is_active, Some(false));
    let unknown = ask(&ada, "1", &serde_json::json!({})).await.unwrap_err();
    assert!(format!("{unknown:?}").contains("unknown query"), "{unknown:?}");
    end(simulator).await;
}

/// Asks a question by number, as any client might.
async fn ask(
    human: &Human,
    number: &'static str,
    variables: &serde_json::Value,
) -> Result<serde_json::Value, whatsapp_rust::IqError> {
    let doc = whatsapp_rust::wacore::iq::mex::MexDoc {
        name: "test",
        id: number,
    };
    let spec = whatsapp_rust::wacore::iq::mex::MexQuerySpec::new(doc, variables).unwrap();
    let answer = human.client().unwrap().execute(spec).await?;
    Ok(answer.data.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsletter_shows_a_picture_to_everybody() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let mut cleo = Companion::join(&simulator, "Cleo").await;
    let jid = ada.create_newsletter("Weather", None).await.unwrap();
    let target: Jid = jid.parse().unwrap();
    cleo.client().newsletter().join(&target).await.unwrap();
    ada.set_newsletter_picture(&jid, Some(b"a cloud")).await.unwrap();
    let shown = ben.newsletter(&jid).await.unwrap();
    let path = shown.picture_url.expect("a picture");
    assert_eq!(shown.preview_url.as_ref(), Some(&path));
    let found = ben.picture_of(&jid, PictureSize::Full).await.unwrap().expect("it");
    assert_eq!(found.jpeg, b"a cloud");
    // A follower is told what it is now.
    let told = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.account.as_deref() == Some(cleo.account.phone.as_str())
                    && r.xml.contains("NotificationNewsletterUpdate")
            },
            PATIENCE,
        )
        .await;
    told.expect("a notice");
    // It is for those who run the newsletter to change, and has bounds.
    ben.set_newsletter_picture(&jid, Some(b"graffiti")).await.unwrap_err();
    let large = vec![0; (1 << 20) + 1];
    ada.set_newsletter_picture(&jid, Some(&large)).await.unwrap_err();
    assert_eq!(ben.newsletter(&jid).await.unwrap().picture_url, Some(path));

    ada.set_newsletter_picture(&jid, None).await.unwrap();
    assert_eq!(ben.newsletter(&jid).await.unwrap().picture_url, None);
    assert!(ben.picture_of(&jid, PictureSize::Full).await.unwrap().is_none());
    cleo.stop().await;
    end(simulator).await;
}
