"""Groups and communities of the session's account, asked and changed at once. Needs `groups.read` or `groups.write`."""

from wit_world.imports import groups as host

from .failure import asked

# Cases of what is different about a group, and of what happens to people, are the contract's.
from wit_world.imports.groups import *  # noqa: F401,F403


def list(cursor=None):
    """The groups that the account is in."""
    return asked("groups.list", host.list, cursor)


def info(group):
    """Everything about a group."""
    return asked("groups.info", host.info, group)


def create(subject, members, community=None):
    """Makes a group."""
    return asked("groups.create", host.create, subject, members, community)


def update(group, what):
    """Changes a group."""
    asked("groups.update", host.update, group, what)


def participants(group, what, who):
    """Changes who is in a group, and as what."""
    return asked("groups.participants", host.participants, group, what, who)


def requests(group):
    """Who asks to be let in."""
    return asked("groups.requests", host.requests, group)


def invite_link(group, reset=False):
    """The invite link of a group; with `reset` a new one."""
    return asked("groups.invite-link", host.invite_link, group, reset)


def invite_info(link):
    """What a link leads to."""
    return asked("groups.invite-info", host.invite_info, link)


def join(link):
    """Joins by a link."""
    return asked("groups.join", host.join, link)


def leave(group):
    """Leaves a group."""
    asked("groups.leave", host.leave, group)


def link(community, groups, on=True):
    """Puts groups into a community, or takes them out of it."""
    return asked("groups.link", host.link, community, groups, on)
