//! A guest that sends every event on as JSON, and crashes on a message with the text `trap`: for tests.

use waspnest_plugin::types::{EventContext, HandlerError, Outcome};
use waspnest_plugin::{RawHandler, config_value, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Recorder;

impl RawHandler for Recorder {
    fn on_event(_: &EventContext, schema: &str, kind: &str, json: &str) -> Result<Outcome, HandlerError> {
        assert!(!json.contains("\"trap\""), "told to");
        let tell: String = config_value("/tell")?.unwrap_or_default();
        messaging::send_text(&tell, format!("{schema} {kind} {json}"))?;
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Recorder: RawHandler);
