//! The terms of telling servers of the operator's: which, and how often.

use std::collections::BTreeSet;

use waspnest_core::id::EndpointName;

use super::secret_terms::{both, names};
use super::section::{KeyError, Section};
use super::terms::{Rate, Side, Terms};

/// Terms of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookTerms {
    /// Which endpoints; none for all that the other side names.
    pub endpoints: Option<BTreeSet<EndpointName>>,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

impl WebhookTerms {
    /// Whether an endpoint may be told.
    #[must_use]
    pub fn allow(&self, endpoint: &EndpointName) -> bool {
        self.endpoints
            .as_ref()
            .is_none_or(|endpoints| endpoints.contains(endpoint))
    }
}

impl Terms for WebhookTerms {
    const LIST: Option<&'static str> = Some("endpoints");

    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let endpoints = match (names(section, "endpoints")?, side) {
            (Some(endpoints), _) => Some(endpoints),
            (None, Side::Grant) => None,
            (None, Side::Request) => {
                return section.fail(
                    "endpoints",
                    "is missing; name the endpoints, such as [\"booking-events\"]",
                );
            }
        };
        let rates = section.parse("rate")?.into_iter().collect();
        Ok(Self { endpoints, rates })
    }

    fn and(&self, other: &Self) -> Self {
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self {
            endpoints: both(self.endpoints.as_ref(), other.endpoints.as_ref()),
            rates,
        }
    }

    fn rates(&self) -> &[Rate] {
        &self.rates
    }
}
