//! What comes over the API: a plugin and an installation. Only for the test that pins their bytes.

use crate::fixture::{NOON, World};
use crate::id::{InstallationId, TenantId};
use crate::made_installation::{MadeInstallation, MadeInstallations, Stage};
use crate::uploaded_plugin::{UploadedPlugin, UploadedPlugins, UploadedVersion};

/// A plugin and an installation that came over the API.
pub(super) async fn make(world: &World, id: &InstallationId) {
    let plugin = UploadedPlugin {
        name: "Echo".into(),
        versions: vec![UploadedVersion {
            digest: [1; 32].into(),
            number: "1.4.0".into(),
            uploaded_at: NOON,
            origin: "upload".into(),
            signature: Some(b"untrusted comment".to_vec()),
        }],
    };
    UploadedPlugins::new(world.store.clone())
        .set(&"org.example.echo".parse().expect("an id"), Some(&plugin))
        .await
        .expect("it writes");
    let made = MadeInstallation {
        tenant: Some(TenantId::DEFAULT),
        definition: "{}".into(),
        made_at: NOON,
        changed_at: NOON,
        stage: Stage::Leaving,
    };
    MadeInstallations::new(world.store.clone())
        .set(id, Some(&made))
        .await
        .expect("it writes");
}
