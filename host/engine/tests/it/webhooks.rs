//! Webhooks of a real guest: what is drafted, and what is refused.

use waspnest_core::effect::Action;
use waspnest_engine::Grants;
use waspnest_engine::grant::Grant;
use waspnest_engine::manifest::{Rate, WebhookTerms};

use crate::kit::Rig;

#[tokio::test]
async fn what_an_endpoint_is_told_is_an_effect_of_the_draft() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("tell crm booking.made {\"day\": 1}");
    let draft = rig.call(&hostile, &event).await.expect("a draft");
    let Action::Webhook(webhook) = &draft.effects[0] else {
        panic!("{draft:?}")
    };
    assert_eq!(
        (webhook.endpoint.as_str(), &*webhook.event, &*webhook.data),
        ("crm", "booking.made", "{\"day\": 1}")
    );
    assert_eq!(webhook.chat.as_ref(), event.kind.chat());
    let again = rig.call(&hostile, &event).await.expect("a draft");
    assert_eq!(
        draft.effects, again.effects,
        "the same id and the same words at each attempt"
    );
}

#[tokio::test]
async fn a_webhook_has_a_form_and_a_size() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for (text, answer) in [
        ("tell crm a.b 1", "eff_"),
        ("tell NO/NAME a 1", "invalid endpoint"),
        ("tell crm a/b 1", "invalid event"),
        ("tell crm a {", "invalid json"),
        ("tell-much", "the host refused webhooks.emit: larger than 262144 bytes"),
    ] {
        assert_eq!(rig.say(&hostile, text).await[0], answer, "{text}");
    }
    let error = rig
        .call(&hostile, &rig.text("tell-flood"))
        .await
        .expect_err("it rejects");
    assert_eq!(
        error.to_string(),
        "the plugin rejects the event: the host refused webhooks.emit: used up: effects: 20 in one call"
    );
}

#[tokio::test]
async fn an_endpoint_needs_its_grant() {
    let rig = Rig::new();
    let denied = "the host refused webhooks.emit: not granted: webhooks";
    let without = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.webhooks = None;
        })
        .await;
    assert_eq!(rig.say(&without, "tell crm a 1").await, [denied]);
    let narrow = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.webhooks = Some(Grant::On(WebhookTerms {
                endpoints: Some(["crm".parse().expect("a name")].into()),
                rates: vec!["2/h".parse::<Rate>().expect("a rate")],
            }));
        })
        .await;
    assert_eq!(
        rig.say(&narrow, "tell audit a 1").await,
        [format!("{denied}: audit is not granted")]
    );
    assert_eq!(
        rig.say(&narrow, "tell other a 1").await,
        [format!("{denied}: other is not granted")]
    );
    assert_eq!(rig.say(&narrow, "tell crm a 1").await, ["eff_"]);
    assert_eq!(rig.say(&narrow, "tell crm a 1").await, ["eff_"]);
    let answers = rig.say(&narrow, "tell crm a 1").await;
    assert!(
        answers[0].starts_with("the host refused webhooks.emit: too fast") || answers[0].contains("rate"),
        "{answers:?}"
    );
}
