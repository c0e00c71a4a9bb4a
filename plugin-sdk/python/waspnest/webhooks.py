"""Servers of the operator's that are told what happened. Needs `webhooks`, whose terms name them."""

from wit_world.imports import webhooks as host

from .failure import asked
from .form import to_json


def emit(endpoint, event, data=None):
    """Has an endpoint told, and returns the id that the server will see."""
    return asked("webhooks.emit", host.emit, endpoint, event, to_json(data).decode())
