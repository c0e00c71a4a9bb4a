//! FAQ: answers what is asked often. The operator writes rules; the first one that fits a message answers it.
//!
//! A rule that has answered in a chat is silent there for a while, and takes its messages meanwhile: somebody who asks twice is
//! not told twice, and two bots do not talk for ever. That is kept with a lifetime, so nothing has to be tidied up.
//!
//! The rules are read at each message, since a call begins with nothing; the check has read them before, and so they are good.

mod check;
mod pattern;
mod settings;

use core::time::Duration;
use pattern::Pattern;
use settings::{Chats, Quote, Rule, Settings};
use waspnest_plugin::types::{self, EventContext, HandlerError, Issue, Message, Outcome};
use waspnest_plugin::{ConfigCheck, Error, MessageHandler, config, kv, messaging, warn};

/// The plugin.
#[derive(Debug)]
pub struct Faq;

impl MessageHandler for Faq {
    fn on_message(_ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // An operator's rule can widen what comes here. A plugin must not answer itself, and what is old or corrected was answered.
        if msg.key.from_me || msg.history || msg.edit_of.is_some() {
            return Ok(Outcome::next());
        }
        let Some(text) = msg.text() else {
            return Ok(Outcome::next());
        };
        let settings: Settings = config()?;
        for rule in &settings.rules {
            if rule.holds_in(msg) && rule.fits(text)? {
                return rule.answer(msg, Duration::from_secs(settings.cooldown_of(rule)));
            }
        }
        Ok(Outcome::next())
    }
}

impl ConfigCheck for Faq {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        check::issues(settings)
    }
}

waspnest_plugin::export!(Faq: MessageHandler, ConfigCheck);

impl Settings {
    fn cooldown_of(&self, rule: &Rule) -> u64 {
        rule.cooldown_s.unwrap_or(self.cooldown_s)
    }
}

impl Rule {
    fn holds_in(&self, msg: &Message) -> bool {
        match self.chats {
            Chats::Any => true,
            Chats::Direct => msg.is_direct(),
            Chats::Group => !msg.is_direct(),
        }
    }

    fn fits(&self, text: &str) -> Result<bool, HandlerError> {
        for word in &self.words {
            let pattern = Pattern::read(self.comparison, self.case, word)
                .map_err(|problem| HandlerError::reject(format!("rule {:?}: {problem:?}", self.name)))?;
            if pattern.fits(text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers, unless the rule has just done so in this chat.
    fn answer(&self, msg: &Message, cooldown: Duration) -> Result<Outcome, HandlerError> {
        let key = format!("answered/{}", self.name);
        if !cooldown.is_zero() {
            let store = kv::chat()?;
            if store.get::<bool>(&key)?.is_some() {
                return Ok(Outcome::next().with_note(format!("rule {:?} has just answered here", self.name)));
            }
            match store.put_for(&key, &true, cooldown) {
                Ok(_) => {}
                // Better an answer too many than none for anybody until some time has passed.
                Err(Error::Refused {
                    cause: types::Error::Quota(_),
                    ..
                }) => warn!("no room to note what was answered: no cooldown", rule = self.name),
                Err(error) => return Err(error.into()),
            }
        }
        match self.quote {
            Quote::InGroups => messaging::reply(msg, &self.answer)?,
            Quote::Always => messaging::quote(msg, &self.answer)?,
            Quote::Never => messaging::send_text(msg.chat(), &self.answer)?,
        };
        Ok(Outcome::stop().with_note(format!("rule {:?}", self.name)))
    }
}

#[cfg(test)]
mod tests;
