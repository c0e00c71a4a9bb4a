"""The form in which values are kept and sent: JSON in UTF-8, without blanks, the same as in all other languages."""

import json


def to_json(value):
    """A value as JSON, in bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def from_json(data, what):
    """The value of JSON in bytes; None for no bytes at all. `what` names it in the error where it is no JSON."""
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        raise ValueError(f"{what} is not of the expected form: {error}") from None
