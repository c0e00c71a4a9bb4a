//! What is recorded of the calls in a test, in full.

use std::path::PathBuf;
use std::sync::Arc;

use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds};
use waspnest_core::id::SessionId;
use waspnest_core::runs::Runs as Records;
use waspnest_core::session::{Desired, Sessions as Register};
use waspnest_core::store::{HeldStore, Store};
use waspnest_engine::record::{Bodies, Hide};

use super::{Harness, id};
use crate::config::record::Record;
use crate::recorder::{self, RecordWriter, Recorder};
use crate::service::runs::{Listed, Replays, Runs, Which};

const HIDE: Hide = Hide::under([7; 32]);

/// The session of a test, which the register knows too.
pub(super) async fn session(store: &Arc<HeldStore>, clock: &Arc<ManualClock>, ids: &Arc<SeededIds>) -> SessionId {
    let store: Arc<dyn Store> = store.clone();
    let register = Register::open(store).await.expect("a store");
    let name = "test".parse().expect("a valid name");
    let record = register.create(name, Desired::Connected, &**clock, &**ids).await;
    record.expect("it is new").id
}

pub(super) fn recording(
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    ids: &Arc<SeededIds>,
) -> (Recorder, RecordWriter) {
    let wanted = Record {
        bodies: Some(Bodies::Full),
        runs: 40,
        ..Record::default()
    };
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (clock.clone(), ids.clone());
    recorder::recording(&wanted, Records::new(Arc::clone(store)), HIDE, &clock, &ids).expect("they are wanted")
}

impl Harness {
    /// What an operator can ask about records.
    pub(in super::super) async fn records(&self) -> Runs {
        let store: Arc<dyn Store> = self.store.clone();
        let replays = Replays {
            log: self.log.clone(),
            engine: Arc::clone(&self.engine),
            plugins: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins"),
            installations: self.slots.clone(),
            hide: HIDE,
        };
        let register = Register::open(Arc::clone(&store)).await.expect("a store");
        Runs::new(Records::new(store), register, replays)
    }

    /// Records of an installation, latest first, as soon as there are so many.
    pub(in super::super) async fn recorded(&self, installation: &str, count: usize) -> Vec<Listed> {
        let records = self.records().await;
        loop {
            let found = records
                .list(&id(installation), &Which::default(), 1000)
                .await
                .expect("it reads");
            if found.len() >= count {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }
}
