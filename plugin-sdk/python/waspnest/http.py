"""Requests to servers. Needs `http`, whose terms say where to.

Answers are durable: a handler that is called again for the same event gets the same answer without asking again, unless the answer
said "not now" (408, 425, 429, 500 and up).
"""

from wit_world.imports import http as host
from wit_world.imports import types

from .failure import Refused, asked
from .form import from_json, to_json


def fetch(url, method=None, **options):
    """Asks, and waits for the answer.

    Options are `headers`, `body`, `json` (sent as JSON, with its content type, in place of `body`), `secrets_in_body`, `timeout_ms`, `max_bytes`
    and `follow_redirects`.
    """
    return Response(asked("http.fetch", host.fetch, _request(url, method, **options)))


def open(url, method=None, **options):
    """The same, but waits for the beginning of the answer only. `timeout_ms` is for the beginning and for each piece."""
    return Incoming(asked("http.open", host.open, _request(url, method, **options)))


def _request(
    url,
    method,
    headers=None,
    body=None,
    json=None,
    secrets_in_body=False,
    timeout_ms=None,
    max_bytes=None,
    follow_redirects=0,
):
    headers = [*(headers or {}).items()]
    if json is not None:
        headers.append(("content-type", "application/json"))
        body = to_json(json)
    if isinstance(body, str):
        body = body.encode()
    method = method or ("GET" if body is None else "POST")
    return host.Request(method, url, headers, body, secrets_in_body, timeout_ms, max_bytes, follow_redirects)


class Incoming:
    """An answer that is taken in pieces.

    A handler that is called again for the same event gets the same pieces, without asking again; what was still to come when the first call
    ended is lost, and `next` raises there.
    """

    def __init__(self, answer):
        head = answer.head()
        self.status = head.status
        self.url = head.url
        self.headers = dict(head.headers)
        self._answer = answer

    def next(self, gather_ms=0):
        """Waits for more and gathers what comes within so many milliseconds, at most 10,000; None at the end."""
        return asked("http.incoming.next", self._answer.next, gather_ms)

    def pieces(self, gather_ms=0):
        """The pieces, each of what came within so many milliseconds."""
        while (piece := self.next(gather_ms)) is not None:
            yield piece


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
