//! Connections that stand and over which nothing comes or goes: to WhatsApp, and to whoever listens to a stream.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use waspnest_simulator::human::Heard;

use super::host::{SECRET, poll_for};
use super::measured::{BEGAN, CONNECTED};
use super::{ECHO, Linked, PATIENCE};

/// The longest until a silent connection is found out: it is asked after 45 s and given up after 90 s, looked at every 15 s.
const FOUND_OUT: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_over_which_nothing_comes_is_made_anew() -> Result<()> {
    let linked = Linked::link_beside(52, ECHO).await?;
    let person = linked.person("One").await?;
    let echoes = |text: &'static str| move |heard: &Heard| !heard.from_me && heard.text.as_deref() == Some(text);
    person.say(&linked.phone, "before").await?;
    person.wait_for(echoes("before"), PATIENCE).await?;
    let host = &linked.host;
    let began = host.value(BEGAN).await?;
    host.is(CONNECTED, 1.0).await?;

    ensure!(linked.simulator.half_open_connections(&linked.phone) == 1);
    person.say(&linked.phone, "into the silence").await?;
    person.say(&linked.phone, "and once more").await?;
    // How long nothing came is seen before anything is done about it.
    let silence = ("waspnest_session_longest_silence_seconds", &[][..]);
    host.until(silence, |seconds| seconds >= 5.0).await?;
    poll_for(FOUND_OUT, async || {
        let lost = host.value(BEGAN).await?;
        Ok((lost > began + 0.5).then_some(()))
    })
    .await
    .context("nobody finds out")?;
    host.until(CONNECTED, |connected| connected > 0.5).await?;
    let said = [vec![
        "before".to_owned(),
        "into the silence".to_owned(),
        "and once more".to_owned(),
    ]];
    Linked::is_answered(&[person], &said).await?;
    host.until(silence, |seconds| seconds < 45.0).await?;
    linked.end().await
}

/// The longest until a listener that takes nothing is let go: 30 s, and what the system takes to notice.
const LET_GO: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_takes_nothing_is_let_go() -> Result<()> {
    let linked = Linked::link_beside(53, ECHO).await?;
    let person = linked.person("One").await?;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    let mut listener = socket.connect(linked.host.address().parse()?).await?;
    let request = format!(
        "GET /v1/events/stream?type=message HTTP/1.1\r\nhost: waspnest\r\nauthorization: Bearer {SECRET}\r\n\r\n"
    );
    listener.write_all(request.as_bytes()).await?;
    let mut head = [0; 64];
    listener.read_exact(&mut head).await?;
    ensure!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    let host = &linked.host;
    let open = ("waspnest_http_streams", &[("kind", "sse")][..]);
    let gone = (
        "waspnest_http_streams_ended_total",
        &[("kind", "sse"), ("reason", "gone")][..],
    );
    host.until(open, |open| open > 0.5).await?;
    host.is(gone, 0.0).await?;

    // From here on it reads nothing, and this is more than the connection holds.
    let mut said = Vec::new();
    for nth in 0..8 {
        let text = format!("message {nth} {}", "x".repeat(8000));
        person.say(&linked.phone, &text).await?;
        said.push(text);
    }
    // Nobody else waits for it.
    Linked::is_answered(&[person], &[said]).await?;
    poll_for(LET_GO, async || Ok((host.value(open).await? < 0.5).then_some(())))
        .await
        .context("it is held for ever")?;
    host.is(gone, 1.0).await?;
    drop(listener);
    linked.end().await
}
