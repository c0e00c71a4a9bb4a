//! The other half of the hostile suite: what a plugin can try only where there are servers, other chats, other installations and other
//! sessions. Each try is named in the output with how it ended.

mod egress;
mod neighbours;

use std::cell::Cell;
use std::io::Write;

use super::harness::Harness;

/// Fewer tries than this are not a suite.
const AT_LEAST: usize = 60;

/// How one try ended.
struct Ended {
    name: String,
    how: String,
    contained: Contained,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contained {
    Yes,
    No,
}

/// Judges a try by what came of it.
fn judged(name: impl Into<String>, how: impl Into<String>, is_contained: impl FnOnce(&str) -> bool) -> Ended {
    let how = how.into();
    let contained = match is_contained(&how) {
        true => Contained::Yes,
        false => Contained::No,
    };
    let name = name.into();
    Ended { name, how, contained }
}

/// Somebody who writes to plugins that answer every message with one message.
struct Asker<'a> {
    app: &'a Harness,
    answered: Cell<usize>,
}

impl<'a> Asker<'a> {
    fn new(app: &'a Harness) -> Self {
        let answered = Cell::new(app.carried_ids().len());
        Self { app, answered }
    }

    /// Writes in a chat, and gives the answer.
    async fn ask(&self, chat: &str, text: &str) -> String {
        self.app.hears(chat, text).await;
        self.answer().await
    }

    /// The next answer.
    async fn answer(&self) -> String {
        self.answered.set(self.answered.get() + 1);
        let mut replies = self.app.replies(self.answered.get()).await;
        replies.pop().expect("it was waited for").1
    }
}

#[tokio::test]
async fn every_try_to_reach_what_is_not_its_own_is_contained() {
    let mut ended = egress::all().await;
    ended.extend(neighbours::all().await);

    let mut out = std::io::stderr().lock();
    for Ended { name, how, contained } in &ended {
        let word = match contained {
            Contained::Yes => "contained",
            Contained::No => "ESCAPED",
        };
        let how = how.lines().next().unwrap_or_default();
        writeln!(out, "hostile: {word}: {name}: {how:.160}").expect("a line");
    }
    writeln!(out, "hostile: {} tries in the whole host", ended.len()).expect("a line");
    drop(out);

    let escaped: Vec<_> = ended
        .iter()
        .filter(|try_| try_.contained == Contained::No)
        .map(|try_| (&try_.name, &try_.how))
        .collect();
    assert!(escaped.is_empty(), "not contained: {escaped:#?}");
    assert!(ended.len() >= AT_LEAST, "{} tries", ended.len());
}
