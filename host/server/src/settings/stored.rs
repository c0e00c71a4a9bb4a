//! Makes live what was set over the API in earlier lives of the host, or of an installation.

use serde_json::{Map, Value};
use waspnest_core::config_layer::{ConfigLayer, ConfigLayers, Reach};
use waspnest_core::id::{SessionId, SessionName};
use waspnest_core::store::StoreError;
use waspnest_engine::Engine;

use crate::router::Installed;

/// Offers every stored layer to a version of a plugin. What it does not take is held back and stays stored. `sessions` are those that exist.
///
/// # Errors
/// Those of the store.
pub async fn take_up(
    stored: &ConfigLayers,
    sessions: &[(SessionId, SessionName)],
    engine: &Engine,
    installed: &Installed,
) -> Result<(), StoreError> {
    let id = installed.installation.id();
    let everywhere = stored.everywhere(id).await?.into_iter();
    let mut layers: Vec<_> = everywhere.map(|layer| (Reach::Installation, layer)).collect();
    for (session, _) in sessions {
        layers.extend(stored.in_session(*session, id).await?);
    }
    installed.settings.know(sessions);
    for (reach, layer) in layers {
        let layer = object(&layer)?;
        installed
            .settings
            .offer(engine, &installed.installation, sessions, reach, layer)
            .await;
    }
    Ok(())
}

/// What a layer says.
///
/// # Errors
/// [`StoreError::Damaged`].
pub fn object(layer: &ConfigLayer) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(&layer.json).map_err(|error| StoreError::Damaged {
        key: "a layer of a configuration".into(),
        reason: error.to_string().into(),
    })
}
