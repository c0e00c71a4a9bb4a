//! Pieces of the conformance plugins, which are built and played in every language, shown where they explain something.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Where the plugins are.
const SUITE: &str = "examples/conformance";

/// The languages in the order in which they are shown: their names, what their code is marked with, and their plugins' sources.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("Rust", "rust", "rust/src/lib.rs"),
    ("JavaScript", "js", "js/src/plugin.js"),
    ("TypeScript", "ts", "ts/src/plugin.ts"),
    ("Python", "python", "python/src/plugin.py"),
    ("Go", "go", "go/main.go"),
    ("C", "c", "c/src/plugin.c"),
];

/// The beginning of a piece, and how many lines it has.
type Piece = (&'static str, usize);

/// What is shown of each capability, by language.
#[rustfmt::skip]
const SHOWN: [(&str, [&[Piece]; 6]); 15] = [
    ("messaging", [
        &[("messaging::reply(msg, \"Which size?\")", 1), ("messaging::send_text(&chat", 1)],
        &[("reply(msg, \"Which size?\")", 1), ("react(msg", 1), ("send(tick.payload", 1)],
        &[("reply(msg, \"Which size?\")", 1), ("react(msg", 1), ("send(tick.payload", 1)],
        &[("reply(msg, \"Which size?\")", 1), ("react(msg", 1), ("send(tick.payload", 1)],
        &[("return messaging.Reply(msg, rest)", 1), ("return messaging.React(", 1), ("return messaging.SendText(reminder", 1)],
        &[("WN_TRY(wn_reply(msg, wn_of(\"Which", 1), ("WN_TRY(wn_send(wn_unquoted", 1)],
    ]),
    ("media-store", [
        &[("let file = media::make(", 2)],
        &[("const file = media.make(", 2)],
        &[("const file = media.make(", 2)],
        &[("file = media.make(", 2)],
        &[("func note(", 7)],
        &[("static wn_end note(", 6)],
    ]),
    ("kv", [
        &[("\"count\" =>", 1), ("\"remember\" =>", 1), ("let found: Option<Remembered>", 1)],
        &[("reply(msg, `${kv.", 1), ("kv.chat().put(", 1), ("reply(msg, kv.chat().get", 1)],
        &[("reply(msg, `${kv.", 1), ("kv.chat().put(", 1), ("reply(msg, kv.chat().get", 1)],
        &[("reply(msg, str(kv.", 1), ("kv.chat().put(", 1), ("reply(msg, kv.chat().get", 1)],
        &[("func count(", 11), ("func recall(", 11)],
        &[("static wn_end count(", 8), ("static wn_end recall(", 9)],
    ]),
    ("dialogue", [
        &[("let order = State::new(", 2), ("impl ReplyHandler for Plugin", 11)],
        &[("dialogue.expect(", 1), ("onReply(ctx, pending, msg)", 5)],
        &[("dialogue.expect(", 1), ("onReply(ctx, pending, msg)", 5)],
        &[("dialogue.expect(", 1), ("@on_reply", 7)],
        &[("return dialogue.Expect(", 1), ("func chosen(", 12)],
        &[("WN_TRY(wn_expect(", 1), ("wn_end on_reply(", 10)],
    ]),
    ("schedule", [
        &[("let reminder = Reminder {", 5), ("impl ScheduleHandler for Plugin", 7)],
        &[("schedule.after(", 1), ("onTick(ctx, tick)", 3)],
        &[("schedule.after(", 1), ("onTick(ctx, tick)", 3)],
        &[("schedule.after(", 1), ("@on_tick", 3)],
        &[("return schedule.After(", 1), ("func due(", 7)],
        &[("wn_text payload = wn_format(", 2), ("wn_end on_tick(", 7)],
    ]),
    ("http", [
        &[("let url = format!(", 3), ("fn watch(", 10)],
        &[("const { usd } =", 2), ("const rates = http.open(", 8)],
        &[("const { usd } =", 2), ("const rates = http.open(", 8)],
        &[("usd = http.fetch(", 2), ("rates = http.open(", 7)],
        &[("func rate(", 13), ("func watch(", 24)],
        &[("static wn_end rate(", 7), ("static wn_end watch(", 16)],
    ]),
    ("groups", [
        &[("let group = groups::info(", 2)],
        &[("const { subject, participants } =", 2)],
        &[("const { subject, participants } =", 2)],
        &[("group = groups.info(", 2)],
        &[("func members(", 7)],
        &[("static wn_end members(", 7)],
    ]),
    ("contacts", [
        &[("let known = contacts::resolve(", 2)],
        &[("const who = new Map(contacts.resolve(", 2)],
        &[("const who = new Map(contacts.resolve(", 2)],
        &[("who = contacts.resolve(", 2)],
        &[("func known(", 10)],
        &[("static wn_end known(", 6)],
    ]),
    ("chats", [
        &[("\"mute\" =>", 1)],
        &[("chats.update(", 1)],
        &[("chats.update(", 1)],
        &[("chats.update(", 1)],
        &[("return chats.Mute(", 1)],
        &[("else if (wn_is(text, \"mute\"))", 1)],
    ]),
    ("webhooks", [
        &[("\"tell-shop\" =>", 1)],
        &[("webhooks.emit(", 1)],
        &[("webhooks.emit(", 1)],
        &[("webhooks.emit(", 1)],
        &[("_, err := webhooks.Emit(", 2)],
        &[("else if (wn_after(text, \"tell-shop \"", 1)],
    ]),
    ("bus", [
        &[("\"publish\" =>", 1)],
        &[("bus.publish(", 1)],
        &[("bus.publish(", 1)],
        &[("bus.publish(", 1)],
        &[("return bus.PublishJSON(", 1)],
        &[("else if (wn_after(text, \"publish \"", 1)],
    ]),
    ("secrets", [
        &[("let code = secrets::hmac_sha256(", 2)],
        &[("reply(msg, hex(secrets.", 1)],
        &[("reply(msg, hex(secrets.", 1)],
        &[("reply(msg, secrets.hmac_sha256(", 1)],
        &[("func sign(", 7)],
        &[("static wn_end sign(", 6)],
    ]),
    ("config", [
        &[("struct Settings {", 3), ("let settings: Settings", 1)],
        &[("reply(msg, `${config", 1)],
        &[("interface Settings {", 3), ("reply(msg, `${config", 1)],
        &[("reply(msg, f\"{config", 1)],
        &[("var settings struct {", 6)],
        &[("WN_TRY(wn_reply(msg, wn_format(\"%.*s, %.*s\"", 1)],
    ]),
    ("log", [
        &[("info!(\"greets\"", 1)],
        &[("log.info(", 1)],
        &[("log.info(", 1)],
        &[("log.info(", 1)],
        &[("log.Info(", 1)],
        &[("wn_info(", 1)],
    ]),
    ("meta", [
        &[("\"granted\" =>", 1)],
        &[("reply(msg, meta.granted(", 1)],
        &[("reply(msg, meta.granted(", 1)],
        &[("reply(msg, \"yes\" if meta.granted(", 1)],
        &[("return messaging.Reply(msg, map[bool]", 1)],
        &[("else if (wn_after(text, \"granted \"", 1)],
    ]),
];

/// Pieces of one language.
pub(super) struct Snippet {
    pub(super) language: &'static str,
    pub(super) fence: &'static str,
    pub(super) text: String,
    /// From the top of the checkout.
    pub(super) source: String,
}

/// What is shown of a capability; nothing where no plugin has something to show.
pub(super) fn of(root: &Path, capability: &str) -> Result<Vec<Snippet>> {
    let Some((_, shown)) = SHOWN.iter().find(|(name, _)| *name == capability) else {
        return Ok(Vec::new());
    };
    let snippet = |((language, fence, source), pieces): (&(&'static str, &'static str, &str), &&[Piece])| {
        let source = format!("{SUITE}/{source}");
        let code = fs::read_to_string(root.join(&source)).with_context(|| format!("reading {source}"))?;
        let cut = |piece| cut(&code, piece).with_context(|| format!("{source} has no line that begins with {piece:?}"));
        let pieces = pieces.iter().map(cut).collect::<Result<Vec<_>>>()?;
        Ok(Snippet {
            language,
            fence,
            text: pieces.join("\n"),
            source,
        })
    };
    LANGUAGES.iter().zip(shown).map(snippet).collect()
}

/// Lines from the first that begins so, moved to the left together; a longer piece stands apart from the next.
fn cut(code: &str, (start, count): &Piece) -> Option<String> {
    let first = code.lines().position(|line| line.trim_start().starts_with(start))?;
    let lines: Vec<&str> = code.lines().skip(first).take(*count).collect();
    let indent = lines[0].len() - lines[0].trim_start().len();
    let mut text = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    if *count > 2 {
        text.push('\n');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_moved_to_the_left() {
        let code = "a {\n    b {\n        c\n    }\n}\n";
        assert_eq!(cut(code, &("b {", 3)).as_deref(), Some("b {\n    c\n}\n"));
        assert_eq!(cut(code, &("d", 1)), None);
    }
}
