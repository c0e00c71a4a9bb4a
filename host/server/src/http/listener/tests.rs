mod protocols;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use waspnest_core::clock::{ManualClock, UnixMs};

use super::meters::Cut;
use super::places::Full;
use super::pulse::Late;
use super::*;

/// A door over a clock that stands still. Behind it `/` answers at once, `/echo` with what it was sent, and `/late` when it is told to.
struct House {
    address: SocketAddr,
    clock: Arc<ManualClock>,
    meters: Meters,
    tasks: Shutdown,
    rules: Current<Connections>,
    /// What `/late` answers.
    late: mpsc::Sender<()>,
    /// `/late` has been asked for.
    asked: mpsc::Receiver<()>,
}

fn rules() -> Connections {
    Connections {
        head_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(75),
        stall_timeout: Duration::from_secs(60),
        ..Connections::default()
    }
}

impl House {
    async fn with(rules: Connections) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        Self::over(rules, address, listener, Callers::default())
    }

    fn over(rules: Connections, address: SocketAddr, listener: impl Listen + 'static, callers: Callers) -> Self {
        Self::behind(rules, address, listener, callers, None)
    }

    fn behind(
        rules: Connections,
        address: SocketAddr,
        listener: impl Listen + 'static,
        callers: Callers,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        let tasks = Shutdown::new(clock.clone());
        let (late, answers) = mpsc::channel(4);
        let (asks, asked) = mpsc::channel(4);
        let answers = Arc::new(tokio::sync::Mutex::new(answers));
        let filter = warp::path::full().and(warp::body::stream()).then(move |path, body| {
            let (answers, asks) = (Arc::clone(&answers), asks.clone());
            async move { answer(path, body, &answers, &asks).await }
        });
        let never = |_| async { Ok::<_, Infallible>(warp::reply::Response::default()) };
        let filter = filter.recover(never).unify();
        let house = Self {
            address,
            clock: clock.clone(),
            meters: Meters::default(),
            tasks: tasks.clone(),
            rules: rules.into(),
            late,
            asked,
        };
        let door = Door {
            rules: house.rules.clone(),
            callers: callers.into(),
            tls,
            meters: house.meters.clone(),
            stop: tasks.soft(),
            tasks: tasks.clone(),
            clock,
        };
        tasks.spawn("door", door.serve(listener, filter));
        house
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("somebody listens")
    }

    /// How long a connection stayed open, by the clock of the host. Only that clock goes on.
    async fn stays(&self, connection: &mut TcpStream) -> Duration {
        let begun = self.clock.monotonic();
        let mut rest = Vec::new();
        let ended = async {
            // A reset is an end too.
            let _ = connection.read_to_end(&mut rest).await;
            self.clock.monotonic() - begun
        };
        self.while_time_passes(ended).await
    }

    /// What `waiting` comes to while time goes on, slowly enough for everybody to see each moment.
    async fn while_time_passes<T>(&self, waiting: impl Future<Output = T>) -> T {
        let mut waiting = std::pin::pin!(waiting);
        let passing = async {
            loop {
                for _ in 0..200 {
                    tokio::select! {
                        biased;
                        done = &mut waiting => return done,
                        () = tokio::task::yield_now() => {}
                    }
                }
                self.clock.advance(Duration::from_secs(1));
            }
        };
        tokio::time::timeout(Duration::from_secs(30), passing)
            .await
            .expect("it ends")
    }

    async fn ends(self) {
        self.tasks.stop();
        let stopped = self.tasks.run_until_stopped(futures::stream::pending(), Duration::MAX);
        let stopped = tokio::time::timeout(Duration::from_secs(30), stopped).await;
        assert_eq!(stopped, Ok(crate::shutdown::Stopped::Cleanly));
    }
}

async fn answer(
    path: warp::path::FullPath,
    body: impl futures::Stream<Item = Result<impl Buf, warp::Error>>,
    late: &tokio::sync::Mutex<mpsc::Receiver<()>>,
    asks: &mpsc::Sender<()>,
) -> warp::reply::Response {
    let said = match path.as_str() {
        "/echo" => {
            let mut body = std::pin::pin!(body);
            let mut whole = Vec::new();
            while let Some(Ok(mut part)) = body.next().await {
                whole.extend_from_slice(&part.copy_to_bytes(part.remaining()));
            }
            whole
        }
        "/late" => {
            asks.send(()).await.expect("the test waits");
            late.lock().await.recv().await.expect("the test says so");
            b"late".to_vec()
        }
        "/long" => vec![b'x'; 64 << 20],
        _ => b"here".to_vec(),
    };
    http::Response::new(Bytes::from(said).into())
}

async fn says(connection: &mut TcpStream, text: &str) {
    connection.write_all(text.as_bytes()).await.expect("it is taken");
}

/// Reads an answer that has so many bytes of body.
async fn hears(connection: &mut TcpStream, body: &str) -> String {
    let mut heard = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&heard).ends_with(&format!("\r\n\r\n{body}")) {
            let read = connection.read_buf(&mut heard).await.expect("it reads");
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&heard));
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(30), reading).await;
    read.expect("the answer comes");
    String::from_utf8(heard).expect("text")
}

async fn rest(connection: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), connection.read_to_end(&mut rest));
    // A reset may come behind what was said.
    let _ = read.await.expect("it ends");
    String::from_utf8_lossy(&rest).into_owned()
}

const ASKS: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn who_sends_a_head_drop_by_drop_is_cut_off() {
    let house = House::with(rules()).await;
    // Nothing at all; a beginning of HTTP/1; a beginning of HTTP/2.
    for begins in ["", "GET / HTTP/1.1\r\nX-Slow: ", "PRI * HTTP/2.0\r\n"] {
        let mut connection = house.connect().await;
        says(&mut connection, begins).await;
        let stayed = house.stays(&mut connection).await;
        assert!(stayed >= rules().head_timeout, "{begins:?} stayed for {stayed:?}");
        assert!(stayed < rules().idle_timeout, "{begins:?} stayed for {stayed:?}");
    }
    assert_eq!(house.meters.cuts(Cut::Late(Late::Head)), 3);

    // One drop each second is a head that takes too long all the same.
    let mut connection = house.connect().await;
    says(&mut connection, ASKS).await;
    hears(&mut connection, "here").await;
    let (mut reads, mut writes) = connection.split();
    let drops = async {
        let mut second = 0;
        while writes.write_all(b"G").await.is_ok() && second < 600 {
            house.clock.sleep(Duration::from_secs(1)).await;
            second += 1;
        }
    };
    let ended = async {
        let mut rest = Vec::new();
        tokio::select! {
            _ = reads.read_to_end(&mut rest) => {}
            () = drops => panic!("it could go on for ten minutes"),
        }
    };
    house.while_time_passes(ended).await;
    house.ends().await;
}

#[tokio::test]
async fn who_asks_no_more_is_let_go_and_who_asks_again_stays() {
    let house = House::with(rules()).await;
    let mut connection = house.connect().await;
    for _ in 0..3 {
        says(&mut connection, ASKS).await;
        hears(&mut connection, "here").await;
        house.clock.advance(rules().idle_timeout / 2);
    }
    says(&mut connection, ASKS).await;
    hears(&mut connection, "here").await;
    let stayed = house.stays(&mut connection).await;
    assert!(stayed >= rules().idle_timeout, "{stayed:?}");
    assert_eq!(house.meters.cuts(Cut::Late(Late::Idle)), 1);
    assert_eq!(house.meters.cuts(Cut::Late(Late::Head)), 0);
    house.ends().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_and_an_answer_that_is_not_taken_end_a_connection() {
    let house = House::with(rules()).await;
    let mut connection = house.connect().await;
    says(
        &mut connection,
        "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf of",
    )
    .await;
    let stayed = house.stays(&mut connection).await;
    assert!(stayed >= rules().stall_timeout, "{stayed:?}");

    let mut connection = house.connect().await;
    says(&mut connection, "GET /long HTTP/1.1\r\nHost: test\r\n\r\n").await;
    let cut = async {
        while house.meters.cuts(Cut::Late(Late::Stalled)) < 2 {
            tokio::task::yield_now().await;
        }
    };
    house.while_time_passes(cut).await;
    drop(connection);
    house.ends().await;
}

#[tokio::test]
async fn what_the_host_takes_time_for_is_waited_for() {
    let mut house = House::with(rules()).await;
    let mut connection = house.connect().await;
    says(&mut connection, "GET /late HTTP/1.1\r\nHost: test\r\n\r\n").await;
    house.asked.recv().await.expect("it is asked");
    for _ in 0..100 {
        house.clock.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    house.late.send(()).await.expect("it waits");
    hears(&mut connection, "late").await;
    house.ends().await;
}

#[tokio::test]
async fn one_more_than_there_are_places_is_closed_at_once() {
    let limits = Connections { most: 2, ..rules() };
    let house = House::with(limits).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = house.connect().await;
        says(&mut connection, ASKS).await;
        hears(&mut connection, "here").await;
        held.push(connection);
    }
    for _ in 0..20 {
        assert_eq!(rest(&mut house.connect().await).await, "");
    }
    assert_eq!(house.meters.count(Accepted::Refused(Full::InAll)), 20);
    assert_eq!(house.meters.count(Accepted::Served), 2);
    // Whoever leaves makes room.
    drop(held.pop());
    let mut connection = loop {
        let mut connection = house.connect().await;
        let asked = connection.write_all(ASKS.as_bytes()).await;
        let mut first = [0; 4];
        if asked.is_ok() && connection.read_exact(&mut first).await.is_ok() {
            break connection;
        }
    };
    hears(&mut connection, "here").await;
    // The limit may be another one while the host runs.
    house.rules.set(rules());
    let mut third = house.connect().await;
    says(&mut third, ASKS).await;
    hears(&mut third, "here").await;
    house.ends().await;
}

#[tokio::test]
async fn one_address_leaves_places_to_others_and_proxies_stand_for_many() {
    let limits = Connections {
        most_from_address: 1,
        ..rules()
    };
    let house = House::with(limits.clone()).await;
    let mut first = house.connect().await;
    says(&mut first, ASKS).await;
    hears(&mut first, "here").await;
    assert_eq!(rest(&mut house.connect().await).await, "");
    assert_eq!(house.meters.count(Accepted::Refused(Full::OfAddress)), 1);
    house.ends().await;

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let callers = Callers {
        proxies: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Callers::default()
    };
    let house = House::over(limits, address, listener, callers);
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut connection = house.connect().await;
        says(&mut connection, ASKS).await;
        hears(&mut connection, "here").await;
        held.push(connection);
    }
    house.ends().await;
}

#[tokio::test]
async fn heads_are_as_long_as_they_may_be() {
    let limits = Connections {
        headers: 16,
        head_bytes: 8 << 10,
        ..rules()
    };
    let house = House::with(limits).await;
    let many = "X-Many: 1\r\n".repeat(20);
    let long = format!("X-Long: {}\r\n", "x".repeat(9 << 10));
    for headers in [many, long] {
        let mut connection = house.connect().await;
        says(&mut connection, &format!("GET / HTTP/1.1\r\n{headers}\r\n")).await;
        let answer = rest(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    house.ends().await;
}

#[tokio::test]
async fn what_is_being_answered_at_the_end_is_answered() {
    let mut house = House::with(rules()).await;
    let (mut idle, mut busy) = (house.connect().await, house.connect().await);
    says(&mut idle, ASKS).await;
    hears(&mut idle, "here").await;
    says(&mut busy, "GET /late HTTP/1.1\r\nHost: test\r\n\r\n").await;
    house.asked.recv().await.expect("it is asked");
    house.tasks.stop();
    assert_eq!(rest(&mut idle).await, "", "nothing more is asked over it");
    house.late.send(()).await.expect("it waits");
    let answer = rest(&mut busy).await;
    assert!(answer.ends_with("late"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    house.ends().await;
}

/// A machine that fails now and then.
struct Failing {
    fails: VecDeque<i32>,
    listener: TcpListener,
}

impl Listen for Failing {
    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self.fails.pop_front() {
            Some(code) => Err(io::Error::from_raw_os_error(code)),
            None => self.listener.accept().await,
        }
    }
}

#[tokio::test]
async fn a_machine_without_files_is_asked_again_and_not_all_the_time() {
    const EMFILE: i32 = 24;
    const ECONNABORTED: i32 = 103;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let fails = [EMFILE, EMFILE, ECONNABORTED, EMFILE].into();
    let house = House::over(rules(), address, Failing { fails, listener }, Callers::default());
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        house.meters.count(Accepted::Failed),
        1,
        "nothing is asked before time has passed"
    );
    let mut connection = house.connect().await;
    let asks = async {
        says(&mut connection, ASKS).await;
        hears(&mut connection, "here").await;
    };
    house.while_time_passes(asks).await;
    assert_eq!(
        house.meters.count(Accepted::Failed),
        3,
        "an aborted connection is no failure"
    );
    house.ends().await;
}
