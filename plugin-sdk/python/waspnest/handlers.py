"""Handlers: decorators with which a plugin names its functions.

What a handler changed is committed when it returns, and dropped when it raises. It returns nothing, or `answer(...)`.
"""

from dataclasses import dataclass
from typing import Any, Optional

from wit_world.imports import types

# By the names of the contract's interfaces, and what the manifest has when one is called for.
_ANNOUNCED = {
    "message-handler": ("on_message", 'a [[subscribe]] with event = "message"'),
    "command-handler": ("on_command", "a [[command]]"),
    "reply-handler": ("on_reply", 'the capability "dialogue"'),
    "schedule-handler": ("on_tick", 'a [[schedule]], or the capability "schedule"'),
    "receipt-handler": ("on_receipt", 'a [[subscribe]] with event = "receipt"'),
    "group-handler": ("on_group", 'a [[subscribe]] with event = "group"'),
    "presence-handler": ("on_presence", 'a [[subscribe]] with event = "presence"'),
    "contact-handler": ("on_contact", 'a [[subscribe]] with event = "contact"'),
    "chat-handler": ("on_chat", 'a [[subscribe]] with event = "chat"'),
    "call-handler": ("on_call", 'a [[subscribe]] with event = "call"'),
    "session-handler": ("on_session", 'a [[subscribe]] with event = "session"'),
    "topic-handler": ("on_topic", 'a [[subscribe]] with event = "topic"'),
    "request-handler": ("on_request", 'a [[subscribe]] with event = "request"'),
    "raw-handler": ("on_event", 'a [[subscribe]] with event = "raw"'),
    "lifecycle": ("on_migrate", '"lifecycle" among its handlers'),
    "config-check": ("on_validate_config", '"config-check" among its handlers'),
}

registered: dict = {}
commands: dict = {}


@dataclass
class Command:
    """A command, with its arguments by name; one that was left out and has no default is missing. Spans and moments are milliseconds."""

    name: str
    path: list
    args: dict
    raw: str
    invoked_as: str
    locale: Optional[str]


@dataclass
class Pending:
    """What was waited for, with its data read."""

    name: str
    data: Any
    version: int
    expired: bool


@dataclass
class Tick:
    """A point in time; its payload is read where it is JSON, a text otherwise, and None where there is none."""

    id: str
    cause: Any
    scheduled_for: int
    missed: int
    previous: Optional[int]
    zone: str
    payload: Any


# A message's text, caption or chosen title, without blanks around it; empty when there is none.
types.Message.text = property(lambda msg: (msg.plain_text or "").strip())
# The chat it is in.
types.Message.chat = property(lambda msg: msg.key.chat)


def answer(flow="next", note=None):
    """How a handler ends well when there is something to say: `flow` is `next`, `stop` or `drop`, `note` is for the operator."""
    return types.Outcome(types.Flow[flow.upper()], note)


def _registrar(interface):
    def register(function):
        registered[interface] = function
        return function

    return register


on_message = _registrar("message-handler")
on_reply = _registrar("reply-handler")
on_tick = _registrar("schedule-handler")
on_receipt = _registrar("receipt-handler")
on_group = _registrar("group-handler")
on_presence = _registrar("presence-handler")
on_contact = _registrar("contact-handler")
on_chat = _registrar("chat-handler")
on_call = _registrar("call-handler")
on_session = _registrar("session-handler")
on_topic = _registrar("topic-handler")
on_request = _registrar("request-handler")
on_event = _registrar("raw-handler")
on_migrate = _registrar("lifecycle")
on_retire = _registrar("retire")
on_validate_config = _registrar("config-check")


def on_command(words):
    """Names the function of a command: its name, or its name and its path such as `"todo add"`."""

    def register(function):
        registered["command-handler"] = function
        commands[words] = function
        return function

    return register


def check(interfaces):
    """Called while the component is made: a handler that the manifest announces and the plugin lacks fails the build."""
    for interface in interfaces:
        if interface not in registered:
            name, announced = _ANNOUNCED[interface]
            raise SystemExit(f"plugin.toml has {announced}, and the plugin has no function with @{name}")
