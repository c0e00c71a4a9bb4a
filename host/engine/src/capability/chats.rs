//! `chats`: the account's own view of its chats.

use waspnest_core::clock::UnixMs;
use waspnest_core::event::Switch;
use waspnest_core::live::{Answer as Told, ChatWish, Operation};

use super::live::{About, Repetition, address, beside_the_point, told};
use super::{Answer, granted, invalid, spend};
use crate::bindings::waspnest::plugin::chats::{Change, Host};
use crate::bindings::waspnest::plugin::types::Error;
use crate::limits::LABEL_BYTES;
use crate::manifest::Capability;
use crate::state::CallState;

impl Host for CallState {
    async fn update(&mut self, chat: String, what: Change) -> Answer<()> {
        let call = &mut self.call;
        let chat = granted!(address("chat", &chat));
        granted!(call.reaches(Capability::ChatsWrite, About::Chat(&chat)));
        granted!(spend(&mut call.live_operations)?);
        let wish = granted!(wish(what, call.now));
        let answer = call
            .live(
                Capability::ChatsWrite,
                Operation::Chat { chat, wish },
                Repetition::Harmless,
            )
            .await?;
        told!(answer, Told::Done => ())
    }
}

fn wish(what: Change, now: UnixMs) -> Result<ChatWish, Error> {
    let label = |on, label: String| {
        if (1..=LABEL_BYTES).contains(&label.len()) {
            let label = label.into();
            Ok(ChatWish::Labeled { on, label })
        } else {
            Err(invalid("label", format!("must have 1 to {LABEL_BYTES} bytes")))
        }
    };
    Ok(match what {
        Change::Archive(on) => ChatWish::Archived(on.into()),
        Change::Pin(on) => ChatWish::Pinned(on.into()),
        Change::MuteUntil(Some(until)) if until <= now.0 => {
            return Err(invalid("mute-until", "is over"));
        }
        Change::MuteUntil(until) => ChatWish::MutedUntil(until.map(UnixMs)),
        Change::Unmute => ChatWish::Unmuted,
        Change::Read(on) => ChatWish::Read(on.into()),
        Change::EphemeralS(seconds) => ChatWish::Ephemeral(seconds.filter(|seconds| *seconds > 0)),
        Change::AddLabel(id) => label(Switch::On, id)?,
        Change::RemoveLabel(id) => label(Switch::Off, id)?,
        Change::Clear => ChatWish::Cleared,
        Change::Delete => ChatWish::Deleted,
    })
}
