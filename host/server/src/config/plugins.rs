//! `[plugins]`: where plugins are, what any of them can get at most, and how failed calls are repeated.

use std::path::{Path, PathBuf};
use std::time::Duration;

use waspnest_egress::Guard;
use waspnest_engine::{CompileLimits, Limits};

use super::egress;
use super::form;
use super::install::Install;
use super::record::Record;
use super::section::Section;
use super::tree::Node;
use crate::rollout::{Needed, TrustedKey};

/// `[plugins]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugins {
    /// Where a `source` without a scheme is looked up.
    pub dir: PathBuf,
    /// Where compiled plugins are kept; nobody but the host may write there.
    pub cache: PathBuf,
    /// Versions of a plugin that are kept for each installation.
    pub keep_versions: usize,
    /// Whose signatures of plugins count.
    pub trust: Vec<TrustedKey>,
    /// Whether plugins must be signed.
    pub require_signed: Needed,
    /// Where they may be fetched from.
    pub install: Install,
    /// What any installation can get at most.
    pub caps: Caps,
    /// How failed calls are repeated.
    pub retry: Retry,
    /// What compiling one plugin may use.
    pub compile: CompileLimits,
    /// When an installation that keeps failing gets a rest.
    pub breaker: BreakerRule,
    /// What plugins' requests may reach.
    pub egress: Guard,
    /// How often machines are answered.
    pub loop_guard: LoopGuard,
    /// What is kept of calls.
    pub record: Record,
}

/// More instructions than any processor does within the longest call.
pub(super) const MOST_FUEL: u64 = 1_000_000_000_000;

/// `[plugins.loop-guard]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopGuard {
    /// Replies in a chat to messages that no other person wrote; 0 switches the guard off.
    pub replies: u32,
    /// In how long.
    pub per: Duration,
}

impl Default for LoopGuard {
    fn default() -> Self {
        Self {
            replies: 10,
            per: Duration::from_secs(60),
        }
    }
}

/// `[plugins.caps]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// What each installation can get.
    pub limits: Limits,
    /// Calls that run at the same time, over all installations.
    pub concurrency: u32,
}

/// `[plugins.breaker]`: so many failed calls of one installation within a window, and its events wait for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRule {
    /// How many.
    pub failures: u32,
    /// Within what time.
    pub window: Duration,
    /// How long they wait.
    pub open: Duration,
}

/// `[plugins.retry]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Calls in all before an event is parked as a dead letter.
    pub max_attempts: u32,
    /// How long to wait in between.
    pub backoff: Backoff,
}

/// `[plugins.retry] backoff`.
#[derive(Debug, Clone, PartialEq)]
pub struct Backoff {
    /// Wait after the first failure.
    pub first: Duration,
    /// Each further wait is this many times longer.
    pub factor: f64,
    /// No wait is longer.
    pub max: Duration,
    /// Part of each wait that is drawn by lot, 0.0 to 1.0.
    pub jitter: f64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            limits: Limits {
                log_bytes_per_minute: Limits::DEFAULT.log_bytes_per_minute,
                ..Limits::CEILING
            },
            concurrency: 32,
        }
    }
}

impl Default for BreakerRule {
    fn default() -> Self {
        Self {
            failures: 20,
            window: Duration::from_secs(5 * 60),
            open: Duration::from_secs(2 * 60),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            backoff: Backoff {
                first: Duration::from_secs(1),
                factor: 4.0,
                max: Duration::from_secs(600),
                jitter: 0.2,
            },
        }
    }
}

impl Plugins {
    /// `data` is the data directory, where compiled plugins are kept unless it is told otherwise.
    pub(super) fn read(mut section: Section<'_>, base: &Path, data: &Path) -> Self {
        let plugins = Self {
            dir: section.or("dir", base.join("plugins"), form::path(base)),
            cache: section.or("cache", data.join("plugin-cache"), form::path(base)),
            keep_versions: section.or("keep-versions", 3, form::integer(1, 100)),
            trust: section.or("trust", Vec::new(), form::list(key)),
            require_signed: match section.or("require-signed", false, form::boolean) {
                true => Needed::Yes,
                false => Needed::No,
            },
            install: Install::read(section.table("install"), base),
            caps: Caps::read(section.table("caps")),
            retry: Retry::read(section.table("retry")),
            compile: compile(section.table("compile")),
            breaker: BreakerRule::read(section.table("breaker")),
            egress: egress::read(section.table("egress")),
            loop_guard: LoopGuard::read(section.table("loop-guard")),
            record: Record::read(section.table("record")),
        };
        if plugins.require_signed == Needed::Yes && plugins.trust.is_empty() {
            section.report("require-signed", "needs at least one key in trust");
        }
        section.finish();
        plugins
    }
}

fn key(node: &Node) -> Result<TrustedKey, String> {
    TrustedKey::parse(&form::some_text(node)?)
}

impl Caps {
    fn read(mut section: Section<'_>) -> Self {
        let Self { limits, concurrency } = Self::default();
        let most = Limits::CEILING;
        let caps = Self {
            limits: Limits {
                memory_bytes: section.or("memory", limits.memory_bytes, form::bytes(1 << 20, most.memory_bytes)),
                call_timeout: section.or(
                    "call-timeout",
                    limits.call_timeout,
                    form::span(Duration::from_millis(1), most.call_timeout),
                ),
                fuel: section.optional("fuel", form::integer(1, MOST_FUEL)),
                hostcall_bytes: section.or(
                    "hostcall-bytes",
                    limits.hostcall_bytes,
                    form::bytes(64 << 10, most.hostcall_bytes),
                ),
                concurrency: section.optional("concurrency-each", form::integer(1, 1000)),
                sends_per_minute: section.optional("sends-per-minute", form::integer(1, 100_000)),
                sends_per_chat_per_minute: section.optional("sends-per-chat-per-minute", form::integer(1, 100_000)),
                log_bytes_per_minute: section.or(
                    "log-bytes-per-minute",
                    limits.log_bytes_per_minute,
                    form::bytes(0, most.log_bytes_per_minute),
                ),
            },
            concurrency: section.or("concurrency", concurrency, form::integer(1, 1000)),
        };
        section.finish();
        caps
    }
}

fn compile(mut section: Section<'_>) -> CompileLimits {
    let default = CompileLimits::default();
    let hour = Duration::from_secs(60 * 60);
    let limits = CompileLimits {
        time: section.or("timeout", default.time, form::span(Duration::from_secs(1), hour)),
        memory_bytes: section.or("memory", default.memory_bytes, form::bytes(64 << 20, 1 << 40)),
    };
    section.finish();
    limits
}

impl BreakerRule {
    fn read(section: Section<'_>) -> Self {
        Self::read_or(section, Self::default())
    }

    /// Reads one whose keys have these values where nothing is said.
    pub(super) fn read_or(mut section: Section<'_>, default: Self) -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        let rule = Self {
            failures: section.or("failures", default.failures, form::integer(1, 1_000_000)),
            window: section.or("window", default.window, form::span(Duration::from_secs(1), day)),
            open: section.or("open", default.open, form::span(Duration::from_secs(1), day)),
        };
        section.finish();
        rule
    }
}

impl LoopGuard {
    fn read(mut section: Section<'_>) -> Self {
        let Self { replies, per } = Self::default();
        let guard = Self {
            replies: section.or("replies", replies, form::integer(0, 100_000)),
            per: section.or(
                "per",
                per,
                form::span(Duration::from_secs(1), Duration::from_secs(24 * 60 * 60)),
            ),
        };
        section.finish();
        guard
    }
}

impl Retry {
    fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let max_attempts = section.or("max-attempts", default.max_attempts, form::integer(1, 1000));
        let backoff = Backoff::read(section.table("backoff"), default.backoff);
        section.finish();
        Self { max_attempts, backoff }
    }
}

impl Backoff {
    fn read(mut section: Section<'_>, default: Self) -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        let backoff = Self {
            first: section.or("first", default.first, form::span(Duration::from_millis(1), day)),
            factor: section.or("factor", default.factor, form::number(1.0, 100.0)),
            max: section.or("max", default.max, form::span(Duration::from_millis(1), day)),
            jitter: section.or("jitter", default.jitter, form::number(0.0, 1.0)),
        };
        if backoff.first > backoff.max {
            section.report("first", "is longer than max");
        }
        section.finish();
        backoff
    }
}
