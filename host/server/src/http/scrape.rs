//! Metrics at an address of their own, for a collector that the operator lets in by network and not by credential.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap};
use http::{Method, Response, StatusCode};
use tokio::net::TcpListener;
use warp::Filter;
use waspnest_core::clock::Clock;

use super::accept;
use super::api::metrics::{OFFERS, shown};
use super::listener::Door;
use super::meters::Meters;
use crate::config::callers::Callers;
use crate::config::connections::Connections;
use crate::service::metrics::Metrics;
use crate::shutdown::Shutdown;
use waspnest_core::current::Current;

/// What metrics are served with.
#[derive(Debug)]
pub struct Scrape {
    /// What is measured.
    pub metrics: Metrics,
    /// What is measured of whoever reads it.
    pub meters: Meters,
    /// How many connections there may be, and how long each may take over what.
    pub connections: Current<Connections>,
    /// Where connections are served.
    pub tasks: Shutdown,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Answers `GET /metrics`, and nothing else, until the host stops.
pub async fn serve_metrics(scrape: Scrape, listener: TcpListener) {
    let Scrape {
        metrics,
        meters,
        connections,
        tasks,
        clock,
    } = scrape;
    let asked = warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .then(move |method: Method, path: warp::path::FullPath, headers: HeaderMap| {
            let metrics = metrics.clone();
            async move { answer(&metrics, &method, path.as_str(), &headers).await }
        });
    let door = Door {
        rules: connections,
        callers: Callers::default().into(),
        tls: None,
        meters: meters.connections,
        stop: tasks.soft(),
        tasks,
        clock,
    };
    door.serve(listener, asked).await;
}

async fn answer(metrics: &Metrics, method: &Method, path: &str, headers: &HeaderMap) -> warp::reply::Response {
    if path != "/metrics" {
        return empty(StatusCode::NOT_FOUND);
    }
    if *method != Method::GET {
        return empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let accepted = headers.contains_key(ACCEPT).then(|| accept::choose(headers, &OFFERS));
    // Whoever accepts something else gets the usual form: that helps more than a refusal.
    let wanted = accepted.flatten().unwrap_or(OFFERS[0]);
    shown(metrics, wanted).await.into_response()
}

fn empty(status: StatusCode) -> warp::reply::Response {
    let mut response = Response::new(Bytes::new().into());
    *response.status_mut() = status;
    response
}
