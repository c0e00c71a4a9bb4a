//! Random interleavings: whatever order chats, plugins, failures, crashes and the clock come in, order per chat holds, nothing is lost,
//! nothing is done twice, and no mark moves back.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use waspnest_core::event::Position;

use super::harness::{Harness, Install, Left, World, hostile};
use super::three_tries;

/// Schedules that are tried.
const SCHEDULES: u32 = 120;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody writes.
    Hear { chat: u8, word: Word },
    /// Time passes, in milliseconds.
    Pass(u16),
    /// The host is told to stop, and starts again.
    Restart,
    /// The host dies where it stands, and starts again.
    Crash,
}

/// What somebody writes, by what the plugin makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It answers.
    Plain,
    /// It counts in the whole session, which calls of other chats do too, and answers the count.
    Count,
    /// It works for a while and answers.
    Busy,
    /// It fails twice, and then it answers.
    Retry,
    /// It crashes each time.
    Trap,
    /// It refuses.
    Reject,
}

impl Word {
    const fn text(self) -> &'static str {
        match self {
            Self::Plain => "hello",
            Self::Count => "kv-session-counter",
            Self::Busy => "busy 2",
            Self::Retry => "retry-until 3",
            Self::Trap => "trap",
            Self::Reject => "reject",
        }
    }

    /// Whether an answer comes of it, in the end.
    const fn is_answered(self) -> bool {
        match self {
            Self::Plain | Self::Count | Self::Busy | Self::Retry => true,
            Self::Trap | Self::Reject => false,
        }
    }
}

fn schedules() -> impl Strategy<Value = Vec<Step>> {
    let word = prop_oneof![
        4 => Just(Word::Plain),
        3 => Just(Word::Count),
        2 => Just(Word::Busy),
        2 => Just(Word::Retry),
        1 => Just(Word::Trap),
        1 => Just(Word::Reject),
    ];
    let step = prop_oneof![
        8 => (0..3u8, word).prop_map(|(chat, word)| Step::Hear { chat, word }),
        3 => (0..1500u16).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        2 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 1..24)
}

#[test]
fn whatever_happens_in_whatever_order_every_event_is_handled_once_and_in_its_turn() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let world = runtime.block_on(World::with(&["hostile"]));
    let tried = Cell::new(0_u32);
    let config = Config {
        cases: SCHEDULES,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&schedules(), |schedule| {
        runtime.block_on(play(&world, &schedule))?;
        tried.set(tried.get() + 1);
        Ok(())
    });
    writeln!(std::io::stderr(), "interleavings: {} schedules tried", tried.get()).expect("a line");
    outcome.expect("every schedule keeps the promises");
}

async fn play(world: &World, schedule: &[Step]) -> Result<(), TestCaseError> {
    let install = |id| Install {
        retry: three_tries(),
        ..hostile(id)
    };
    let mut app = Harness::start_in(world, vec![install("one"), install("two")]).await;
    let mut heard = Vec::new();
    let mut marks = BTreeMap::new();
    for step in schedule {
        match *step {
            Step::Hear { chat, word } => {
                app.hears(&format!("491510000{chat}"), word.text()).await;
                heard.push((chat, word));
            }
            Step::Pass(ms) => app.passes(Duration::from_millis(ms.into())),
            Step::Restart => app = app.restart().await,
            Step::Crash => app = app.crash().await,
        }
        move_on(&app, &mut marks).await?;
    }
    let head = Position(heard.len() as u64);
    for id in ["one", "two"] {
        app.done_up_to(id, head).await;
    }
    move_on(&app, &mut marks).await?;
    let answered = heard.iter().filter(|(_, word)| word.is_answered()).count();
    let left = app.left(2 * answered).await;
    for id in ["one", "two"] {
        check(&heard, &left, id)?;
        let parked: BTreeSet<_> = app.parked(id).await.into_iter().collect();
        let unanswered = (1..).zip(&heard).filter(|(_, (_, word))| !word.is_answered());
        let expected: BTreeSet<_> = unanswered.map(|(position, _)| Position(position)).collect();
        prop_assert_eq!(parked, expected, "what {} could not handle is parked", id);
    }
    app.stop().await;
    Ok(())
}

/// No mark has moved back since the last look.
async fn move_on(app: &Harness, marks: &mut BTreeMap<&'static str, Position>) -> Result<(), TestCaseError> {
    for id in ["one", "two"] {
        let low = app.mark(id).await;
        let before = marks.insert(id, low).unwrap_or_default();
        prop_assert!(low >= before, "the mark of {} went from {:?} to {:?}", id, before, low);
    }
    Ok(())
}

/// What one installation sent: one answer for each event that has one, in the order of each chat.
fn check(heard: &[(u8, Word)], left: &[Left], id: &str) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    let mut last: BTreeMap<u8, Position> = BTreeMap::new();
    let mut counts = BTreeSet::new();
    for Left {
        effect, position, text, ..
    } in left.iter().filter(|left| left.installation == id)
    {
        // A crash between the wire and the acknowledgement repeats a message under its id.
        if !seen.insert(*effect) {
            continue;
        }
        let (chat, word) = heard[usize::try_from(position.0).expect("a small number") - 1];
        let before = last.insert(chat, *position).unwrap_or_default();
        prop_assert!(before < *position, "{} answered {:?} after {:?}", id, position, before);
        if word == Word::Count {
            counts.insert(text.parse::<usize>().expect("a number"));
        }
    }
    let answered = heard.iter().filter(|(_, word)| word.is_answered()).count();
    prop_assert_eq!(seen.len(), answered, "{} answers each once", id);
    let counted = heard.iter().filter(|(_, word)| *word == Word::Count).count();
    prop_assert_eq!(counts, (1..=counted).collect(), "{} lost or doubled no write", id);
    Ok(())
}
