//! What cannot be loaded or installed, and the words that say why; and the cache of what can.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use waspnest_engine::{EngineError, Grants, InstallError, Installation, InstallationSpec, LoadError};

use crate::kit::{Rig, changed, plugin_dir};

async fn refused(dir: &Path) -> LoadError {
    Rig::new().engine.load(dir).await.expect_err("it must not load")
}

#[tokio::test]
async fn an_import_that_was_not_asked_for_is_named() {
    let error = refused(&plugin_dir("unasked")).await;
    let text = error.to_string();
    let LoadError::UndeclaredImport { import, .. } = error else {
        panic!("{text}")
    };
    assert!(import.starts_with("waspnest:plugin/messaging@"), "{import}");
    assert!(
        text.contains("hostile.wasm") && text.contains("messages.send"),
        "{text}"
    );
}

#[tokio::test]
async fn a_subscription_without_a_handler_is_named() {
    let dir = changed("echo", |manifest| {
        format!("{manifest}\n[[schedule]]\nid = \"daily\"\ncron = \"0 8 * * *\"\n")
    });
    let error = refused(dir.path()).await;
    assert!(
        matches!(
            error,
            LoadError::MissingHandler {
                handler: "schedule-handler",
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("echo.wasm") && error.to_string().contains("[[schedule]]"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_component_is_named() {
    for (what, change) in [
        ("not WebAssembly", (|_| b"hello".to_vec()) as fn(Vec<u8>) -> Vec<u8>),
        ("a core module", |_| b"\0asm\x01\0\0\0".to_vec()),
        ("cut off", |wasm| wasm[..wasm.len() / 2].to_vec()),
        ("garbled", |mut wasm| {
            let middle = wasm.len() / 2;
            wasm[middle..middle + 64].fill(0xff);
            wasm
        }),
        ("empty", |_| Vec::new()),
    ] {
        let dir = changed("echo", |manifest| manifest);
        let file = dir.path().join("echo.wasm");
        fs::write(&file, change(fs::read(&file).expect("a component"))).expect("written");
        let error = refused(dir.path()).await;
        assert!(
            matches!(error, LoadError::NotAComponent { .. } | LoadError::Invalid { .. }),
            "{what}: {error}"
        );
        assert!(error.to_string().contains("echo.wasm"), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_mistake_in_the_manifest_names_file_and_key() {
    for (from, to, says) in [
        (
            "kinds = [\"text\",",
            "kinds = [\"texts\",",
            "subscribe[0].kinds[0]: unknown kind \"texts\"; did you mean \"text\"?",
        ),
        (
            "from-me",
            "from_me",
            "subscribe[0].from_me: unknown key \"from_me\"; did you mean \"from-me\"?",
        ),
        (
            "api = \"0.1\"",
            "api = \"0.2\"",
            "plugin.api: the plugin is built for \"0.2\"",
        ),
        (
            "\"messages.send\"",
            "\"message.send\"",
            "capabilities.\"message.send\": unknown key \"message.send\"; did you mean \"messages.send\"?",
        ),
        (
            "memory = \"16MiB\"",
            "memory = \"16MB\"",
            "limits.memory: \"16MB\" is not a size",
        ),
        (
            "component = \"echo.wasm\"",
            "component = \"../echo.wasm\"",
            "plugin.component",
        ),
    ] {
        let dir = changed("echo", |manifest| manifest.replace(from, to));
        let error = refused(dir.path()).await.to_string();
        assert!(error.contains("plugin.toml") && error.contains(says), "{error}");
    }
    let error = refused(Path::new("/nowhere")).await.to_string();
    assert!(error.contains("/nowhere"), "{error}");
}

#[tokio::test]
async fn a_required_capability_must_be_granted() {
    let rig = Rig::new();
    let plugin = rig.engine.load(&plugin_dir("echo")).await.expect("it loads");
    let spec = InstallationSpec::new("echo".parse().expect("an id"));
    let error = Installation::new(plugin.clone(), spec.clone()).expect_err("nothing is granted");
    assert!(
        matches!(
            error,
            InstallError::NotGranted {
                capability: "messages.send",
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("answers in the same chat"),
        "the author's reason is told: {error}"
    );

    let installed = Installation::new(
        plugin,
        InstallationSpec {
            grants: Grants::as_requested(),
            ..spec
        },
    )
    .expect("all is granted");
    assert!(
        installed.warnings().iter().any(|warning| warning.contains("\"kv\"")),
        "{:?}",
        installed.warnings()
    );

    let typo: toml::Table = toml::from_str("\"messages.sent\" = true").expect("a table");
    let error = Grants::from_toml("plugin.grants", &typo)
        .expect_err("there is no such capability")
        .to_string();
    assert!(error.contains("did you mean \"messages.send\"?"), "{error}");
}

#[tokio::test]
async fn an_optional_capability_without_a_grant_answers_denied() {
    let rig = Rig::new();
    let dir = changed("hostile", |manifest| {
        manifest.replace("\"messages.react\" = {", "\"messages.react\" = { optional = true,")
    });
    let plugin = rig.engine.load(dir.path()).await.expect("it loads");
    let grants = Grants {
        react: None,
        ..Grants::as_requested()
    };
    let spec = InstallationSpec {
        grants,
        ..InstallationSpec::new("hostile".parse().expect("an id"))
    };
    let hostile = Installation::new(plugin, spec).expect("it installs without an optional capability");
    let answer = rig.say(&hostile, "react").await.concat();
    assert!(answer.contains("messages.react"), "{answer}");
    assert_eq!(rig.say(&hostile, "granted messages.react").await, ["false"]);
}

#[tokio::test]
async fn a_component_is_compiled_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = dir.path().join("cache");
    let load = async |cache: PathBuf| {
        let rig = Rig::with(|options| options.cache_dir = Some(cache));
        let echo = rig.install("echo").await;
        assert_eq!(rig.say(&echo, "hello").await, ["hello"]);
        rig.engine.compiled()
    };
    assert_eq!(load(cache.clone()).await, 1);
    assert_eq!(
        fs::metadata(&cache).expect("a directory").permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(load(cache.clone()).await, 0, "the second engine finds it");
    for file in fs::read_dir(&cache).expect("a directory") {
        fs::write(file.expect("an entry").path(), b"garbage").expect("written");
    }
    assert_eq!(load(cache.clone()).await, 1, "what cannot be used is compiled again");
}

#[tokio::test]
async fn a_cache_that_others_can_reach_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut options =
        waspnest_engine::EngineOptions::new(std::sync::Arc::new(waspnest_core::clock::SystemClock::new()));
    options.cache_dir = Some(dir.path().to_owned());
    let error = waspnest_engine::Engine::new(options).expect_err("others can reach it");
    assert!(matches!(error, EngineError::Cache { .. }), "{error}");
    assert!(
        error.to_string().contains("755") && error.to_string().contains("chmod 700"),
        "{error}"
    );
}
