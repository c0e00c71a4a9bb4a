//! The server's clock, moved while clients are connected.

use std::sync::Arc;

use waspnest_simulator::{Clock, Config, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::Companion;

/// Always the same moment.
struct Still(u64);

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        self.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_shows_in_what_clients_are_told() {
    const NOON: u64 = 1_750_000_000;
    const HOUR: i64 = 3_600;
    let simulator = Simulator::start(Config {
        clock: Arc::new(Still(NOON * 1_000)),
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    for (jump, expected) in [(0, 0), (2 * HOUR, 2 * HOUR), (-5 * HOUR, -3 * HOUR)] {
        assert_eq!(simulator.shift_clock(jump * 1_000), expected * 1_000);
        let text = format!("after a jump of {jump}");
        let id = ada.say(&ben.account, &text).await;
        ben.events.text(&text).await;
        let told = ben
            .events
            .all(|event| match event {
                Event::Messages(batch) => batch
                    .iter()
                    .find(|inbound| inbound.info.id == id)
                    .map(|inbound| inbound.info.timestamp.timestamp()),
                _ => None,
            })
            .pop()
            .unwrap();
        assert_eq!(told, i64::try_from(NOON).unwrap() + expected);
    }
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}
