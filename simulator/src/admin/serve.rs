//! HTTP in front of the table: one warp filter that authorises, looks up, reads the body and calls.

use std::sync::Arc;

use bytes::Buf;
use futures::{Stream, StreamExt, pin_mut};
use http::header::HeaderMap;
use warp::Filter;
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::route::Table;
use super::state::State;
use super::token::Token;

/// One filter for everything; the table inside decides.
pub(super) fn filter(
    state: Arc<State>,
    token: Option<Token>,
) -> impl Filter<Extract = (Response,), Error = warp::Rejection> + Clone + Send + Sync + 'static {
    let door = Arc::new(Door {
        state,
        token,
        table: Table::new(),
    });
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path::full()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::body::stream())
        .then(
            move |path: warp::path::FullPath, method, headers: HeaderMap, query, body| {
                let door = door.clone();
                async move {
                    let answered = door.answer(path.as_str(), &method, headers, query, body).await;
                    answered.unwrap_or_else(Problem::into_response)
                }
            },
        )
}

struct Door {
    state: Arc<State>,
    token: Option<Token>,
    table: Table,
}

impl Door {
    async fn answer<B: Buf>(
        &self,
        path: &str,
        method: &http::Method,
        headers: HeaderMap,
        query: String,
        body: impl Stream<Item = Result<B, warp::Error>>,
    ) -> Result<Response, Problem> {
        if let Some(token) = &self.token {
            token.admits(path, &headers)?;
        }
        let (route, params) = self.table.find(method, path)?;
        let request = Request {
            params,
            headers,
            query,
            body: collect(body, route.body_limit).await?,
        };
        route.serve(self.state.clone(), request).await
    }
}

/// Reads a body up to `limit` bytes.
async fn collect<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>>, limit: usize) -> Result<Vec<u8>, Problem> {
    pin_mut!(body);
    let mut collected = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|error| Problem::unreadable(&error))?;
        if collected.len() + part.remaining() > limit {
            return Err(Problem::too_large(limit));
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            collected.extend_from_slice(chunk);
            let read = chunk.len();
            part.advance(read);
        }
    }
    Ok(collected)
}
