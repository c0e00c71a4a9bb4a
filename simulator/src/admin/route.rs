//! The one table of paths. It also answers 404 with what there is, and 405 with `Allow`.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;

use super::problem::Problem;
use super::request::{Answer, Request};
use super::{State, accounts, inbox, people, server, stanzas};

/// What serves one method of one path.
pub(crate) type Handler = fn(Arc<State>, Request) -> BoxFuture<'static, Result<Answer, Problem>>;

/// Method, path, handler; `GET /` lists the first two.
pub(crate) const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::GET, "/", |s, r| server::index(s, r).boxed()),
    (Method::GET, "/health", |s, r| server::health(s, r).boxed()),
    (Method::GET, "/stats", |s, r| server::stats(s, r).boxed()),
    (Method::POST, "/shutdown", |s, r| server::shutdown(s, r).boxed()),
    (Method::GET, "/stanzas", |s, r| stanzas::list(s, r).boxed()),
    (Method::GET, "/accounts", |s, r| accounts::list(s, r).boxed()),
    (Method::POST, "/accounts", |s, r| accounts::create(s, r).boxed()),
    (Method::POST, "/accounts/{phone}/scan", |s, r| {
        accounts::scan(s, r).boxed()
    }),
    (Method::POST, "/accounts/{phone}/drop", |s, r| {
        accounts::drop_connections(s, r).boxed()
    }),
    (Method::POST, "/accounts/{phone}/reachability", |s, r| {
        accounts::reachability(s, r).boxed()
    }),
    (Method::POST, "/accounts/{phone}/unlink", |s, r| {
        accounts::unlink(s, r).boxed()
    }),
    (Method::POST, "/accounts/{phone}/refuse", |s, r| {
        accounts::refuse(s, r).boxed()
    }),
    (Method::GET, "/people", |s, r| people::list(s, r).boxed()),
    (Method::POST, "/people", |s, r| people::create(s, r).boxed()),
    (Method::GET, "/people/{phone}", |s, r| people::show(s, r).boxed()),
    (Method::POST, "/people/{phone}/say", |s, r| people::say(s, r).boxed()),
    (Method::POST, "/people/{phone}/react", |s, r| {
        people::react(s, r).boxed()
    }),
    (Method::POST, "/people/{phone}/read", |s, r| people::read(s, r).boxed()),
    (Method::POST, "/people/{phone}/typing", |s, r| {
        people::typing(s, r).boxed()
    }),
    (Method::POST, "/people/{phone}/offline", |s, r| {
        people::offline(s, r).boxed()
    }),
    (Method::POST, "/people/{phone}/online", |s, r| {
        people::online(s, r).boxed()
    }),
    (Method::GET, "/people/{phone}/inbox", |s, r| inbox::list(s, r).boxed()),
    (Method::GET, "/people/{phone}/inbox/wait", |s, r| {
        inbox::wait(s, r).boxed()
    }),
    (Method::GET, "/people/{phone}/receipts", |s, r| {
        inbox::receipts(s, r).boxed()
    }),
];

/// The table, ready to look up.
pub(crate) struct Table {
    paths: matchit::Router<Vec<(Method, Handler)>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let mut templates: Vec<(&str, Vec<(Method, Handler)>)> = Vec::new();
        for (method, template, handler) in ROUTES {
            match templates.iter_mut().find(|(known, _)| known == template) {
                Some((_, methods)) => methods.push((method.clone(), *handler)),
                None => templates.push((template, vec![(method.clone(), *handler)])),
            }
        }
        let mut paths = matchit::Router::new();
        for (template, methods) in templates {
            paths
                .insert(template, methods)
                .expect("the path templates do not conflict");
        }
        Self { paths }
    }

    /// The handler of a call, and the `{phone}` in its path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<(Handler, String), Problem> {
        let Ok(found) = self.paths.at(path) else {
            return Err(Problem::no_such_path(path, listing()));
        };
        match found.value.iter().find(|(known, _)| known == method) {
            Some((_, handler)) => Ok((*handler, found.params.get("phone").unwrap_or_default().to_owned())),
            None => {
                let methods: Vec<Method> = found.value.iter().map(|(known, _)| known.clone()).collect();
                Err(Problem::method_not_allowed(method, path, &methods))
            }
        }
    }
}

/// `METHOD /path` of every route.
pub(crate) fn listing() -> impl Iterator<Item = String> {
    ROUTES
        .iter()
        .map(|(method, template, _)| format!("{method} {template}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_and_carries_its_phone() {
        let table = Table::new();
        for (method, template, _) in ROUTES {
            let path = template.replace("{phone}", "491511111111");
            let (_, phone) = table.find(method, &path).expect("the route is in the table");
            let expected = if template.contains("{phone}") {
                "491511111111"
            } else {
                ""
            };
            assert_eq!(phone, expected, "{method} {template}");
        }
    }
}
