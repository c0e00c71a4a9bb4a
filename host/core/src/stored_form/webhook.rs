//! What a webhook was told. Only for the test that pins its bytes; the webhook's own record is sealed anew each time, and pinned beside it.

use crate::delivery::{Again, At, Deliveries, Delivery, DeliveryOutcome};
use crate::event::{Event, Position};
use crate::fixture::{NOON, SESSION, World};
use crate::id::WebhookId;
use crate::progress::DeadLetter;

/// A webhook that took one event, did not take another yet, and gave a third up.
pub(super) async fn tell(world: &World, event: &Event) {
    let deliveries = Deliveries::new(world.store.clone(), world.progress.clone());
    let webhook = WebhookId::new(ulid::Ulid::from_parts(1, 7));
    let at = |position| At {
        session: SESSION,
        webhook,
        position: Position(position),
    };
    let delivery = |outcome| Delivery {
        event: event.id,
        kind: "message.received".into(),
        attempts: 2,
        first_at: NOON,
        last_at: NOON,
        duration_ms: 12,
        outcome,
    };
    let start = world.progress.start_at(SESSION, webhook, Position(0)).await;
    start.expect("it starts");
    let delivered = delivery(DeliveryOutcome::Delivered { status: 200 });
    deliveries.delivered(at(1), &delivered).await.expect("it writes");
    let waiting = delivery(DeliveryOutcome::Waiting {
        error: "no".into(),
        next: NOON,
    });
    deliveries
        .failed(at(2), &super::attempt(), &waiting)
        .await
        .expect("it writes");
    let letter = DeadLetter {
        event: event.id,
        attempts: 2,
        error: "no".into(),
        at: NOON,
        kind: "message.received".into(),
    };
    let given_up = delivery(DeliveryOutcome::GivenUp { error: "no".into() });
    deliveries.given_up(at(3), &letter, &given_up).await.expect("it writes");
    let range = Again {
        next: Position(1),
        to: Position(3),
    };
    deliveries.tell_again(SESSION, webhook, range).await.expect("it writes");
}
