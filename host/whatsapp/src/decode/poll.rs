//! Polls in all their versions, and what becomes of them. Votes are sealed (see [`super::sealed`]).

use waspnest_core::message::{Content, Poll, PollKind, PollOptionAdded, PollTally};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::PollType;

use super::{Scope, context, filled, moment, required};

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    let creation = [
        &base.poll_creation_message,
        &base.poll_creation_message_v2,
        &base.poll_creation_message_v3,
        &base.poll_creation_message_v5,
        &base.poll_creation_message_v6,
    ]
    .into_iter()
    .find_map(|version| version.as_option());
    if let Some(creation) = creation {
        return Some(Content::Poll(poll(creation, scope)));
    }
    let snapshot = base
        .poll_result_snapshot_message
        .as_option()
        .or_else(|| base.poll_result_snapshot_message_v3.as_option());
    if let Some(snapshot) = snapshot {
        return Some(Content::PollTally(PollTally {
            // A snapshot that names no poll stands for one that is somewhere else, and then only it can be referred to.
            poll: context::target(scope).or_else(|| scope.own.cloned())?,
            counts: snapshot
                .poll_votes
                .iter()
                .map(|option| {
                    let votes = option.option_vote_count.and_then(|votes| u64::try_from(votes).ok());
                    (required(option.option_name.as_deref()), votes.unwrap_or_default())
                })
                .collect(),
        }));
    }
    let added = base.poll_add_option_message.as_option()?;
    Some(Content::PollOptionAdded(PollOptionAdded {
        poll: scope.frame.key(added.poll_creation_message_key.as_option()?)?,
        option_name: filled(added.add_option.as_option()?.option_name.as_deref())?,
    }))
}

fn poll(creation: &wa::message::PollCreationMessage, scope: &Scope<'_>) -> Poll {
    Poll {
        kind: match creation.poll_type {
            Some(PollType::QUIZ) => PollKind::Quiz,
            Some(PollType::POLL) | None if scope.frame.is_newsletter() => PollKind::Newsletter,
            Some(PollType::POLL) | None => PollKind::Regular,
        },
        name: required(creation.name.as_deref()),
        options: creation
            .options
            .iter()
            .map(|option| required(option.option_name.as_deref()))
            .collect(),
        max_choices: creation.selectable_options_count.unwrap_or_default(),
        ends_at: moment(creation.end_time),
        correct: creation
            .correct_answer
            .as_option()
            .and_then(|option| filled(option.option_name.as_deref())),
        hide_voters: creation.hide_participant_name.unwrap_or_default(),
        can_add_options: creation.allow_add_option.unwrap_or_default(),
    }
}
