"""The session bus: where it is, and a connection to it, or a sentence why not."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

_CONNECT_S = 5.0


def bus_address() -> str | None:
    """The bus of this login. None: there is none that could be found."""
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    # Where systemd puts it; services started early do not hear of it.
    socket = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere") / "bus"
    return f"unix:path={socket}" if socket.exists() else None


async def connect() -> "MessageBus":
    """A connection, to be ended with `disconnect()`. Raises Problem `tray_unavailable`."""
    from dbus_fast.aio import MessageBus
    from dbus_fast.errors import DBusError, InvalidAddressError

    address = bus_address()
    if address is None:
        raise Problem("tray_unavailable", "There is no session bus (D-Bus) here: DBUS_SESSION_BUS_ADDRESS is not set.")
    bus = None
    try:
        bus = MessageBus(bus_address=address)
        async with asyncio.timeout(_CONNECT_S):
            return await bus.connect()
    except TimeoutError:
        if bus is not None:
            bus.disconnect()
        raise Problem(
            "tray_unavailable", f"The session bus at {address} has not answered within {_CONNECT_S:g} s."
        ) from None
    # ValueError: an address that is none; EOFError: the bus hung up while it was greeted.
    except (OSError, EOFError, ValueError, DBusError, InvalidAddressError) as error:
        raise Problem("tray_unavailable", f"The session bus at {address} cannot be reached: {error}.") from error
