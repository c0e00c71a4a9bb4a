"""The host, and what is left of this call. Needs no grant."""

from wit_world.imports import meta as host


def host_version():
    """Version of the host."""
    return host.host_version()


def granted(capability):
    """Whether a capability is granted, such as `messages.send`."""
    return host.granted(capability)


def budget():
    """What is left of this call."""
    return host.budget()


def give_way():
    """Gives way to other work in a long computation."""
    host.yield_()
