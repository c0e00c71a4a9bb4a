//! Ways to take more than one's share. Each must be stopped by the host; where the host refuses instead, the answer says so.

use crate::host_call::said;
use core::hint::black_box;
use core::time::Duration;
use std::io::Write;
use waspnest_plugin::types::{HandlerError, Message};
use waspnest_plugin::{info, kv, messaging, schedule::Job};

/// What the `big-*` words hand over.
const BIG_BYTES: usize = 16 << 20;

/// Stops on an instruction that cannot be executed.
pub(crate) fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub(crate) fn take_memory() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Each turn keeps a page of stack, and is no tail call, because its result is used.
pub(crate) fn recurse(depth: u64) -> u64 {
    let page = black_box([depth; 512]);
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth + 1) + black_box(page)[0]
}

/// As [`recurse`], with the host on top of every frame.
pub(crate) fn recurse_into_host(depth: u64) -> u64 {
    let page = black_box([depth; 64]);
    if !waspnest_plugin::meta::granted("messages.send") {
        return 0;
    }
    recurse_into_host(depth + 1) + black_box(page)[0]
}

pub(crate) fn flood_handles() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(kv::chat()));
    }
}

/// The host copies its answer into the guest each time.
pub(crate) fn flood_allocations() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(waspnest_plugin::config_value::<String>("/greeting")));
    }
}

pub(crate) fn flood_effects(msg: &Message) -> ! {
    loop {
        let _ = black_box(messaging::reply(msg, "flood"));
    }
}

pub(crate) fn flood_log() -> ! {
    let kilobyte = "x".repeat(1024);
    loop {
        info!("{kilobyte}");
    }
}

pub(crate) fn flood_stdout() -> ! {
    let line = [b'x'; 1024];
    loop {
        let _ = black_box(std::io::stdout().write_all(&line));
    }
}

pub(crate) fn flood_kv() -> Result<String, HandlerError> {
    let store = kv::chat()?;
    let mut key = 0_u64;
    loop {
        key += 1;
        let _ = black_box(store.put(&format!("flood/{key}"), "x"));
    }
}

pub(crate) fn flood_jobs() -> ! {
    let mut job = 0_u64;
    loop {
        job += 1;
        let _ = black_box(Job::after(format!("flood-{job}"), Duration::from_secs(60)).put());
    }
}

pub(crate) fn big_text() -> String {
    "x".repeat(BIG_BYTES)
}

pub(crate) fn big_string(msg: &Message) -> String {
    said(messaging::reply(msg, big_text()).map(|_| "sent"))
}

pub(crate) fn big_log() -> String {
    let text = big_text();
    info!("{text}");
    "logged".into()
}

pub(crate) fn big_value() -> Result<String, HandlerError> {
    Ok(said(kv::chat()?.put("big", &big_text()).map(|_| "stored")))
}
