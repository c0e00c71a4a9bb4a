"""Lines and figures for the operator. Needs no grant; bounded per call. What was logged stays logged when the call fails."""

from wit_world.imports import log as host


def emit(level, message, **fields):
    """Writes a line of a level: `trace`, `debug`, `info`, `warn` or `error`."""
    host.emit(host.Level[level.upper()], message, _pairs(fields))


def trace(message, **fields):
    """Steps inside a function."""
    emit("trace", message, **fields)


def debug(message, **fields):
    """For the author of the plugin."""
    emit("debug", message, **fields)


def info(message, **fields):
    """Normal, worth knowing."""
    emit("info", message, **fields)


def warn(message, **fields):
    """Unexpected, and handled."""
    emit("warn", message, **fields)


def error(message, **fields):
    """Something failed."""
    emit("error", message, **fields)


def counter(name, delta=1, **labels):
    """Adds to a counter."""
    host.counter(name, delta, _pairs(labels))


def histogram(name, value, **labels):
    """Records one value of a distribution."""
    host.histogram(name, value, _pairs(labels))


def _pairs(fields):
    return [(name, str(value)) for name, value in fields.items()]
