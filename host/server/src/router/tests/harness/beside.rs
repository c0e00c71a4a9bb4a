//! A version in shadow of the first installation.

use std::sync::Arc;

use waspnest_core::version::Shadow;
use waspnest_engine::record::{Bodies, Hide};

use super::{Harness, Install};
use crate::router::{Looking, Report, ShadowParts, Shadowing};

impl Harness {
    /// Puts a version in shadow; nobody makes its calls yet.
    pub(in super::super) async fn in_shadow(&self, install: &Install, percent: u8) -> Looking {
        let installed = self.installed(install).await;
        let shadow = Shadow {
            digest: installed.installation.plugin().digest,
            percent,
        };
        let (shadowing, looking) = Shadowing::new(ShadowParts {
            installed,
            shadow,
            engine: Arc::clone(&self.engine),
            bodies: Bodies::Full,
            hide: Hide::under([7; 32]),
            clock: self.clock.clone(),
        });
        self.slots.all()[0].put_in_shadow(Some(shadowing));
        looking
    }

    /// Has its calls made.
    pub(in super::super) fn look(&mut self, looking: Looking) {
        self.tasks.spawn(looking.run(self.stop.clone()));
    }

    /// What was found, as soon as so many calls were made or left out.
    pub(in super::super) async fn found(&self, count: u64) -> Report {
        loop {
            let report = self.slots.all()[0].shadow().expect("one is in shadow").report();
            let counts = report.counts;
            if counts.same + counts.different + counts.undecided + counts.left_out >= count {
                return report;
            }
            tokio::task::yield_now().await;
        }
    }
}
