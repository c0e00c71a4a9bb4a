//! Everything that is sent over the API, as a person at the other side gets it.

use std::io::Write as _;
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waspnest_simulator::human::{Change, Heard, ReceiptKind, Typing};

use crate::host::{Host, PATIENCE, SECRET};

const MESSAGES: &str = "/v1/sessions/main/messages";

async fn host() -> Result<Host> {
    Host::with(|_| String::new()).await
}

impl Host {
    async fn post(&self, path: &str, body: Value) -> Result<(u16, Value)> {
        self.api("POST", path, "application/json", body.to_string().into_bytes())
            .await
    }

    /// Sends something to Ana, and gives what she got of it.
    async fn sends(&self, mut body: Value) -> Result<Heard> {
        body["to"] = json!(self.ana.account().phone);
        let (status, told) = self.post(&format!("{MESSAGES}?wait=sent"), body.clone()).await?;
        ensure!(status == 200 && told["state"] != "failed", "{body}: {status} {told}");
        let id = told["message_id"].as_str().context("an id")?.to_owned();
        Ok(self.ana.wait_for(|heard| heard.id == id, PATIENCE).await?)
    }

    /// Has something done to a message, and gives its effect.
    async fn does(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let (status, told) = self
            .api(method, path, "application/json", body.to_string().into_bytes())
            .await?;
        ensure!(status == 202, "{method} {path}: {status} {told}");
        Ok(told)
    }

    async fn changes(&self, wanted: Change) -> Result<()> {
        self.ana
            .wait_for(|heard| heard.change() == Some(wanted.clone()), PATIENCE)
            .await?;
        Ok(())
    }

    /// The bytes of an answer, with its status and one of its headers.
    async fn bytes(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        wanted: &'static str,
    ) -> Result<(u16, Vec<u8>, String)> {
        let mut request = ureq::http::Request::builder()
            .uri(format!("http://{}{path}", self.address))
            .header("Authorization", format!("Bearer {SECRET}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(())?;
        let asked = tokio::task::spawn_blocking(move || -> Result<_> {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut answer = agent.run(request)?;
            let header = answer
                .headers()
                .get(wanted)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let header = header.to_owned();
            Ok((answer.status().as_u16(), answer.body_mut().read_to_vec()?, header))
        });
        asked.await?
    }
}

fn picture(seed: u32) -> Vec<u8> {
    let noise = (0..30_000_u32).map(|number| (number.wrapping_mul(seed) % 251) as u8);
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(noise).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_that_needs_no_file_arrives() -> Result<()> {
    let host = host().await?;
    let said = host.sends(json!({ "type": "text", "text": "first" })).await?;
    assert_eq!(said.text.as_deref(), Some("first"));

    let preview = json!({ "url": "https://shop.example/tea", "title": "Tea", "description": "Green" });
    let quote = json!({ "id": said.id });
    let answer = json!({
        "type": "text", "text": "see https://shop.example/tea", "preview": preview, "quote": quote,
        "mentions": [host.ana.account().phone], "ephemeral_s": 86_400, "forwarded_score": 2,
    });
    let answer = host.sends(answer).await?;
    assert_eq!(answer.quoted.as_deref(), Some(&*said.id));
    let text = answer.message.extended_text_message.as_option().context("a text")?;
    assert_eq!(text.title.as_deref(), Some("Tea"));
    let context = text.context_info.as_option().context("something beside it")?;
    assert_eq!(context.mentioned_jid.len(), 1);
    assert_eq!((context.expiration, context.forwarding_score), (Some(86_400), Some(2)));

    let place = json!({ "latitude": 52.5, "longitude": 13.4, "name": "Here" });
    let location = host.sends(json!({ "type": "location", "location": place })).await?;
    let location = location.message.location_message.as_option().context("a place")?;
    assert_eq!(
        (location.degrees_latitude, location.name.as_deref()),
        (Some(52.5), Some("Here"))
    );

    let cards = json!([{ "name": "Eve", "phones": ["+4915100000009"] }]);
    let card = host.sends(json!({ "type": "contacts", "contacts": cards })).await?;
    let card = card.message.contact_message.as_option().context("a card")?;
    assert!(
        card.vcard
            .as_deref()
            .is_some_and(|vcard| vcard.contains("waid=4915100000009"))
    );

    let poll = json!({ "name": "Tea?", "options": ["yes", "no"] });
    let asked = host.sends(json!({ "type": "poll", "poll": poll })).await?;
    assert!(asked.message.poll_creation_message_v3.is_set());

    let event = json!({ "name": "Tea", "starts_at": "2030-01-01T15:00:00Z", "location": place });
    let event = host.sends(json!({ "type": "event", "event": event })).await?;
    assert!(event.message.event_message.is_set());

    let reaction = host
        .sends(json!({ "type": "reaction", "message": quote, "emoji": "👍" }))
        .await?;
    let reaction = reaction.reaction().context("a reaction")?;
    assert_eq!((reaction.emoji.as_str(), reaction.target.as_str()), ("👍", &*said.id));
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_arrive_wherever_they_come_from_and_can_be_read_again() -> Result<()> {
    let host = host().await?;
    let media = "/v1/sessions/main/media";

    // Put here as they are, and as a form.
    let bytes = picture(3);
    let (status, told) = host
        .api("POST", &format!("{media}?filename=a.png"), "image/png", bytes.clone())
        .await?;
    assert_eq!(
        (status, &told["mimetype"], &told["filename"]),
        (201, &json!("image/png"), &json!("a.png"))
    );
    let id = told["id"].as_str().context("an id")?;
    let form = [
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
            .to_vec(),
        bytes.clone(),
        b"\r\n--x--\r\n".to_vec(),
    ];
    let (status, again) = host
        .api("POST", media, "multipart/form-data; boundary=x", form.concat())
        .await?;
    assert_eq!((status, &again), (201, &told));

    // By their id, with a caption, to be looked at once.
    let image = json!({ "type": "image", "media": { "id": id, "caption": "look" }, "view_once": true });
    let heard = host.sends(image).await?;
    assert_eq!(heard.text.as_deref(), Some("look"));
    assert_eq!(host.ana.download(&heard).await?, bytes);

    // Within the request.
    let document =
        json!({ "base64": STANDARD.encode(b"some words"), "filename": "words.txt", "mimetype": "text/plain" });
    let heard = host.sends(json!({ "type": "document", "media": document })).await?;
    assert_eq!(host.ana.download(&heard).await?, b"some words");

    // From a server.
    let server = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/b.png", server.local_addr()?);
    let served = picture(7);
    let answer = served.clone();
    let serving = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = server.accept()?;
        let mut asked = [0; 1024];
        std::io::Read::read(&mut stream, &mut asked)?;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        )?;
        stream.write_all(&answer)
    });
    let heard = host.sends(json!({ "type": "image", "media": { "url": url } })).await?;
    assert_eq!(host.ana.download(&heard).await?, served);
    serving.join().map_err(|_| anyhow::anyhow!("the server fell over"))??;

    for kind in ["video", "audio", "voice", "sticker"] {
        let heard = host.sends(json!({ "type": kind, "media": { "id": id } })).await?;
        assert_eq!(host.ana.download(&heard).await?, bytes, "{kind}");
    }

    let note = host
        .sends(json!({ "type": "video-note", "media": { "id": id } }))
        .await?;
    assert!(note.message.ptv_message.is_set());

    // Read again, whole and in parts.
    let path = format!("{media}/{id}");
    let etag = format!("\"{id}\"");
    let (status, whole, kind) = host.bytes(&path, &[], "content-type").await?;
    assert_eq!((status, &*kind), (200, "image/png"));
    assert_eq!(whole, bytes);
    let (status, part, range) = host.bytes(&path, &[("Range", "bytes=8-15")], "content-range").await?;
    assert_eq!((status, &*range), (206, &*format!("bytes 8-15/{}", bytes.len())));
    assert_eq!(part, bytes[8..16]);
    let (status, part, tag) = host
        .bytes(&path, &[("Range", "bytes=-5"), ("If-Range", &etag)], "etag")
        .await?;
    assert_eq!((status, &*part, &*tag), (206, &bytes[bytes.len() - 5..], &*etag));
    let (status, ..) = host.bytes(&path, &[("Range", "bytes=90000-")], "etag").await?;
    assert_eq!(status, 416);
    let (status, empty, _) = host.bytes(&path, &[("If-None-Match", &etag)], "etag").await?;
    assert_eq!((status, empty.len()), (304, 0));
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_to_messages_is_seen_on_the_other_side() -> Result<()> {
    let host = host().await?;
    let ana = host.ana.account().phone.clone();
    let said = host.sends(json!({ "type": "text", "text": "first" })).await?;
    let of = |id: &str, rest: &str| format!("{MESSAGES}/{id}{rest}");

    host.does("PATCH", &of(&said.id, ""), json!({ "text": "other words" }))
        .await?;
    let text = Some("other words".to_owned());
    host.changes(Change::Edited {
        target: said.id.clone(),
        text,
    })
    .await?;
    host.does("POST", &of(&said.id, "/pin"), json!({ "seconds": 86_400 }))
        .await?;
    host.changes(Change::Pinned {
        target: said.id.clone(),
    })
    .await?;
    host.does("POST", &of(&said.id, "/pin"), json!({ "seconds": 0 }))
        .await?;
    host.changes(Change::Unpinned {
        target: said.id.clone(),
    })
    .await?;
    host.does("DELETE", &of(&said.id, ""), json!({})).await?;
    host.changes(Change::Revoked {
        target: said.id.clone(),
    })
    .await?;

    // What Ana says is known by its id too, once it is here.
    let theirs = host.ana.say(&host.phone, "hello").await?;
    let at = format!("?chat={ana}");
    let (status, refused) = host.post(&of("3EB0DDDD", "/read"), json!({})).await?;
    assert_eq!((status, &refused["code"]), (404, &json!("unknown_message")));
    let read = async {
        while host.post(&of(&theirs, "/read"), json!({})).await?.0 != 202 {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, read).await??;
    host.ana
        .wait_receipt(
            |receipt| receipt.kind == ReceiptKind::Read && receipt.ids.contains(&theirs),
            PATIENCE,
        )
        .await?;
    host.does("POST", &of(&theirs, &format!("/played{at}")), json!({}))
        .await?;
    host.ana
        .wait_receipt(
            |receipt| receipt.kind == ReceiptKind::Played && receipt.ids.contains(&theirs),
            PATIENCE,
        )
        .await?;
    host.does(
        "POST",
        &of(&theirs, &format!("/reactions{at}")),
        json!({ "emoji": "🎉" }),
    )
    .await?;
    host.ana
        .wait_for(
            |heard| heard.reaction().is_some_and(|reaction| reaction.target == theirs),
            PATIENCE,
        )
        .await?;
    let forwarded = host
        .does("POST", &of(&theirs, &format!("/forward{at}")), json!({ "to": [ana] }))
        .await?;
    let id = forwarded["items"][0]["message_id"]
        .as_str()
        .context("an id")?
        .to_owned();
    let passed = host.ana.wait_for(|heard| heard.id == id, PATIENCE).await?;
    assert_eq!(passed.text.as_deref(), Some("hello"));
    host.does("POST", &of(&theirs, &format!("/star{at}")), json!({}))
        .await?;
    host.does("DELETE", &of(&theirs, &format!("{at}&for=me")), json!({}))
        .await?;

    let path = format!("/v1/sessions/main/chats/{ana}/presence");
    host.does("POST", &path, json!({ "state": "recording" })).await?;
    host.ana
        .wait_typing(|typing| typing.state == Typing::Recording, PATIENCE)
        .await?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_reaches_many_and_later_and_is_called_off() -> Result<()> {
    let mut host = host().await?;
    let ana = host.ana.account().phone.clone();
    let eve = waspnest_simulator::human::Human::join(
        &host.simulator,
        waspnest_simulator::NewAccount {
            push_name: "Eve".into(),
            phone: None,
        },
    )
    .await?;
    let both = json!([ana, eve.account().phone]);

    let (status, told) = host
        .post(MESSAGES, json!({ "type": "text", "to": both, "text": "to both" }))
        .await?;
    assert_eq!(status, 202);
    let ids: Vec<_> = told["items"]
        .as_array()
        .context("items")?
        .iter()
        .map(|item| item["message_id"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
    for (human, id) in [(&host.ana, &ids[0]), (&eve, &ids[1])] {
        human.wait_for(|heard| *id == *heard.id, PATIENCE).await?;
    }

    // Far ahead: listed, kept over a restart, called off. A moment ago: sent.
    let later = json!({ "type": "text", "to": ana, "text": "later", "send_at": "2027-06-01T00:00:00Z" });
    let (status, told) = host.post(MESSAGES, later).await?;
    assert_eq!(status, 202);
    let id = told["scheduled"][0]["id"].as_str().context("an id")?.to_owned();
    host.restart().await?;
    let path = "/v1/sessions/main/scheduled-messages";
    let (_, listed) = host.api("GET", path, "", Vec::new()).await?;
    assert_eq!(listed["items"][0]["id"], json!(id));
    assert_eq!(listed["items"][0]["send_at"], "2027-06-01T00:00:00.000Z");
    let called_off = host.api("DELETE", &format!("{path}/{id}"), "", Vec::new()).await?;
    assert_eq!(called_off, (204, Value::Null));
    let (status, gone) = host.api("GET", &format!("{path}/{id}"), "", Vec::new()).await?;
    assert_eq!((status, &gone["code"]), (404, &json!("unknown_scheduled_message")));
    let now = json!({ "type": "text", "to": ana, "text": "its time has come", "send_at": "2020-06-01T00:00:00Z" });
    host.post(MESSAGES, now).await?;
    host.ana
        .wait_for(|heard| heard.text.as_deref() == Some("its time has come"), PATIENCE)
        .await?;

    // A policy holds back, is seen to, and lets go again.
    let policy = "/v1/sessions/main/send-policy";
    let slow = json!({ "enabled": true, "per_day": 1, "warm_up_days": 0, "typing_max_ms": 0 });
    let (status, told) = host
        .api("PUT", policy, "application/json", slow.to_string().into_bytes())
        .await?;
    assert_eq!((status, &told["enabled"]), (200, &json!(true)), "{told}");
    host.post(
        &format!("{MESSAGES}?wait=sent"),
        json!({ "type": "text", "to": eve.account().phone, "text": "the first" }),
    )
    .await?;
    let (_, held) = host
        .post(
            MESSAGES,
            json!({ "type": "text", "to": eve.account().phone, "text": "held" }),
        )
        .await?;
    let effect = format!("/v1/sessions/main/effects/{}", held["id"].as_str().context("an id")?);
    let told = loop {
        let (_, told) = host.api("GET", &effect, "", Vec::new()).await?;
        if told["state_detail"]["held_because"].is_string() {
            break told;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(told["state"], "pending");
    let (_, listed) = host
        .api("GET", "/v1/sessions/main/effects?state=pending", "", Vec::new())
        .await?;
    assert_eq!(listed["items"][0]["id"], held["id"]);
    let (status, canceled) = host.post(&format!("{effect}/cancel"), json!({})).await?;
    assert_eq!((status, &canceled["state"]), (200, &json!("failed")));
    let (status, again) = host.post(&format!("{effect}/retry"), json!({})).await?;
    assert_eq!(status, 202);
    let (status, _) = host.api("DELETE", policy, "", Vec::new()).await?;
    assert_eq!(status, 200);
    let id = again["message_id"].as_str().context("an id")?.to_owned();
    eve.wait_for(|heard| heard.id == id, PATIENCE).await?;
    eve.leave().await;
    host.stop().await
}
