"""People, as the session's account sees them, asked at once. Needs `contacts.read`; `block` needs `contacts.write`."""

from wit_world.imports import contacts as host

from .failure import asked


def resolve(*phones):
    """Who has these phone numbers; None for a number that is not at WhatsApp."""
    return dict(asked("contacts.resolve", host.resolve, [*phones]))


def get(who):
    """Everything about somebody."""
    return asked("contacts.get", host.get, who)


def list(cursor=None):
    """The people whom the session knows."""
    return asked("contacts.list", host.list, cursor)


def picture(who, full=False):
    """Where the picture of a person or a group can be fetched; None where there is none."""
    return asked("contacts.picture", host.picture, who, full)


def block(who, on=True):
    """Blocks somebody, or lets them through again."""
    asked("contacts.block", host.block, who, on)
