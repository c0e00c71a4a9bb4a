"""The account's own view of its chats, changed at once. Needs `chats.write`."""

from wit_world.imports import chats as host

from .failure import asked

# Cases of what is different are the contract's.
from wit_world.imports.chats import *  # noqa: F401,F403


def update(chat, what):
    """Changes one chat."""
    asked("chats.update", host.update, chat, what)
