//! The app state, as far as whatsapp-rust lets others at it: whole collections are fetched, labels are set. Arbitrary changes would have
//! to know the state of hashes that is its own.

use std::sync::Arc;

use waspnest_core::affairs::{Collection, Dirty, Label};
use waspnest_core::live::Refusal;
use whatsapp_rust::Client;
use whatsapp_rust::sync_task::MajorSyncTask;
use whatsapp_rust::wacore::appstate::patch_decode::WAPatchName;
use whatsapp_rust::wacore::iq::dirty::{DirtyBit, DirtyType};

use crate::live::refusal::{of_app_state, of_query};

/// whatsapp-rust does not say how it went: what fails it tries again by itself.
pub(super) async fn sync(client: &Arc<Client>, collection: Collection) {
    let name = match collection {
        Collection::CriticalBlock => WAPatchName::CriticalBlock,
        Collection::CriticalUnblockLow => WAPatchName::CriticalUnblockLow,
        Collection::RegularLow => WAPatchName::RegularLow,
        Collection::RegularHigh => WAPatchName::RegularHigh,
        Collection::Regular => WAPatchName::Regular,
    };
    let task = MajorSyncTask::AppStateSync { name, full_sync: false };
    client.process_sync_task(task).await;
}

pub(super) async fn mark_clean(client: &Client, dirty: Dirty) -> Result<(), Refusal> {
    let kind = match dirty {
        Dirty::AccountSync => DirtyType::AccountSync,
        Dirty::Groups => DirtyType::Groups,
        Dirty::AppState => DirtyType::SyncdAppState,
        Dirty::Newsletters => DirtyType::NewsletterMetadata,
    };
    client.clean_dirty_bits(DirtyBit::new(kind)).await.map_err(of_query)
}

pub(super) async fn set_label(client: &Client, label: Label) -> Result<(), Refusal> {
    let Label { id, name, color } = label;
    let set = client.labels().create_label(&id, &name, color.into()).await;
    set.map_err(of_app_state)
}

pub(super) async fn remove_label(client: &Client, label: &str) -> Result<(), Refusal> {
    client.labels().delete_label(label).await.map_err(of_app_state)
}
