//! A million inputs that no client would send, against everything that reads bytes of a client: frames, stanzas, handshakes, and what
//! stanzas mean.
//!
//! Inputs are what a real session sent, mutated, and plain noise. All draws follow from a seed; the input under which something panics is
//! printed. A stanza goes through the same steps as in a connection, so that limits are tested with what they protect.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "how long a million inputs take is a result")]
#![expect(clippy::print_stdout, reason = "the count and the time are read by people")]

mod corpus;
mod handling;
mod handshakes;
mod mutation;
mod reading;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use rand_signal::SeedableRng as _;
use rand_signal::rngs::StdRng;

use corpus::Corpus;

/// Inputs of each kind.
const FRAMES: usize = 380_000;
const STANZAS: usize = 520_000;
const HANDSHAKES: usize = 40_000;
const HANDLED: usize = 60_000;

/// One kind of input.
trait Target {
    /// Makes the next input and feeds it. `input` is where the input is left, for the report.
    fn feed(&mut self, rng: &mut StdRng, input: &mut Vec<u8>);
}

/// Feeds so many inputs; a panic is reported with the input that caused it.
fn run(name: &str, seed: u64, count: usize, target: &mut dyn Target) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut input = Vec::new();
    for n in 0..count {
        let fed = catch_unwind(AssertUnwindSafe(|| target.feed(&mut rng, &mut input)));
        if let Err(panic) = fed {
            let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{name}: input {n} of seed {seed} panics: {hex}");
            resume_unwind(panic);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_hostile_inputs_do_no_harm() {
    let corpus = Corpus::record().await;
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| run("frames", 1, FRAMES, &mut reading::Frames::new(&corpus)));
        scope.spawn(|| run("handshakes", 2, HANDSHAKES, &mut handshakes::Handshakes::new()));
        let slower = scope.spawn(|| run("stanzas", 3, STANZAS, &mut reading::Stanzas::new(&corpus)));
        scope.spawn(|| run("handling", 4, HANDLED, &mut handling::Handling::new(&corpus)));
        slower.join().unwrap();
    });
    let total = FRAMES + STANZAS + HANDSHAKES + HANDLED;
    assert_eq!(total, 1_000_000);
    println!(
        "{total} inputs in {:.1} s, 0 panics ({FRAMES} frames, {STANZAS} stanzas decoded, {HANDSHAKES} handshakes, {HANDLED} stanzas handled)",
        began.elapsed().as_secs_f64()
    );
}
