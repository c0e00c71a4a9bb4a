"""Durable state of the installation, and what it shares with others. Needs `kv`.

Values are stored as JSON. Writes commit with the event or not at all, and a call reads its own writes.
"""

from wit_world.imports import kv as host

from .failure import asked
from .form import from_json, to_json

_SCAN_STEP = 100


def session():
    """The store of the event's session."""
    return Store(host.Scope_Session())


def chat():
    """The store of the event's chat."""
    return Store(host.Scope_Chat())


def sender():
    """The store of the event's sender in its chat."""
    return Store(host.Scope_Sender())


def shared(name):
    """A store that the installation shares with others of the session."""
    return Store(host.Scope_Shared(name))


class Store:
    """An open store."""

    def __init__(self, scope):
        self._store = asked("kv.open", host.Store.open, scope)

    def get(self, key, default=None):
        """Reads a key."""
        entry = self.get_entry(key)
        return default if entry is None else _value(key, entry)

    def get_entry(self, key):
        """The entry of a key, with its revision and its end; its value as bytes. None when it is missing or expired."""
        return asked("kv.get", self._store.get, key)

    def put(self, key, value, ttl_ms=None, if_revision=None):
        """Writes a key and returns its new revision. `if_revision=0` means that the key must not exist."""
        options = None if ttl_ms is None and if_revision is None else host.PutOptions(ttl_ms, if_revision)
        return asked("kv.put", self._store.put, key, to_json(value), options)

    def delete(self, key, if_revision=None):
        """Removes a key; returns whether it was there."""
        return asked("kv.delete", self._store.delete, key, if_revision)

    def increment(self, key, delta=1, ttl_ms_if_new=None):
        """Adds to a whole number and returns the sum; a missing key counts as 0."""
        return asked("kv.increment", self._store.increment, key, delta, ttl_ms_if_new)

    def items(self, prefix=""):
        """All keys that start with a prefix, with their values, in the order of the keys."""
        cursor = None
        while True:
            page = asked("kv.scan", self._store.scan, prefix, _SCAN_STEP, cursor)
            for key, entry in page.items:
                yield key, _value(key, entry)
            cursor = page.cursor
            if cursor is None:
                return

    def usage(self):
        """How much of the grant is used."""
        return asked("kv.usage", self._store.usage)


def _value(key, entry):
    return from_json(entry.value, f'key "{key}"')
