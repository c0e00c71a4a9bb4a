//! The certificate that the listener shows.

use std::time::Duration;

use waspnest_core::clock::{Clock as _, SystemClock};

use super::finding::{Finding, chain};
use crate::config::Config;
use crate::rfc3339::rfc3339;
use crate::tls::Identity;

/// What is left should be enough to find out why it is not renewed.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

pub(super) fn look(config: &Config) -> Option<Finding> {
    let files = config.server.tls.as_ref()?;
    let identity = match Identity::load(files) {
        Ok(identity) => identity,
        Err(error) => {
            let advice = "correct server.tls, or have the certificate and its key written again";
            return Some(Finding::failed("certificate", chain(&error)).advice(advice));
        }
    };
    let now = SystemClock::new().now();
    let until = rfc3339(identity.not_after);
    let names = match &identity.names[..] {
        [] => "no name".to_owned(),
        names => names.join(", "),
    };
    let renew = "have it renewed; the host takes the new files up by itself within a minute";
    Some(if identity.not_after <= now {
        Finding::failed("certificate", format!("for {names}: it held until {until}")).advice(renew)
    } else if identity.not_before > now {
        let from = rfc3339(identity.not_before);
        Finding::failed("certificate", format!("for {names}: it holds from {from} on"))
            .advice("look at the clock of the machine")
    } else if identity.not_after <= now.plus(SOON) {
        Finding::warning("certificate", format!("for {names}: it holds until {until}")).advice(renew)
    } else {
        Finding::ok("certificate", format!("for {names}: it holds until {until}"))
    })
}
