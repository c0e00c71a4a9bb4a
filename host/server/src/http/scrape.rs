//! Metrics at an address of their own, for a collector that the operator lets in by network and not by credential.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap};
use http::{Method, Response, StatusCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::Filter;

use super::accept;
use super::api::metrics::{OFFERS, shown};
use crate::service::metrics::Metrics;

/// Answers `GET /metrics`, and nothing else, until `stop`.
pub async fn serve_metrics(metrics: Metrics, listener: TcpListener, stop: CancellationToken) {
    let asked = warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .then(move |method: Method, path: warp::path::FullPath, headers: HeaderMap| {
            let metrics = metrics.clone();
            async move { answer(&metrics, &method, path.as_str(), &headers).await }
        });
    warp::serve(asked)
        .incoming(listener)
        .graceful(stop.cancelled_owned())
        .run()
        .await;
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
    match shown(metrics, wanted).await {
        Ok(reply) => reply.into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics could not be shown");
            empty(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn empty(status: StatusCode) -> warp::reply::Response {
    let mut response = Response::new(Bytes::new().into());
    *response.status_mut() = status;
    response
}
