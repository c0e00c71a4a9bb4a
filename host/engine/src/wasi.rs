//! WASI for guests' standard libraries, with every power taken away.
//!
//! Clocks are the host's injected ones, randomness comes from the call's seed, output goes to the journal. There are no files, no
//! sockets, no arguments and no environment. The random bytes are a function of the seed, so that under a clock that stands still a
//! recorded event runs again with the same result.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};
use waspnest_core::clock::Clock;

use crate::capability::log::{Journal, Output};

/// Most bytes of randomness a guest can ask for at once.
const RANDOM_BYTES: u64 = 64 << 10;
/// What the monotonic clock of a sandbox begins with, in nanoseconds: the runtime of Go takes zero for a clock that does not work.
const FIRST_MOMENT: u64 = 1;

/// What WASI shows to one call.
pub(crate) fn context(clock: Arc<dyn Clock>, seed: u64, journal: &Arc<Journal>) -> WasiCtx {
    let mut words = Seeded::of(seed, b's');
    WasiCtx::builder()
        .wall_clock(Wall(clock.clone()))
        .monotonic_clock(Going {
            start: clock.monotonic(),
            clock,
        })
        .secure_random(Seeded::of(seed, b'r'))
        .insecure_random(Seeded::of(seed, b'i'))
        .insecure_random_seed(u128::from(words.0.next_u64()) << 64 | u128::from(words.0.next_u64()))
        .max_random_size(RANDOM_BYTES)
        .stdout(Stdio {
            journal: journal.clone(),
            output: Output::Stdout,
        })
        .stderr(Stdio {
            journal: journal.clone(),
            output: Output::Stderr,
        })
        .build()
}

struct Wall(Arc<dyn Clock>);

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().0)
    }
}

struct Going {
    start: Duration,
    clock: Arc<dyn Clock>,
}

impl HostMonotonicClock for Going {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let going = self.clock.monotonic().saturating_sub(self.start).as_nanos();
        u64::try_from(going).unwrap_or(u64::MAX).saturating_add(FIRST_MOMENT)
    }
}

/// A generator of one call; each of its uses draws from a stream of its own.
struct Seeded(StdRng);

impl Seeded {
    fn of(seed: u64, stream: u8) -> Self {
        let mut bytes = [stream; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(StdRng::from_seed(bytes))
    }
}

impl rand_core::TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(out);
        Ok(())
    }
}

/// Standard output or standard error of a guest: lines of the journal.
struct Stdio {
    journal: Arc<Journal>,
    output: Output,
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Stream {
            journal: self.journal.clone(),
            output: self.output,
        })
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Stream {
            journal: self.journal.clone(),
            output: self.output,
        })
    }
}

struct Stream {
    journal: Arc<Journal>,
    output: Output,
}

#[async_trait::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.journal
            .write(self.output, &bytes)
            .map_err(|flood| StreamError::Trap(flood.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(
            self.journal
                .write(self.output, bytes)
                .map(|()| bytes.len())
                .map_err(io::Error::other),
        )
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waspnest_core::clock::{ManualClock, UnixMs};

    #[test]
    fn a_sandbox_under_a_clock_that_stands_still_is_told_a_time_that_is_not_zero() {
        let clock = Arc::new(ManualClock::at(UnixMs(1_000)));
        let going = Going {
            start: clock.monotonic(),
            clock: clock.clone(),
        };
        let first = going.now();
        assert!(first > 0);
        clock.advance(Duration::from_millis(3));
        assert_eq!(going.now() - first, 3_000_000);
    }
}
