"""What every client of ours that speaks HTTP shares: a session that lives as long as its `async with`."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

import aiohttp


class HttpClient(ABC):
    """`async with` opens the session that `open_http` makes, and closes it."""

    _http: aiohttp.ClientSession | None = None

    @abstractmethod
    def open_http(self) -> aiohttp.ClientSession:
        """The session: its cookies, its time limits, its headers."""

    async def entered(self) -> None:  # noqa: B027 - most clients have nothing to do here
        """What is to be done before anybody may use the client. When it raises, the session is closed."""

    @property
    def http(self) -> aiohttp.ClientSession:
        assert self._http is not None, "inside `async with` only"
        return self._http

    async def __aenter__(self) -> Self:
        self._http = self.open_http()
        try:
            await self.entered()
        except BaseException:  # a cancellation too leaves no session open
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()
