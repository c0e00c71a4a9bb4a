//! What a phone shows, as the API tells it: the other side is a person on their own phone.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use waspnest_simulator::human::Heard;
use waspnest_simulator::{HistorySpec, PhoneAction};

use crate::host::{Host, PATIENCE};

/// Without any plugin.
async fn host() -> Result<Host> {
    Host::with(|_| String::new()).await
}

/// What the API answers as soon as it is as wanted.
async fn until(host: &Host, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    let found = async {
        loop {
            let (status, shown) = host.api("GET", path, "application/json", Vec::new()).await?;
            if status == 200 && wanted(&shown) {
                return anyhow::Ok(shown);
            }
            last = shown;
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.with_context(|| format!("{path} stays {last:#}"))?
}

async fn message(host: &Host, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    until(host, &format!("/v1/sessions/main/messages/{id}"), wanted).await
}

/// Sends a text and answers with WhatsApp's id of it.
async fn send(host: &Host, to: &str, text: &str) -> Result<String> {
    let body = json!({ "type": "text", "to": to, "text": text });
    let path = "/v1/sessions/main/messages?wait=sent";
    let (_, sent) = host
        .api("POST", path, "application/json", body.to_string().into_bytes())
        .await?;
    let id = sent["message_id"].as_str();
    Ok(id.with_context(|| format!("{sent:#}"))?.to_owned())
}

fn texts(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_go_change_and_are_found() -> Result<()> {
    let mut host = host().await?;
    let ana = host.ana.account().phone.clone();
    let chat = format!("/v1/sessions/main/chats/{ana}");

    // In and out, with how far they have come.
    let first = host.ana.say(&host.phone, "the invoice for July").await?;
    let got = message(&host, &first, |_| true).await?;
    assert_eq!(
        (got["from_me"].clone(), got["sender_name"].clone()),
        (json!(false), json!("Ana"))
    );
    assert_eq!(got["sender"]["phone"], json!(format!("+{ana}")));
    let sent = send(&host, &ana, "thank you").await?;
    let heard = host.hears("thank you").await?;
    host.ana.read(&heard).await?;
    let read = message(&host, &sent, |shown| shown["state"] == "read").await?;
    assert_eq!(read["from_me"], true);
    let receipts = until(&host, &format!("/v1/sessions/main/messages/{sent}/receipts"), |shown| {
        !shown["items"][0]["read_at"].is_null()
    })
    .await?;
    assert_eq!(receipts["items"][0]["person"]["phone"], json!(format!("+{ana}")));
    let listed = until(&host, &format!("{chat}/messages"), |shown| texts(shown).len() == 2).await?;
    assert_eq!(texts(&listed), ["thank you", "the invoice for July"]);

    // What she does to it.
    host.ana.edit(&first, "the invoice for August").await?;
    let edited = message(&host, &first, |shown| !shown["edited_at"].is_null()).await?;
    assert_eq!(
        (edited["text"].clone(), edited["edits"][0]["text"].clone()),
        (json!("the invoice for August"), json!("the invoice for July"))
    );
    host.ana.react(&heard, "👍").await?;
    let reacted = message(&host, &sent, |shown| !shown["reactions"][0].is_null()).await?;
    assert_eq!(reacted["reactions"][0]["emoji"], "👍");
    assert_eq!(reacted["reactions"][0]["by"]["from_me"], false);

    // By its words, as it is now.
    let search = |words: &str| format!("/v1/sessions/main/messages?q={words}");
    assert_eq!(
        texts(&until(&host, &search("august"), |_| true).await?),
        ["the invoice for August"]
    );
    assert_eq!(texts(&until(&host, &search("july"), |_| true).await?), [""; 0]);

    // Unread until the phone reads it.
    let unread = until(&host, &chat, |shown| shown["unread"] == 1).await?;
    assert_eq!(unread["last_message"]["text"], "thank you");
    let read = PhoneAction::MarkRead {
        chat: format!("{ana}@s.whatsapp.net"),
    };
    host.simulator.act_on_phone(&host.phone, &read)?;
    until(&host, &chat, |shown| shown["unread"] == 0).await?;
    let pinned = PhoneAction::Pin {
        chat: format!("{ana}@s.whatsapp.net"),
    };
    host.simulator.act_on_phone(&host.phone, &pinned)?;
    until(&host, &chat, |shown| !shown["pinned_at"].is_null()).await?;

    // A restart in the middle.
    let second = host.ana.say(&host.phone, "one more").await?;
    host.restart().await?;
    message(&host, &second, |_| true).await?;
    until(&host, &chat, |shown| shown["unread"] == 1).await?;

    // Taken back.
    host.ana.revoke(&second).await?;
    let revoked = message(&host, &second, |shown| !shown["revoked"].is_null()).await?;
    assert_eq!(
        (revoked["text"].clone(), revoked["type"].clone()),
        (Value::Null, json!("revoke"))
    );
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_counts_its_votes() -> Result<()> {
    let host = host().await?;
    let options = ["Soup".to_owned(), "Salad".to_owned()];
    let ben = host.join("Ben").await?;
    let (ana, other) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    let group = host.simulator.create_group(&host.phone, "Lunch", &[&ana, &other])?;
    let poll = host.ana.ask(&group.jid, "What?", &options, 1).await?;
    let asked = |heard: &Heard| heard.id == poll;
    let heard = ben.wait_for(asked, PATIENCE).await?;
    message(&host, &poll, |_| true).await?;
    ben.vote(&heard, &options[1..]).await?;
    let counted = message(&host, &poll, |shown| shown["poll"]["options"][1]["votes"] == 1).await?;
    assert_eq!(counted["poll"]["options"][0]["votes"], 0);
    assert_eq!(
        counted["poll"]["options"][1]["voters"][0]["person"]["phone"],
        json!(format!("+{other}"))
    );
    let chat = until(&host, &format!("/v1/sessions/main/chats/{}", group.jid), |_| true).await?;
    assert_eq!(
        (chat["name"].clone(), chat["kind"].clone()),
        (json!("Lunch"), json!("group"))
    );
    ben.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_fetched_when_it_is_asked_for() -> Result<()> {
    let host = host().await?;
    let picture: Vec<u8> = (0..150_000_u32).map(|number| (number % 251) as u8).collect();
    let id = host.ana.send_image(&host.phone, &picture, Some("the garden")).await?;
    let shown = message(&host, &id, |_| true).await?;
    assert_eq!(
        (shown["type"].clone(), shown["text"].clone()),
        (json!("image"), json!("the garden"))
    );
    assert_eq!(shown["media"]["size"], json!(picture.len()));
    let (status, whole) = host
        .file(&format!("/v1/sessions/main/messages/{id}/media"), None)
        .await?;
    assert_eq!((status, whole == picture), (200, true));
    let (status, part) = host
        .file(
            &format!("/v1/sessions/main/messages/{id}/media"),
            Some("bytes=70000-70099"),
        )
        .await?;
    assert_eq!((status, part == picture[70_000..70_100]), (206, true));
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_of_the_phone_is_told_once_and_more_of_it_when_asked() -> Result<()> {
    let past = HistorySpec {
        chats: 3,
        messages: 60,
        groups: 0,
    };
    let host = Host::with_past(past).await?;
    // In pieces, the newest first; nothing of it is an event.
    let told = until(&host, "/v1/sessions/main/history", |shown| shown["messages"] == 180).await?;
    assert_eq!(
        (told["failed"].clone(), told["percent"].clone()),
        (json!(0), json!(100))
    );
    let chats = until(&host, "/v1/sessions/main/chats", |shown| {
        shown["items"].as_array().is_some_and(|chats| chats.len() == 3)
    })
    .await?;
    assert!(chats["items"][0]["name"].is_string(), "{chats:#}");
    assert!(chats["items"][0]["lid"].is_string(), "{chats:#}");
    let jid = chats["items"][0]["jid"].as_str().context("a chat")?;
    let page = until(
        &host,
        &format!("/v1/sessions/main/chats/{jid}/messages?limit=200"),
        |_| true,
    )
    .await?;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(60));
    let people = until(&host, "/v1/sessions/main/contacts", |_| true).await?;
    assert_eq!(people["items"].as_array().map(Vec::len), Some(3));
    // The phone has nothing older.
    let path = format!("/v1/sessions/main/chats/{jid}/history");
    let (status, refused) = host.api("POST", &path, "application/json", Vec::new()).await?;
    assert_eq!((status, refused["code"].clone()), (409, json!("nothing_older")));
    host.stop().await
}
