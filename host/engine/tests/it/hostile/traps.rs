//! A trap in everything that the host can call.

use waspnest_core::clock::UnixMs;
use waspnest_core::dialogue::{End, Pending, State};
use waspnest_core::draft::{Draft, KvEntry, KvScope, Missed, Timer, TimerRule};
use waspnest_engine::command::Command;
use waspnest_engine::configuration::Weight;
use waspnest_engine::{CallContext, CallError, Configuration, Migration, MigrationError, Occasion};

use super::Ended;
use crate::bus::{request, topic};
use crate::families::everything;
use crate::kit::{NOW, Rig, soon};

/// One call of each kind, to a guest that traps in every handler.
pub(super) async fn all(rig: &Rig) -> Vec<Ended> {
    let guest = rig.install("saboteur").await;
    let timer = Timer {
        id: "later".parse().expect("an id"),
        rule: TimerRule::At(NOW),
        zone: "UTC".into(),
        missed: Missed::Once,
        payload: Vec::new(),
        origin: None,
        next: UnixMs(NOW.0 + 1),
        previous: None,
    };
    let text = rig.text("hello");
    let mut events = vec![
        text.clone(),
        rig.tick(&timer, &guest),
        topic(rig, "said.loud", 1),
        request(rig, &guest, "/"),
    ];
    for kind in everything() {
        if events.iter().all(|event| event.kind.family() != kind.family()) {
            events.push(rig.event(kind));
        }
    }
    let mut ended = Vec::new();
    for event in events {
        ended.push(traps(event.kind.family().name(), rig.call(&guest, &event)).await);
    }
    let raw = rig.install("recorder").await;
    ended.push(traps("raw", rig.call(&raw, &rig.text("trap"))).await);

    let command = Command {
        name: "order".into(),
        path: Vec::new(),
        args: Vec::new(),
        raw: "/order".into(),
        invoked_as: "order".into(),
        locale: "en".into(),
    };
    let pending = Pending {
        scope: KvScope::Session,
        state: State {
            name: "asked".into(),
            data: Vec::new(),
            version: 1,
        },
        end: End::Answered,
        entry: KvEntry {
            value: Vec::new(),
            revision: 1,
            expires_at: None,
        },
    };
    let occasions = [
        ("command", Occasion::Command(&command)),
        ("reply", Occasion::Reply(&pending)),
    ];
    for (name, occasion) in occasions {
        let context = CallContext {
            occasion,
            ..CallContext::new(&text, &rig.session)
        };
        ended.push(traps(name, rig.engine.call(&guest, context, rig.host.clone())).await);
    }
    let migration = Migration {
        session: &rig.session,
        scope: &KvScope::Session,
        from: 1,
        to: 2,
    };
    ended.push(match rig.engine.migrate(&guest, migration, rig.host.clone()).await {
        Err(MigrationError::Call(error @ CallError::Trap { .. })) => Ended::contained("trap in a migration", error),
        other => Ended::escaped("trap in a migration", format!("{other:?}")),
    });
    let judged = rig.engine.judge(&guest, &Configuration::of_layers([])).await;
    ended.push(match judged.as_slice() {
        [issue] if issue.weight == Weight::Fatal => Ended::contained("trap in the check of a configuration", issue),
        other => Ended::escaped("trap in the check of a configuration", format!("{other:?}")),
    });
    ended
}

/// A call that must end in a trap.
async fn traps(handler: &str, call: impl Future<Output = Result<Draft, CallError>>) -> Ended {
    let name = format!("trap in the handler of {handler} events");
    match soon(call).await {
        Err(error @ CallError::Trap { .. }) => Ended::contained(name, error),
        other => Ended::escaped(name, format!("{other:?}")),
    }
}
