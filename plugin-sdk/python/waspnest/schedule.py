"""Points in time that the plugin sets for itself. They arrive at `@on_tick` and survive restarts. Needs `schedule`.

Functions that set a job return when it is due first. `missed` is `skip`, `once` or `all`.
"""

from wit_world.imports import schedule as host

from .failure import asked
from .form import to_json


def at(id, moment, **options):
    """Once, at a moment in milliseconds since 1970."""
    return put(id, host.Rule_At(moment), **options)


def after(id, ms, **options):
    """Once, so many milliseconds from now."""
    return put(id, host.Rule_AfterMs(ms), **options)


def every(id, ms, **options):
    """Again and again, so many milliseconds apart."""
    return put(id, host.Rule_EveryMs(ms), **options)


def cron(id, expression, **options):
    """By a cron expression."""
    return put(id, host.Rule_Cron(expression), **options)


def put(id, rule, payload=None, zone=None, missed="once"):
    """By any rule. The payload comes back in the tick."""
    kept = b"" if payload is None else to_json(payload)
    return asked("schedule.put", host.put, host.Job(id, rule, zone, host.Missed[missed.upper()], None, kept, None))


def cancel(id):
    """Removes a job; returns whether it was there."""
    return asked("schedule.cancel", host.cancel, id)


def list():
    """All jobs that the plugin has set in this session, ordered by id."""
    return asked("schedule.list", host.list)
