//! What there is of a mailbox: a message that came, and what a phone told of its past.

use super::{ADA, ada};
use crate::event::EventKind;
use crate::fixture::{NOON, SESSION, World, jid, message_of};
use crate::mailbox::{Author, Behind, Come, Conversation, Imported, Mailbox, Muted, PastReaction, Role};
use crate::session::Sessions;

/// What a phone told of its past, with everything a message can have beside it.
fn past() -> Conversation {
    let message = message_of(jid("120363000000000001@g.us"), ada(), "G1", "long ago");
    let EventKind::Message(message) = message else {
        panic!("it is a message")
    };
    Conversation {
        chat: jid("120363000000000001@g.us"),
        other: None,
        name: Some("Trip".into()),
        unread: 1,
        marked_unread: false,
        archived: true,
        pinned_at: Some(NOON),
        muted: Some(Muted { until: None }),
        ephemeral_s: Some(60),
        last_at: Some(NOON),
        complete: true,
        members: vec![(ada(), Role::Admin)],
        messages: vec![Imported {
            message: *message,
            starred: true,
            come: Come::Read,
            reactions: vec![PastReaction {
                by: Author::Me,
                emoji: "👍".into(),
                at: NOON,
            }],
            votes: vec![(Author::Person(jid(ADA)), vec!["Soup".into()], NOON)],
            receipts: vec![(ada(), Come::Delivered, NOON)],
        }],
    }
}

/// Has a mailbox take all that has happened, and a past beside it.
pub(super) async fn keep(world: &World, register: Sessions) {
    let (log, outbox) = (world.log.clone(), world.outbox.clone());
    let mailbox = Mailbox::new(world.store.clone(), log, outbox, register, world.clock.clone());
    mailbox.catch_up(SESSION).await.expect("it catches up");
    mailbox.import(SESSION, past()).await.expect("it imports");
    mailbox
        .note_progress(SESSION, |progress| progress.percent = Some(50))
        .await
        .expect("it notes");
    while mailbox.index_anew(SESSION).await.expect("it steps") == Behind::Yes {}
}
