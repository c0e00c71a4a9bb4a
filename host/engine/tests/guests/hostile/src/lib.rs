//! A guest that misbehaves on command, for tests of the engine. The text of a message says how.
//!
//! | text | what it does |
//! |---|---|
//! | `trap`, `panic`, `exit` | ends without an answer |
//! | `loop`, `sleep` | never ends |
//! | `busy N`, `slow N` | works or sleeps for N ms, then replies `busy N`, `slow N` |
//! | `memory`, `recurse` | takes memory or stack until stopped |
//! | `recurse-host` | takes stack, and calls the host from every depth |
//! | `flood-handles` | opens stores and keeps them, without end |
//! | `flood-allocations` | has the host hand over as much as it will, again and again |
//! | `flood-effects`, `flood-log`, `flood-stdout`, `flood-kv`, `flood-jobs` | calls the host without end, whatever it answers |
//! | `big-string`, `big-log`, `big-value`, `big-reject` | hands over 16 MiB at once, and replies what came back |
//! | `kv-counter`, `kv-session-counter`, `kv-sender-counter` | adds 1 to a counter and replies its value |
//! | `kv-fill KEY` | writes 1 KiB under a key of the session, and replies what came back |
//! | `kv-instance` | opens the store and replies what came back |
//! | `kv-shared NAME WORD` | does something with a shared store; see there |
//! | `retry`, `reject`, `retry-until N` | answers that error, the last one until attempt N, then replies `attempt N` |
//! | `reject-unless-kv` | rejects unless the chat has a counter, then replies `now it works` |
//! | `half` | replies, writes the chat's counter, and then rejects: nothing of it may be seen |
//! | `clock`, `random`, `env`, `args`, `files` | replies what the sandbox lets it see |
//! | `double` | replies `first` and `second` |
//! | `quote`, `react`, `read`, `typing` | does that to the message, and replies what came back |
//! | `send-to JID` | sends to another chat, and replies what came back |
//! | `now-until N`, `now-key` | sends `now` at once and fails before attempt N, or under a key too |
//! | `once KEY` | sends `once` under that key, and replies whether it was the first |
//! | `interactive` | asks for what this version does not have, and replies what came back |
//! | `edit ID`, `edit-now ID`, `revoke ID`, `pin ID`, `star ID` | does that to the account's message of that id, and replies what came back |
//! | `edit-theirs`, `edit-now-theirs`, `revoke-theirs`, `pin-theirs N`, `unpin`, `star-theirs`, `unstar` | does that to the message itself |
//! | `elsewhere WORD` | does `edit`, `edit-now`, `revoke`, `moderate`, `vote`, `pin` or `star` in another chat |
//! | `vote ID A,B` | votes for A and B in the poll of that id |
//! | `forward ID`, `forward-from JID ID` | passes that message on to this chat |
//! | `pass-on` | passes the message itself on to its chat |
//! | `say-edit`, `say-pin`, `say-revoke` | says something and changes it in the same call |
//! | `get ID`, `get-from JID ID` | replies words and sender of that message |
//! | `history N CURSOR`, `history-of JID` | replies the words of a page of the chat's messages, and its cursor |
//! | `get-flood` | looks at its message again and again, and replies when that ended |
//! | `read`, `handle` | replies size and beginning, or the handle, of the message's own file |
//! | `read-handle H`, `send-handle H` | reads, or sends as a document, the file of that handle |
//! | `make TEXT`, `make-once TEXT`, `make-once-document TEXT` | makes a file of the text and sends it |
//! | `make-handle TEXT`, `make-read TEXT` | makes a file and replies its handle or what is in it |
//! | `make-kib N`, `make-kind MIME`, `make-many` | makes a file of N KiB, of that type, or as many as it can |
//! | `grab URL` | has the host fetch a file and sends it |
//! | `raw TEXT` | sends these bytes as an encoded message |
//! | `fetch URL`, `post URL` | does that, and replies status and body or the refusal |
//! | `follow URL`, `follow-with NAME VALUE URL` | follows redirects, with that header too |
//! | `header NAME VALUE URL` | fetches with that header; `\\r` and `\\n` in it stand for the ends of lines, `\\s` for a space |
//! | `method NAME URL` | asks with that method; escapes as above |
//! | `post-until N URL` | posts and, before attempt N, answers `retry` |
//! | `post-trap URL` | posts and, at the first attempt, traps |
//! | `pieces URL`, `pieces-max N URL`, `pieces-slow URL` | takes an answer in pieces, of at most N bytes, or gathers for too long, and replies them |
//! | `pieces-until N URL` | takes two pieces, or all at attempt N, before which it answers `retry` |
//! | `pieces-secret NAME URL` | takes an answer in pieces to a request with that secret in a header |
//! | `pieces-flood URL` | asks for pieces until it is refused |
//! | `grow-until N` | sends at once, and edits at once in the words of the attempt, before the last edit at attempt N |
//! | `secret-header NAME URL`, `secret-query NAME URL`, `secret-body NAME URL`, `no-secret-body NAME URL` | sends a place for that secret |
//! | `secret-path URL`, `secret-broken URL` | writes a place where there is none, or without its end |
//! | `sign NAME`, `sign-much NAME`, `secret NAME`, `reveal NAME` | has it signed with, looked for, or shown, and replies the beginning of what came back |
//! | `reveal-reject NAME`, `reveal-trap NAME` | says the secret in an error, or in a crash |
//! | `secret-flood` | asks for secrets until it is refused |
//! | `tell ENDPOINT EVENT JSON` | tells that endpoint, and replies the beginning of the id or the refusal |
//! | `tell-much`, `tell-flood` | tells `crm` too much, or until it is refused, which it rejects with |
//! | `config`, `budget`, `context`, `granted NAME` | replies what the host says |
//! | `log N` | writes N lines of a KiB |
//! | `again N FUNCTION` | calls a function of the host N times and replies the last answer |
//! | `schedule N` | sets a job for N ms later; its tick replies `tick ID` and adds 1 to the chat's counter |
//! | `tick-trap N` | sets a job whose tick traps |
//! | anything else | replies `ok: ` and the text |

mod again;
mod attack;
mod change;
mod files;
mod host_call;
mod past;
mod sandbox;
mod secret;
mod shared;
mod tell;

use waspnest_plugin::http::Request;
use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome, Tick};
use waspnest_plugin::{MessageHandler, ScheduleHandler, kv, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Hostile;

impl MessageHandler for Hostile {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let text = msg.text().unwrap_or_default();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let answer = match word {
            "trap" => attack::trap(),
            "panic" => panic!("told to panic"),
            "exit" => std::process::exit(3),
            "loop" => attack::spin(),
            "memory" => attack::take_memory(),
            "recurse" => attack::recurse(0).to_string(),
            "recurse-host" => attack::recurse_into_host(0).to_string(),
            "flood-handles" => attack::flood_handles(),
            "flood-allocations" => attack::flood_allocations(),
            "flood-effects" => attack::flood_effects(msg),
            "flood-log" => attack::flood_log(),
            "flood-stdout" => attack::flood_stdout(),
            "flood-kv" => attack::flood_kv()?,
            "flood-jobs" => attack::flood_jobs(),
            "big-string" => attack::big_string(msg),
            "big-log" => attack::big_log(),
            "big-value" => attack::big_value()?,
            "big-reject" => return Err(HandlerError::reject(attack::big_text())),
            "sleep" => sandbox::sleep_for_an_hour(),
            "slow" => sandbox::sleep_ms(text, number(rest)?),
            "busy" => sandbox::work_ms(text, number(rest)?),
            "clock" => sandbox::clock(),
            "random" => sandbox::random(),
            "env" => sandbox::environment(),
            "args" => sandbox::arguments(),
            "files" => sandbox::files(),
            "kv-counter" => kv::chat()?.increment("counter", 1)?.to_string(),
            "kv-session-counter" => kv::session()?.increment("counter", 1)?.to_string(),
            "kv-sender-counter" => kv::sender()?.increment("counter", 1)?.to_string(),
            "kv-fill" => host_call::said(kv::session()?.put(rest, &"x".repeat(1024)).map(|_| "stored")),
            "kv-instance" => host_call::said(kv::open(kv::Scope::Instance).map(|_| "opened")),
            "kv-shared" => shared::shared(rest),
            "retry" => return Err(HandlerError::retry("told to retry")),
            "reject" => return Err(HandlerError::reject("told to reject")),
            "reject-unless-kv" => match kv::chat()?.get::<u64>("counter")? {
                Some(_) => "now it works".into(),
                None => return Err(HandlerError::reject("there is no counter yet")),
            },
            "retry-until" => {
                if u64::from(ctx.attempt) < number(rest)? {
                    return Err(HandlerError::retry("told to retry"));
                }
                format!("attempt {}", ctx.attempt)
            }
            "half" => {
                kv::chat()?.increment("counter", 1)?;
                messaging::reply(msg, "must not be seen")?;
                return Err(HandlerError::reject("told to stop half-way"));
            }
            "double" => {
                messaging::reply(msg, "first")?;
                "second".into()
            }
            "quote" => {
                messaging::quote(msg, "quoted")?;
                return Ok(Outcome::next());
            }
            "react" => host_call::said(messaging::react(msg, "👍").map(|()| "reacted")),
            "read" if waspnest_plugin::media::of(msg).is_some() => files::handle(word, rest, msg),
            "read" => host_call::said(messaging::mark_read(msg).map(|()| "read")),
            "typing" => host_call::said(messaging::set_typing(msg.chat(), messaging::Typing::Text).map(|()| "typing")),
            "send-to" => host_call::said(messaging::send_text(rest, "hello").map(|_| "sent")),
            "interactive" => host_call::interactive(msg),
            "now-until" => {
                messaging::send_text_now(msg.chat(), "now")?;
                messaging::send_text_now(msg.chat(), format!("now {}", ctx.attempt))?;
                if u64::from(ctx.attempt) < number(rest)? {
                    return Err(HandlerError::retry("told to retry"));
                }
                format!("attempt {}", ctx.attempt)
            }
            "now-key" | "once" => host_call::once(word, rest, msg),
            "edit-now" | "edit-now-theirs" | "edit" | "revoke" | "pin" | "star" | "edit-theirs" | "revoke-theirs"
            | "pin-theirs" | "unpin" | "star-theirs" | "unstar" | "elsewhere" | "vote" | "forward" | "forward-from"
            | "raw" | "pass-on" | "say-edit" | "say-pin" | "say-revoke" => change::change(word, rest, msg),
            "read-handle" | "handle" | "make" | "make-handle" | "make-read" | "make-kib" | "make-kind"
            | "make-many" | "make-once" | "make-once-document" | "grab" | "send-handle" => {
                files::handle(word, rest, msg)
            }
            "get" | "get-from" | "get-flood" | "history" | "history-of" => past::look(word, rest, msg),
            "fetch" => host_call::fetched(&Request::get(rest)),
            "follow" => host_call::fetched(&Request::get(rest).follow_redirects(5)),
            "follow-with" | "header" | "method" => host_call::smuggled(word, rest),
            "post" => host_call::fetched(&Request::post(rest).body(text)),
            "post-until" => {
                let (attempt, url) = rest.split_once(' ').unwrap_or((rest, ""));
                let answer = host_call::fetched(&Request::post(url).body(text));
                if u64::from(ctx.attempt) < number(attempt)? {
                    return Err(HandlerError::retry("told to retry"));
                }
                answer
            }
            "post-trap" => {
                let answer = host_call::fetched(&Request::post(rest).body(text));
                if ctx.attempt == 1 {
                    attack::trap();
                }
                answer
            }
            "pieces" => host_call::pieces(&Request::get(rest), 1000),
            "pieces-max" => {
                let (bytes, url) = rest.split_once(' ').unwrap_or((rest, ""));
                let bytes = u32::try_from(number(bytes)?).unwrap_or(u32::MAX);
                host_call::pieces(&Request::get(url).max_bytes(bytes), 1000)
            }
            "pieces-slow" => host_call::said(
                Request::get(rest)
                    .open()
                    .and_then(|mut answer| answer.next(core::time::Duration::from_secs(11)))
                    .map(|_| "came"),
            ),
            "pieces-until" => {
                let (attempt, url) = rest.split_once(' ').unwrap_or((rest, ""));
                if u64::from(ctx.attempt) < number(attempt)? {
                    host_call::pieces(&Request::post(url).body(text), 2);
                    return Err(HandlerError::retry("told to retry"));
                }
                host_call::pieces(&Request::post(url).body(text), 1000)
            }
            "pieces-secret" => {
                let (name, url) = rest.split_once(' ').unwrap_or((rest, ""));
                let place = waspnest_plugin::secrets::place(name);
                host_call::pieces(&Request::get(url).header("authorization", place), 1000)
            }
            "pieces-flood" => host_call::pieces_flood(rest),
            "grow-until" => return change::grow(ctx, number(rest)?, msg),
            "secret-header" | "secret-query" | "secret-body" | "no-secret-body" | "secret-path" | "secret-broken"
            | "sign" | "sign-much" | "secret" | "reveal" | "reveal-reject" | "reveal-trap" | "secret-flood" => {
                secret::word(word, rest)?
            }
            "tell" | "tell-much" => tell::tell(word, rest),
            "tell-flood" => return Err(HandlerError::reject(tell::flood())),
            "config" => waspnest_plugin::config_value::<String>("/greeting")?.unwrap_or_default(),
            "budget" => host_call::budget(),
            "log" => host_call::log(number(rest)?),
            "again" => {
                let (times, what) = rest.split_once(' ').unwrap_or((rest, ""));
                again::again(number(times)?, what, msg)
            }
            "context" => host_call::context(ctx),
            "granted" => waspnest_plugin::meta::granted(rest).to_string(),
            "schedule" | "tick-trap" => host_call::schedule(word, number(rest)?, msg)?,
            _ => format!("ok: {text}"),
        };
        messaging::reply(msg, answer)?;
        Ok(Outcome::next())
    }
}

impl ScheduleHandler for Hostile {
    fn on_tick(_ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        if tick.id.starts_with("tick-trap") {
            attack::trap();
        }
        let chat: String = tick.read_payload()?;
        kv::chat()?.increment("counter", 1)?;
        messaging::send_text(&chat, format!("tick {}", tick.id))?;
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Hostile: MessageHandler, ScheduleHandler);

/// The number behind a word.
fn number(text: &str) -> Result<u64, HandlerError> {
    text.trim()
        .parse()
        .map_err(|_| HandlerError::reject(format!("{text:?} is no number")))
}
