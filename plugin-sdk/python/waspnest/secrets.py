"""Secrets that the operator keeps. Needs `secrets`, whose terms name them.

Mostly they are used without being seen: by `{{secret:NAME}}` in a request of `http`.
"""

from wit_world.imports import secrets as host

from .failure import asked


def reveal(name):
    """The secret itself, where the grant lets it be seen; the operator is told."""
    secret = asked("secrets.get", host.get, name)
    return asked("secret.reveal", secret.reveal)


def hmac_sha256(name, data):
    """Signs bytes with a secret that stays with the host."""
    return asked("secrets.hmac-sha256", host.hmac_sha256, name, data)
