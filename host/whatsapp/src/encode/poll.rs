//! Polls. Votes are sealed (see [`super::sealed`]).

use std::collections::HashSet;

use waspnest_core::message::{Poll, PollKind};
use whatsapp_rust::wacore::poll::compute_option_hash;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::PollType;
use whatsapp_rust::waproto::whatsapp::message::poll_creation_message::Option as PollOption;

use super::{EncodeError, Envelope, mark, sealable, seconds, some, text_of};

const KIND: &str = "poll";

/// One choice goes out as version 3, several as version 1: what WhatsApp Web does.
pub(super) fn poll(poll: &Poll, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    check(poll)?;
    let poll_type = match poll.kind {
        PollKind::Regular | PollKind::Newsletter => None,
        PollKind::Quiz => Some(PollType::QUIZ),
        PollKind::Other => {
            return Err(EncodeError::NotSendable {
                kind: KIND,
                why: "it is of no kind this version knows",
            });
        }
    };
    let creation = some(wa::message::PollCreationMessage {
        name: text_of(&poll.name),
        options: poll
            .options
            .iter()
            .map(|option| PollOption {
                option_name: text_of(option),
                ..Default::default()
            })
            .collect(),
        selectable_options_count: Some(poll.max_choices),
        poll_type,
        correct_answer: poll
            .correct
            .as_deref()
            .map(|correct| PollOption {
                option_name: text_of(correct),
                option_hash: Some(hex(&compute_option_hash(correct))),
            })
            .into(),
        end_time: poll.ends_at.map(seconds),
        hide_participant_name: mark(poll.hide_voters),
        allow_add_option: mark(poll.can_add_options),
        ..Default::default()
    });
    let mut message = wa::Message {
        message_context_info: sealable(envelope),
        ..Default::default()
    };
    if poll.max_choices == 1 {
        message.poll_creation_message_v3 = creation;
    } else {
        message.poll_creation_message = creation;
    }
    Ok(message)
}

/// What phones refuse or cannot tell apart.
fn check(poll: &Poll) -> Result<(), EncodeError> {
    let invalid = |why| Err(EncodeError::Invalid { kind: KIND, why });
    let different: HashSet<_> = poll.options.iter().collect();
    if !(2..=12).contains(&poll.options.len()) {
        return invalid("it needs 2 to 12 options");
    }
    if different.len() < poll.options.len() {
        return invalid("two of its options are the same");
    }
    if poll
        .correct
        .as_ref()
        .is_some_and(|correct| !different.contains(correct))
    {
        return invalid("the right answer is not among its options");
    }
    if poll.kind == PollKind::Quiz && poll.correct.is_none() {
        return invalid("a quiz needs a right answer");
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
