//! The table of routes: every operation of the API on one screen.

use std::future::Future;

use futures::future::BoxFuture;
use http::Method;
use waspnest_core::package::MAX_BYTES;

use super::api::{
    config, effects, hooks, installations, messages, qr, routes, runs, schedules, secrets, sessions, shadow, system,
    versions,
};
use super::context::Ctx;
use super::error::ApiError;
use super::reply::Reply;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has the admin secret.
    Admin,
    /// Who knows the secret of the installation's hook.
    Hook,
}

pub(super) type Handler = Box<dyn Fn(Ctx) -> BoxFuture<'static, Result<Reply, ApiError>> + Send + Sync>;

/// One operation.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// Media types it can answer with, the usual one first.
    pub(super) offers: &'static [&'static str],
    /// Bytes of the largest body, where that may be larger than others.
    pub(super) largest: Option<u64>,
    pub(super) handler: Handler,
}

/// What an archive of a package may take beside the files in it.
const ARCHIVE_ROOM: u64 = 1 << 20;

/// What it usually answers with.
const JSON: &[&str] = &["application/json"];

#[rustfmt::skip]
pub(super) fn table() -> Vec<Route> {
    vec![
        // Whether to send traffic here, and whether to start the host again.
        open ("GET",    "/healthz",                             JSON,       system::live),
        open ("GET",    "/readyz",                              JSON,       system::ready),

        admin("GET",    "/v1/health",                           JSON,       system::health),
        admin("GET",    "/v1/version",                          JSON,       system::version),

        admin("POST",   "/v1/sessions",                         JSON,       sessions::create),
        admin("GET",    "/v1/sessions",                         JSON,       sessions::list),
        admin("GET",    "/v1/sessions/{s}",                     JSON,       sessions::get),
        admin("DELETE", "/v1/sessions/{s}",                     JSON,       sessions::remove),
        admin("GET",    "/v1/sessions/{s}/status",              JSON,       sessions::status),
        // Actions are also reachable as `{s}:connect` and so on.
        admin("POST",   "/v1/sessions/{s}/connect",             JSON,       sessions::connect),
        admin("POST",   "/v1/sessions/{s}/disconnect",          JSON,       sessions::disconnect),
        admin("POST",   "/v1/sessions/{s}/logout",              JSON,       sessions::log_out),
        admin("GET",    "/v1/sessions/{s}/qr",                  qr::OFFERS, qr::show),

        admin("POST",   "/v1/sessions/{s}/messages",            JSON,       messages::send),
        admin("GET",    "/v1/sessions/{s}/effects/{e}",         JSON,       effects::get),

        admin("GET",    "/v1/installations",                    JSON,       installations::list),
        admin("GET",    "/v1/installations/{i}",                JSON,       installations::get),
        admin("GET",    "/v1/installations/{i}/config",         JSON,       config::see),
        admin("PUT",    "/v1/installations/{i}/config",         JSON,       config::set),
        admin("DELETE", "/v1/installations/{i}/config",         JSON,       config::remove),
        admin("GET",    "/v1/installations/{i}/dead-letters",   JSON,       installations::dead_letters),
        admin("POST",   "/v1/installations/{i}/dead-letters/replay", JSON,  installations::replay),
        admin("POST",   "/v1/installations/{i}/dead-letters/discard", JSON, installations::discard),

        // What is kept is never shown.
        admin("GET",    "/v1/secrets",                          JSON,       secrets::list),
        admin("PUT",    "/v1/secrets/{n}",                      JSON,       secrets::set),
        admin("DELETE", "/v1/secrets/{n}",                      JSON,       secrets::remove),

        admin("GET",    "/v1/installations/{i}/versions",       JSON,       versions::list),
        upload("POST",  "/v1/installations/{i}/versions",       JSON,       versions::install),
        admin("POST",   "/v1/installations/{i}/versions/{v}/activate", JSON, versions::activate),
        admin("POST",   "/v1/installations/{i}/versions/{v}/approve", JSON, versions::approve),
        admin("POST",   "/v1/installations/{i}/versions/{v}/canary", JSON,  versions::try_in_some),
        admin("DELETE", "/v1/installations/{i}/canary",         JSON,       versions::try_none),
        admin("POST",   "/v1/installations/{i}/versions/{v}/shadow", JSON,  shadow::put),
        admin("GET",    "/v1/installations/{i}/shadow",         JSON,       shadow::get),
        admin("DELETE", "/v1/installations/{i}/shadow",         JSON,       shadow::delete),
        admin("POST",   "/v1/installations/{i}/rollback",       JSON,       versions::roll_back),
        admin("GET",    "/v1/installations/{i}/runs",           JSON,       runs::list),
        admin("GET",    "/v1/runs/{r}",                         JSON,       runs::get),
        upload("POST",  "/v1/runs/{r}/replay",                  JSON,       runs::replay),

        admin("GET",    "/v1/schedules",                        JSON,       schedules::list),
        admin("GET",    "/v1/schedules/{s}/{i}/{id}",           JSON,       schedules::get),
        admin("POST",   "/v1/schedules/{s}/{i}/{id}/run",       JSON,       schedules::run),
        admin("POST",   "/v1/schedules/{s}/{i}/{id}/pause",     JSON,       schedules::pause),
        admin("POST",   "/v1/schedules/{s}/{i}/{id}/resume",    JSON,       schedules::resume),

        admin("GET",    "/v1/routes/explain",                   JSON,       routes::explain),

        // Requests from outside to one installation, whatever follows.
        hook ("GET",    "/v1/hooks/{s}/{i}/{*path}"),
        hook ("POST",   "/v1/hooks/{s}/{i}/{*path}"),
        hook ("PUT",    "/v1/hooks/{s}/{i}/{*path}"),
        hook ("PATCH",  "/v1/hooks/{s}/{i}/{*path}"),
        hook ("DELETE", "/v1/hooks/{s}/{i}/{*path}"),
        hook ("GET",    "/v1/hooks/{s}/{i}"),
        hook ("POST",   "/v1/hooks/{s}/{i}"),
        hook ("GET",    "/v1/hooks/{s}/{i}/"),
        hook ("POST",   "/v1/hooks/{s}/{i}/"),
    ]
}

fn open<F>(method: &str, path: &'static str, offers: &'static [&'static str], handler: fn(Ctx) -> F) -> Route
where
    F: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    route(method, path, Access::Open, offers, handler)
}

fn admin<F>(method: &str, path: &'static str, offers: &'static [&'static str], handler: fn(Ctx) -> F) -> Route
where
    F: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    route(method, path, Access::Admin, offers, handler)
}

/// A route that takes a package.
fn upload<F>(method: &str, path: &'static str, offers: &'static [&'static str], handler: fn(Ctx) -> F) -> Route
where
    F: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    Route {
        largest: Some(MAX_BYTES + ARCHIVE_ROOM),
        ..admin(method, path, offers, handler)
    }
}

fn hook(method: &str, path: &'static str) -> Route {
    route(method, path, Access::Hook, &[], hooks::call)
}

fn route<F>(
    method: &str,
    path: &'static str,
    access: Access,
    offers: &'static [&'static str],
    handler: fn(Ctx) -> F,
) -> Route
where
    F: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        other => unreachable!("the table above has no method {other}"),
    };
    Route {
        method,
        path,
        access,
        offers,
        largest: None,
        handler: Box::new(move |ctx| Box::pin(handler(ctx))),
    }
}

/// A route as others may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// Every route, in the order of the table.
#[must_use]
pub fn list() -> Vec<Listed> {
    table()
        .into_iter()
        .map(|route| Listed {
            method: route.method,
            path: route.path,
            access: route.access,
        })
        .collect()
}
