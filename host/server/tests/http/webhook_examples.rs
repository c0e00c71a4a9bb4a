//! Calls of the routes of webhooks, and the webhook that is there.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use waspnest::config::deliveries::Deliveries as Rules;
use waspnest::config::plugins::{Backoff, BreakerRule, Retry};
use waspnest::delivery::{ChangeError, Endpoints};
use waspnest::service::webhooks::{Webhooks, WebhooksParts};
use waspnest_core::caller::Scopes;
use waspnest_core::clock::{Ids, ManualClock};
use waspnest_core::delivery::{At, Deliveries, Delivery, DeliveryOutcome};
use waspnest_core::event::Position;
use waspnest_core::id::{EventId, SessionId, TenantId};
use waspnest_core::log::Log;
use waspnest_core::master_key::MasterKey;
use waspnest_core::progress::{DeadLetter, Progress};
use waspnest_core::seal::Sealer;
use waspnest_core::session::Sessions as Register;
use waspnest_core::store::Store;
use waspnest_core::webhook::{Format, Own, Seen, Standing, Wants, Webhook, WebhookRegister, WebhookSecrets};
use waspnest_egress::{Egress, EgressError, Outbound, Played, PlayedBody, Servers};

use crate::support::START;

/// The webhook that is there.
pub(crate) const CRM: &str = "wh_00000000000000000000000021";

pub(crate) fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        (
            "POST",
            "/v1/webhooks",
            "/v1/webhooks",
            Some(json!({
                "name": "shop",
                "url": "https://shop.example/whatsapp",
                "events": ["message.received", "receipt"],
                "chats": ["direct"],
                "format": "gowa",
                "headers": { "authorization": "Bearer sesame" },
            })),
        ),
        ("GET", "/v1/webhooks", "/v1/webhooks", None),
        (
            "GET",
            "/v1/webhooks/{w}",
            "/v1/webhooks/wh_00000000000000000000000021",
            None,
        ),
        (
            "PATCH",
            "/v1/webhooks/{w}",
            "/v1/webhooks/wh_00000000000000000000000021",
            Some(json!({ "enabled": true, "backlog": "skip", "events": ["message"] })),
        ),
        (
            "DELETE",
            "/v1/webhooks/{w}",
            "/v1/webhooks/wh_00000000000000000000000021",
            None,
        ),
        (
            "POST",
            "/v1/webhooks/{w}/rotate",
            "/v1/webhooks/wh_00000000000000000000000021:rotate",
            Some(json!({ "overlap_seconds": 3600 })),
        ),
        (
            "POST",
            "/v1/webhooks/{w}/test",
            "/v1/webhooks/wh_00000000000000000000000021:test",
            None,
        ),
        (
            "GET",
            "/v1/webhooks/{w}/statistics",
            "/v1/webhooks/wh_00000000000000000000000021/statistics",
            None,
        ),
        (
            "GET",
            "/v1/webhooks/{w}/deliveries",
            "/v1/webhooks/wh_00000000000000000000000021/deliveries?session=main",
            None,
        ),
        (
            "GET",
            "/v1/webhooks/{w}/deliveries/{s}/{position}",
            "/v1/webhooks/wh_00000000000000000000000021/deliveries/main/1",
            None,
        ),
        (
            "POST",
            "/v1/webhooks/{w}/replay",
            "/v1/webhooks/wh_00000000000000000000000021:replay",
            Some(json!({ "session": "main", "from": 1, "to": 1 })),
        ),
        (
            "GET",
            "/v1/webhooks/{w}/dead-letters",
            "/v1/webhooks/wh_00000000000000000000000021/dead-letters",
            None,
        ),
        (
            "POST",
            "/v1/webhooks/{w}/dead-letters/replay",
            "/v1/webhooks/wh_00000000000000000000000021/dead-letters/replay",
            None,
        ),
        (
            "POST",
            "/v1/webhooks/{w}/dead-letters/discard",
            "/v1/webhooks/wh_00000000000000000000000021/dead-letters/discard",
            Some(json!({ "session": "main", "position": 1 })),
        ),
    ]
}

/// Takes whatever it is told.
#[derive(Debug)]
struct Taker;

#[async_trait]
impl Servers for Taker {
    async fn answer(&self, _: Outbound) -> Result<Played, EgressError> {
        Ok(Played {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            parts: PlayedBody::default(),
        })
    }
}

/// What the service rests on.
pub(crate) struct Rests<'a> {
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) log: &'a Log,
    pub(crate) progress: &'a Progress,
    pub(crate) register: &'a Register,
    pub(crate) clock: &'a Arc<ManualClock>,
    pub(crate) ids: &'a Arc<dyn Ids>,
    pub(crate) main: SessionId,
}

/// The service, with one webhook that was told of something and did not take it.
pub(crate) async fn service(rests: Rests<'_>) -> Webhooks {
    let Rests {
        store,
        log,
        progress,
        register,
        clock,
        ids,
        main,
    } = rests;
    let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
    let rules = Rules {
        timeout: std::time::Duration::from_secs(10),
        concurrency: 4,
        most: 5,
        keep: 100,
        retry: Retry {
            max_attempts: 12,
            backoff: Backoff {
                first: std::time::Duration::from_secs(5),
                factor: 4.0,
                max: std::time::Duration::from_secs(60),
                jitter: 0.0,
            },
        },
        breaker: BreakerRule::default(),
    };
    let endpoints = Endpoints::open(WebhookRegister::new(Arc::clone(store), sealer), rules).await;
    let endpoints = endpoints.expect("an empty store");
    let deliveries = Deliveries::new(Arc::clone(store), progress.clone());
    let webhook = Webhook {
        tenant: TenantId::DEFAULT,
        name: "crm".into(),
        url: "https://crm.example/hook".into(),
        wants: Wants {
            events: None,
            sessions: None,
            chats: None,
            own: Own::LeftOut,
            seen: Seen::Within(Scopes::all()),
        },
        format: Format::Native,
        secrets: WebhookSecrets {
            signing: "a secret of the crm".into(),
            previous: None,
            headers: vec![("x-crm".into(), "another secret".into())],
        },
        standing: Standing::Paused,
        created_at: START,
        changed_at: START,
    };
    let id = CRM.parse().expect("an id");
    let nothing = async { Ok::<_, ChangeError>(()) };
    endpoints.add(id, webhook, nothing).await.expect("it writes");
    let at = At {
        session: main,
        webhook: id,
        position: Position(1),
    };
    let event = EventId::new(ulid::Ulid::from_parts(1, 1));
    let letter = DeadLetter {
        event,
        attempts: 1,
        error: "the endpoint answered 404 Not Found".into(),
        at: START,
        kind: "message.received".into(),
    };
    let delivery = Delivery {
        event,
        kind: "message.received".into(),
        attempts: 1,
        first_at: START,
        last_at: START,
        duration_ms: 12,
        outcome: DeliveryOutcome::GivenUp {
            error: letter.error.clone(),
        },
    };
    deliveries.given_up(at, &letter, &delivery).await.expect("it writes");
    Webhooks::new(WebhooksParts {
        endpoints,
        deliveries,
        progress: progress.clone(),
        log: log.clone(),
        register: register.clone(),
        egress: Egress::played(Arc::new(Taker), clock.clone()),
        clock: clock.clone(),
        ids: Arc::clone(ids),
    })
}
