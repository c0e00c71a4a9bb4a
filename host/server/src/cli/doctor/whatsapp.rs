//! The way to WhatsApp: whether somebody answers there, and whether their clock and ours agree.

use std::time::Duration;

use chrono::DateTime;
use http::header::DATE;
use waspnest_core::clock::{Clock, SystemClock, UnixMs};

use super::finding::{Finding, chain};
use crate::config::Config;

/// For the whole of it.
const PATIENCE: Duration = Duration::from_secs(15);
/// How far the clocks may be apart.
const APART: Duration = Duration::from_secs(60);

pub(super) fn look(config: &Config) -> Vec<Finding> {
    if config.whatsapp.proxy.is_some() {
        let says = "sessions take the proxy of whatsapp.proxy, which is not asked here";
        return vec![Finding::ok("whatsapp", says)];
    }
    // A WebSocket begins as a request, so whoever answers one takes the other.
    let endpoint = config.whatsapp.endpoint.to_string();
    let url = endpoint.replacen("ws", "http", 1);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let answer = match agent.get(url).call() {
        Ok(answer) => answer,
        Err(error) => {
            let says = format!("{endpoint} does not answer: {}", chain(&error));
            return vec![
                Finding::failed("whatsapp", says)
                    .advice("look at the machine's way out, its DNS and its firewall, or set whatsapp.proxy"),
            ];
        }
    };
    let mut findings = vec![Finding::ok("whatsapp", format!("{endpoint} answers"))];
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    findings.extend(date.and_then(|date| clock(date, SystemClock::new().now())));
    findings
}

/// Our clock against the moment at which a server says that it answered.
fn clock(date: &str, now: UnixMs) -> Option<Finding> {
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis();
    let theirs = UnixMs(u64::try_from(theirs).ok()?);
    let apart = now.since(theirs).max(theirs.since(now));
    Some(match apart > APART {
        true => Finding::warning("clock", format!("{} s apart from WhatsApp's", apart.as_secs()))
            .advice("set the clock, and keep it by NTP"),
        false => Finding::ok("clock", "agrees with WhatsApp's"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn clocks_that_are_a_minute_apart_are_told() {
        let date = "Thu, 01 Jan 2026 00:00:00 GMT";
        let state = |millis| clock(date, UnixMs(millis)).map(|finding| finding.state);
        assert_eq!(state(1_767_225_600_000 + 60_000), Some(State::Ok));
        assert_eq!(state(1_767_225_600_000 - 61_000), Some(State::Warning));
        assert_eq!(state(1_767_225_600_000 + 61_000), Some(State::Warning));
        assert_eq!(clock("yesterday", UnixMs(0)).map(|finding| finding.state), None);
    }
}
