//! A guest that keeps words and brings them into other forms, for tests.
//!
//! `session WORD`, `chat WORD` and `sender WORD` keep a word in a store, everything else is answered with what is kept. A migration puts the
//! form's number before every word; it fails at the word `poison` and traps at `trap`.

use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome, Place};
use waspnest_plugin::{Error, Lifecycle, MessageHandler, kv, log, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Mover;

/// Where every store keeps its word.
const KEY: &str = "word";

impl MessageHandler for Mover {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let text = msg.text().unwrap_or_default();
        let kept = match text.split_once(' ') {
            Some(("session", word)) => Some((kv::session()?, word)),
            Some(("chat", word)) => Some((kv::chat()?, word)),
            Some(("sender", word)) => Some((kv::sender()?, word)),
            _ => None,
        };
        if let Some((store, word)) = kept {
            store.put(KEY, word)?;
            messaging::reply(msg, "kept")?;
            return Ok(Outcome::next());
        }
        let mut words = Vec::new();
        for store in [kv::session()?, kv::chat()?, kv::sender()?] {
            words.push(store.get::<String>(KEY)?.unwrap_or_default());
        }
        messaging::reply(msg, words.join(" "))?;
        Ok(Outcome::next())
    }
}

impl Lifecycle for Mover {
    fn migrate(place: &Place, _: u32, to: u32) -> Result<(), String> {
        let (own, other) = match place {
            Place::Session => (kv::session(), kv::chat()),
            Place::Chat(_) => (kv::chat(), kv::session()),
            Place::Sender(_) => (kv::sender(), kv::session()),
        };
        assert!(other.is_err(), "no other store can be opened");
        let words = |error: Error| error.to_string();
        let store = own.map_err(words)?;
        for (key, word) in store.scan::<String>("").map_err(words)? {
            match word.as_str() {
                "poison" => return Err("it does not taste good".to_owned()),
                "trap" => panic!("it fell into it"),
                word => store.put(&key, &format!("{to}:{word}")).map_err(words)?,
            };
        }
        Ok(())
    }

    fn retire(reason: &str) {
        log::emit(log::Level::Info, &format!("retired: {reason}"), &[]);
    }
}

waspnest_plugin::export!(Mover: MessageHandler, Lifecycle);
