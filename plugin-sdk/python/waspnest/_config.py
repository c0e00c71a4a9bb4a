"""What the operator configured for the installation. Needs no grant."""

import json

from wit_world.imports import config as host


def config():
    """The whole configuration, for the session and the chat of the event."""
    return json.loads(host.all())


def config_value(pointer, default=None):
    """One value of it, by JSON pointer such as `/greeting/de`."""
    found = host.get(pointer)
    return default if found is None else json.loads(found)
