//! A version that a server offers: fetched over redirects, compared with its digest, put to work.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::host::Host;
use crate::versions::{post, write};

/// A package as authors offer it.
fn packed(dir: &Path) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.append_dir_all(".", dir)?;
    Ok(archive.into_inner()?.finish()?)
}

/// Offers a package at `/echo.tar.gz`, and tells everybody else to go there.
fn offer(package: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        // It ends with the process; a caller that hangs up is no business of it.
        for socket in listener.incoming().flatten() {
            let _ = answer(socket, &package);
        }
    });
    Ok(address)
}

fn answer(mut socket: std::net::TcpStream, package: &[u8]) -> std::io::Result<()> {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        match socket.read(&mut part)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&part[..read]),
        }
    }
    if request.starts_with(b"GET /echo.tar.gz ") {
        write!(
            socket,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            package.len()
        )?;
        return socket.write_all(package);
    }
    socket.write_all(b"HTTP/1.1 302 Found\r\nlocation: /echo.tar.gz\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_fetched_and_is_what_its_digest_says_or_nothing() -> Result<()> {
    let (plugins, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
    write(plugins.path(), "echo", "one: ", "")?;
    write(elsewhere.path(), "echo", "two: ", "")?;
    let address = offer(packed(&elsewhere.path().join("echo"))?)?;
    let config = r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "echo"
"#;
    let host = Host::over(plugins.path(), |_| config.to_owned()).await?;
    assert_eq!(host.told("hi").await?, "one: hi");

    let versions = "/v1/installations/echo/versions";
    let digest = waspnest_engine::pack(&elsewhere.path().join("echo"))?
        .digest()
        .to_string();
    let url = format!("http://{address}/latest");
    let wrong = format!("sha256:{}", "0".repeat(64));
    let (status, problem) = post(&host, versions, json!({ "url": url, "digest": wrong })).await?;
    assert_eq!((status, &problem["code"]), (502, &json!("package_not_fetched")));
    let (status, version) = post(&host, versions, json!({ "url": url, "digest": digest })).await?;
    assert_eq!((status, &version["digest"]), (201, &json!(digest)), "{version}");
    assert_eq!(host.told("hi").await?, "one: hi");
    let (status, answer) = post(&host, &format!("{versions}/{digest}:activate"), json!({})).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(host.told("hi").await?, "two: hi");
    host.stop().await
}
