//! Fuzzing: whatever a parser that faces the network is given, it ends, it does not panic, what it takes reads the same when it is written
//! out again, and what it refuses it says in few words.
//!
//! Inputs are made by chance and yet the same in every run (`change`), so that a failure repeats. How many there were, and how many were taken,
//! is written past the test's output. `cargo xtask fuzz` goes on for longer, with other inputs each time round. The whole host is tried
//! in the same way by `tests/http/fuzz.rs`.

mod bodies;
pub(crate) mod change;
mod headers;
mod texts;

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use waspnest_core::clock::{Clock, SystemClock};

use change::{Corpus, cases};

/// Inputs of one parser, in one round.
const CASES: u32 = 20_000;

/// Bytes of the inputs that are tried for how long they take.
const LONG: usize = 64 << 10;

/// How long one of them may take. A parser whose steps grow with the square of its input takes some four milliards here, which is many times
/// this; one whose steps grow with its input takes a few milliseconds. So nothing depends on how fast a machine is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of what is said of an input that is refused, beside what grows with it.
const WORDS: usize = 2000;

/// The variable that says how many seconds each group of parsers is tried for; once round without it.
pub(crate) const SECONDS: &str = "WASPNEST_FUZZ_SECONDS";

/// What a parser made of an input.
#[derive(Debug)]
enum Taken {
    /// It was read.
    Read,
    /// It was refused, and this was said.
    Refused(String),
    /// It means nothing, and that is all that becomes of it: as with headers that cannot be read.
    PassedOver,
}

/// Gives a parser an input.
type Take = dyn Fn(&[u8]) -> Taken;

/// A parser, and what its inputs are made of.
struct Target {
    name: &'static str,
    corpus: Corpus,
    /// Panics when something is not as it must be.
    take: Box<Take>,
}

impl Target {
    fn new(name: &'static str, take: impl Fn(&[u8]) -> Taken + 'static) -> Self {
        Self {
            name,
            corpus: Corpus::default(),
            take: Box::new(take),
        }
    }

    /// A text that writes itself as it can be read.
    fn text<T: FromStr<Err: Display> + Display + PartialEq + Debug>(name: &'static str) -> Self {
        Self::new(name, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            match text.parse::<T>() {
                Ok(found) => {
                    let written = found.to_string();
                    assert!(written.len() <= 4096, "it is {} bytes long", written.len());
                    match written.parse::<T>() {
                        Ok(again) => assert_eq!(again, found, "{text:?} reads otherwise as {written:?}"),
                        Err(error) => panic!("{text:?} is written as {written:?}, which is refused: {error}"),
                    }
                    Taken::Read
                }
                Err(error) => Taken::Refused(error.to_string()),
            }
        })
    }

    fn seeds<B: AsRef<[u8]>>(mut self, seeds: impl IntoIterator<Item = B>) -> Self {
        let seeds = seeds.into_iter().map(|seed| seed.as_ref().to_vec());
        self.corpus.seeds.extend(seeds);
        self
    }

    fn pieces<B: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = B>) -> Self {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec());
        self.corpus.pieces.extend(pieces);
        self
    }

    /// Tries one input; whether it was read.
    fn try_one(&self, input: &[u8]) -> bool {
        match (self.take)(input) {
            Taken::Read => true,
            Taken::PassedOver => false,
            Taken::Refused(words) => {
                assert!(!words.trim().is_empty(), "it is refused without a word");
                assert!(
                    words.len() <= WORDS,
                    "{} bytes are said of it: {words:.200}…",
                    words.len()
                );
                false
            }
        }
    }
}

/// Tries some parsers, one after another, and says what came of it.
fn fuzz(targets: &[Target]) {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let lasting = std::env::var_os(SECONDS).map(|seconds| {
        let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.expect("a number of seconds"))
    });
    let mut counts = vec![(0_u64, 0_u64); targets.len()];
    for round in 0_u64.. {
        for (target, (tried, read)) in targets.iter().zip(&mut counts) {
            let (more, taken) = once_round(target, round);
            *tried += more;
            *read += taken;
        }
        if lasting.is_none_or(|lasting| clock.monotonic() - begun >= lasting) {
            break;
        }
    }
    let mut out = std::io::stderr().lock();
    for (target, (tried, read)) in targets.iter().zip(counts) {
        let (name, percent) = (target.name, read * 100 / tried.max(1));
        writeln!(out, "fuzz: {name}: {tried} cases, {percent} % of them read").expect("a line");
        assert!(
            read > 0,
            "nothing that {name} was given was ever read, which is no trial"
        );
    }
}

/// How many inputs were tried and how many read.
fn once_round(target: &Target, round: u64) -> (u64, u64) {
    let (tried, read) = (Cell::new(0), Cell::new(0));
    let count = |input: &[u8]| {
        tried.set(tried.get() + 1);
        read.set(read.get() + u64::from(target.try_one(input)));
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&round.to_be_bytes());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let outcome = runner.run(&cases(), |case| {
        let input = target.corpus.input(&case);
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| count(&input)));
        tried.map_err(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            TestCaseError::fail(format!(
                "{}: {:?}: {words}",
                target.name,
                String::from_utf8_lossy(&input)
            ))
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    if round == 0 {
        long(target, count);
    }
    (tried.get(), read.get())
}

/// Nothing takes long because it is long.
fn long(target: &Target, count: impl Fn(&[u8])) {
    let clock = SystemClock::new();
    for input in target.corpus.long(LONG) {
        let begun = clock.monotonic();
        count(&input);
        let took = clock.monotonic() - begun;
        let shown = String::from_utf8_lossy(&input[..input.len().min(200)]).into_owned();
        assert!(
            took < PATIENCE,
            "{} took {took:?} for {} bytes: {shown:?}…",
            target.name,
            input.len()
        );
    }
}
