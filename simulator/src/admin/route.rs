//! The one table of calls. A row names method, path and purpose; what it takes and answers is read off its handler's
//! signature, so that the document in `GET /openapi.json` is the table. It also answers 404 with what there is, and 405
//! with `Allow`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warp::reply::Response;

use super::answer::Answer;
use super::problem::Problem;
use super::request::{Params, Place, Request};
use super::resource;
use super::state::State;
use super::subject::{Param, Subject};

/// Largest request body unless a row says otherwise, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

type Served = BoxFuture<'static, Result<Response, Problem>>;

/// One row.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    /// An input that works, as it stands in its place.
    pub(crate) example: &'static str,
    /// Largest body, in bytes.
    pub(crate) body_limit: usize,
    pub(crate) signature: Signature,
    handler: Box<dyn Fn(Arc<State>, Request) -> Served + Send + Sync>,
}

/// What a handler's types say about it.
pub(crate) struct Signature {
    pub(crate) place: Place,
    pub(crate) params: Vec<Param>,
    pub(crate) input: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) status: StatusCode,
    pub(crate) content: fn(&mut SchemaGenerator) -> Value,
    /// Whether an input would be read; what it asks for is not done.
    #[cfg(test)]
    pub(crate) accepts: fn(&str) -> Result<(), Problem>,
}

/// What a call takes besides its subject.
pub(crate) trait Input: DeserializeOwned + JsonSchema + Send + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for T {}

/// An async function from a subject and an input to an answer.
pub(crate) trait Handler<S, I, A>: Send + Sync + 'static {
    /// Begins to handle a call.
    fn handle(&self, subject: S, input: I) -> BoxFuture<'static, Result<A, Problem>>;
}

impl<S, I, A, H, F> Handler<S, I, A> for H
where
    H: Fn(S, I) -> F + Send + Sync + 'static,
    F: Future<Output = Result<A, Problem>> + Send + 'static,
{
    fn handle(&self, subject: S, input: I) -> BoxFuture<'static, Result<A, Problem>> {
        self(subject, input).boxed()
    }
}

/// A call that only looks; its input stands in the query string.
pub(crate) fn get<S: Subject, I: Input, A: Answer>(
    path: &'static str,
    summary: &'static str,
    handler: impl Handler<S, I, A>,
) -> Route {
    Route::new(Method::GET, path, summary, Place::Query, handler)
}

/// A call that takes something away; what else it needs to know stands in the query string.
pub(crate) fn delete<S: Subject, I: Input, A: Answer>(
    path: &'static str,
    summary: &'static str,
    handler: impl Handler<S, I, A>,
) -> Route {
    Route::new(Method::DELETE, path, summary, Place::Query, handler)
}

/// A call that does something; its input stands in the body.
pub(crate) fn post<S: Subject, I: Input, A: Answer>(
    path: &'static str,
    summary: &'static str,
    handler: impl Handler<S, I, A>,
) -> Route {
    Route::new(Method::POST, path, summary, Place::Body, handler)
}

impl Route {
    fn new<S: Subject, I: Input, A: Answer>(
        method: Method,
        path: &'static str,
        summary: &'static str,
        place: Place,
        handler: impl Handler<S, I, A>,
    ) -> Self {
        let serve = move |state: Arc<State>, request: Request| {
            // The input first: a call that can never work is told so, whomever it is about.
            let read = place
                .read(&request)
                .and_then(|input| Ok((S::find(&state, &request)?, input)));
            match read {
                Ok((subject, input)) => handler
                    .handle(subject, input)
                    .map(|answered| answered.map(Answer::into_response))
                    .boxed(),
                Err(problem) => futures::future::ready(Err(problem)).boxed(),
            }
        };
        Self {
            method,
            path,
            summary,
            example: "",
            body_limit: BODY_LIMIT,
            signature: Signature {
                place,
                params: S::params(),
                input: SchemaGenerator::subschema_for::<I>,
                status: A::STATUS,
                content: A::content,
                #[cfg(test)]
                accepts: match place {
                    Place::Query => |given| Place::Query.parse::<I>(given.as_bytes()).map(|_| ()),
                    Place::Body => |given| Place::Body.parse::<I>(given.as_bytes()).map(|_| ()),
                },
            },
            handler: Box::new(serve),
        }
    }

    /// With an input that works, for the document.
    pub(crate) fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// With bodies up to `bytes`.
    pub(crate) fn body_limit(self, bytes: usize) -> Self {
        Self {
            body_limit: bytes,
            ..self
        }
    }

    /// Serves one call.
    pub(crate) fn serve(&self, state: Arc<State>, request: Request) -> Served {
        (self.handler)(state, request)
    }
}

/// Every row, resource by resource.
pub(crate) fn routes() -> Vec<Route> {
    resource::ALL.iter().flat_map(|resource| resource()).collect()
}

/// The table, ready to look up.
pub(crate) struct Table {
    paths: matchit::Router<Vec<Route>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let mut templates: Vec<(&str, Vec<Route>)> = Vec::new();
        for route in routes() {
            match templates.iter_mut().find(|(known, _)| *known == route.path) {
                Some((_, methods)) => methods.push(route),
                None => templates.push((route.path, vec![route])),
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

    /// The row of a call, and what stands in the named places of its path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<(&Route, Params), Problem> {
        let Ok(found) = self.paths.at(path) else {
            return Err(Problem::no_such_path(path, listing()));
        };
        match found.value.iter().find(|route| route.method == *method) {
            Some(route) => Ok((route, Params::new(found.params.iter()))),
            None => {
                let methods: Vec<Method> = found.value.iter().map(|route| route.method.clone()).collect();
                Err(Problem::method_not_allowed(method, path, &methods))
            }
        }
    }
}

/// `METHOD /path` of every route.
pub(crate) fn listing() -> Vec<String> {
    routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect()
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_and_its_subject_reads_every_place_of_its_path() {
        let table = Table::new();
        for route in routes() {
            let mut path = route.path.to_owned();
            for param in &route.signature.params {
                let place = format!("{{{}}}", param.name);
                assert!(path.contains(&place), "{route:?} has no {place}");
                path = path.replace(&place, "a%40b");
            }
            assert!(!path.contains('{'), "nobody reads a place of {route:?}");
            let (found, params) = table.find(&route.method, &path).expect("the route is in the table");
            assert_eq!(found.path, route.path);
            for param in &route.signature.params {
                assert_eq!(params.get(param.name), "a@b", "{route:?}");
            }
        }
    }

    #[test]
    fn every_example_is_an_input_that_works() {
        for route in routes() {
            let accepted = (route.signature.accepts)(route.example);
            assert!(
                accepted.is_ok(),
                "{route:?} does not take its example {:?}: {accepted:?}",
                route.example
            );
        }
    }
}
