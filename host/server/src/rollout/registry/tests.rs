use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use waspnest_core::clock::SystemClock;
use waspnest_egress::{Egress, Guard, SystemNames};

use super::*;

const MANIFEST: &str = "manifest = 1\n[plugin]\nid = \"org.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n";
const WASM: &[u8] = b"\0asm";

/// A registry of the distribution API, as far as pulling goes; and a server of archives beside it.
struct Registry {
    address: String,
    shelf: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// What is there, by path.
    content: Mutex<HashMap<String, Vec<u8>>>,
    /// Where something moved to, by path.
    moved: Mutex<HashMap<String, String>>,
    /// The credentials that get a token; nobody needs one if there are none.
    wanted: Mutex<Option<String>>,
    /// Each path that was asked for, with its credentials.
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl Registry {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let shelf = Arc::new(Shelf::default());
        let (served, own) = (Arc::clone(&shelf), address.clone());
        #[expect(clippy::disallowed_methods, reason = "a server of this test, which ends with it")]
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = connection.read_u8().await else { break };
                    head.push(byte);
                }
                let answer = served.answer(&String::from_utf8_lossy(&head), &own);
                // The caller may have seen enough.
                let _ = connection.write_all(&answer).await;
            }
        });
        Self { address, shelf }
    }

    fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.shelf
            .content
            .lock()
            .expect("no test panics in here")
            .insert(path.to_owned(), content.into());
    }

    fn blob(&self, content: &[u8], title: Option<&str>) -> serde_json::Value {
        let digest = sha256(content);
        self.put(&format!("/v2/example/a/blobs/{digest}"), content);
        let mut layer = json!({ "mediaType": "application/octet-stream", "digest": digest, "size": content.len() });
        if let Some(title) = title {
            layer["annotations"] = json!({ TITLE: title });
        }
        layer
    }

    fn image(&self, manifest: &serde_json::Value) -> Reference {
        let manifest = manifest.to_string();
        let digest = sha256(manifest.as_bytes());
        self.put(&format!("/v2/example/a/manifests/{digest}"), manifest);
        format!("oci://{}/example/a@{digest}", self.address)
            .parse()
            .expect("a reference")
    }

    fn files(&self) -> Reference {
        let layers = [
            self.blob(MANIFEST.as_bytes(), Some("plugin.toml")),
            self.blob(WASM, Some("a.wasm")),
        ];
        self.image(&json!({ "schemaVersion": 2, "layers": layers }))
    }
}

impl Shelf {
    fn answer(&self, head: &str, own: &str) -> Vec<u8> {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let credentials = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
        });
        self.asked
            .lock()
            .expect("no test panics in here")
            .push((path.clone(), credentials.clone()));
        let wanted = self.wanted.lock().expect("no test panics in here").clone();
        let reply = |status: &str, headers: &str, body: &[u8]| {
            let head = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        };
        if let Some(query) = path.strip_prefix("/token?") {
            assert!(
                query.contains("service=test") && query.contains("scope=repository%3Aexample%2Fa%3Apull"),
                "{query}"
            );
            return match credentials == wanted {
                true => reply("200 OK", "", br#"{"token":"good"}"#),
                false => reply("401 Unauthorized", "", b""),
            };
        }
        if path.starts_with("/v2/") && wanted.is_some() && credentials.as_deref() != Some("Bearer good") {
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"test\",scope=\"repository:example/a:pull\"\r\n"
            );
            return reply("401 Unauthorized", &challenge, b"");
        }
        if let Some(target) = self.moved.lock().expect("no test panics in here").get(&path) {
            return reply("307 Temporary Redirect", &format!("Location: {target}\r\n"), b"");
        }
        match self.content.lock().expect("no test panics in here").get(&path) {
            Some(content) => reply("200 OK", "", content),
            None => reply("404 Not Found", "", b""),
        }
    }
}

fn fetch(allow: &[&str]) -> Fetch {
    let guard = Guard {
        allow: allow
            .iter()
            .map(|network| network.parse().expect("a network"))
            .collect(),
        ..Guard::default()
    };
    let egress = Egress::new(guard, Arc::new(SystemNames), Arc::new(SystemClock::new()));
    Fetch::new(egress.expect("this machine knows authorities"))
}

async fn pulled(reference: &Reference, secrets: &BTreeMap<Box<str>, PathBuf>) -> Result<Arrived, String> {
    let pulled = pull(&fetch(&["127.0.0.0/8"]), reference, secrets).await;
    pulled.map_err(|error| error.to_string())
}

fn digest() -> PackageDigest {
    let mut package = waspnest_core::package::Package::default();
    package.add("plugin.toml", MANIFEST.into()).expect("a file");
    package.add("a.wasm", WASM.into()).expect("a file");
    package.digest()
}

fn tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [
        ("plugin.toml", MANIFEST.as_bytes()),
        ("a.wasm", WASM),
        ("plugin.minisig", b"signed"),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).expect("memory");
    }
    builder.into_inner().expect("memory")
}

#[tokio::test]
async fn a_plugin_is_an_archive_or_files_that_have_names() {
    let registry = Registry::start().await;
    let arrived = pulled(&registry.files(), &BTreeMap::new()).await.expect("pulled");
    assert_eq!((arrived.package.digest(), arrived.signature), (digest(), None));
    for title in [None, Some("a-1.0.tar")] {
        let archive = registry.image(&json!({ "layers": [registry.blob(&tar(), title)] }));
        let arrived = pulled(&archive, &BTreeMap::new()).await.expect("pulled");
        assert_eq!(arrived.package.digest(), digest());
        assert_eq!(arrived.signature.as_deref(), Some(&b"signed"[..]));
        assert_eq!(arrived.origin, archive.to_string());
    }
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    let registry = Registry::start().await;
    let files = registry.files();
    registry.put(&format!("/v2/example/a/blobs/{}", sha256(WASM)), *b"\0aSm");
    assert!(
        pulled(&files, &BTreeMap::new())
            .await
            .expect_err("changed")
            .contains("is not what was asked for")
    );
    registry.put(&format!("/v2/example/a/blobs/{}", sha256(WASM)), *b"\0asm and more");
    assert!(
        pulled(&files, &BTreeMap::new())
            .await
            .expect_err("longer")
            .contains("has more than 4 bytes")
    );
    registry.put(&format!("/v2/example/a/manifests/{}", files.manifest), "{}");
    assert!(
        pulled(&files, &BTreeMap::new())
            .await
            .expect_err("changed")
            .contains("is not what was asked for")
    );

    let index = registry.image(&json!({ "manifests": [] }));
    assert!(
        pulled(&index, &BTreeMap::new())
            .await
            .expect_err("an index")
            .contains("index")
    );
    let none = registry.image(&json!({ "layers": [] }));
    assert!(
        pulled(&none, &BTreeMap::new())
            .await
            .expect_err("nothing")
            .contains("neither")
    );
    let mut large = registry.blob(WASM, None);
    large["size"] = json!(MAX_BYTES + 1);
    let large = registry.image(&json!({ "layers": [large] }));
    assert!(
        pulled(&large, &BTreeMap::new())
            .await
            .expect_err("large")
            .contains("bytes")
    );
}

#[tokio::test]
async fn a_secret_goes_to_where_the_registry_says_and_no_further() {
    let registry = Registry::start().await;
    let files = registry.files();
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("secret");
    std::fs::write(&file, "pass\n").expect("written");
    let secrets = BTreeMap::from([(registry.address.clone().into(), file)]);
    *registry.shelf.wanted.lock().expect("no test panics in here") =
        Some(format!("Basic {}", STANDARD.encode("token:pass")));
    assert!(
        pulled(&files, &BTreeMap::new())
            .await
            .expect_err("nobody")
            .contains("401")
    );
    // A blob is elsewhere, as at large registries.
    let elsewhere = Registry::start().await;
    elsewhere.put("/wasm", WASM);
    let blob = format!("/v2/example/a/blobs/{}", sha256(WASM));
    let target = format!("http://{}/wasm", elsewhere.address);
    registry
        .shelf
        .moved
        .lock()
        .expect("no test panics in here")
        .insert(blob, target);
    assert_eq!(
        pulled(&files, &secrets).await.expect("pulled").package.digest(),
        digest()
    );
    assert_eq!(
        *elsewhere.shelf.asked.lock().expect("no test panics in here"),
        [("/wasm".to_owned(), None)]
    );
    let asked = registry.shelf.asked.lock().expect("no test panics in here");
    let with_password = asked
        .iter()
        .filter(|(_, given)| given.as_ref().is_some_and(|given| given.starts_with("Basic")));
    assert!(
        with_password
            .map(|(path, _)| path)
            .all(|path| path.starts_with("/token?")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nothing_inside_is_reached_without_the_operators_allowance() {
    let registry = Registry::start().await;
    let files = registry.files();
    let refused = pull(&fetch(&[]), &files, &BTreeMap::new())
        .await
        .expect_err("loopback")
        .to_string();
    assert!(refused.contains("is not on the public internet"), "{refused}");
    assert!(registry.shelf.asked.lock().expect("no test panics in here").is_empty());
    // Nor by a redirect, nor without encryption to anywhere else.
    let outside = fetch(&["127.0.0.0/8"]);
    let moved = |target: &str| {
        registry
            .shelf
            .moved
            .lock()
            .expect("no test panics in here")
            .insert("/moved".to_owned(), target.to_owned())
    };
    let url = Url::parse(&format!("http://{}/moved", registry.address)).expect("a URL");
    for (target, says) in [
        ("http://10.0.0.1/a", "expected an https:// URL"),
        ("https://10.0.0.1/a", "is not on the public internet"),
        ("/moved", "redirects too often"),
        ("file:///etc/passwd", "expected an https:// URL"),
    ] {
        moved(target);
        let error = outside
            .body(&url, HeaderMap::new(), 10)
            .await
            .expect_err(target)
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_reference_is_read_as_it_is_written() {
    let hex = "ab".repeat(32);
    for good in [
        format!("oci://ghcr.io/example/plugin@sha256:{hex}"),
        format!("oci://127.0.0.1:5000/a/b.c/d-e_f@sha256:{hex}"),
        format!("oci://[::1]:5000/a@sha256:{hex}"),
    ] {
        assert_eq!(good.parse::<Reference>().expect("good").to_string(), good);
    }
    for bad in [
        "ghcr.io/example/plugin".to_owned(),
        "oci://ghcr.io/example/plugin:latest".to_owned(),
        format!("oci://ghcr.io@sha256:{hex}"),
        format!("oci://ghcr.io/Example@sha256:{hex}"),
        format!("oci://ghcr.io/../x@sha256:{hex}"),
        format!("oci://a:b@ghcr.io/x@sha256:{hex}"),
        format!("oci://ghcr.io/x@sha512:{hex}"),
    ] {
        assert!(bad.parse::<Reference>().is_err(), "{bad}");
    }
}

#[test]
fn a_challenge_is_taken_apart() {
    let fields = fields(
        "realm=\"https://auth.example/token\",service=\"r.example\", scope=\"repository:a/b:pull,push\",error=x",
    );
    assert_eq!(fields["realm"], "https://auth.example/token");
    assert_eq!(fields["service"], "r.example");
    assert_eq!(fields["scope"], "repository:a/b:pull,push");
    assert_eq!(fields["error"], "x");
}
