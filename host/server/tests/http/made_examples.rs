//! Calls of the routes of plugins that are uploaded and of installations.

use serde_json::{Value, json};
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope, KvWrite};
use waspnest_core::event::{EventKind, SessionEvent, SessionState};
use waspnest_core::id::InstallationId;
use waspnest_core::kv::Quota;
use waspnest_core::outbox::Call;
use waspnest_core::progress::Round;

use crate::support::TestApi;

pub(crate) const PLUGIN: &str = "org.waspnest.echo";

/// An installation of it that works.
pub(crate) fn greeter() -> Value {
    json!({
        "id": "greeter",
        "plugin": PLUGIN,
        "grants": { "messages.send": true },
        "config": { "prefix": "hello, " },
        "binds": [{ "id": "all" }],
    })
}

pub(crate) fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    let plugin = "/v1/plugins/org.waspnest.echo";
    vec![
        (
            "POST",
            "/v1/plugins",
            "/v1/plugins",
            Some(json!({ "directory": "echo" })),
        ),
        ("GET", "/v1/plugins", "/v1/plugins", None),
        ("GET", "/v1/plugins/{p}", plugin, None),
        ("DELETE", "/v1/plugins/{p}", plugin, None),
        ("POST", "/v1/installations", "/v1/installations", Some(greeter())),
        (
            "PATCH",
            "/v1/installations/{i}",
            "/v1/installations/greeter",
            Some(json!({ "enabled": false, "config": null })),
        ),
        ("DELETE", "/v1/installations/{i}", "/v1/installations/greeter", None),
        ("GET", "/v1/installations", "/v1/installations", None),
        ("GET", "/v1/installations/{i}", "/v1/installations/echo", None),
        (
            "GET",
            "/v1/installations/{i}/config",
            "/v1/installations/echo/config?session=main&chat=4915112345678",
            None,
        ),
        (
            "PUT",
            "/v1/installations/{i}/config",
            "/v1/installations/echo/config?session=main",
            Some(json!({ "prefix": "main: " })),
        ),
        (
            "DELETE",
            "/v1/installations/{i}/config",
            "/v1/installations/echo/config",
            None,
        ),
        (
            "GET",
            "/v1/installations/{i}/dead-letters",
            "/v1/installations/echo/dead-letters?limit=1",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/dead-letters/replay",
            "/v1/installations/echo/dead-letters:replay",
            Some(json!({ "session": "main", "position": 3 })),
        ),
        (
            "POST",
            "/v1/installations/{i}/dead-letters/discard",
            "/v1/installations/echo/dead-letters:discard",
            None,
        ),
        (
            "GET",
            "/v1/installations/{i}/usage",
            "/v1/installations/echo/usage",
            None,
        ),
        (
            "GET",
            "/v1/installations/{i}/values",
            "/v1/installations/echo/values?session=main&chat=4915112345678&prefix=se",
            None,
        ),
        (
            "DELETE",
            "/v1/installations/{i}/values",
            "/v1/installations/echo/values?session=main&chat=4915112345678&key=seen",
            None,
        ),
        (
            "GET",
            "/v1/installations/{i}/values/scopes",
            "/v1/installations/echo/values/scopes?session=main",
            None,
        ),
    ]
}

/// Makes what a call speaks of.
pub(crate) async fn prepare(api: &TestApi, method: &str, path: &str) {
    let uploaded = path.starts_with("/v1/plugins") || path == "/v1/installations" || path.ends_with("/greeter");
    if uploaded && (method, path) != ("POST", "/v1/plugins") {
        upload(api).await;
    }
    if path.contains("/echo/values") || path.ends_with("/usage") {
        let chat = KvScope::Chat("4915112345678".parse().expect("an address"));
        keep(
            api,
            "echo",
            vec![(KvScope::Session, "seen", &b"1"[..]), (chat, "seen", &[0xFF][..])],
        )
        .await;
    }
    if path.ends_with("/greeter") {
        let made = api.post("/v1/installations", greeter()).await;
        assert_eq!(made.status, 201, "{}", made.shown());
    }
}

/// Uploads the echo plugin; answers with the digest.
pub(crate) async fn upload(api: &TestApi) -> String {
    let uploaded = api.post("/v1/plugins", json!({ "directory": "echo" })).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.shown());
    uploaded.json()["versions"][0]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned()
}

/// An answer without what is another one at each build, or on each machine.
pub(crate) fn without_chance(mut shown: String, told: &Value) -> String {
    let origins = [&told["versions"], &told["items"][0]["versions"]];
    for origin in origins.iter().filter_map(|versions| versions[0]["origin"].as_str()) {
        shown = shown.replace(origin, "[origin]");
    }
    while let Some(at) = shown.find("sha256:") {
        shown.replace_range(at..at + "sha256:".len() + 64, "[digest]");
    }
    shown
}

/// Has an installation keep values in the session, as if a call of it had drafted them.
pub(crate) async fn keep(api: &TestApi, installation: &str, values: Vec<(KvScope, &str, &[u8])>) {
    let kind = EventKind::Session(SessionEvent {
        state: SessionState::Connected,
        reason: None,
    });
    let appended = api.log.append(api.main, vec![kind.into()]).await.expect("recorded");
    let installation: InstallationId = installation.parse().expect("an id");
    let quota = Quota {
        bytes: 1 << 20,
        keys: 1000,
    };
    let call = Call {
        event: &appended.events[0],
        installation: &installation,
        quota,
        dialogue_quota: quota,
        round: Round::First,
        also_done: &[],
    };
    let write = |(scope, key, value): (KvScope, &str, &[u8])| KvWrite {
        key: KvKey { scope, key: key.into() },
        entry: Some(KvEntry {
            value: value.to_vec(),
            revision: 1,
            expires_at: None,
        }),
    };
    let draft = Draft {
        kv: values.into_iter().map(write).collect(),
        ..Draft::default()
    };
    api.outbox.commit_draft(api.main, call, draft).await.expect("committed");
}
