//! Welcome: greets who joins a group, tells its rules, and warns about links and floods; who was warned too often is removed.
//!
//! Knowing the group and removing people are optional grants. Without the first, the greeting says "the group" and administrators
//! are warned like others; without both, or where the account does not administrate the group, the plugin says once that it
//! cannot remove anybody.

mod greeting;
mod link;
mod offence;
mod settings;

use greeting::Greeting;
use offence::Offence;
use settings::Settings;
use waspnest_plugin::groups::{self, GroupInfo, Role};
use waspnest_plugin::messaging::{self, Options, Outgoing};
use waspnest_plugin::types::{
    Address, Command, EventContext, GroupChange, GroupEvent, HandlerError, Issue, Message, Outcome, Text,
};
use waspnest_plugin::{CommandHandler, ConfigCheck, Error, GroupHandler, MessageHandler, config, kv, meta};

/// The plugin.
#[derive(Debug)]
pub struct Welcome;

/// Key, in the store of a group, of having said that nobody can be removed.
const POWERLESS: &str = "powerless";

impl GroupHandler for Welcome {
    fn on_group(ctx: &EventContext, ev: &GroupEvent) -> Result<Outcome, HandlerError> {
        // An operator's rule can widen what comes here.
        if !matches!(ev.change, GroupChange::Joined | GroupChange::Added) {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        let is_other = |who: &&Address| !ctx.me.as_ref().is_some_and(|me| is_same(me, who));
        let people: Vec<&Address> = ev.targets.iter().filter(is_other).collect();
        if people.is_empty() || settings.greeting.trim().is_empty() {
            return Ok(Outcome::next());
        }
        let subject = match settings.greeting.contains("{group}") {
            true => info(&ev.group)?.map(|info| info.subject),
            false => None,
        };
        let greeting = Greeting::of(&settings.greeting, &people, subject.as_deref().unwrap_or("the group"));
        say(
            &ev.group,
            greeting.text,
            Options {
                mentions: greeting.mentions,
                ..Options::default()
            },
        )?;
        Ok(Outcome::next())
    }
}

impl CommandHandler for Welcome {
    fn on_command(_ctx: &EventContext, _cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        let settings: Settings = config()?;
        messaging::reply(msg, settings.rules)?;
        Ok(Outcome::stop())
    }
}

impl MessageHandler for Welcome {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        if msg.key.from_me || msg.history || msg.is_direct() {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        let Some(offence) = Offence::of(&settings, msg)? else {
            return Ok(Outcome::next());
        };
        // Asked only now: most messages are no offence, and WhatsApp does not like to be asked about each.
        let info = info(msg.chat())?;
        if info.as_ref().is_some_and(|info| administrates(info, &msg.sender)) {
            return Ok(Outcome::next());
        }
        let count = offence::warned(&settings)?;
        if count <= settings.warnings {
            let warning = format!("{} (warning {count} of {})", offence.in_words(), settings.warnings);
            about(msg, &warning)?;
        } else {
            remove(ctx, &settings, msg, info.as_ref())?;
        }
        // Others may want to do something about it too.
        Ok(Outcome::next().with_note(format!("{offence:?}, offence {count}")))
    }
}

impl ConfigCheck for Welcome {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        settings.issues()
    }
}

waspnest_plugin::export!(Welcome: GroupHandler, CommandHandler, MessageHandler, ConfigCheck);

/// Removes the sender, or says once why that cannot be.
fn remove(
    ctx: &EventContext,
    settings: &Settings,
    msg: &Message,
    info: Option<&GroupInfo>,
) -> Result<(), HandlerError> {
    let (Some(info), Some(me), true) = (info, &ctx.me, meta::granted("groups.write")) else {
        return powerless(settings, msg, "I have not been given the right to");
    };
    if !administrates(info, me) {
        return powerless(settings, msg, "I do not administrate this group");
    }
    let results = groups::remove(msg.chat(), &[&msg.sender.jid])?;
    // Whoever is not in the group any more is removed too.
    if !results.iter().all(|result| result.ok || result.code == 404) {
        return powerless(settings, msg, "WhatsApp refused it");
    }
    offence::forget()?;
    about(
        msg,
        &match settings.warnings {
            1 => "removed after a warning".to_owned(),
            warnings => format!("removed after {warnings} warnings"),
        },
    )
}

/// Says that nobody can be removed, once for as long as warnings are remembered.
fn powerless(settings: &Settings, msg: &Message, why: &str) -> Result<(), HandlerError> {
    let store = kv::chat()?;
    if store.get::<bool>(POWERLESS)?.is_none() {
        store.put_for(POWERLESS, &true, settings.memory())?;
        messaging::quote(
            msg,
            format!("I would remove somebody who was warned so often, but I cannot: {why}."),
        )?;
    }
    Ok(())
}

/// Says something to the sender, quoting what it is about.
fn about(msg: &Message, what: &str) -> Result<(), HandlerError> {
    let options = Options {
        quote: Some(msg.key.clone()),
        mentions: vec![msg.sender.jid.clone()],
        ..Options::default()
    };
    say(
        msg.chat(),
        format!("{}: {what}", messaging::mention(&msg.sender.jid)),
        options,
    )
}

fn say(to: &str, body: String, options: Options) -> Result<(), HandlerError> {
    messaging::send(to, &Outgoing::Text(Text { body, preview: None }), &options)?;
    Ok(())
}

/// Everything about the group; none where that is not granted.
fn info(group: &str) -> Result<Option<GroupInfo>, Error> {
    match groups::info(group) {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.is_denied() => Ok(None),
        Err(error) => Err(error),
    }
}

fn administrates(info: &GroupInfo, who: &Address) -> bool {
    info.participants.iter().any(|member| match member.role {
        Role::Admin | Role::Owner => is_same(&member.who, who),
        Role::Member => false,
    })
}

/// Whether two addresses have one in common: people have one by phone number and one without.
fn is_same(one: &Address, other: &Address) -> bool {
    let all = |who: &Address| [Some(who.jid.clone()), who.alt.clone()];
    all(one)
        .into_iter()
        .flatten()
        .any(|jid| all(other).contains(&Some(jid)))
}

#[cfg(test)]
mod tests;
