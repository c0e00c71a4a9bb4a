//! What the guest's standard library lets it see of the world: it should be a clock, random numbers, and nothing else.

use core::hint::black_box;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn sleep_for_an_hour() -> String {
    pause(Duration::from_secs(3600));
    "slept".into()
}

pub(crate) fn sleep_ms(text: &str, ms: u64) -> String {
    pause(Duration::from_millis(ms));
    text.into()
}

/// Computes until the guest's own clock says that the time is over.
pub(crate) fn work_ms(text: &str, ms: u64) -> String {
    let until = now() + Duration::from_millis(ms);
    let mut turns = 0_u64;
    while now() < until {
        for _ in 0..10_000 {
            turns = black_box(turns.wrapping_add(1));
        }
    }
    text.into()
}

/// Milliseconds since 1970 by the guest's clock.
pub(crate) fn clock() -> String {
    now().as_millis().to_string()
}

/// Sixteen random bytes and the seed of a hash map, in hexadecimal digits.
pub(crate) fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    let hash = RandomState::new().hash_one(0_u8);
    let mut bytes = [0_u8; 16];
    #[cfg(target_arch = "wasm32")]
    if let Err(error) = getrandom::fill(&mut bytes) {
        return error.to_string();
    }
    #[cfg(not(target_arch = "wasm32"))]
    bytes[..8].copy_from_slice(&hash.to_le_bytes());
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {hash:016x}", bytes.concat())
}

/// The environment, as `NAME=value` lines after their number.
#[expect(clippy::disallowed_methods, reason = "looking at what must be empty is the purpose")]
pub(crate) fn environment() -> String {
    listing(std::env::vars().map(|(name, value)| format!("{name}={value}")))
}

pub(crate) fn arguments() -> String {
    listing(std::env::args())
}

/// What comes of opening files and listing directories.
pub(crate) fn files() -> String {
    let read = |path: &str| match std::fs::read_to_string(path) {
        Ok(text) => format!("{path}: {} bytes", text.len()),
        Err(error) => format!("{path}: {error}"),
    };
    let list = match std::fs::read_dir("/") {
        Ok(entries) => format!("/: {} entries", entries.count()),
        Err(error) => format!("/: {error}"),
    };
    let write = match std::fs::write("/tmp/hostile", "x") {
        Ok(()) => "/tmp/hostile: written".into(),
        Err(error) => format!("/tmp/hostile: {error}"),
    };
    [read("/etc/passwd"), read("plugin.toml"), list, write].join("; ")
}

fn listing(found: impl Iterator<Item = String>) -> String {
    let found: Vec<String> = found.collect();
    format!("{}: {}", found.len(), found.join("; "))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the guest's clock is the host's injected one; that is what is tested"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the host must be able to end a guest that sleeps"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
