"""Other plugins of the same session. Needs `bus`, whose terms name the topics."""

from wit_world.imports import bus as host

from .failure import asked
from .form import to_json


def publish(topic, body):
    """Tells whoever listens: bytes as they are, anything else as JSON."""
    asked("bus.publish", host.publish, topic, body if isinstance(body, bytes) else to_json(body))
