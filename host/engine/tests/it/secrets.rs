//! Secrets through a real guest: used where they are bound, seen where that is granted, and nowhere else.

use waspnest_engine::grant::Grant;
use waspnest_engine::manifest::{SecretMode, SecretTerms};
use waspnest_engine::{CallError, Grants, Installation};

use crate::kit::Rig;

const ECHO: &str = "http://127.0.0.1:8080/echo";
const SECRET: &str = "swordfish";

async fn granted(rig: &Rig, mode: SecretMode, names: &[&str]) -> Installation {
    rig.install_with("hostile", |spec| {
        spec.grants = Grants::as_requested();
        let names = names.iter().map(|name| name.parse().expect("a name")).collect();
        spec.grants.secrets = Some(Grant::On(SecretTerms {
            names: Some(names),
            mode,
        }));
    })
    .await
}

#[tokio::test]
async fn a_secret_goes_out_and_does_not_come_back() {
    let rig = Rig::new();
    let hostile = granted(&rig, SecretMode::Inject, &["token"]).await;
    for (word, sent) in [
        ("secret-header", "Bearer swordfish"),
        ("secret-query", "token=swordfish"),
        ("secret-body", "is swordfish"),
    ] {
        let answers = rig.say(&hostile, &format!("{word} token {ECHO}")).await;
        assert!(
            answers[0].starts_with("200 ") && answers[0].contains("{{secret:token}}"),
            "{word}: {answers:?}"
        );
        assert!(!answers[0].contains(SECRET), "{word}: {answers:?}");
        assert!(
            rig.host.heard().iter().any(|said| said == sent),
            "{word}: {:?}",
            rig.host.heard()
        );
    }
    let kept = rig.host.all_kept();
    assert_eq!(kept.len(), 3);
    for kept in kept {
        assert!(!kept.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[tokio::test]
async fn a_body_is_text_unless_the_guest_says_otherwise() {
    let rig = Rig::new();
    let hostile = granted(&rig, SecretMode::Inject, &["token"]).await;
    rig.say(&hostile, &format!("no-secret-body token {ECHO}")).await;
    assert!(rig.host.heard().iter().any(|said| said == "is {{secret:token}}"));
}

#[tokio::test]
async fn a_repeated_call_is_told_the_same_without_the_secret() {
    let rig = Rig::new();
    let hostile = granted(&rig, SecretMode::Inject, &["token"]).await;
    let event = rig.text(&format!("secret-header token {ECHO}"));
    let first = rig.call(&hostile, &event).await.expect("a draft");
    let asked = rig.host.heard().len();
    let second = rig.call(&hostile, &event).await.expect("a draft");
    assert_eq!(first.effects, second.effects);
    assert_eq!(rig.host.heard().len(), asked, "the server was asked once");
}

#[tokio::test]
async fn a_place_is_filled_for_the_secrets_own_hosts_alone() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
        })
        .await;
    let refused = "the host refused http.fetch: ";
    for (text, refusal) in [
        (
            "secret-header absent http://127.0.0.1:8080/echo".to_owned(),
            "not found",
        ),
        (
            format!("secret-header other {ECHO}"),
            "not granted: secrets: other is not granted",
        ),
        (
            format!("secret-header NOT/A/NAME {ECHO}"),
            "invalid: header x-token: \"NOT/A/NAME\" is not a valid SecretName: 1 to 64 of a-z, 0-9, '-', '_', '.'",
        ),
        (
            format!("secret-broken {ECHO}"),
            "invalid: header x-token: a place for a secret is written {{secret:NAME}}",
        ),
        (
            "secret-path http://127.0.0.1:8080".to_owned(),
            "invalid: url: a secret in a URL stands in its query",
        ),
    ] {
        assert_eq!(
            rig.say(&hostile, &text).await,
            [format!("{refused}{refusal}")],
            "{text}"
        );
    }
    assert_eq!(rig.host.heard(), Vec::<String>::new(), "nothing left");
}

#[tokio::test]
async fn without_the_grant_there_are_no_secrets() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.secrets = None;
        })
        .await;
    for (word, call) in [
        ("sign token".to_owned(), "secrets.hmac-sha256"),
        ("secret token".to_owned(), "secrets.get"),
        ("reveal token".to_owned(), "secrets.get"),
        (format!("secret-header token {ECHO}"), "http.fetch"),
    ] {
        assert_eq!(
            rig.say(&hostile, &word).await,
            [format!("the host refused {call}: not granted: secrets")],
            "{word}"
        );
    }
}

#[tokio::test]
async fn a_guest_signs_with_what_it_does_not_see() {
    let rig = Rig::new();
    let hostile = granted(&rig, SecretMode::Inject, &["token", "absent"]).await;
    assert_eq!(rig.say(&hostile, "sign token").await, ["0700"]);
    assert_eq!(rig.say(&hostile, "secret token").await, ["there"]);
    for (word, refusal) in [
        ("sign absent", "the host refused secrets.hmac-sha256: not found"),
        ("secret absent", "the host refused secrets.get: not found"),
        (
            "sign other",
            "the host refused secrets.hmac-sha256: not granted: secrets: other is not granted",
        ),
        (
            "sign-much token",
            "the host refused secrets.hmac-sha256: larger than 1048576 bytes",
        ),
        (
            "reveal token",
            "the host refused secret.reveal: not granted: secrets: only their use is granted, not that they are read (mode reveal)",
        ),
        (
            "secret-flood",
            "the host refused secrets.get: used up: operations with secrets",
        ),
    ] {
        let answers = rig.say(&hostile, word).await;
        assert!(answers[0].starts_with(refusal), "{word}: {answers:?}");
    }
}

#[tokio::test]
async fn what_a_guest_was_shown_is_taken_out_of_what_it_says() {
    let rig = Rig::new();
    let hostile = granted(&rig, SecretMode::Reveal, &["token"]).await;
    assert_eq!(rig.say(&hostile, "reveal token").await, ["sword"], "it knows it now");
    let error = rig
        .call(&hostile, &rig.text("reveal-reject token"))
        .await
        .expect_err("it rejects");
    let CallError::Reject { message } = &error else {
        panic!("{error}")
    };
    assert_eq!(message, "it is {{secret:token}}");
    let error = rig
        .call(&hostile, &rig.text("reveal-trap token"))
        .await
        .expect_err("it panics");
    assert!(
        error.to_string().contains("it is {{secret:token}}") && !error.to_string().contains(SECRET),
        "{error}"
    );
}
