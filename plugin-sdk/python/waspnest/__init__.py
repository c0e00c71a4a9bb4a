"""The layer for plugins in Python.

One module a capability; each needs its part of the contract and is loaded when it is first asked for, since a component has only what
its manifest asks for.
"""

from importlib import import_module

from .failure import Refused, Reject, Retry
from .handlers import (
    answer,
    on_call,
    on_chat,
    on_command,
    on_contact,
    on_event,
    on_group,
    on_message,
    on_migrate,
    on_presence,
    on_receipt,
    on_reply,
    on_request,
    on_retire,
    on_session,
    on_tick,
    on_topic,
    on_validate_config,
)

_MODULES = {
    "bus",
    "chats",
    "contacts",
    "dialogue",
    "groups",
    "http",
    "kv",
    "log",
    "media",
    "messaging",
    "meta",
    "schedule",
    "secrets",
    "webhooks",
}
_SHORT = {
    "config": "config",
    "config_value": "config",
    "react": "messaging",
    "reply": "messaging",
    "send": "messaging",
}


def __getattr__(name):
    if name in _SHORT:
        return getattr(import_module(f"{__name__}._config" if _SHORT[name] == "config" else f"{__name__}.{_SHORT[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
