"""One open stream: where it stands in its account's log."""

import asyncio

from aiohttp import web

from deskbell_relay.delivery.open_response import OpenResponse


class Stream(OpenResponse):
    """A device's open response.

    `position` is the number of the last event written; while `replaying`, live frames are only noted in `newest`, and the
    replay reads them from the log.
    """

    __slots__ = ("_begun", "account_id", "device_id", "newest", "position", "replaying")

    def __init__(
        self, account_id: str, device_id: str, position: int, response: web.StreamResponse, transport: asyncio.Transport
    ) -> None:
        super().__init__(response, transport)
        self.account_id = account_id
        self.device_id = device_id
        self.position = position
        self.newest = position
        self.replaying = True
        self._begun = False

    def begin(self) -> None:
        """The response's head is on the wire: from now on chunks may follow."""
        self._begun = True

    def write(self, prepared: bytes) -> bool:
        """Write one prepared chunk. False when nothing was written: it has not begun, or the device has gone."""
        return self._begun and super().write(prepared)
