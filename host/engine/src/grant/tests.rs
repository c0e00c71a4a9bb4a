use std::collections::BTreeSet;

use super::*;
use crate::manifest::{Need, Rule, Scope};

fn grants(text: &str) -> Result<Grants, GrantError> {
    Grants::from_toml("plugin[0].grants", &toml::from_str(text).expect("TOML"))
}

fn request<T>(terms: T) -> Option<Request<T>> {
    Some(Request {
        terms,
        need: Need::Required,
        reason: None,
        written: "".into(),
    })
}

#[test]
fn the_narrower_terms_of_both_are_in_force() {
    let requests = Requests {
        send: request(MessageTerms {
            scope: Scope::reply_only(),
            rates: Vec::new(),
        }),
        react: request(MessageTerms::default()),
        kv: request(KvTerms {
            max_bytes: 1000,
            max_keys: 10,
            shared: ["pool".parse().expect("a name")].into(),
        }),
        schedule: request(JobTerms {
            max_jobs: 100,
            min_interval: std::time::Duration::from_secs(60),
        }),
        ..Requests::default()
    };
    let grants = grants(
        r#"
        "messages.send" = { scope = { chats = ["4915112345678"] }, rate = "10/min" }
        "messages.react" = true
        "messages.read" = true
        "kv" = { max-bytes = "1MiB", max-keys = 5 }
        "schedule" = { max-jobs = 200 }
        "#,
    )
    .expect("grants");
    let effective = Effective::of(&requests, &grants);
    let send = effective.send.expect("asked for and granted");
    let chats = ["4915112345678@s.whatsapp.net".parse().expect("a JID")].into();
    assert_eq!(
        send.scope,
        Scope(vec![Rule::ReplyOnly, Rule::Chats(chats)]),
        "a grant of chats does not widen reply-only"
    );
    assert_eq!(
        send.rates,
        [Rate {
            count: 10,
            per: std::time::Duration::from_secs(60)
        }]
    );
    assert_eq!(
        effective.react,
        Some(MessageTerms::default()),
        "true grants what was asked for"
    );
    assert_eq!(effective.read, None, "what was not asked for is not in force");
    assert_eq!(effective.typing, None);
    assert_eq!(
        effective.kv,
        Some(KvTerms {
            max_bytes: 1000,
            max_keys: 5,
            shared: BTreeSet::new(),
        })
    );
    assert_eq!(
        effective.schedule,
        Some(JobTerms {
            max_jobs: 100,
            min_interval: std::time::Duration::from_secs(60)
        })
    );
}

#[test]
fn mistakes_name_the_key() {
    for (text, says) in [
        (
            "kvv = true",
            "plugin[0].grants.kvv: unknown capability \"kvv\"; did you mean \"kv\"?",
        ),
        (
            "\"messages.send\" = { scopes = \"any\" }",
            "plugin[0].grants.\"messages.send\".scopes: unknown key",
        ),
        (
            "\"messages.send\" = { scope = \"all\" }",
            "plugin[0].grants.\"messages.send\".scope: unknown scope \"all\"; did you mean \"any\"?",
        ),
        (
            "\"messages.send\" = { rate = \"ten/min\" }",
            "plugin[0].grants.\"messages.send\".rate: \"ten/min\" is not a rate",
        ),
        (
            "\"messages.send\" = { scope = { chats = [\"x\"] } }",
            "plugin[0].grants.\"messages.send\".scope.chats[0]: \"x\" is not a WhatsApp address",
        ),
        (
            "kv = 5",
            "plugin[0].grants.kv: expected true, false or a table of terms, found integer",
        ),
    ] {
        let error = grants(text).expect_err(text).to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn nothing_is_granted_by_default_and_false_grants_nothing() {
    assert_eq!(grants("").expect("no grants"), Grants::default());
    assert_eq!(grants("kv = false").expect("no grants"), Grants::default());
}
