"""Messages out. Each function needs the capability of its name, such as `messages.send` or `messages.edit`.

Nothing but what says `now` leaves while the handler runs: what returns is accepted into the draft, and the host sends after the commit.
"""

from dataclasses import replace

from wit_world.imports import messaging as host
from wit_world.imports import types

from .failure import Refused, asked

# The option `when` of what leaves while the handler runs.
NOW = host.When.NOW


def is_direct(msg):
    """Whether only two talk in the chat, so that it is clear what an answer refers to."""
    return msg.chat_kind in (types.ChatKind.DIRECT, types.ChatKind.BOT)


def reply(msg, what, **options):
    """Answers in the chat of a message; where several talk, it is quoted. Returns the id it will have."""
    if not is_direct(msg):
        options.setdefault("quote", msg.key)
    return send(msg.key.chat, what, **options)


def send(to, what, **options):
    """Sends a text, or a case of the contract's `outgoing`, to a chat. Options are those of the contract. Returns the id it will have."""
    return asked("messaging.send", host.send, to, _outgoing(what), _whole(options) if options else None)


def send_document(to, file, name):
    """Sends a document that `media` made or found. Returns the id it will have."""
    return send(to, host.Outgoing_Document(host.Upload(file, None, name, False, False)))


def sent_key(beside, id):
    """The key of a message that the account sends into the chat of another one: what `edit`, `revoke` and `pin` take."""
    return replace(beside, id=id, from_me=True, participant=None)


def edit(target, what):
    """Gives a message of the account another text."""
    asked("messaging.edit", host.edit, target, _outgoing(what))


def edit_now(target, what):
    """The same at once, whatever becomes of the handler: for a message that was sent with `when=NOW` and grows. Repeated calls make it once."""
    asked("messaging.edit-now", host.edit_now, target, _outgoing(what))


def revoke(target):
    """Takes a message back for everybody."""
    asked("messaging.revoke", host.revoke, target)


def vote(poll, *options):
    """Chooses in a poll; no options take a vote back."""
    asked("messaging.vote", host.vote, poll, list(options))


def pin(target, seconds):
    """Puts a message at the top of its chat for 86400, 604800 or 2592000 seconds; None takes it down."""
    asked("messaging.pin", host.pin, target, seconds)


def star(target, on=True):
    """Puts a star on a message, or takes it off."""
    asked("messaging.star", host.star, target, on)


def react(msg, emoji):
    """Reacts to a message; None takes the account's own reaction back."""
    asked("messaging.react", host.react, msg.key, emoji)


def mark_read(*msgs):
    """Marks messages of one chat as read, which their senders see."""
    asked("messaging.mark-read", host.mark_read, [msg.key for msg in msgs])


def set_typing(chat, on, voice=False):
    """Shows or ends "typing" in a chat, or "recording"."""
    asked("messaging.set-typing", host.set_typing, chat, on, voice)


def get_message(key):
    """A message that the host received before; None when it does not have it."""
    try:
        return asked("messaging.get-message", host.get_message, key)
    except Refused as refused:
        if isinstance(refused.refusal, types.Error_NotFound):
            return None
        raise


def history(chat, limit, before=None, cursor=None):
    """One step back through a chat's messages, newest first."""
    return asked("messaging.history", host.history, chat, before, limit, cursor)


def mention(who):
    """Mentions somebody in a text; the option `mentions` must name them too."""
    return "@" + who.split("@")[0]


def _outgoing(what):
    return host.Outgoing_Text(types.Text(what, None)) if isinstance(what, str) else what


def _whole(options):
    usual = dict(
        session=None,
        quote=None,
        mentions=[],
        ephemeral_s=None,
        when=host.When.ON_COMMIT,
        idempotency_key=None,
        typing_ms=None,
        attrs=[],
    )
    return host.Options(**{**usual, **options})
