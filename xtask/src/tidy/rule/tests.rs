//! Each rule finds what it is for, and lets its neighbours pass.

use super::{dependencies, layers, module_doc, name, size, unfinished};

#[test]
fn names_that_say_nothing_are_found_as_file_and_as_directory() {
    assert_eq!(name("host/core/src/utils.rs").len(), 1);
    assert_eq!(name("host/core/src/common/id.rs").len(), 1);
    assert!(name("host/core/src/address.rs").is_empty());
    assert!(name("plugin-sdk/wit/types.wit").is_empty());
}

#[test]
fn six_hundred_lines_are_enough() {
    assert_eq!(size("a.rs", &"x\n".repeat(600)), None);
    assert!(size("a.rs", &"x\n".repeat(601)).is_some());
}

#[test]
fn a_module_starts_by_saying_what_it_is_for() {
    assert_eq!(module_doc("a.rs", "//! Ids.\nuse x;\n"), None);
    assert_eq!(module_doc("a.rs", "#![deny(x)]\n\n//! Ids.\n"), None);
    assert!(module_doc("a.rs", "use x;\n//! Ids.\n").is_some());
    assert!(module_doc("a.rs", "").is_some());
    assert_eq!(module_doc("a/tests.rs", "use super::x;\n"), None);
}

#[test]
fn work_left_for_later_is_found_with_its_line() {
    let text = format!("fn a() {{}}\n// {}: b\n", concat!("TO", "DO"));
    assert_eq!(unfinished("a.rs", &text).len(), 1);
    assert!(unfinished("a.rs", &text)[0].starts_with("a.rs:2:"));
    assert!(unfinished("a.rs", "let todos = 1;\n").is_empty());
}

#[test]
fn a_crate_is_named_in_its_layer_alone() {
    assert_eq!(layers("host/server/src/app.rs", "use sled::Db;\n").len(), 1);
    assert_eq!(
        layers("host/server/src/app.rs", "fn a(x: wasmtime::Engine) {}\n").len(),
        1
    );
    assert!(layers("host/core/src/store/sled.rs", "use sled::Db;\n").is_empty());
    assert!(layers("simulator/src/human.rs", "use whatsapp_rust::Client;\n").is_empty());
}

#[test]
fn words_that_only_look_like_a_crate_pass() {
    assert!(layers("host/server/src/app.rs", "use waspnest_core::store::sled::SledStore;\n").is_empty());
    assert!(layers("host/server/src/app.rs", "// sled::Db is elsewhere\n").is_empty());
    assert!(layers("host/server/src/app.rs", "let time_warp::X = 1;\n").is_empty());
}

#[test]
fn a_dependency_stands_in_its_crate_alone() {
    assert_eq!(
        dependencies("host/server/Cargo.toml", "[dependencies]\nsled.workspace = true\n").len(),
        1
    );
    assert_eq!(dependencies("host/core/Cargo.toml", "wasmtime = \"48\"\n").len(), 1);
    assert!(dependencies("host/core/Cargo.toml", "sled.workspace = true\n").is_empty());
    assert!(dependencies("host/engine/Cargo.toml", "wasmtime-wasi.workspace = true\n").is_empty());
}

#[test]
fn our_crates_build_on_each_other_in_one_direction() {
    let engine = "[dependencies]\nwaspnest-core.workspace = true\nwaspnest-whatsapp.workspace = true\n";
    assert_eq!(
        dependencies("host/engine/Cargo.toml", engine),
        ["host/engine/Cargo.toml: must not build on waspnest-whatsapp; see ARCHITECTURE.md"]
    );
    assert!(dependencies("host/server/Cargo.toml", engine).is_empty());
    let tests = "[dependencies]\n[dev-dependencies]\nwaspnest-simulator.workspace = true\n";
    assert!(dependencies("host/server/Cargo.toml", tests).is_empty());
}

#[test]
fn http_never_touches_the_store() {
    let line = "use waspnest_core::store::Store;\n";
    assert_eq!(layers("host/server/src/http/api/sessions.rs", line).len(), 1);
    assert!(layers("host/server/src/app.rs", line).is_empty());
}
