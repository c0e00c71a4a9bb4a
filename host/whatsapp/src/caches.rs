//! What one session may keep in memory.
//!
//! whatsapp-rust's own sizes are those of WhatsApp Web on a personal computer. A host runs many sessions: all of these are caches in
//! front of the store, so smaller ones cost a read now and then. Locks and lanes of chats are kept as they are, as evicting those in
//! use would be a matter of correctness; they only grow with chats that are active.

use std::time::Duration;

use whatsapp_rust::{CacheConfig, CacheEntryConfig};

use crate::expiry::Expiry;

const HOUR: Duration = Duration::from_secs(3600);

/// See the module documentation.
pub(crate) fn config(expiry: Expiry) -> CacheConfig {
    CacheConfig {
        group_cache: CacheEntryConfig::new(Some(HOUR), 64),
        device_registry_cache: CacheEntryConfig::new(Some(HOUR), 1024),
        sender_key_devices_cache: CacheEntryConfig::new(Some(HOUR), 64),
        undecryptable_dispatched: CacheEntryConfig::new(Some(Duration::from_secs(300)), 256),
        seed_msg_secrets_from_history: false,
        sent_message_ttl_secs: expiry.sent().as_secs(),
        msg_secret_retention: expiry.secrets(),
        ..CacheConfig::default()
    }
}
