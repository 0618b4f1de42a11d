"""What the notification server of a Linux desktop can do. Source: freedesktop.org's Desktop Notifications Specification."""

from typing import Final

from deskbell_daemon.session_bus import connect
from deskbell_wire.errors import Problem

NAME: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"


async def capabilities() -> frozenset[str]:
    """Such as `actions` (it draws buttons) and `body-markup` (it reads <b> in a text). Raises Problem `no_notifications`."""
    from dbus_fast import Message, MessageType

    try:
        bus = await connect()
    except Problem as problem:
        raise Problem("no_notifications", problem.detail) from problem
    try:
        answer = await bus.call(Message(destination=NAME, path=PATH, interface=NAME, member="GetCapabilities"))
    except (OSError, EOFError) as error:
        raise Problem("no_notifications", "The session bus went away.") from error
    finally:
        bus.disconnect()
    if answer is None or answer.message_type is MessageType.ERROR:
        raise Problem("no_notifications", "No notification server answers on this desktop's session bus.")
    return frozenset(answer.body[0])
