//! What goes out and what comes back, against a server on loopback that answers what each test wants.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a server of a test ends with it"
)]

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use waspnest_core::clock::{ManualClock, UnixMs};
use waspnest_egress::{Egress, EgressError, Forbidden, Guard, Inbound, Names, Outbound, Rest};

/// Answers every connection with the same bytes, and tells what was asked.
struct Server {
    addr: SocketAddr,
    asked: mpsc::UnboundedReceiver<String>,
}

/// What the server does when it has read a request.
#[derive(Clone, Copy)]
enum Manner {
    Answers(&'static str),
    Silent,
    /// Sends a body without an end.
    Floods,
    /// Begins a body, and says no more.
    Hesitates,
    /// Begins a body, and is gone.
    BreaksOff,
}

/// The beginning of a body that comes in chunks.
const BEGINNING: &str = "HTTP/1.1 200 OK\r\nx-colour: blue\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (tell, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !is_whole(&request) {
                        if socket.read_buf(&mut request).await.unwrap() == 0 {
                            return;
                        }
                    }
                    tell.send(String::from_utf8(request).unwrap()).unwrap();
                    match manner {
                        Manner::Answers(answer) => socket.write_all(answer.as_bytes()).await.unwrap(),
                        Manner::Silent => std::future::pending().await,
                        Manner::Floods => {
                            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                            socket.write_all(head.as_bytes()).await.unwrap();
                            while socket.write_all(b"4\r\nmore\r\n").await.is_ok() {}
                        }
                        Manner::Hesitates => {
                            socket.write_all(BEGINNING.as_bytes()).await.unwrap();
                            std::future::pending().await
                        }
                        Manner::BreaksOff => socket.write_all(BEGINNING.as_bytes()).await.unwrap(),
                    }
                });
            }
        });
        Self { addr, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

/// Whether a request's head, and as much body as it promises, is there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let promised = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    body.len() >= promised
}

/// Names that are what a test says, and how often they were looked up.
#[derive(Debug, Default)]
struct Book {
    pages: HashMap<&'static str, Vec<&'static str>>,
    looked_up: Mutex<Vec<String>>,
}

#[async_trait]
impl Names for Book {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.looked_up.lock().unwrap().push(name.to_owned());
        let found = self.pages.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(found.iter().map(|address| address.parse().unwrap()).collect())
    }
}

struct Kit {
    egress: Egress,
    book: Arc<Book>,
    clock: Arc<ManualClock>,
}

fn kit(guard: Guard, pages: &[(&'static str, &[&'static str])]) -> Kit {
    let book = Arc::new(Book {
        pages: pages
            .iter()
            .map(|(name, addresses)| (*name, addresses.to_vec()))
            .collect(),
        looked_up: Mutex::default(),
    });
    let clock = Arc::new(ManualClock::at(UnixMs(1_800_000_000_000)));
    let egress = Egress::new(guard, book.clone(), clock.clone()).expect("this machine knows authorities");
    Kit { egress, book, clock }
}

fn loopback() -> Guard {
    Guard {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        ..Guard::default()
    }
}

fn get(url: &str) -> Outbound {
    Outbound {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(5),
        max_bytes: 1000,
    }
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_given_and_its_answer_comes_back() {
    let mut server = Server::start(Manner::Answers(
        "HTTP/1.1 201 Created\r\nx-colour: blue\r\ncontent-length: 5\r\n\r\nhello",
    ))
    .await;
    let request = Outbound {
        method: Method::POST,
        headers: HeaderMap::from_iter([("x-token".parse().unwrap(), "1234".parse().unwrap())]),
        body: Bytes::from_static(b"{\"a\":1}"),
        ..get(&server.url("/things?x=1"))
    };
    let Inbound {
        status,
        headers,
        body,
        rest,
    } = kit(loopback(), &[]).egress.exchange(request).await.unwrap();
    assert_eq!((status.as_u16(), &headers["x-colour"]), (201, &"blue".parse().unwrap()));
    assert_eq!((&*body, rest), (&b"hello"[..], Rest::None));

    let asked = server.asked.recv().await.unwrap();
    assert!(asked.starts_with("POST /things?x=1 HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("x-token: 1234\r\n") && asked.ends_with("\r\n\r\n{\"a\":1}"),
        "{asked}"
    );
    assert!(!asked.contains("referer") && !asked.contains("cookie"), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let mut server = Server::start(Manner::Answers(
        "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
    ))
    .await;
    let answer = kit(loopback(), &[])
        .egress
        .exchange(get(&server.url("/")))
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (302, &"/elsewhere".parse().unwrap())
    );
    assert!(server.asked.recv().await.is_some());
    assert!(server.asked.try_recv().is_err(), "nothing more was asked");
}

#[tokio::test]
async fn what_is_inside_is_not_dialled_however_it_is_written() {
    let mut server = Server::start(Manner::Answers("HTTP/1.1 200 OK\r\n\r\n")).await;
    let port = server.addr.port();
    let kit = kit(
        Guard::default(),
        &[("localhost", &["127.0.0.1"]), ("localhost.", &["127.0.0.1"])],
    );
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[64:ff9b::127.0.0.1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ] {
        let refused = kit.egress.exchange(get(&format!("http://{host}:{port}/"))).await;
        assert!(
            matches!(refused, Err(EgressError::Forbidden(Forbidden::NotPublic { .. }))),
            "{host}: {refused:?}"
        );
        let refused = kit.egress.open(get(&format!("http://{host}:{port}/"))).await;
        assert!(
            matches!(refused, Err(EgressError::Forbidden(Forbidden::NotPublic { .. }))),
            "{host}: {refused:?}"
        );
    }
    assert!(server.asked.try_recv().is_err(), "the server was never asked");
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_dialled() {
    let mut server = Server::start(Manner::Answers("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let kit = kit(loopback(), &[("somewhere.example", &["127.0.0.1"])]);
    let url = format!("http://somewhere.example:{}/", server.addr.port());
    kit.egress.exchange(get(&url)).await.unwrap();
    assert!(server.asked.recv().await.unwrap().contains("host: somewhere.example:"));
    assert_eq!(*kit.book.looked_up.lock().unwrap(), ["somewhere.example"], "once");
}

#[tokio::test]
async fn a_name_with_one_address_inside_is_refused_whole() {
    let kit = kit(Guard::default(), &[("both.example", &["93.184.216.34", "10.0.0.1"])]);
    let refused = kit.egress.exchange(get("http://both.example/")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "\"both.example\" is not on the public internet (a private network)"
    );
}

#[tokio::test]
async fn denied_names_are_not_even_looked_up() {
    let guard = Guard {
        deny_names: vec!["*.internal".into()],
        ..loopback()
    };
    let kit = kit(guard, &[("db.internal", &["127.0.0.1"])]);
    let refused = kit.egress.exchange(get("http://db.internal/")).await;
    assert!(
        matches!(refused, Err(EgressError::Forbidden(Forbidden::Name(_)))),
        "{refused:?}"
    );
    assert!(kit.book.looked_up.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit() {
    let server = Server::start(Manner::Floods).await;
    let answer = kit(loopback(), &[])
        .egress
        .exchange(get(&server.url("/")))
        .await
        .unwrap();
    assert_eq!((answer.body.len(), answer.rest), (1000, Rest::Left));
}

#[tokio::test]
async fn silence_ends_with_the_time_given() {
    let mut server = Server::start(Manner::Silent).await;
    let kit = kit(loopback(), &[]);
    let asking = kit.egress.exchange(get(&server.url("/")));
    let waiting = async {
        server.asked.recv().await.unwrap();
        kit.clock.advance(Duration::from_secs(5));
    };
    let (answer, ()) = tokio::join!(asking, waiting);
    assert!(matches!(answer, Err(EgressError::TimedOut(limit)) if limit == Duration::from_secs(5)));
}

#[tokio::test]
async fn what_is_not_there_is_unreachable_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let kit = kit(loopback(), &[]);
    let error = kit.egress.exchange(get(&format!("http://{addr}/"))).await.unwrap_err();
    assert!(
        matches!(&error, EgressError::Unreachable(why) if why.contains("refused")),
        "{error}"
    );
    let error = kit.egress.exchange(get("http://nobody.example/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable(_)), "{error}");
    assert!(matches!(
        kit.egress.exchange(get("ftp://127.0.0.1/")).await,
        Err(EgressError::Url)
    ));
}

/// A piece, as a text.
fn text(piece: Result<Option<Bytes>, EgressError>) -> Result<Option<String>, EgressError> {
    Ok(piece?.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
}

#[tokio::test]
async fn an_answer_is_there_before_its_body_and_each_piece_has_its_time() {
    let server = Server::start(Manner::Hesitates).await;
    let kit = kit(loopback(), &[]);
    let mut opened = kit.egress.open(get(&server.url("/"))).await.unwrap();
    assert_eq!(
        (opened.status.as_u16(), &opened.headers["x-colour"]),
        (200, &"blue".parse().unwrap())
    );
    let wait = Duration::from_secs(5);
    let first = opened.body.next(wait, Duration::ZERO).await;
    assert_eq!(text(first).unwrap().as_deref(), Some("one"));
    let waiting = async { kit.clock.advance(wait) };
    let (second, ()) = tokio::join!(opened.body.next(wait, Duration::ZERO), waiting);
    assert!(
        matches!(second, Err(EgressError::TimedOut(limit)) if limit == wait),
        "{second:?}"
    );
}

#[tokio::test]
async fn what_was_gathered_comes_before_what_went_wrong_behind_it() {
    let server = Server::start(Manner::BreaksOff).await;
    let kit = kit(loopback(), &[]);
    let mut opened = kit.egress.open(get(&server.url("/"))).await.unwrap();
    let wait = Duration::from_secs(5);
    let first = opened.body.next(wait, wait).await;
    assert_eq!(text(first).unwrap().as_deref(), Some("one"));
    let broken = opened.body.next(wait, wait).await;
    assert!(matches!(broken, Err(EgressError::Unreachable(_))), "{broken:?}");
}

#[tokio::test]
async fn a_piece_has_an_end_and_a_body_too() {
    let server = Server::start(Manner::Floods).await;
    let kit = kit(loopback(), &[]);
    let mut opened = kit.egress.open(get(&server.url("/"))).await.unwrap();
    let wait = Duration::from_secs(5);
    let piece = opened.body.next(wait, wait).await.unwrap().unwrap();
    assert!((64 << 10..256 << 10).contains(&piece.len()), "{}", piece.len());
    drop(opened);
    let server = Server::start(Manner::Answers("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")).await;
    let mut opened = kit.egress.open(get(&server.url("/"))).await.unwrap();
    assert_eq!(
        text(opened.body.next(wait, wait).await).unwrap().as_deref(),
        Some("hello")
    );
    assert_eq!(text(opened.body.next(wait, wait).await).unwrap(), None);
}
