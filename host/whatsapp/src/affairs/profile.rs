//! What the account, or a group, shows of itself.

use bytes::Bytes;
use waspnest_core::affairs::Presence;
use waspnest_core::event::Switch;
use waspnest_core::live::Refusal;
use whatsapp_rust::{Client, Jid as WireJid};

use crate::live::refusal::{of_group, of_presence, of_profile};

pub(super) async fn set_name(client: &Client, name: &str) -> Result<(), Refusal> {
    client.profile().set_push_name(name).await.map_err(of_profile)
}

pub(super) async fn set_about(client: &Client, about: &str) -> Result<(), Refusal> {
    client.profile().set_status_text(about).await.map_err(of_profile)
}

pub(super) async fn set_picture(client: &Client, picture: Option<Bytes>) -> Result<(), Refusal> {
    let profile = client.profile();
    let set = match picture {
        Some(picture) => profile.set_profile_picture(picture.into()).await,
        None => profile.remove_profile_picture().await,
    };
    set.map(drop).map_err(of_profile)
}

pub(super) async fn set_group_picture(client: &Client, group: WireJid, picture: Option<Bytes>) -> Result<(), Refusal> {
    let groups = client.groups();
    let set = match picture {
        Some(picture) => groups.set_profile_picture(group, picture.into()).await,
        None => groups.remove_profile_picture(group).await,
    };
    set.map(drop).map_err(of_group)
}

pub(super) async fn set_presence(client: &Client, presence: Presence) -> Result<(), Refusal> {
    let shown = match presence {
        Presence::Available => client.presence().set_available().await,
        Presence::Unavailable => client.presence().set_unavailable().await,
    };
    shown.map_err(of_presence)
}

pub(super) async fn watch(client: &Client, who: WireJid, on: Switch) -> Result<(), Refusal> {
    let watched = match on {
        Switch::On => client.presence().subscribe(who).await,
        Switch::Off => client.presence().unsubscribe(&who).await,
    };
    watched.map_err(of_presence)
}
