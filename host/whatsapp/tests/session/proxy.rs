//! Sessions that go through a proxy: one in this process that speaks HTTP CONNECT and SOCKS5, and counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use waspnest_core::address::Jid;
use waspnest_core::affairs::{Affairs, Post, PostContent, StatusAudience};
use waspnest_whatsapp::{Authority, Proxy, State};

use crate::bench::{Bench, PATIENCE, wait};

const USER: &str = "ana";
const PASSWORD: &str = "open sesame";

struct TestProxy {
    address: SocketAddr,
    through: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl TestProxy {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let through = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&through);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((line, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                lines.spawn(async move {
                    // What a client did wrong is for the client to tell.
                    let _ = serve(line, &counted).await;
                });
            }
        });
        Ok(Self {
            address,
            through,
            _task: task,
        })
    }

    fn through(&self) -> usize {
        self.through.load(Ordering::SeqCst)
    }
}

async fn serve(mut line: TcpStream, through: &AtomicUsize) -> Result<()> {
    let mut first = [0];
    line.peek(&mut first).await?;
    let place = if first[0] == 5 {
        socks(&mut line).await?
    } else {
        connect(&mut line).await?
    };
    let mut other = TcpStream::connect(place).await?;
    through.fetch_add(1, Ordering::SeqCst);
    copy_bidirectional(&mut line, &mut other).await?;
    Ok(())
}

async fn connect(line: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(line.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let told = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if !head.contains(&format!("Proxy-Authorization: Basic {told}\r\n")) {
        line.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await?;
        bail!("a stranger");
    }
    line.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let place = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    Ok(place.unwrap_or_default().to_owned())
}

async fn socks(line: &mut TcpStream) -> Result<String> {
    async fn bytes(line: &mut TcpStream, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        line.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
    async fn text(line: &mut TcpStream) -> Result<String> {
        let length = line.read_u8().await?;
        Ok(String::from_utf8(bytes(line, length.into()).await?)?)
    }
    assert_eq!(bytes(line, 3).await?, [5, 1, 2]);
    line.write_all(&[5, 2]).await?;
    assert_eq!(line.read_u8().await?, 1);
    let (user, password) = (text(line).await?, text(line).await?);
    if (user.as_str(), password.as_str()) != (USER, PASSWORD) {
        line.write_all(&[1, 1]).await?;
        bail!("a stranger");
    }
    line.write_all(&[1, 0]).await?;
    assert_eq!(bytes(line, 3).await?, [5, 1, 0]);
    let host = match line.read_u8().await? {
        1 => {
            let octets: [u8; 4] = bytes(line, 4).await?.try_into().unwrap_or_default();
            std::net::Ipv4Addr::from(octets).to_string()
        }
        3 => text(line).await?,
        other => bail!("an address of kind {other}"),
    };
    let port = line.read_u16().await?;
    line.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(format!("{host}:{port}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_through_the_proxy_it_is_given() -> Result<()> {
    let mut bench = Bench::new().await?;
    let server = TestProxy::start().await?;
    for (scheme, connections) in [("socks5", 1), ("http", 2)] {
        let proxy = Proxy::at(&format!("{scheme}://{}", server.address))?.with_credentials(USER, PASSWORD)?;
        bench.whatsapp.set_proxy(bench.session, Some(&proxy)).await?;
        let session = bench.open().await?;
        if scheme == "socks5" {
            bench.pair(&session).await?;
        } else {
            session.connect().await?;
            wait(&session, |status| status.state == State::Connected).await?;
        }
        assert!(server.through() >= connections, "{scheme}");
        session.close().await?;
        // It is kept, sealed, for the next process.
        bench.restart().await?;
        assert_eq!(bench.whatsapp.proxy(bench.session).await?, Some(proxy));
    }
    // Without it the session goes its own way again.
    bench.whatsapp.set_proxy(bench.session, None).await?;
    let before = server.through();
    let session = bench.open().await?;
    session.connect().await?;
    wait(&session, |status| status.state == State::Connected).await?;
    assert_eq!(server.through(), before);
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_through_the_proxy_too() -> Result<()> {
    let mut bench = Bench::new().await?;
    let dir = tempfile::tempdir()?;
    let authority = dir.path().join("media.pem");
    std::fs::write(&authority, bench.sim.media_ca_pem())?;
    bench.authority = Authority::from_file(&authority)?;
    bench.restart().await?;
    let ana = bench.human("Ana").await?;
    let server = TestProxy::start().await?;
    for (scheme, id) in [("socks5", "3EB0AA"), ("http", "3EB0BB")] {
        let proxy = Proxy::at(&format!("{scheme}://{}", server.address))?.with_credentials(USER, PASSWORD)?;
        bench.whatsapp.set_proxy(bench.session, Some(&proxy)).await?;
        let session = bench.open().await?;
        if scheme == "socks5" {
            bench.pair(&session).await?;
        } else {
            session.connect().await?;
            wait(&session, |status| status.state == State::Connected).await?;
        }
        let before = server.through();
        let post = Post {
            content: PostContent::Image {
                bytes: scheme.as_bytes().into(),
                mime: "image/jpeg".into(),
                caption: None,
            },
            audience: StatusAudience::Only,
        };
        let to = [Jid::Phone(ana.account().phone.as_str().into())];
        session.post(post, id.parse()?, &to).await?;
        assert_eq!(
            server.through(),
            before + 1,
            "{scheme}: the file has a connection of its own"
        );
        let seen = ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
        assert_eq!(ana.download(&seen).await?, scheme.as_bytes());
        session.close().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_past_a_proxy_that_refuses() -> Result<()> {
    let bench = Bench::new().await?;
    let server = TestProxy::start().await?;
    let proxy = Proxy::at(&format!("http://{}", server.address))?.with_credentials(USER, "guessed")?;
    bench.whatsapp.set_proxy(bench.session, Some(&proxy)).await?;
    let session = bench.open().await?;
    session.connect().await?;
    let said = wait(&session, |status| status.reason.is_some()).await?.reason;
    let said = said.unwrap_or_default();
    assert!(said.contains("407") && !said.contains("guessed"), "{said}");
    assert_eq!(server.through(), 0);
    assert!(session.qr().borrow().is_none());
    session.close().await?;
    // A build for the simulator stays on this machine.
    let elsewhere: Proxy = "socks5://proxy.example:1080".parse()?;
    let error = bench.whatsapp.set_proxy(bench.session, Some(&elsewhere)).await;
    let error = error.expect_err("refused").to_string();
    assert!(error.contains("proxy.example"), "{error}");
    Ok(())
}
