// Does what every language must be able to do; the scenario in ../tests says what that is.

import { bytes, config, hex, plugin, react, reject, reply, retry, send, text } from "waspnest";
import { bus, chats, contacts, dialogue, groups, http, kv, log, media, messaging, meta, schedule, secrets, webhooks } from "waspnest";

function churn(times) {
  const store = kv.chat();
  store.put("large", "x".repeat(40_000));
  let sum = 0;
  for (let turn = 0; turn < times; turn++) sum += store.get("large").length;
  store.delete("large");
  return sum;
}

export default plugin({
  onMessage(ctx, msg) {
    const [word, ...words] = msg.plainText.split(" ");
    const rest = words.join(" ");
    switch (word) {
      case "echo":
        reply(msg, rest);
        break;
      case "long":
        reply(msg, "añ🐝".repeat(Number(rest)));
        break;
      case "greet":
        log.info("greets", { who: msg.sender.pushName });
        reply(msg, `${config().greeting}, ${msg.sender.pushName}`);
        break;
      case "count":
        reply(msg, `${kv.chat().increment("count")}`);
        break;
      case "remember":
        kv.chat().put("remembered", { text: rest });
        break;
      case "recall":
        reply(msg, kv.chat().get("remembered")?.text ?? "nothing");
        break;
      case "churn":
        reply(msg, `${churn(Number(rest))} characters`);
        break;
      case "order":
        reply(msg, "Which size?");
        dialogue.expect("sender", { name: "size", data: { what: rest } }, 10 * 60_000);
        break;
      case "remind":
        schedule.after("tea", 4 * 60_000, { payload: { chat: msg.key.chat, text: "The tea is ready." } });
        break;
      case "rate": {
        const { usd } = http.fetch(`https://rates.example.com/${rest}`).ok().json();
        reply(msg, `1 ${rest} is ${usd} usd`);
        break;
      }
      case "watch": {
        const rates = http.open(`https://rates.example.com/watch/${rest}`);
        const shown = messaging.sentKey(msg.key, send(msg.key.chat, "…", { when: "now" }));
        let last = "nothing";
        for (const piece of rates.pieces(500)) {
          last = text(piece).trim();
          messaging.editNow(shown, last);
        }
        messaging.edit(shown, `${last} in the end`);
        break;
      }
      case "later":
        reply(msg, `attempt ${ctx.attempt}`);
        if (ctx.attempt === 1) throw retry("not yet", 1000);
        break;
      case "never":
        reply(msg, "nobody reads this");
        throw reject("it was asked to");
      case "stop":
        return { flow: "stop", note: "stopped" };
      case "tell":
        send("4915100000099@s.whatsapp.net", "psst");
        break;
      case "like":
        react(msg, "👍");
        break;
      case "note": {
        const file = media.make("text/plain", bytes(rest));
        messaging.sendDocument(msg.key.chat, file, "note.txt");
        break;
      }
      case "members": {
        const { subject, participants } = groups.info(msg.key.chat);
        reply(msg, `${subject}: ${participants.length} members`);
        break;
      }
      case "known": {
        const who = new Map(contacts.resolve(rest)).get(rest);
        reply(msg, who ? "at WhatsApp" : "not at WhatsApp");
        break;
      }
      case "mute":
        chats.update(msg.key.chat, { tag: "mute-until", val: null });
        break;
      case "tell-shop":
        webhooks.emit("shop", "note.written", { text: rest });
        break;
      case "publish":
        bus.publish("notes.written", { text: rest });
        break;
      case "sign":
        reply(msg, hex(secrets.hmacSha256("signing-key", bytes(rest))));
        break;
      case "granted":
        reply(msg, meta.granted(rest) ? "yes" : "no");
        break;
    }
  },

  commands: {
    typed(ctx, cmd, msg) {
      const { word, whole, number, flag, span, size, rest } = cmd.args;
      const said = [word, whole, number, flag === undefined ? "-" : flag ? "yes" : "no", span ?? "-", size ?? "-", rest ?? "-"];
      reply(msg, said.join("|"));
    },
    "list add"(ctx, cmd, msg) {
      reply(msg, `${cmd.args.things.length}: ${cmd.args.things.join(", ")}`);
    },
  },

  onReply(ctx, pending, msg) {
    // Who ordered and went away is not told.
    if (msg === undefined) return { note: `nobody wants ${pending.data.what}` };
    reply(msg, `One ${msg.text} ${pending.data.what}.`);
  },

  onTick(ctx, tick) {
    send(tick.payload.chat, tick.payload.text);
  },

  onRequest(ctx, request) {
    const paid = request.query === "paid=1";
    return { status: 201, json: { bytes: request.body.length, paid, path: request.path } };
  },
});
