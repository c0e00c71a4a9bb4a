//! What is spoken over a connection: HTTP/2, and TLS below either version.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::tls::Tls;
use crate::tls::{Certificates, Meters as TlsMeters};

/// What a client of HTTP/2 begins with: its preface, and settings that change nothing (RFC 9113, sections 3.4 and 6.5).
const BEGINS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A request of `/` as the only one, in words of the static table (RFC 7541, appendix A).
const HEADERS: &[u8] = b"\x00\x00\x09\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x04test";

/// Asks over HTTP/2 and answers what the first frame with data holds.
async fn asks_over_http2(connection: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Vec<u8> {
    const DATA: u8 = 0;
    connection
        .write_all(&[BEGINS, HEADERS].concat())
        .await
        .expect("it is taken");
    let reading = async {
        loop {
            let mut head = [0; 9];
            connection.read_exact(&mut head).await.expect("a frame");
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut body = vec![0; usize::try_from(length).expect("a short one")];
            connection.read_exact(&mut body).await.expect("its body");
            if head[3] == DATA {
                return body;
            }
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(30), reading).await;
    read.expect("the answer comes")
}

#[tokio::test]
async fn http2_is_spoken_with_who_begins_so_and_ended_when_nothing_is_asked() {
    let house = House::with(rules()).await;
    let mut connection = house.connect().await;
    assert_eq!(asks_over_http2(&mut connection).await, b"here");
    let stayed = house.stays(&mut connection).await;
    assert!(stayed >= rules().idle_timeout, "{stayed:?}");
    assert_eq!(house.meters.cuts(Cut::Late(Late::Idle)), 1);

    // One that is idle at the end does not hold it up, even if its other side is silent.
    let mut connection = house.connect().await;
    assert_eq!(asks_over_http2(&mut connection).await, b"here");
    house.tasks.stop();
    house.stays(&mut connection).await;
    house.ends().await;
}

struct Secured {
    house: House,
    connector: TlsConnector,
    _dir: tempfile::TempDir,
}

impl Secured {
    async fn offering(protocols: &[&[u8]]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(["host.example".to_owned()]).expect("a certificate");
        let files = Tls {
            certificate: dir.path().join("tls.crt"),
            key: dir.path().join("tls.key"),
        };
        std::fs::write(&files.certificate, made.cert.pem()).expect("written");
        std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
        let certificates = Certificates::open(files, TlsMeters::default()).expect("they fit");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let tls = Some(certificates.acceptor());
        let house = House::behind(rules(), address, listener, Callers::default(), tls);

        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut client = client
            .expect("ring speaks both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Self {
            house,
            connector: TlsConnector::from(Arc::new(client)),
            _dir: dir,
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("host.example").expect("a name");
        let connection = self.house.connect().await;
        self.connector
            .connect(name, connection)
            .await
            .expect("it is shown what it trusts")
    }
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let secured = Secured::offering(&[b"h2", b"http/1.1"]).await;
    let mut connection = secured.connect().await;
    assert_eq!(connection.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(asks_over_http2(&mut connection).await, b"here");
    drop(connection);
    secured.house.ends().await;

    let secured = Secured::offering(&[b"http/1.1"]).await;
    let mut connection = secured.connect().await;
    assert_eq!(connection.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    connection
        .write_all(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        .await
        .expect("it is taken");
    let mut answer = Vec::new();
    // Not everybody says goodbye.
    let _ = connection.read_to_end(&mut answer).await;
    assert!(answer.ends_with(b"here"), "{}", String::from_utf8_lossy(&answer));
    secured.house.ends().await;
}

#[tokio::test]
async fn who_does_not_shake_hands_is_cut_off() {
    let secured = Secured::offering(&[]).await;
    let house = secured.house;
    // Nothing, a beginning, and something else.
    for begins in ["", "\x16\x03\x01\x02\x00"] {
        let mut connection = house.connect().await;
        says(&mut connection, begins).await;
        let stayed = house.stays(&mut connection).await;
        assert!(stayed >= rules().head_timeout, "{begins:?} stayed for {stayed:?}");
    }
    let mut connection = house.connect().await;
    says(&mut connection, ASKS).await;
    rest(&mut connection).await;
    assert_eq!(house.meters.cuts(Cut::Handshake), 3);
    house.ends().await;
}
