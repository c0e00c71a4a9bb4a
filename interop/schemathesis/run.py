"""Generated requests against a host that is up, as every kind of caller: no server error, and no answer outside the document.

    python run.py URL ADMIN_SECRET

Schemathesis makes requests out of the host's own OpenAPI document, right ones and wrong ones, and looks at each answer: its status, its
media type and its body must be what the document says, and a 500 is never right. A caller who may not do something must be refused in
that form too. The same requests are made every time.
"""

import pathlib
import re
import subprocess
import sys

import requests

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# One waits for codes by design and two never end, the others would take the session or the caller away from those who come after; they have tests of their own.
LEFT_OUT = ["qr.show", "stream.open", "ws.open", "sessions.remove", "auth.logout"]
HERE = pathlib.Path(__file__).parent


class Host:
    """The host, asked with the admin secret."""

    def __init__(self, url, secret):
        self.url, self.secret = url, secret

    def ask(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token or self.secret}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=60)
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


def callers(host):
    """One of each kind, with a name and what it shows; none shows nothing."""
    yield "nobody", None
    yield "admin secret", host.secret
    user = {"username": "ada", "password": "a password of ada's", "role": "owner"}
    host.ask("POST", "/v1/users", user)
    login = {"username": user["username"], "password": user["password"]}
    yield "user", host.ask("POST", "/v1/auth/login", login)["access_token"]
    reader = {"name": "reader", "scopes": ["sessions:read", "messages:read", "groups:read", "contacts:read"]}
    yield "API key", host.ask("POST", "/v1/api-keys", reader)["key"]
    yield "session token", host.ask("POST", "/v1/sessions/main/token", {"scopes": ["messages:send"]})["token"]


def run(host, name, token, phases, examples):
    """One run of Schemathesis; how many requests it made."""
    words = [
        str(pathlib.Path(sys.executable).parent / "st"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{host.url}/openapi.json"),
        *("--checks", CHECKS, "--phases", phases, "--max-examples", str(examples)),
        *("--generation-deterministic", "--continue-on-failure", "--request-timeout", "70"),
        *("--no-color", "--warnings", "off"),
    ]
    for operation in LEFT_OUT:
        words += ["--exclude-operation-id", operation]
    if token:
        words += ["--header", f"Authorization: Bearer {token}"]
    # It writes what it found where it runs, which must not be the checkout.
    ended = subprocess.run(words, capture_output=True, text=True, cwd=sys.prefix)
    if ended.returncode != 0:
        print(ended.stdout, ended.stderr, sep="\n", file=sys.stderr)
        sys.exit(f"schemathesis found something as {name}")
    return int(re.search(r"^\s*(\d+) generated", ended.stdout, re.MULTILINE).group(1))


def main():
    url, secret = sys.argv[1:]
    host = Host(url, secret)
    total = 0
    # All of them first: the requests change what is there.
    for name, token in list(callers(host)):
        # Who may everything gets furthest, and is tried at every bound.
        phases, examples = ("examples,coverage,fuzzing", 8) if token == secret else ("examples,fuzzing", 4)
        made = run(host, name, token, phases, examples)
        print(f"schemathesis as {name}: {made} requests, no server error, no answer outside the document", flush=True)
        total += made
    print(f"schemathesis: {total} requests in all")


main()
