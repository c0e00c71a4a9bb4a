//! What operators set of a plugin's configuration while the host runs: one layer for an installation, for it in a session, or for it in a
//! chat.
//!
//! Only kept here: whether a layer fits is judged before it is written, by whoever writes it. A layer of a session goes with the session.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{InstallationId, SessionId};
use crate::schema::{self, session, system};
use crate::store::{Commit, KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// Bytes of a layer's JSON.
pub const MAX_LAYER: usize = 48 << 10;

/// Where a layer holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Everywhere.
    Installation,
    /// In one session.
    Session(SessionId),
    /// In one chat of a session, by the address it is filed under.
    Chat(SessionId, Jid),
}

/// A layer as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigLayer {
    /// A JSON object, at most [`MAX_LAYER`] bytes.
    pub json: Box<str>,
    /// When it was set.
    pub set_at: UnixMs,
}

/// Settings may be secrets.
impl std::fmt::Debug for ConfigLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConfigLayer({} bytes, {:?})", self.json.len(), self.set_at)
    }
}

impl Record for ConfigLayer {
    const VERSION: u8 = 1;
}

/// The layers of all installations. Clones are the same.
#[derive(Debug, Clone)]
pub struct ConfigLayers {
    store: Arc<dyn Store>,
}

impl ConfigLayers {
    /// The layers in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The layer of an installation that holds everywhere.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn everywhere(&self, installation: &InstallationId) -> Result<Option<ConfigLayer>, StoreError> {
        self.get(installation, &Reach::Installation).await
    }

    /// The layer of a place.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, installation: &InstallationId, reach: &Reach) -> Result<Option<ConfigLayer>, StoreError> {
        let (space, key) = place(installation, reach);
        let value = self.store.get(space, &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// The layers of an installation in a session and its chats.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn in_session(
        &self,
        session: SessionId,
        installation: &InstallationId,
    ) -> Result<Vec<(Reach, ConfigLayer)>, StoreError> {
        let prefix = schema::of(session::CONFIG_LAYER, installation);
        let mut range = KeyRange::prefix(prefix.as_slice());
        let mut layers = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else {
                return Ok(layers);
            };
            range = range.after(last);
            for (key, value) in page {
                let reach = match key.get(prefix.as_slice().len()..).unwrap_or_default() {
                    [] => Some(Reach::Session(session)),
                    chat => std::str::from_utf8(chat)
                        .ok()
                        .and_then(|chat| chat.parse().ok())
                        .map(|chat| Reach::Chat(session, chat)),
                };
                let reach = reach.ok_or_else(|| StoreError::Damaged {
                    key: key.escape_ascii().to_string().into(),
                    reason: "its key names no chat".into(),
                })?;
                layers.push((reach, codec::decode(&key, &value)?));
            }
        }
    }

    /// Keeps a layer for good, in place of what was there; none removes it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set(
        &self,
        installation: &InstallationId,
        reach: &Reach,
        layer: Option<&ConfigLayer>,
    ) -> Result<(), StoreError> {
        let (space, key) = place(installation, reach);
        let commit = match layer {
            Some(layer) => Commit::durable(space).put(key, codec::encode(layer)),
            None => Commit::durable(space).delete(key),
        };
        self.store.commit(commit).await?.durable().await
    }
}

fn place(installation: &InstallationId, reach: &Reach) -> (Space, bytes::Bytes) {
    match reach {
        Reach::Installation => (Space::System, schema::of(system::CONFIG_LAYER, installation).finish()),
        Reach::Session(session) => (
            Space::Session(*session),
            schema::of(session::CONFIG_LAYER, installation).finish(),
        ),
        Reach::Chat(session, chat) => (
            Space::Session(*session),
            schema::of(session::CONFIG_LAYER, installation)
                .bytes(chat.to_string().as_bytes())
                .finish(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{NOON, SESSION, World, installation, jid};

    use super::*;

    fn layer(json: &str) -> ConfigLayer {
        ConfigLayer {
            json: json.into(),
            set_at: NOON,
        }
    }

    #[tokio::test]
    async fn layers_are_kept_where_they_hold() {
        let world = World::in_memory();
        let layers = ConfigLayers::new(world.store.clone());
        let (echo, echoes) = (installation("echo"), installation("echoes"));
        let chat = Reach::Chat(SESSION, jid("4915100000001"));
        for (reach, json) in [
            (Reach::Installation, "{\"a\":1}"),
            (Reach::Session(SESSION), "{\"a\":2}"),
            (chat.clone(), "{\"a\":3}"),
        ] {
            layers.set(&echo, &reach, Some(&layer(json))).await.expect("it is kept");
        }
        assert_eq!(
            layers.everywhere(&echo).await.expect("it reads"),
            Some(layer("{\"a\":1}"))
        );
        assert_eq!(layers.everywhere(&echoes).await.expect("it reads"), None);
        assert_eq!(
            layers.in_session(SESSION, &echo).await.expect("it reads"),
            [
                (Reach::Session(SESSION), layer("{\"a\":2}")),
                (chat.clone(), layer("{\"a\":3}"))
            ]
        );
        assert_eq!(layers.in_session(SESSION, &echoes).await.expect("it reads"), []);
        layers.set(&echo, &chat, None).await.expect("it is removed");
        assert_eq!(layers.in_session(SESSION, &echo).await.expect("it reads").len(), 1);
    }

    #[test]
    fn bytes_of_a_layer_are_these() {
        assert_eq!(
            codec::encode(&layer("{}")).escape_ascii().to_string(),
            "\\x01\\x02{}\\x80\\xa0\\xf1\\xc2\\xb14"
        );
    }
}
