"""How a test comes to the daemon's pages."""

from typing import Any

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.places import Places


async def link(places: Places, page: str = "requests") -> str:
    """The one-time address of a page, as `deskbell open` gets it."""
    async with LocalClient(places) as daemon:
        answer: dict[str, Any] = await daemon.post("/v1/pages", {"page": page})
        return str(answer["url"])
