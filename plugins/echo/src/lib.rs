//! Echo: answers each text with the same text and each picture with the same picture. The smallest complete plugin, and the one to
//! copy.
//!
//! It answers only what others wrote (two echoes in one chat would talk for ever), and quotes where several people talk.

use serde::Deserialize;
use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome};
use waspnest_plugin::{MessageHandler, config, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Echo;

/// What the operator can set; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
struct Settings {
    /// Put in front of every answer.
    prefix: String,
}

impl MessageHandler for Echo {
    fn on_message(_ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // The manifest asks for others' texts only; an operator's rule can widen that, and an echo must not answer itself.
        if msg.key.from_me {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        let text = msg.text().map(|text| format!("{}{text}", settings.prefix));
        if messaging::reply_with_file(msg, text.clone())?.is_some() {
            return Ok(Outcome::next());
        }
        if let Some(text) = text {
            messaging::reply(msg, text)?;
        }
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Echo: MessageHandler);

#[cfg(test)]
mod tests {
    use super::Echo;
    use waspnest_plugin::messaging::Outgoing;
    use waspnest_plugin::testing::{Effect, Host, direct_image, direct_text, group_text};
    use waspnest_plugin::types::HandlerError;

    fn host() -> Host {
        Host::new().with_config(r#"{ "prefix": "" }"#)
    }

    #[test]
    fn answers_a_text_with_the_same_text() {
        let mut host = host();
        host.message::<Echo>(&direct_text("hello")).expect("echo answers");
        assert_eq!(host.texts(), ["hello"]);
    }

    #[test]
    fn puts_the_prefix_in_front() {
        let mut host = Host::new().with_config(r#"{ "prefix": "You said: " }"#);
        host.message::<Echo>(&direct_text("hello")).expect("echo answers");
        assert_eq!(host.texts(), ["You said: hello"]);
    }

    #[test]
    fn answers_a_picture_with_the_same_picture() {
        let mut host = Host::new().with_config(r#"{ "prefix": "You said: " }"#);
        host.message::<Echo>(&direct_image("look")).expect("echo answers");
        host.message::<Echo>(&direct_image("")).expect("echo answers");
        let captions: Vec<_> = host
            .effects()
            .iter()
            .map(|effect| match effect {
                Effect::Sent {
                    what: Outgoing::Image(upload),
                    ..
                } => upload.caption.as_deref(),
                other => panic!("a picture is answered by a picture, not by {other:?}"),
            })
            .collect();
        assert_eq!(captions, [Some("You said: look"), None]);
    }

    #[test]
    fn quotes_in_a_group_only() {
        let mut host = host();
        let asked = group_text("hello");
        host.message::<Echo>(&asked).expect("echo answers");
        host.message::<Echo>(&direct_text("hello")).expect("echo answers");
        let quotes: Vec<_> = host
            .effects()
            .iter()
            .map(|effect| match effect {
                Effect::Sent { options, .. } => options.quote.clone(),
                other => panic!("echo only sends, not {other:?}"),
            })
            .collect();
        assert_eq!(quotes, [Some(asked.key), None]);
    }

    #[test]
    fn does_not_answer_itself() {
        let mut host = host();
        let mut own = direct_text("hello");
        own.key.from_me = true;
        host.message::<Echo>(&own).expect("echo looks away");
        assert!(host.effects().is_empty());
    }

    #[test]
    fn a_wrong_setting_rejects_the_event_and_names_it() {
        let mut host = Host::new().with_config(r#"{ "prefix": 7 }"#);
        let Err(HandlerError::Reject(reason)) = host.message::<Echo>(&direct_text("hello")) else {
            panic!("a wrong setting does not pass by itself");
        };
        assert!(
            reason.contains("configuration") && reason.contains("expected a string"),
            "{reason}"
        );
    }
}
