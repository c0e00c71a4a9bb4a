//! `waspnest message list` and `show`: what a session's phone would show.

use std::io::Write;

use clap::Subcommand;
use serde_json::Value;

use crate::cli::remote::{self, Address, Remote};

/// Messages of one page of the API at most.
const PAGE: usize = 200;

/// What is wanted.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Deed {
    /// Say which messages there are, the newest last
    List {
        /// The session: its id, its name, or its phone number with +
        session: String,
        /// Only in this chat: a phone number or another address
        #[arg(long, value_name = "WHO")]
        chat: Option<String>,
        /// Only by them; `me` for the account
        #[arg(long, value_name = "WHO")]
        sender: Option<String>,
        /// Only with all of these words: `word*` for all that begin so, "words in quotation marks" for words side by side
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        limit: usize,
        /// As the API answers, a line of JSON for each
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        host: Address,
    },
    /// Say everything that is known of a message, as JSON
    Show {
        /// The session: its id, its name, or its phone number with +
        session: String,
        /// WhatsApp's id of the message
        id: String,
        #[command(flatten)]
        host: Address,
    },
}

/// Does it.
pub(super) fn run(deed: &Deed, env: &remote::Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    match deed {
        Deed::List {
            session,
            chat,
            sender,
            search,
            limit,
            json,
            host,
        } => {
            let narrowed = [("chat", chat), ("sender", sender), ("q", search)];
            let narrowed = narrowed
                .iter()
                .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
            let narrowed: Vec<(&str, &str)> = narrowed.collect();
            let newest = newest(&Remote::of(host, env)?, session, &narrowed, *limit)?;
            for message in newest.iter().rev() {
                match json {
                    true => writeln!(out, "{message}")?,
                    false => writeln!(out, "{}", line(message))?,
                }
            }
        }
        Deed::Show { session, id, host } => {
            let message = Remote::of(host, env)?.get(&["sessions", session, "messages", id], &[])?;
            writeln!(out, "{message:#}")?;
        }
    }
    Ok(())
}

fn newest(host: &Remote, session: &str, narrowed: &[(&str, &str)], limit: usize) -> anyhow::Result<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    while found.len() < limit {
        let most = (limit - found.len()).min(PAGE).to_string();
        let mut query = narrowed.to_vec();
        query.push(("limit", &most));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let mut page = host.get(&["sessions", session, "messages"], &query)?;
        if let Some(items) = page["items"].as_array_mut() {
            found.append(items);
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    Ok(found)
}

/// When, its id, who wrote where, and what it says, with ends of lines written out.
fn line(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let who = |value: &Value| match value["phone"].as_str() {
        Some(phone) => phone.to_owned(),
        None => text(&value["jid"]),
    };
    let sender = match message["from_me"].as_bool() {
        Some(true) => "me".to_owned(),
        Some(false) | None => who(&message["sender"]),
    };
    let chat = who(&message["chat"]);
    let place = match sender == chat {
        true => chat,
        false => format!("{sender} in {chat}"),
    };
    let kind = text(&message["type"]);
    let said = match (message["text"].as_str(), kind.as_str()) {
        (Some(said), "text") => said.escape_debug().to_string(),
        (Some(said), kind) => format!("[{kind}] {}", said.escape_debug()),
        (None, kind) => format!("[{kind}]"),
    };
    let state = message["state"].as_str().map(|state| format!("  ({state})"));
    let (time, id) = (text(&message["time"]), text(&message["id"]));
    format!("{time}  {id}  {place}: {said}{}", state.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_when_who_where_and_what() {
        let ana = json!({ "jid": "49151@s.whatsapp.net", "phone": "+49151" });
        let mut message = json!({
            "id": "3EB0", "time": "2026-01-01T00:00:00.000Z", "chat": ana, "sender": ana, "from_me": false,
            "type": "text", "text": "two\nlines", "state": null,
        });
        assert_eq!(line(&message), "2026-01-01T00:00:00.000Z  3EB0  +49151: two\\nlines");
        message["chat"] = json!({ "jid": "1203@g.us" });
        message["type"] = "image".into();
        assert!(
            line(&message).ends_with("+49151 in 1203@g.us: [image] two\\nlines"),
            "{}",
            line(&message)
        );
        message["from_me"] = true.into();
        message["text"] = Value::Null;
        message["state"] = "read".into();
        assert!(
            line(&message).ends_with("me in 1203@g.us: [image]  (read)"),
            "{}",
            line(&message)
        );
    }
}
