//! Builds the whatsapp-rust client of one human: small, silent about history, loopback only.

use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::{CacheConfig, CacheEntryConfig};

use super::ears::EarsHandler;
use super::{HumanError, Inner};

/// A fixed version spares the request for the current one, which would leave this machine.
const VERSION: (u32, u32, u32) = (2, 3000, 1_030_000_000);
/// One-time keys per upload. A human meets few new devices; generating the default 812 is most of the cost of joining.
const PRE_KEYS: usize = 100;

/// Starts a client on the human's store. The caller makes sure that no other client uses it.
pub(crate) async fn start(human: &Inner) -> Result<BotHandle, HumanError> {
    let bot = Bot::builder()
        .with_backend_arc(human.store.clone())
        .with_transport_factory(human.transport.clone())
        .with_http_client(human.http.clone())
        .with_event_handler(EarsHandler(human.ears.clone()))
        .with_version(VERSION)
        .with_push_name(human.account.push_name.as_str())
        .with_wanted_pre_key_count(PRE_KEYS)
        .with_cache_config(small_caches())
        .skip_history_sync()
        .build()
        .await
        .map_err(|source| HumanError::Build {
            source: Box::new(source),
        })?;
    human.line.attach(&bot.client());
    Ok(bot.spawn())
}

/// Hundreds of humans share a process; each talks to a handful of others. The caches of live locks keep their size:
/// evicting a lock that is held would let two tasks into one session.
fn small_caches() -> CacheConfig {
    let defaults = CacheConfig::default();
    let small = |entry: &CacheEntryConfig| CacheEntryConfig::new(entry.timeout, 64);
    CacheConfig {
        group_cache: small(&defaults.group_cache),
        device_registry_cache: CacheEntryConfig::new(defaults.device_registry_cache.timeout, 512),
        message_retry_counts: small(&defaults.message_retry_counts),
        sender_key_devices_cache: small(&defaults.sender_key_devices_cache),
        session_recreate_history: small(&defaults.session_recreate_history),
        pdo_pending_requests: small(&defaults.pdo_pending_requests),
        pdo_requested: small(&defaults.pdo_requested),
        seed_msg_secrets_from_history: false,
        ..defaults
    }
}
