//! Core modules that are installed as they are: what compilers without components of their own make.

use std::fs;
use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::kit::{Rig, changed};
use waspnest_engine::{Grants, Installation, InstallationSpec, LoadError, pack};

/// A handler of messages that writes to standard output, logs, and says in the note of its outcome what it is. Its places in memory: the
/// words at 1024, where they are at 2048, the outcome at 3072.
const MODULE: &str = r#"
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "waspnest:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 8)
  (data (i32.const 1024) "from a core module")
  (data (i32.const 2048) "\00\04\00\00\12\00\00\00")
  (data (i32.const 3084) "\01\00\00\00\00\04\00\00\12\00\00\00")
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "waspnest:plugin/message-handler@0.1.0#on-message") (param i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 512)))
    (call $emit (i32.const 2) (i32.const 1024) (i32.const 18) (i32.const 0) (i32.const 0))
    (i32.const 3072)))
"#;

/// The module, which says which component it is meant to be.
fn described(text: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/wit");
    let (package, _) = resolve.push_dir(wit).expect("the contract");
    let world = resolve
        .select_world(&[package], Some("message-plugin"))
        .expect("its world");
    let mut module = wat::parse_str(text).expect("a module");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embedded");
    module
}

#[tokio::test]
async fn a_core_module_works_like_the_component_it_is_meant_to_be() {
    let rig = Rig::new();
    let dir = changed("echo", |manifest| manifest);
    fs::write(dir.path().join("echo.wasm"), described(MODULE)).expect("written");
    let uploaded = pack(dir.path()).expect("a package").digest();
    let plugin = rig.engine.load(dir.path()).await.expect("it loads");
    assert_eq!(plugin.digest, uploaded, "a version is what was uploaded");
    let spec = InstallationSpec {
        grants: Grants::as_requested(),
        ..InstallationSpec::new("core".parse().expect("an id"))
    };
    let installed = Installation::new(plugin, spec).expect("it installs");
    let draft = rig.call(&installed, &rig.text("hello")).await.expect("it handles");
    assert_eq!(draft.note.as_deref(), Some("from a core module"));
}

#[tokio::test]
async fn a_core_module_that_cannot_be_one_says_what_to_do() {
    let bare = wat::parse_str(MODULE).expect("a module");
    let unfit = described(&MODULE.replace("on-message", "on-massage"));
    let greedy = described(&MODULE.replace("\"emit\"", "\"emmit\""));
    for (module, says) in [
        (bare, "without a `component-type` section"),
        (unfit, "cannot be made a component"),
        (greedy, "cannot be made a component"),
    ] {
        let dir = changed("echo", |manifest| manifest);
        fs::write(dir.path().join("echo.wasm"), module).expect("written");
        let error = Rig::new().engine.load(dir.path()).await.expect_err("it must not load");
        assert!(
            matches!(error, LoadError::NotAComponent { .. } | LoadError::Invalid { .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("echo.wasm") && error.to_string().contains(says),
            "{error}"
        );
    }
}
