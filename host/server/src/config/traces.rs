//! `[traces]`: whom the host tells which work an event led to.

use url::Url;

use super::form;
use super::section::Section;
use super::tree::Node;

/// `[traces]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Traces {
    /// The collector: what OTLP over HTTP is told to, without `/v1/traces`; none for nobody. Headers that it wants come from
    /// `OTEL_EXPORTER_OTLP_HEADERS`, as with every program that speaks OTLP.
    pub endpoint: Option<Url>,
    /// Which share of the traces that begin here are told, from 0 to 1. What comes from outside with a trace brings the decision along.
    pub sample: f64,
    /// What the host is called there.
    pub service_name: Box<str>,
}

impl Traces {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let traces = Self {
            endpoint: section.optional("endpoint", endpoint),
            sample: section.or("sample", 1.0, form::number(0.0, 1.0)),
            service_name: section.or("service-name", "waspnest".into(), form::some_text),
        };
        section.finish();
        traces
    }
}

fn endpoint(node: &Node) -> Result<Url, String> {
    let url: Url = form::parsed_as("a collector of traces: expected a URL such as \"http://localhost:4318\"")(node)?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    match usable && url.username().is_empty() && url.password().is_none() {
        true => Ok(url),
        false => Err("a collector is at http:// or https:// and a host, without a user and a query".to_owned()),
    }
}
