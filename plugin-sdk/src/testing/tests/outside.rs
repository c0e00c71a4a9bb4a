//! What other plugins publish, and requests from outside.

use crate::testing::{Effect, Host};
use crate::types::{EventContext, HandlerError, Outcome, Request, Response};
use crate::{RequestHandler, TopicHandler, bus, response};

/// Passes requests on to others, and says what others published.
struct Gate;

impl RequestHandler for Gate {
    fn on_request(_: &EventContext, req: &Request) -> Result<Response, HandlerError> {
        bus::publish_bytes("gate.opened", &req.body)?;
        match req.path.as_str() {
            "/shut" => Err(HandlerError::reject("shut")),
            _ => Ok(response(201, "text/plain", format!("{} {}", req.method, req.path))),
        }
    }
}

impl TopicHandler for Gate {
    fn on_topic(_: &EventContext, topic: &str, publisher: &str, body: &[u8]) -> Result<Outcome, HandlerError> {
        bus::publish("gate.heard", &format!("{topic} {publisher} {}", body.len()))?;
        Ok(Outcome::next())
    }
}

fn request(path: &str) -> Request {
    Request {
        method: "POST".into(),
        path: path.into(),
        query: None,
        headers: Vec::new(),
        body: b"hello".to_vec(),
    }
}

#[test]
fn a_request_is_answered_and_publishes_when_it_succeeds() {
    let mut host = Host::new();
    let answer = host.request::<Gate>(&request("/in")).expect("it succeeds");
    assert_eq!((answer.status, &*answer.body), (201, &b"POST /in"[..]));
    host.request::<Gate>(&request("/shut")).expect_err("it is rejected");
    assert_eq!(
        host.effects(),
        [Effect::Published {
            topic: "gate.opened".into(),
            body: b"hello".to_vec()
        }]
    );
    let mut host = Host::new().without_grant("bus");
    host.request::<Gate>(&request("/in")).expect_err("it is denied");
}

#[test]
fn what_others_publish_is_heard() {
    let mut host = Host::new();
    host.topic::<Gate>("orders.placed", "shop", b"soup")
        .expect("it succeeds");
    let [Effect::Published { body, .. }] = host.effects() else {
        panic!("{:?}", host.effects())
    };
    assert_eq!(body, b"\"orders.placed shop 4\"");
}
