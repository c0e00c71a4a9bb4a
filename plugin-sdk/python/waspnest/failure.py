"""How a handler fails: refusals of the host, and what the handler itself raises."""

import traceback

from componentize_py_types import Err
from wit_world.imports import types


class Refused(Exception):
    """The host refused a call. Unhandled, it asks for a retry where that may help, and rejects the event where it cannot."""

    def __init__(self, call, refusal):
        super().__init__(f"the host refused {call}: {_in_words(refusal)}")
        self.call = call
        self.refusal = refusal

    @property
    def is_denied(self):
        """Whether a grant is missing: the plugin may go on without that capability."""
        return isinstance(self.refusal, types.Error_Denied)

    @property
    def is_conflict(self):
        """Whether somebody else wrote first: read again and repeat."""
        return isinstance(self.refusal, types.Error_Conflict)


class Retry(Exception):
    """To raise: it may work later, in so many milliseconds at the earliest."""

    def __init__(self, reason, after_ms=None):
        super().__init__(reason)
        self.after_ms = after_ms


class Reject(Exception):
    """To raise: it will never work."""


def asked(call, function, *arguments):
    """Calls the host, and raises its refusal as `Refused`."""
    try:
        return function(*arguments)
    except Err as error:
        raise Refused(call, error.value) from None


def failure_of(raised):
    """What the host is told of whatever a handler raised."""
    match raised:
        case Retry():
            return types.HandlerError_Retry((str(raised), raised.after_ms))
        case Reject():
            return types.HandlerError_Reject(str(raised))
        case Refused():
            return _of_refusal(raised)
        case _:
            # A mistake in the plugin: the same event would meet it again.
            lines = traceback.format_exception(raised)
            return types.HandlerError_Reject("".join(lines).rstrip())


def _of_refusal(refused):
    words = str(refused)
    match refused.refusal:
        case types.Error_RateLimited(wait):
            return types.HandlerError_Retry((words, wait))
        # A refusal that holds is kept with the event: the same call would meet it again.
        case types.Error_Upstream((code, _)) if 400 <= code < 500 and code not in (408, 425, 429):
            return types.HandlerError_Reject(words)
        case types.Error_Conflict() | types.Error_Offline() | types.Error_Timeout() | types.Error_Upstream() | types.Error_Internal():
            return types.HandlerError_Retry((words, None))
        # A quota is per call or granted: the same call would meet it again.
        case _:
            return types.HandlerError_Reject(words)


def _in_words(refusal):
    match refusal:
        case types.Error_Denied(grant):
            return f"not granted: {grant}"
        case types.Error_NotFound():
            return "not found"
        case types.Error_Invalid(what):
            return f"invalid: {what}"
        case types.Error_Conflict():
            return "somebody else wrote first"
        case types.Error_TooLarge(limit):
            return f"larger than {limit} bytes"
        case types.Error_Quota(what):
            return f"used up: {what}"
        case types.Error_RateLimited(None):
            return "too fast"
        case types.Error_RateLimited(wait):
            return f"too fast, wait {wait} ms"
        case types.Error_Offline():
            return "the session is not connected"
        case types.Error_Timeout():
            return "it took too long"
        case types.Error_Unsupported(what):
            return f"not in this version: {what}"
        case types.Error_Upstream((code, words)):
            return f"the other side answered {code}: {words}"
        case types.Error_Internal(what):
            return f"a fault of the host: {what}"
