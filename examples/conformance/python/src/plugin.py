"""Does what every language must be able to do; the scenario in ../tests says what that is."""

from waspnest import Reject, Retry, answer, config, react, reply, send
from waspnest import bus, chats, contacts, dialogue, groups, http, kv, log, media, messaging, meta, schedule, secrets, webhooks
from waspnest import on_command, on_message, on_reply, on_request, on_tick


@on_message
def hear(ctx, msg):
    word, _, rest = msg.plain_text.partition(" ")
    match word:
        case "echo":
            reply(msg, rest)
        case "long":
            reply(msg, "añ🐝" * int(rest))
        case "greet":
            log.info("greets", who=msg.sender.push_name)
            reply(msg, f"{config()['greeting']}, {msg.sender.push_name}")
        case "count":
            reply(msg, str(kv.chat().increment("count")))
        case "remember":
            kv.chat().put("remembered", {"text": rest})
        case "recall":
            reply(msg, kv.chat().get("remembered", {"text": "nothing"})["text"])
        case "churn":
            reply(msg, f"{churn(int(rest))} characters")
        case "order":
            reply(msg, "Which size?")
            dialogue.expect("sender", "size", {"what": rest}, ttl_ms=10 * 60_000)
        case "remind":
            schedule.after("tea", 4 * 60_000, payload={"chat": msg.chat, "text": "The tea is ready."})
        case "rate":
            usd = http.fetch(f"https://rates.example.com/{rest}").ok().json()["usd"]
            reply(msg, f"1 {rest} is {usd} usd")
        case "watch":
            rates = http.open(f"https://rates.example.com/watch/{rest}")
            shown = messaging.sent_key(msg.key, send(msg.chat, "…", when=messaging.NOW))
            last = "nothing"
            for piece in rates.pieces(gather_ms=500):
                last = piece.decode().strip()
                messaging.edit_now(shown, last)
            messaging.edit(shown, f"{last} in the end")
        case "later":
            reply(msg, f"attempt {ctx.attempt}")
            if ctx.attempt == 1:
                raise Retry("not yet", after_ms=1000)
        case "never":
            reply(msg, "nobody reads this")
            raise Reject("it was asked to")
        case "stop":
            return answer("stop", note="stopped")
        case "tell":
            send("4915100000099@s.whatsapp.net", "psst")
        case "like":
            react(msg, "👍")
        case "note":
            file = media.make("text/plain", rest.encode())
            messaging.send_document(msg.chat, file, "note.txt")
        case "members":
            group = groups.info(msg.chat)
            reply(msg, f"{group.subject}: {len(group.participants)} members")
        case "known":
            who = contacts.resolve(rest)[rest]
            reply(msg, "at WhatsApp" if who else "not at WhatsApp")
        case "mute":
            chats.update(msg.chat, chats.Change_MuteUntil(None))
        case "tell-shop":
            webhooks.emit("shop", "note.written", {"text": rest})
        case "publish":
            bus.publish("notes.written", {"text": rest})
        case "sign":
            reply(msg, secrets.hmac_sha256("signing-key", rest.encode()).hex())
        case "granted":
            reply(msg, "yes" if meta.granted(rest) else "no")


def churn(times):
    store = kv.chat()
    store.put("large", "x" * 40_000)
    total = sum(len(store.get("large")) for _ in range(times))
    store.delete("large")
    return total


@on_command("typed")
def typed(ctx, cmd, msg):
    args = cmd.args
    flag = {True: "yes", False: "no", None: "-"}[args.get("flag")]
    said = [args["word"], args["whole"], args["number"], flag, *(args.get(name, "-") for name in ("span", "size", "rest"))]
    reply(msg, "|".join(str(word) for word in said))


@on_command("list add")
def list_add(ctx, cmd, msg):
    things = cmd.args["things"]
    reply(msg, f"{len(things)}: {', '.join(things)}")


@on_reply
def chosen(ctx, pending, msg):
    what = pending.data["what"]
    # Who ordered and went away is not told.
    if msg is None:
        return answer(note=f"nobody wants {what}")
    reply(msg, f"One {msg.text} {what}.")


@on_tick
def due(ctx, tick):
    send(tick.payload["chat"], tick.payload["text"])


@on_request
def asked(ctx, request):
    return {"status": 201, "json": {"bytes": len(request.body), "paid": request.query == "paid=1", "path": request.path}}
