"""What the host calls: one class for each interface, of which a component exports those that its manifest has to do with."""

import json

from componentize_py_types import Err
from wit_world import exports

from .failure import failure_of
from .form import from_json, to_json
from .handlers import Command, Pending, Tick, answer, commands, registered


def _answered(function, *arguments):
    try:
        return function(*arguments)
    except Exception as raised:
        raise Err(failure_of(raised)) from None


def _ended(function, *arguments):
    return _answered(function, *arguments) or answer()


class MessageHandler:
    def on_message(self, ctx, msg):
        return _ended(registered["message-handler"], ctx, msg)


class CommandHandler:
    def on_command(self, ctx, cmd, msg):
        return _ended(self._run, ctx, cmd, msg)

    def _run(self, ctx, cmd, msg):
        words = " ".join([cmd.name, *cmd.path])
        # A subcommand without a function of its own is its command's.
        function = commands.get(words) or commands.get(cmd.name)
        if function is None:
            raise LookupError(f"the plugin has no function with @on_command({words!r})")
        args = {name: arg.value for name, arg in cmd.args}
        return function(ctx, Command(cmd.name, cmd.path, args, cmd.raw, cmd.invoked_as, cmd.locale), msg)


class ReplyHandler:
    def on_reply(self, ctx, pending, msg):
        return _ended(self._run, ctx, pending, msg)

    def _run(self, ctx, pending, msg):
        data = from_json(pending.data, f"data of the dialogue {pending.name}")
        return registered["reply-handler"](ctx, Pending(pending.name, data, pending.version, pending.expired), msg)


class ScheduleHandler:
    def on_tick(self, ctx, tick):
        return _ended(self._run, ctx, tick)

    def _run(self, ctx, tick):
        try:
            payload = from_json(tick.payload, "payload")
        except ValueError:
            # An operator's payload is a plain text.
            payload = tick.payload.decode(errors="replace")
        read = Tick(tick.id, tick.cause, tick.scheduled_for, tick.missed, tick.previous, tick.zone, payload)
        return registered["schedule-handler"](ctx, read)


class ReceiptHandler:
    def on_receipt(self, ctx, receipt):
        return _ended(registered["receipt-handler"], ctx, receipt)


class GroupHandler:
    def on_group(self, ctx, ev):
        return _ended(registered["group-handler"], ctx, ev)


class PresenceHandler:
    def on_presence(self, ctx, ev):
        return _ended(registered["presence-handler"], ctx, ev)


class ContactHandler:
    def on_contact(self, ctx, ev):
        return _ended(registered["contact-handler"], ctx, ev)


class ChatHandler:
    def on_chat(self, ctx, ev):
        return _ended(registered["chat-handler"], ctx, ev)


class CallHandler:
    def on_call(self, ctx, call):
        return _ended(registered["call-handler"], ctx, call)


class SessionHandler:
    def on_session(self, ctx, ev):
        return _ended(registered["session-handler"], ctx, ev)


class TopicHandler:
    def on_topic(self, ctx, topic, publisher, body):
        return _ended(registered["topic-handler"], ctx, topic, publisher, body)


class RequestHandler:
    def on_request(self, ctx, req):
        return _answered(self._run, ctx, req)

    def _run(self, ctx, req):
        """The function answers a text, or a dict with any of `status`, `headers`, `body` and `json`."""
        reply = registered["request-handler"](ctx, req)
        if isinstance(reply, str):
            reply = {"body": reply}
        headers = list(reply.get("headers", {}).items())
        body = reply.get("body", b"")
        if "json" in reply:
            headers.append(("content-type", "application/json"))
            body = to_json(reply["json"])
        if isinstance(body, str):
            body = body.encode()
        return exports.request_handler.Response(reply.get("status", 200), headers, body)


class RawHandler:
    def on_event(self, ctx, schema, kind, text):
        return _ended(lambda: registered["raw-handler"](ctx, kind, json.loads(text), schema))


class Lifecycle:
    def migrate(self, place, from_, to):
        try:
            registered["lifecycle"](place, from_, to)
        except Exception as raised:
            raise Err(str(raised)) from None

    def retire(self, reason):
        if "retire" in registered:
            registered["retire"](reason)


class ConfigCheck:
    def validate_config(self, config_json):
        """The function answers issues: tuples of a JSON pointer, words, and whether it is fatal, which it is if nothing is said."""
        found = registered["config-check"](json.loads(config_json))
        return [exports.config_check.Issue(issue[0], issue[1], issue[2] if len(issue) > 2 else True) for issue in found or []]
