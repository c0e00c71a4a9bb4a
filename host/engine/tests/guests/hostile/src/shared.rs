//! What can be done with a store that others use too, in words that a test can compare.

use waspnest_plugin::{Error, kv};

/// `NAME add`, `NAME get KEY`, `NAME put KEY VALUE`, `NAME put-new KEY VALUE`, `NAME delete KEY`, `NAME keys PREFIX`, `NAME uses`, `NAME fill KEY`.
pub(crate) fn shared(words: &str) -> String {
    let mut words = words.splitn(4, ' ');
    let mut next = || words.next().unwrap_or_default();
    let (name, word, key, value) = (next(), next(), next(), next());
    done(name, word, key, value).unwrap_or_else(|error| error.to_string())
}

fn done(name: &str, word: &str, key: &str, value: &str) -> Result<String, Error> {
    let store = kv::shared(name)?;
    Ok(match word {
        "add" => store.increment("counter", 1)?.to_string(),
        "get" => format!("{:?}", store.get::<String>(key)?),
        "put" => format!("revision {}", store.put(key, value)?),
        "put-new" => format!("revision {}", store.create(key, value)?),
        "delete" => store.delete(key)?.to_string(),
        "keys" => {
            let all: Vec<(String, String)> = store.scan(key)?;
            all.into_iter().map(|(key, _)| key).collect::<Vec<_>>().join(" ")
        }
        "uses" => {
            let usage = store.usage()?;
            format!(
                "{} of {} keys, {} of {} bytes",
                usage.keys, usage.max_keys, usage.bytes, usage.max_bytes
            )
        }
        "fill" => {
            store.put(key, &"x".repeat(1024))?;
            "stored".into()
        }
        _ => "opened".into(),
    })
}
