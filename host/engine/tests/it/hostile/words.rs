//! What a guest can try while it runs.

use std::time::Duration;

use waspnest_core::event::EventKind;
use waspnest_engine::{CallContext, CallError, Grants, Installation};

use super::{Ended, hostile};
use crate::kit::{Rig, message, sent, soon};

/// The guest's word, the classes of error that may end the call, and something the error must say.
const ENDED: [(&str, &[&str], &str); 18] = [
    ("trap", &["trap"], "unreachable"),
    ("panic", &["trap"], "told to panic"),
    ("exit", &["trap"], "exited with status 1"),
    ("loop", &["deadline"], "1s"),
    ("memory", &["memory"], "134217728"),
    ("recurse", &["trap"], "out of bounds"),
    ("recurse-host", &["trap"], ""),
    ("flood-effects", &["quota"], "effects"),
    ("flood-log", &["quota"], "log lines"),
    ("flood-stdout", &["quota"], "standard output"),
    ("flood-kv", &["quota"], "key-value operations"),
    ("flood-jobs", &["quota"], "schedule operations"),
    ("flood-handles", &["trap"], ""),
    ("flood-allocations", &["memory", "deadline"], "the plugin"),
    ("big-string", &["trap"], "fuel"),
    ("big-log", &["trap"], "fuel"),
    ("big-value", &["trap"], "fuel"),
    ("big-reject", &["trap"], "fuel"),
];

/// The guest's word, and what it must answer: it looked, and there was nothing.
const BLIND: [(&str, &str); 3] = [("env", "0: "), ("args", "0: "), ("clock", "1790000000000")];

pub(super) async fn all(rig: &Rig) -> Vec<Ended> {
    let guest = hostile(rig).await;
    let mut ended = Vec::new();
    for (word, classes, says) in ENDED {
        ended.push(ends(rig, &guest, word, classes, says).await);
    }
    ended.push(sleeps().await);
    for (word, sees) in BLIND {
        ended.push(match rig.say(&guest, word).await.as_slice() {
            [answer] if answer == sees => Ended::contained(format!("look at {word}"), format!("saw {answer:?}")),
            other => Ended::escaped(format!("look at {word}"), format!("{other:?}")),
        });
    }
    ended.push(opens_files(rig, &guest).await);
    ended.push(leaves_half(rig, &guest).await);
    ended.push(draws_again(rig, &guest).await);
    ended.push(is_told_too_much(rig).await);
    ended.push(sends_elsewhere(rig, &guest).await);
    ended.push(fills_the_store(rig, &guest).await);
    ended
}

/// Whether the next call finds everything as it should be.
async fn recovers(rig: &Rig, guest: &Installation) -> bool {
    rig.say(guest, "are you there").await == ["ok: are you there"]
}

async fn ends(rig: &Rig, guest: &Installation, word: &str, classes: &[&str], says: &str) -> Ended {
    match soon(rig.call(guest, &rig.text(word))).await {
        Ok(draft) => Ended::escaped(
            word,
            format!("the call ended well, with {} effects", draft.effects.len()),
        ),
        Err(error) if !classes.contains(&error.class()) || !error.to_string().contains(says) => {
            Ended::escaped(word, format!("{}: {error}", error.class()))
        }
        Err(error) if recovers(rig, guest).await => Ended::contained(word, error),
        Err(error) => Ended::escaped(word, format!("{error}, and the next call does not work")),
    }
}

/// A guest that sleeps uses nothing that could be counted. Only the clock ends it, which stands still but for what passes here; so it
/// has one of its own.
async fn sleeps() -> Ended {
    let rig = Rig::new();
    let guest = hostile(&rig).await;
    let event = rig.text("sleep");
    let mut call = std::pin::pin!(rig.call(&guest, &event));
    let ended = soon(async {
        loop {
            tokio::select! {
                biased;
                ended = &mut call => break ended,
                () = tokio::task::yield_now() => rig.clock.advance(Duration::from_millis(1)),
            }
        }
    })
    .await;
    match ended {
        Err(error @ CallError::Deadline { .. }) => Ended::contained("sleep", error),
        other => Ended::escaped("sleep", format!("{other:?}")),
    }
}

async fn opens_files(rig: &Rig, guest: &Installation) -> Ended {
    let answer = rig.say(guest, "files").await.concat();
    let refused = answer
        .split("; ")
        .all(|part| !part.contains("bytes") && !part.contains("entries") && !part.contains("written"));
    if refused {
        Ended::contained("open files", answer)
    } else {
        Ended::escaped("open files", answer)
    }
}

/// An effect and a write before a bad end: neither may be seen.
async fn leaves_half(rig: &Rig, guest: &Installation) -> Ended {
    let refused = rig.call(guest, &rig.text("half")).await;
    let counter = rig.say(guest, "kv-counter").await;
    match refused {
        Err(error) if counter == ["1"] => Ended::contained("half a draft", error),
        other => Ended::escaped("half a draft", format!("{other:?}, and the counter says {counter:?}")),
    }
}

/// Numbers drawn and ids fixed at a retry must be those of the first attempt, or a retry could do something else.
async fn draws_again(rig: &Rig, guest: &Installation) -> Ended {
    let event = rig.text("random");
    let mut drafts = Vec::new();
    for attempt in [1, 2] {
        let context = CallContext {
            attempt,
            seed: 5,
            ..CallContext::new(&event, &rig.session)
        };
        drafts.push(
            rig.engine
                .call(guest, context, rig.host.clone())
                .await
                .expect("it answers"),
        );
    }
    if sent(&drafts[0]) == sent(&drafts[1]) {
        Ended::contained("other numbers at a retry", "drew the same numbers")
    } else {
        Ended::escaped(
            "other numbers at a retry",
            format!("{:?}", drafts.iter().map(sent).collect::<Vec<_>>()),
        )
    }
}

/// A message larger than the guest's whole memory.
async fn is_told_too_much(rig: &Rig) -> Ended {
    let small = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.limits.memory_bytes = Some(2 << 20);
        })
        .await;
    let huge = message("4915112345678", &"x".repeat(8 << 20));
    let event = rig.event(EventKind::Message(Box::new(huge)));
    match soon(rig.call(&small, &event)).await {
        Err(error) if recovers(rig, &small).await => Ended::contained("a message larger than its memory", error),
        other => Ended::escaped(
            "a message larger than its memory",
            format!("{:?}", other.map(|draft| sent(&draft))),
        ),
    }
}

async fn sends_elsewhere(rig: &Rig, guest: &Installation) -> Ended {
    let answer = rig.say(guest, "send-to 4915199999999@s.whatsapp.net").await;
    match answer.as_slice() {
        [answer] if answer.contains("not granted") => Ended::contained("a message to another chat", answer),
        other => Ended::escaped("a message to another chat", format!("{other:?}")),
    }
}

/// More than the granted 64 KiB and 100 keys, over many calls.
async fn fills_the_store(rig: &Rig, guest: &Installation) -> Ended {
    for number in 0..200 {
        let answer = rig.say(guest, &format!("kv-fill {number}")).await.concat();
        if answer != "stored" {
            return Ended::contained("fill the store", format!("write {number}: {answer}"));
        }
    }
    Ended::escaped("fill the store", "200 keys of 1 KiB are stored")
}
