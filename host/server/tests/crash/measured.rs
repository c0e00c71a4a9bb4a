//! What a host measures of itself, as whoever looks at its dashboard sees it.

use anyhow::{Context, Result, ensure};

use super::exposition::Exposition;
use super::host::{Host, SECRET, poll};

/// A series: its name and its labels.
pub(crate) type Series<'a> = (&'a str, &'a [(&'a str, &'a str)]);

impl Host {
    /// What it measures now.
    pub(crate) async fn measured(&self) -> Result<Exposition> {
        let url = format!("http://{}/metrics", self.address());
        let asked = tokio::task::spawn_blocking(move || {
            let asked = ureq::get(url).header("Authorization", format!("Bearer {SECRET}"));
            anyhow::Ok(asked.call()?.body_mut().read_to_string()?)
        });
        Exposition::parse(&asked.await??)
    }

    /// The value of a series now.
    pub(crate) async fn value(&self, (name, labels): Series<'_>) -> Result<f64> {
        let value = self.measured().await?.value(name, labels);
        value.with_context(|| format!("there is no {name}{labels:?}"))
    }

    /// Waits until a series has a value that is wanted; what it was last, if it never has. A host that does not answer is asked again.
    pub(crate) async fn until(&self, series: Series<'_>, wanted: impl Fn(f64) -> bool) -> Result<f64> {
        let mut last = None;
        let found = poll(async || {
            last = self.value(series).await.ok().or(last);
            Ok(last.filter(|value| wanted(*value)))
        });
        let found = found.await;
        found.with_context(|| format!("{}{:?} is {last:?}", series.0, series.1))
    }

    /// Wants a series to have a value.
    pub(crate) async fn is(&self, series: Series<'_>, wanted: f64) -> Result<()> {
        let found = self.value(series).await?;
        let (name, labels) = series;
        ensure!(
            (found - wanted).abs() < 0.5,
            "{name}{labels:?} is {found}, not {wanted}"
        );
        Ok(())
    }
}

/// Sessions that are connected.
pub(crate) const CONNECTED: Series<'static> = ("waspnest_sessions", &[("state", "connected")]);
/// How often a session began to connect, or to connect anew.
pub(crate) const BEGAN: Series<'static> = ("waspnest_session_changes_total", &[("state", "connecting")]);
/// Connections that were made.
pub(crate) const MADE: Series<'static> = ("waspnest_whatsapp_connections_total", &[("outcome", "made")]);
/// Connections that could not be made.
pub(crate) const FAILED: Series<'static> = ("waspnest_whatsapp_connections_total", &[("outcome", "failed")]);
