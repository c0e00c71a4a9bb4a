"""Requests to servers. Needs `http`, whose terms say where to.

Answers are durable: a handler that is called again for the same event gets the same answer without asking again, unless the answer
said "not now" (408, 425, 429, 500 and up).
"""

from wit_world.imports import http as host
from wit_world.imports import types

from .failure import Refused, asked
from .form import from_json, to_json


def fetch(
    url,
    method=None,
    headers=None,
    body=None,
    json=None,
    secrets_in_body=False,
    timeout_ms=None,
    max_bytes=None,
    follow_redirects=0,
):
    """Asks, and waits for the answer. `json` is sent as JSON, with its content type, in place of `body`."""
    headers = [*(headers or {}).items()]
    if json is not None:
        headers.append(("content-type", "application/json"))
        body = to_json(json)
    if isinstance(body, str):
        body = body.encode()
    method = method or ("GET" if body is None else "POST")
    request = host.Request(method, url, headers, body, secrets_in_body, timeout_ms, max_bytes, follow_redirects)
    return Response(asked("http.fetch", host.fetch, request))


class Response:
    """An answer, of any status."""

    def __init__(self, answer):
        self.status = answer.status
        self.url = answer.url
        self.truncated = answer.truncated
        self.bytes = answer.body
        self.headers = dict(answer.headers)

    def ok(self):
        """This answer if its status is 2xx; raises otherwise, asking for a retry where a later answer may be another one."""
        if 200 <= self.status < 300:
            return self
        said = self.text[:200]
        if self.status >= 500 or self.status in (408, 425, 429):
            raise Refused("http.fetch", types.Error_Upstream((self.status, said)))
        raise Refused("http.fetch", types.Error_Invalid(f"{self.url} answered {self.status}: {said}"))

    @property
    def text(self):
        """The body as text."""
        return self.bytes.decode(errors="replace")

    def json(self):
        """The body as JSON."""
        return from_json(self.bytes, f"the answer of {self.url}")
