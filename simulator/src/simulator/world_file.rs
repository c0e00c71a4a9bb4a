//! The world saved to a file, and a file in the place of the world.

use std::path::Path;

use crate::error::WorldFileError;
use crate::saved::{self, SavedWorld, StillPhones};
use crate::simulator::Simulator;

impl Simulator {
    /// Writes the whole world to a file: the server's and the phones' keys, accounts, devices, queues. It is a picture of one moment and
    /// replaces an older file at once. Faults, counters and the stanza log are of the run and not in it.
    ///
    /// A server that begins with it ([`crate::Config::restore`]), in another process and on another port, is to its clients the same server.
    pub async fn save(&self, path: impl AsRef<Path>) -> Result<(), WorldFileError> {
        let path = path.as_ref();
        let world = loop {
            // Phones first: mail one has taken and not yet read would be in neither place.
            let running = self.inner.shared.world().phones.clone();
            let mut phones = StillPhones::new();
            for (account, phone) in running {
                phones.insert(account, phone.lock_owned().await);
            }
            let mut world = self.inner.shared.world();
            if world.accounts.len() == phones.len() {
                for (account, phone) in &mut phones {
                    // Set up anew, and not switched on yet.
                    if let Some(successor) = world.account_mut(*account).successor.take() {
                        **phone = *successor;
                    }
                }
                break SavedWorld::of(&mut world, &mut phones);
            }
        };
        let world = world.map_err(|unsound| unsound.of(path))?;
        saved::write(path, &world).await
    }

    /// Ends all connections and puts the world of a file in the place of this one. A file that is refused changes nothing.
    pub async fn restore(&self, path: impl AsRef<Path>) -> Result<(), WorldFileError> {
        let shared = &self.inner.shared;
        let media_host = shared.world().blobs.host().to_owned();
        let restored = saved::load(path.as_ref(), &shared.config, media_host, shared.stop.child_token()).await?;
        let change = async {
            self.end_phones().await;
            restored.begin(shared);
        };
        self.while_down(change).await.map_err(WorldFileError::Restart)
    }
}
