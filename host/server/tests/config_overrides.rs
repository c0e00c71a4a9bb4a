//! Environment variables laid over the file.

use waspnest::config::Config;
use waspnest::config::installation::Activity;
use waspnest::config::server::AdminSecret;
use waspnest_core::session::Desired;

const FILE: &str = r#"
[server]
listen = "127.0.0.1:1"
[[session]]
name = "sales.de"
[[plugin]]
id = "echo"
source = "echo"
[plugin.config]
max_items = 1
"#;

fn load(env: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, FILE).expect("writable");
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), env).map_err(|error| error.to_string())
}

#[test]
fn values_are_read_as_toml_and_otherwise_as_text() {
    let config = load(&[
        ("WASPNEST__SERVER__LISTEN", "127.0.0.1:2"),
        ("WASPNEST__SERVER__BODY_LIMIT", "\"2MiB\""),
        ("WASPNEST__STORAGE__DIR", "/var/lib/waspnest"),
        ("WASPNEST__WHATSAPP__PREKEYS", "50"),
        ("WASPNEST__PLUGINS__CAPS__CALL_TIMEOUT", "3s"),
        ("WASPNEST__PLUGINS__RETRY__BACKOFF__FACTOR", "2"),
        ("WASPNEST__PLUGINS__RETRY__BACKOFF__MAX", "20s"),
    ])
    .expect("valid");
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.body_limit, 2 << 20);
    assert_eq!(config.storage.dir.to_str(), Some("/var/lib/waspnest"));
    assert_eq!(config.plugins.cache.to_str(), Some("/var/lib/waspnest/plugin-cache"));
    assert_eq!(config.whatsapp.profile.prekeys, 50);
    assert_eq!(config.plugins.caps.limits.call_timeout.as_secs(), 3);
    assert_eq!(config.plugins.retry.backoff.max.as_secs(), 20);
    assert!((config.plugins.retry.backoff.factor - 2.0).abs() < f64::EPSILON);
}

#[test]
fn a_text_may_look_like_anything() {
    let config = load(&[("WASPNEST__SERVER__ADMIN_SECRET", "1234567890123456")]).expect("valid");
    assert!(matches!(config.server.admin_secret, AdminSecret::Given(secret) if secret.expose() == "1234567890123456"));
    let config = load(&[("WASPNEST__WHATSAPP__DEVICE_NAME", "true")]).expect("valid");
    assert_eq!(&*config.whatsapp.profile.device_name, "true");
}

#[test]
fn elements_of_lists_go_by_id_or_name() {
    let config = load(&[
        ("WASPNEST__PLUGIN__ECHO__ENABLED", "false"),
        ("WASPNEST__PLUGIN__ECHO__CONFIG__MAX_ITEMS", "7"),
        ("WASPNEST__SESSION__SALES_DE__CONNECT", "false"),
    ])
    .expect("valid");
    assert_eq!(config.installations[0].activity, Activity::Disabled);
    let settings = serde_json::Value::Object(config.installations[0].config.clone());
    assert_eq!(settings, serde_json::json!({ "max_items": 7 }));
    assert_eq!(config.sessions[0].desired, Desired::Disconnected);
}

#[test]
fn a_whole_list_can_be_replaced() {
    let config = load(&[("WASPNEST__SESSION", "[{ name = \"a\" }, { name = \"b\" }]")]).expect("valid");
    let names: Vec<_> = config.sessions.iter().map(|session| session.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_means_nothing_is_an_error_that_names_the_variable() {
    for (name, value, parts) in [
        (
            "WASPNEST__SERVER__LISEN",
            "x",
            vec!["WASPNEST__SERVER__LISEN", "server.lisen", "did you mean \"listen\"?"],
        ),
        (
            "WASPNEST__SERVER__LISTEN",
            "nowhere",
            vec!["WASPNEST__SERVER__LISTEN", "server.listen", "\"nowhere\""],
        ),
        (
            "WASPNEST__PLUGIN__ECO__ENABLED",
            "true",
            vec!["WASPNEST__PLUGIN__ECO__ENABLED", "no [[plugin]]", "ECO"],
        ),
        (
            "WASPNEST__SERVER__LISTEN__PORT",
            "1",
            vec!["WASPNEST__SERVER__LISTEN__PORT", "server.listen", "is a text"],
        ),
        ("WASPNEST__", "1", vec!["WASPNEST__", "SECTION__KEY"]),
    ] {
        let error = load(&[(name, value)]).expect_err(name);
        for part in parts {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
    }
}

#[test]
fn other_variables_are_nobodys_business() {
    assert!(load(&[("PATH", "/bin"), ("WASPNEST_HOME", "x"), ("RUST_LOG", "debug")]).is_ok());
}
