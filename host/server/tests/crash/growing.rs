//! Answers that grow while the host is killed: each is one message, and whole in the end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_simulator::human::{Change, Heard};

use super::{Linked, PATIENCE, pause};

/// How often somebody asks, and the host is killed while it answers.
const KILLS: usize = 6;
/// What the model says, word by word.
const WORDS: [&str; 6] = ["one ", "two ", "three ", "four ", "five ", "six."];
/// How long it thinks about each.
const PAUSE: Duration = Duration::from_millis(300);

/// A model that says the same to everybody, behind the number of the request.
fn model() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            // Whoever asked may be dead by now.
            thread::spawn(move || socket.map(|socket| answer(socket, number)));
        }
    });
    Ok(address)
}

#[expect(clippy::disallowed_methods, reason = "a model that takes its time")]
fn answer(mut socket: TcpStream, number: usize) -> Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("\"stream\":true") {
        let read = socket.read(&mut part)?;
        ensure!(read > 0, "the request ended");
        request.extend_from_slice(&part[..read]);
    }
    socket.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
    for word in [format!("{number}: ").as_str()].into_iter().chain(WORDS) {
        write!(
            socket,
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n"
        )?;
        thread::sleep(PAUSE);
    }
    Ok(socket.write_all(b"data: [DONE]\n\n")?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_one_message_and_whole_in_the_end_when_the_host_is_killed_while_it_grows() -> Result<()> {
    let model = model()?;
    let plugins = format!(
        r#"
[plugins.retry]
backoff = {{ first = "50ms", factor = 1.5, max = "500ms", jitter = 0.2 }}
[plugins.egress]
allow = ["127.0.0.1/32"]
[[plugin]]
id = "assistant"
source = "assistant"
[plugin.grants]
"messages.send" = true
"messages.edit" = true
http = {{ allow = ["http://{model}"] }}
kv = true
schedule = true
[plugin.config]
url = "http://{model}/v1/chat/completions"
authorization = ""
model = "small"
wait-ms = 0
edit-every-ms = 500
[[bind]]
id = "all"
plugin = "assistant"
"#
    );
    let mut linked = Linked::start(17, &plugins).await?;
    let person = linked.person("Ana").await?;
    let mut random = StdRng::seed_from_u64(17);
    let mut answers = Vec::new();
    for question in 0..KILLS {
        let seen = person.position();
        person.say(&linked.phone, &format!("question {question}")).await?;
        let begins = |heard: &Heard| !heard.from_me && heard.text.is_some() && heard.change().is_none();
        let begun = person.wait_for_after(seen, begins, PATIENCE).await;
        let begun = begun.with_context(|| format!("nothing was said to question {question}"))?;
        pause(Duration::from_millis(random.random_range(0..2500))).await;
        linked.host.kill_and_restart()?;
        let whole = |heard: &Heard| {
            matches!(heard.change(), Some(Change::Edited { target, text: Some(text) })
                if target == begun.id && text.ends_with(&WORDS.concat()))
        };
        let ended = person.wait_for_after(seen, whole, PATIENCE).await;
        ended.with_context(|| format!("the answer to question {question} is not whole"))?;
        answers.push(begun.id);
    }
    linked.host.connected().await?;
    let messages: Vec<String> = person
        .phone_view()
        .into_iter()
        .filter(|heard| !heard.from_me && heard.change().is_none())
        .map(|heard| heard.id)
        .collect();
    ensure!(messages == answers, "{messages:?} are not the answers {answers:?}");
    linked.end().await
}
