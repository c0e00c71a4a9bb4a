//! What a component can be, before it ever runs.

use std::fmt::Write;
use std::fs;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_engine::{Grants, Installation, InstallationSpec, LoadError};

use super::Ended;
use crate::kit::{Rig, changed, plugin_dir};

/// A name, and what stands in the place of the component. All of them must be refused, at load or at the latest at a call.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let echo = fs::read(plugin_dir("echo").join("echo.wasm")).expect("a component");
    vec![
        ("no bytes at all", Vec::new()),
        ("a text", b"#!/bin/sh\nrm -rf /\n".to_vec()),
        (
            "a program for the processor",
            [b"\x7fELF".as_slice(), &[0; 60]].concat(),
        ),
        ("a core module", wat("(module)")),
        ("half a component", echo[..echo.len() / 2].to_vec()),
        (
            "a length of four gigabytes",
            [&echo[..8], &[1, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat(),
        ),
        ("a component that exports nothing", wat("(component)")),
        (
            "a table of four thousand million elements",
            wat("(component (core module (table 4000000000 funcref)) (core instance (instantiate 0)))"),
        ),
        (
            "a memory of four gigabytes",
            wat("(component (core module (memory 65536)) (core instance (instantiate 0)))"),
        ),
        (
            "a memory of 64 bits",
            wat("(component (core module (memory i64 1)) (core instance (instantiate 0)))"),
        ),
        ("two hundred instances", many_instances(200)),
        ("types that double in size thirty times", exponential_types(30)),
        (
            "an import of files",
            wat(r#"(component (import "wasi:filesystem-danger/preopens@0.2.6" (instance)))"#),
        ),
        (
            "an import of HTTP past the host",
            wat(r#"(component (import "wasi:http/outgoing-handler@0.2.6" (instance)))"#),
        ),
        (
            "an import of another contract",
            wat(r#"(component (import "waspnest:plugin/messaging@0.9.0" (instance)))"#),
        ),
        (
            "a function of the wrong type behind a good name",
            wat(r#"(component
                (core module (func (export "f") (result i32) i32.const 0))
                (core instance $i (instantiate 0))
                (func $f (result u32) (canon lift (core func $i "f")))
                (component $inner (import "f" (func $f (result u32))) (export "on-message" (func $f)))
                (instance $h (instantiate $inner (with "f" (func $f))))
                (export "waspnest:plugin/message-handler@0.1.0" (instance $h)))"#),
        ),
    ]
}

pub(super) async fn all(rig: &Rig) -> Vec<Ended> {
    let mut ended = Vec::new();
    for (name, wasm) in refused() {
        ended.push(match load(rig, &wasm).await {
            Err(error) => Ended::contained(name, error),
            Ok(loaded) => match rig.call(&loaded, &rig.text("hello")).await {
                Err(error) => Ended::contained(name, error),
                Ok(_) => Ended::escaped(name, "it works"),
            },
        });
    }
    ended.push(is_oversized(rig).await);
    ended.push(is_nested(rig).await);
    ended.push(is_mutated(rig).await);
    ended
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a component")
}

/// Loads the echo plugin with other bytes in the place of its component.
async fn load(rig: &Rig, wasm: &[u8]) -> Result<Installation, LoadError> {
    let dir = changed("echo", |manifest| manifest);
    fs::write(dir.path().join("echo.wasm"), wasm).expect("written");
    let plugin = rig.engine.load(dir.path()).await?;
    let spec = InstallationSpec {
        grants: Grants::as_requested(),
        ..InstallationSpec::new("mutant".parse().expect("an id"))
    };
    Ok(Installation::new(plugin, spec).expect("echo's grants are enough"))
}

fn many_instances(count: usize) -> Vec<u8> {
    let instances = "(core instance (instantiate $m))".repeat(count);
    wat(&format!("(component (core module $m (memory 1)) {instances})"))
}

fn exponential_types(depth: usize) -> Vec<u8> {
    let mut types = String::from("(type $t0 (tuple u8 u8))");
    for level in 1..=depth {
        let below = level - 1;
        write!(types, "(type $t{level} (tuple $t{below} $t{below}))").expect("a text");
    }
    wat(&format!("(component {types})"))
}

/// 26 MiB of nothing in a custom section.
async fn is_oversized(rig: &Rig) -> Ended {
    let mut wasm = fs::read(plugin_dir("echo").join("echo.wasm")).expect("a component");
    wasm.resize(26 << 20, 0);
    match load(rig, &wasm).await {
        Err(error @ LoadError::TooLarge { .. }) => Ended::contained("26 MiB", error),
        other => Ended::escaped("26 MiB", format!("{:?}", other.map(|_| "it loads"))),
    }
}

/// A component in a component in a component, two thousand deep: written from the inside out, since no parser of text takes it.
async fn is_nested(rig: &Rig) -> Ended {
    let preamble = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    let mut inner = preamble.to_vec();
    for _ in 0..2000 {
        let mut outer = preamble.to_vec();
        outer.push(4);
        let mut length = inner.len();
        while length > 0x7f {
            outer.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(inner);
        inner = outer;
    }
    match load(rig, &inner).await {
        Err(error) => Ended::contained("components nested two thousand deep", error),
        Ok(_) => Ended::escaped("components nested two thousand deep", "it loads"),
    }
}

/// Bytes changed at random: refused, or harmless when called.
async fn is_mutated(rig: &Rig) -> Ended {
    let name = "forty random changes of a good component";
    let echo = fs::read(plugin_dir("echo").join("echo.wasm")).expect("a component");
    let mut random = StdRng::seed_from_u64(40);
    let (mut refused, mut called) = (0, 0);
    for _ in 0..40 {
        let mut wasm = echo.clone();
        for _ in 0..random.random_range(1..8) {
            let at = random.random_range(8..wasm.len());
            wasm[at] = random.random();
        }
        match load(rig, &wasm).await {
            Err(_) => refused += 1,
            Ok(mutant) => {
                // It may work, fail or trap; what it must not do is end anybody else.
                let _ = rig.call(&mutant, &rig.text("hello")).await;
                called += 1;
            }
        }
    }
    Ended::contained(name, format!("{refused} refused, {called} called"))
}
