//! One function of the host, again and again, and what the last call of it came to.

use core::time::Duration;

use waspnest_plugin::schedule::{self, Job};
use waspnest_plugin::types::Message;
use waspnest_plugin::{Error, kv, log, messaging, meta};

/// Does `what` so many times; the last answer, or the first refusal.
pub(crate) fn again(times: u64, what: &str, msg: &Message) -> String {
    let mut said = String::new();
    for _ in 0..times {
        match once(what, msg) {
            Ok(answer) => said = answer,
            Err(refusal) => return refusal.to_string(),
        }
    }
    said
}

fn once(what: &str, msg: &Message) -> Result<String, Error> {
    Ok(match what {
        "kv.store.open" => kv::open(kv::Scope::Session).map(|_| "opened".into())?,
        "kv.store.get" => format!("got {:?}", kv::session()?.get::<String>("k")?),
        "kv.store.put" => format!("put {}", kv::session()?.put("k", "v")?),
        "kv.store.delete" => format!("deleted {}", kv::session()?.delete("k")?),
        "kv.store.increment" => format!("is {}", kv::session()?.increment("n", 1)?),
        "kv.store.scan" => format!("found {}", kv::session()?.scan::<String>("k")?.len()),
        "kv.store.usage" => format!("uses {}", kv::session()?.usage()?.keys),
        "schedule.put" => format!("due {}", Job::after("j", Duration::from_secs(1)).put()?),
        "schedule.cancel" => format!("cancelled {}", schedule::cancel("j")?),
        "schedule.list" => format!("has {}", schedule::list()?.len()),
        "messaging.send" => format!("sent {}", messaging::send_text(msg.chat(), "again")?.len() > 4),
        "messaging.react" => messaging::react(msg, "👍").map(|()| "reacted".into())?,
        "messaging.mark-read" => messaging::mark_read(msg).map(|()| "read".into())?,
        "messaging.set-typing" => {
            messaging::set_typing(msg.chat(), messaging::Typing::Text).map(|()| "typing".into())?
        }
        "http.fetch" => {
            let answer = waspnest_plugin::http::Request::get("http://127.0.0.1:8080/").send()?;
            format!("answered {}", answer.status())
        }
        "http.open" => {
            let answer = waspnest_plugin::http::Request::get("http://127.0.0.1:8080/").open()?;
            format!("began {}", answer.status())
        }
        "messaging.edit-now" => {
            let key = messaging::sent_key(&msg.key, "3EB0".into());
            messaging::edit_now(&key, "again").map(|()| "edited".into())?
        }
        "config.all" => format!(
            "all {}",
            waspnest_plugin::config::<std::collections::BTreeMap<String, String>>()?.len()
        ),
        "config.get" => format!("one {:?}", waspnest_plugin::config_value::<String>("/greeting")?),
        "log.emit" => {
            waspnest_plugin::info!("a line");
            "written".into()
        }
        "log.counter" => {
            log::counter("messages", 1, &[]);
            "counted".into()
        }
        "log.histogram" => {
            log::histogram("seconds", 0.5, &[]);
            "measured".into()
        }
        "meta.host-version" => format!("version {}", meta::host_version()),
        "meta.yield" => {
            meta::give_way();
            "gave way".into()
        }
        other => format!("{other} is no function here"),
    })
}
