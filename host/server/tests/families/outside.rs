//! Servers outside: one that calls a plugin and is answered, and one that a plugin tells what happened.

use std::io::{Read, Write};
use std::net::TcpListener;

use anyhow::{Context, Result};
use tokio::task::spawn_blocking;

use crate::host::Host;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_from_outside_has_a_plugin_say_something() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let secret = dir.path().join("hook");
    std::fs::write(&secret, "what callers know\n")?;
    let host = Host::with(|_| {
        format!(
            r#"
[secrets.shop]
from = "file:{secret}"
[[plugin]]
id = "board"
source = "switchboard"
grants = {{ "messages.send" = true, kv = true }}
hook = {{ secret = "shop" }}
"#,
            secret = secret.display()
        )
    })
    .await?;
    let url = format!(
        "http://{}/v1/hooks/main/board/send/{}",
        host.address,
        host.ana.account().phone
    );
    let call = |token: &'static str| {
        let url = url.clone();
        spawn_blocking(move || {
            let request = ureq::post(&url).config().http_status_as_error(false).build();
            let mut answer = request
                .header("Authorization", format!("Bearer {token}"))
                .send("your order is here")?;
            anyhow::Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
        })
    };
    assert_eq!(call("what callers guess").await??.0, 401);
    assert_eq!(call("what callers know").await??, (202, "sent".to_owned()));
    host.hears("your order is here").await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_outside_is_told_what_a_person_said() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let heard = spawn_blocking(move || {
        let (mut socket, _) = listener.accept()?;
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !String::from_utf8_lossy(&request).contains("\"data\":") {
            let read = socket.read(&mut part)?;
            request.extend_from_slice(&part[..read]);
        }
        socket.write_all(b"HTTP/1.1 204 Taken\r\nconnection: close\r\n\r\n")?;
        anyhow::Ok(String::from_utf8(request)?)
    });
    let host = Host::with(|_| {
        format!(
            r#"
[webhooks.crm]
url = "http://{address}/heard"
[[plugin]]
id = "bot"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
kv = true
schedule = true
webhooks = ["crm"]
[[bind]]
id = "all"
plugin = "bot"
events = ["message"]
"#
        )
    })
    .await?;
    host.ana
        .say(&host.phone, "tell crm order.placed {\"dish\":\"soup\"}")
        .await?;
    let heard = heard.await??;
    let (head, body) = heard.split_once("\r\n\r\n").context("a request")?;
    assert!(
        head.starts_with("POST /heard HTTP/1.1") && head.contains("webhook-id: eff_"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body)?;
    assert_eq!(
        (&body["type"], &body["session"], &body["installation"]),
        (&"order.placed".into(), &"main".into(), &"bot".into())
    );
    assert_eq!(body["data"]["dish"], "soup");
    host.stop().await
}
