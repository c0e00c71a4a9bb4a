"""Conversations over several messages: where one stands, and whose next message is waited for. Needs `dialogue`.

What was waited for arrives at `@on_reply`, and so does the news that nothing came in time. Data are kept as JSON. `of` is `chat` or `sender`.
"""

from wit_world.imports import dialogue as host

from .failure import asked
from .form import from_json, to_json


def get(of):
    """The name and data of the state that was set last; None when there is none."""
    state = asked("dialogue.get", host.get, _who(of))
    return None if state is None else (state.name, from_json(state.data, f"data of the dialogue {state.name}"))


def set(of, name, data=None, version=0, ttl_ms=None):
    """Sets the state, for so many milliseconds or for good."""
    asked("dialogue.set", host.set, _who(of), host.State(name, _kept(data), version), ttl_ms)


def clear(of):
    """Removes the state."""
    asked("dialogue.set", host.set, _who(of), None, None)


def expect(of, name, data=None, *, ttl_ms, version=0):
    """Waits for the next message, for so many milliseconds; it goes to `@on_reply`."""
    asked("dialogue.expect", host.expect, _who(of), name, _kept(data), version, ttl_ms)


def cancel(of):
    """Ends a wait; returns whether there was one."""
    return asked("dialogue.cancel", host.cancel, _who(of))


def _who(of):
    return host.Who[of.upper()]


def _kept(data):
    return b"" if data is None else to_json(data)
