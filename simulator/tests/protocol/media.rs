//! The media server: through real clients, and with requests that no good client makes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use waspnest_simulator::human::{Human, Media, MediaKind};
use waspnest_simulator::{Config, Simulator};
use whatsapp_rust::UploadOptions;
use whatsapp_rust::wacore::download::MediaType;

use crate::client::{PATIENCE, end, strict};
use crate::person::{hears, join};

/// Deterministic bytes that do not repeat.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// A client of the media server that is no WhatsApp client.
#[derive(Clone)]
struct Http {
    agent: ureq::Agent,
    base: String,
    auth: String,
}

struct Reply {
    status: u16,
    body: Vec<u8>,
    headers: http::HeaderMap,
}

impl Reply {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Http {
    async fn of(simulator: &Simulator, human: &Human) -> Self {
        let conn = human.client().unwrap().refresh_media_conn(false).await.unwrap();
        assert_eq!(conn.hosts[0].hostname, simulator.media_host());
        let pem = simulator.media_ca_pem();
        let root = Certificate::from_pem(pem.as_bytes()).unwrap();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[root]))
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self {
            agent: agent.into(),
            base: simulator.media_url(),
            auth: conn.auth,
        }
    }

    async fn get(&self, path: &str, range: Option<&str>) -> Reply {
        let (agent, url, range) = (self.agent.clone(), self.url(path), range.map(str::to_owned));
        blocking(move || {
            let mut request = agent.get(url);
            if let Some(range) = range {
                request = request.header("Range", range);
            }
            reply(request.call().unwrap())
        })
        .await
    }

    async fn head(&self, path: &str) -> Reply {
        let (agent, url) = (self.agent.clone(), self.url(path));
        blocking(move || reply(agent.head(url).call().unwrap())).await
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Reply {
        let (agent, url) = (self.agent.clone(), self.url(path));
        blocking(move || reply(agent.post(url).send(&body[..]).unwrap())).await
    }

    /// Uploads `body` under the name `token`.
    async fn upload(&self, place: &str, token: &str, body: Vec<u8>) -> Reply {
        let auth = &self.auth;
        self.post(&format!("{place}/{token}?auth={auth}&token={token}"), body)
            .await
    }

    async fn progress(&self, token: &str) -> serde_json::Value {
        let auth = &self.auth;
        let path = format!("/mms/video/{token}?auth={auth}&token={token}&resume=1");
        self.post(&path, Vec::new()).await.json()
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        }
    }
}

fn reply(response: http::Response<ureq::Body>) -> Reply {
    let (parts, mut body) = response.into_parts();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.with_config().limit(u64::MAX).read_to_vec().unwrap(),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn token(body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(body))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_media_arrives_as_it_was_sent() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    for (seed, kind) in [
        MediaKind::Image,
        MediaKind::Video,
        MediaKind::Audio,
        MediaKind::Document,
        MediaKind::Sticker,
    ]
    .into_iter()
    .enumerate()
    {
        let file = noise(70_000 + seed, seed as u32);
        let thumbnail = noise(300, 99);
        let sent = Media {
            caption: Some("look".to_owned()),
            file_name: Some("paper.pdf".to_owned()),
            thumbnail: Some(thumbnail.clone()),
            ..Media::new(kind, file.clone())
        };
        let id = anna.send_media(&ben.account().phone, sent).await.unwrap();
        let heard = hears(&ben, &id).await;
        let media = heard.media().expect("it carries media");
        assert_eq!(media.kind, kind);
        assert_eq!(media.mime, kind.usual_mime());
        assert_eq!(media.size, file.len() as u64);
        let (caption, name, small) = match kind {
            MediaKind::Image | MediaKind::Video => (true, false, true),
            MediaKind::Document => (true, true, true),
            MediaKind::Sticker => (false, false, true),
            MediaKind::Audio => (false, false, false),
        };
        assert_eq!(media.caption.is_some(), caption);
        assert_eq!(media.file_name.is_some(), name);
        assert_eq!(media.thumbnail, small.then_some(thumbnail));
        assert_eq!(ben.download(&heard).await.unwrap(), file, "{kind:?}");
    }
    // The shorthands.
    let to = &ben.account().phone;
    let image = anna.send_image(to, &noise(10, 1), Some("small")).await.unwrap();
    let video = anna.send_video(to, &noise(10, 2), None).await.unwrap();
    let audio = anna.send_audio(to, &noise(10, 3)).await.unwrap();
    let paper = anna
        .send_document(to, &noise(10, 4), "a.txt", "text/plain")
        .await
        .unwrap();
    let sticker = anna.send_sticker(to, &noise(10, 5)).await.unwrap();
    for (seed, id) in (1..).zip([image, video, audio, paper, sticker]) {
        let heard = hears(&ben, &id).await;
        assert_eq!(ben.download(&heard).await.unwrap(), noise(10, seed));
    }
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_other_places_of_clients_take_uploads_too() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let client = anna.client().unwrap();
    for kind in [
        MediaType::History,
        MediaType::AppState,
        MediaType::StickerPack,
        MediaType::StickerPackThumbnail,
        MediaType::LinkThumbnail,
        MediaType::ProductCatalogImage,
    ] {
        let uploaded = client
            .upload(noise(1000, 7), kind, UploadOptions::new())
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error:#}"));
        assert!(uploaded.url.ends_with(&uploaded.direct_path), "{kind:?}");
        assert!(uploaded.url.starts_with(&simulator.media_url()), "{kind:?}");
    }
    let http = Http::of(&simulator, &anna).await;
    for place in [
        "",
        "/mms/md-app-state",
        "/mms/sticker",
        "/mms/thumbnail-document",
        "/newsletter/newsletter-image",
        "/product/image",
        "/pps/biz-cover-photo",
    ] {
        let body = format!("to {place}").into_bytes();
        let reply = http.upload(place, &token(&body), body.clone()).await;
        assert_eq!(reply.status, 200, "{place}");
        let reply = reply.json();
        let path = reply["direct_path"].as_str().unwrap();
        assert_eq!(http.get(path, None).await.body, body, "{place}");
        assert!(reply["handle"].is_string());
        assert_eq!(reply["fbid"].is_string(), place == "/pps/biz-cover-photo");
    }
    anna.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_are_whole_or_in_ranges() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let http = Http::of(&simulator, &anna).await;
    let body = noise(1000, 1);
    let stored = http.upload("/mms/image", &token(&body), body.clone()).await.json();
    let path = stored["direct_path"].as_str().unwrap();
    assert!(path.contains("?ccb="), "{path}");

    let whole = http.get(stored["url"].as_str().unwrap(), None).await;
    assert_eq!((whole.status, &whole.body), (200, &body));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    // whatsapp-rust begins a second query.
    let twice = http.get(&format!("{path}?auth=a&token=b"), None).await;
    assert_eq!((twice.status, twice.body), (200, body.clone()));
    let head = http.head(path).await;
    assert_eq!((head.status, head.header("content-length")), (200, "1000"));

    let part = http.get(path, Some("bytes=10-19")).await;
    assert_eq!((part.status, &part.body[..]), (206, &body[10..20]));
    assert_eq!(part.header("content-range"), "bytes 10-19/1000");
    assert_eq!(part.header("content-length"), "10");
    let rest = http.get(path, Some("bytes=990-2000")).await;
    assert_eq!((rest.status, &rest.body[..]), (206, &body[990..]));
    let last = http.get(path, Some("bytes=-5")).await;
    assert_eq!((last.status, &last.body[..]), (206, &body[995..]));
    let beyond = http.get(path, Some("bytes=1000-")).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */1000"));
    let nonsense = http.get(path, Some("bytes=9-3")).await;
    assert_eq!((nonsense.status, nonsense.body.len()), (200, 1000));
    assert_eq!(http.get("/v/t62.7118-24/nothing.enc", None).await.status, 404);
    anna.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_of_strangers_and_under_wrong_names_are_refused() {
    let simulator = Simulator::start(Config {
        max_media: 100_000,
        media_bytes: 150_000,
        ..Config::default()
    })
    .await
    .unwrap();
    let anna = join(&simulator, "Anna").await;
    let http = Http::of(&simulator, &anna).await;
    let body = noise(50_000, 1);
    let name = token(&body);

    let stranger = Http {
        auth: "somebody".to_owned(),
        ..http.clone()
    };
    assert_eq!(stranger.upload("/mms/image", &name, body.clone()).await.status, 401);
    assert_eq!(http.post(&format!("/mms/image/{name}"), body.clone()).await.status, 401);
    let wrong = token(b"something else");
    assert_eq!(http.upload("/mms/image", &wrong, body.clone()).await.status, 400);
    assert_eq!(http.upload("/mms/image", "short", body.clone()).await.status, 400);
    assert_eq!(http.upload("/mms/nothing", &name, body.clone()).await.status, 404);
    assert_eq!(http.upload("/a/b/c", &name, body.clone()).await.status, 404);
    let agent = http.agent.clone();
    let put = http.url(&format!("/mms/image/{name}?auth={}", http.auth));
    let put = blocking(move || reply(agent.put(put).send(&b"x"[..]).unwrap())).await;
    assert_eq!(put.status, 405);
    let auth = &http.auth;
    let path = format!("/mms/image/{name}?auth={auth}&token={name}&file_offset=7");
    assert_eq!(http.post(&path, body[7..].to_vec()).await.status, 416);
    let path = format!("/mms/image/{name}?auth={auth}&token={name}&file_offset=x");
    assert_eq!(http.post(&path, body.clone()).await.status, 400);
    let large = noise(100_001, 2);
    assert_eq!(http.upload("/mms/image", &token(&large), large).await.status, 413);

    // None of it is served, and what is right is taken until there is no more room.
    assert_eq!(http.progress(&name).await["resume"], "0");
    assert_eq!(http.upload("/mms/image", &name, body.clone()).await.status, 200);
    let second = noise(90_000, 3);
    assert_eq!(http.upload("/mms/image", &token(&second), second).await.status, 200);
    let third = noise(50_000, 4);
    assert_eq!(http.upload("/mms/image", &token(&third), third).await.status, 507);
    assert_eq!(http.upload("/mms/image", &name, body).await.status, 200);
    anna.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_upload_token_ran_out_asks_for_another() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let to = &ben.account().phone;
    anna.send_image(to, b"first", None).await.unwrap();
    let before = Http::of(&simulator, &anna).await;
    simulator.expire_media_auth(&anna.account().phone).unwrap();
    let refused = before.upload("/mms/image", &token(b"x"), b"x".to_vec()).await;
    assert_eq!(refused.status, 401);
    let second = anna.send_image(to, b"second", None).await.unwrap();
    assert_eq!(ben.download(&hears(&ben, &second).await).await.unwrap(), b"second");
    assert_ne!(Http::of(&simulator, &anna).await.auth, before.auth);
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

/// A connection that sends the head and a part of an upload and then breaks.
async fn cut_off(simulator: &Simulator, path: String, length: usize, part: Vec<u8>) {
    let pem = simulator.media_ca_pem();
    let host = simulator.media_host();
    blocking(move || {
        let der = Certificate::from_pem(pem.as_bytes()).unwrap().der().to_vec();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(der.into()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "127.0.0.1".try_into().unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = std::net::TcpStream::connect(&host).unwrap();
        let mut tls = rustls::StreamOwned::new(session, socket);
        write!(
            tls,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
        tls.write_all(&part).unwrap();
        tls.flush().unwrap();
        // Half a goodbye: the server sees the end of the request, and closing tells that it has.
        tls.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = tls.read_to_end(&mut Vec::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_cut_off_goes_on_where_it_stopped() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let http = Http::of(&simulator, &anna).await;
    let body = noise(300_000, 1);
    let name = token(&body);
    let auth = &http.auth;
    let path = format!("/mms/video/{name}?auth={auth}&token={name}");
    cut_off(&simulator, path.clone(), body.len(), body[..200_000].to_vec()).await;
    assert_eq!(http.progress(&name).await["resume"], "200000");
    // Cut off once more, further on, and begun again a little before that.
    let from = format!("{path}&file_offset=200000");
    cut_off(&simulator, from, 100_000, body[200_000..250_000].to_vec()).await;
    assert_eq!(http.progress(&name).await["resume"], "250000");
    let rest = http
        .post(&format!("{path}&file_offset=240000"), body[240_000..].to_vec())
        .await;
    assert_eq!(rest.status, 200);
    let complete = http.progress(&name).await;
    assert_eq!(complete["resume"], "complete");
    assert_eq!(complete["direct_path"], rest.json()["direct_path"]);
    assert_eq!(http.get(complete["url"].as_str().unwrap(), None).await.body, body);
    anna.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_client_resumes_a_large_upload() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let http = Http::of(&simulator, &anna).await;
    // Large enough for the client to ask how far it is; with a key of its own, the encrypted file is known beforehand.
    let file = noise(6 << 20, 1);
    let key = [7; 32];
    let sealed = whatsapp_rust::wacore::upload::encrypt_media_with_key(&file, MediaType::Video, Some(&key))
        .unwrap()
        .data_to_upload;
    let name = token(&sealed);
    let auth = &http.auth;
    let path = format!("/mms/video/{name}?auth={auth}&token={name}");
    cut_off(&simulator, path, sealed.len(), sealed[..5 << 20].to_vec()).await;
    let options = || UploadOptions::new().with_media_key(key);
    let client = anna.client().unwrap();
    let uploaded = client.upload(file.clone(), MediaType::Video, options()).await.unwrap();
    assert_eq!(http.get(&uploaded.url, None).await.body, sealed);
    let stats = simulator.stats();
    assert_eq!((stats.uploads, stats.resumed_uploads), (1, 1));
    // A second time nothing is uploaded: the server has it.
    let again = client.upload(file, MediaType::Video, options()).await.unwrap();
    assert_eq!(again.direct_path, uploaded.direct_path);
    assert_eq!(simulator.stats().uploads, 1);
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_stall_or_talk_nonsense_are_let_go_and_hurt_nobody() {
    let simulator = Simulator::start(Config {
        write_timeout: Duration::from_millis(300),
        ..Config::default()
    })
    .await
    .unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let address = simulator.media_host();
    let closed = blocking(move || {
        let open = || std::net::TcpStream::connect(&address).unwrap();
        let mut silent = open();
        let mut plain = open();
        plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut noisy = open();
        noisy.write_all(&noise(5000, 3)).unwrap();
        // Each read ends because the server hangs up.
        for socket in [&mut silent, &mut plain, &mut noisy] {
            let _ = socket.read_to_end(&mut Vec::new());
        }
        true
    });
    assert!(tokio::time::timeout(PATIENCE, closed).await.unwrap());
    let id = anna
        .send_image(&ben.account().phone, b"still here", None)
        .await
        .unwrap();
    assert_eq!(ben.download(&hears(&ben, &id).await).await.unwrap(), b"still here");
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_trusts_the_simulators_authority_gets_through() {
    let one = Simulator::start(strict()).await.unwrap();
    let twin = Simulator::start(strict()).await.unwrap();
    let other = Simulator::start(Config {
        seed: 2,
        ..Config::default()
    })
    .await
    .unwrap();
    assert_eq!(one.media_ca_pem(), twin.media_ca_pem());
    assert_ne!(one.media_ca_pem(), other.media_ca_pem());
    let anna = join(&one, "Anna").await;
    let http = Http::of(&one, &anna).await;
    assert_eq!(http.get("/", None).await.status, 404);
    let elsewhere = format!("{}/", other.media_url());
    let agent = http.agent.clone();
    blocking(move || agent.get(elsewhere).call().expect_err("another authority")).await;
    anna.leave().await;
    for simulator in [one, twin, other] {
        end(simulator).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_media_are_gone() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let id = anna.send_image(&ben.account().phone, b"a picture", None).await.unwrap();
    let heard = hears(&ben, &id).await;
    let path = heard.media().unwrap().direct_path;
    simulator.expire_media(&path).unwrap();
    let http = Http::of(&simulator, &ben).await;
    assert_eq!(http.get(&path, None).await.status, 410);
    ben.download(&heard).await.expect_err("it is gone");
    assert!(simulator.expire_media("/v/never").is_err());
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}
