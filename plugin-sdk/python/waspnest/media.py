"""Files: of messages, to be read, and made here, to be sent. Needs `media.read` or `media.write`."""

from wit_world.imports import media_store as host
from wit_world.imports import types

from .failure import asked

_PART = 1 << 20


def of(msg):
    """The file of a message, where the message is one."""
    match msg.content:
        case (
            types.Content_Image(media)
            | types.Content_Video(media)
            | types.Content_VideoNote(media)
            | types.Content_Audio(media)
            | types.Content_Voice(media)
            | types.Content_Document(media)
            | types.Content_Sticker(media)
        ):
            return media
        case _:
            return None


def read(handle):
    """The bytes of a file."""
    blob = asked("media-store.open", host.open, handle)
    file = bytearray()
    while len(file) < blob.size():
        part = asked("blob.read", blob.read, len(file), _PART)
        if not part:
            break
        file += part
    return bytes(file)


def make(mime, file):
    """Makes a file of a type such as `image/png`, and returns its handle."""
    sink = host.Sink(mime)
    for at in range(0, len(file), _PART):
        asked("sink.write", sink.write, file[at : at + _PART])
    return asked("sink.finish", host.Sink.finish, sink)


def from_url(url, mime=None):
    """Has the host fetch a file; its bytes never enter the plugin."""
    return asked("media-store.from-url", host.from_url, url, mime)
