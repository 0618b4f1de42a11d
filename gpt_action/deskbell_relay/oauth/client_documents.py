"""Client ID Metadata Documents: a client's id is the https address at which it is described.

draft-ietf-oauth-client-id-metadata-document, as MCP 2025-11-25 wants it. Fetched when first asked for, then kept for as
long as the document's server says, within bounds.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from deskbell_relay.http.rates import Rates
from deskbell_relay.oauth import client_metadata
from deskbell_relay.oauth.clients import MOST_ID, Client, Kind
from deskbell_relay.oauth.errors import OAuthError
from deskbell_relay.oauth.fetcher import Fetched, Fetcher, FetchError
from deskbell_relay.pages.neutral import neutral

LEAST_KEPT_S: Final = 300
MOST_KEPT_S: Final = 24 * 3600
MOST_KEYS_KEPT_S: Final = 600
"""Of a client that signs: its keys may change sooner than its description."""
FAILURE_KEPT_S: Final = 60
STALE_S: Final = 24 * 3600
"""How long a description still holds when its server fails; one that is withdrawn or made invalid ends at once."""
MOST_KEPT: Final = 1_000
MOST_URIS: Final = 50

AUTH_METHODS: Final = ("none", "private_key_jwt")
"""A secret in a public document would be none."""

_ID: Final = re.compile(r"https://[A-Za-z0-9._\[\]:-]+/[!$-;=?-Z_a-z~]*")

log = structlog.get_logger()


class DocumentError(Exception):
    """Why the client cannot be known. `passing` when its document may well be readable in a minute."""

    def __init__(self, sentence: str, *, passing: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.passing = passing


@dataclass(slots=True)
class _Kept:
    outcome: Client | DocumentError
    until: float
    """Of the monotonic clock: when to ask again."""
    ends: float
    """When it no longer holds, should there be no answer."""


class Documents:
    """Clients by their documents."""

    def __init__(self, fetcher: Fetcher, rates: Rates, rate: str) -> None:
        """`rate` is how often one host may be asked, such as `600/minute`."""
        self.fetcher = fetcher
        self._rates = rates
        self._rate = rate
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Client]] = {}

    async def find(self, client_id: str) -> Client | None:
        """The client that the document at `client_id` describes; None for an id that is no address.

        Raises DocumentError, and Problem rate_limited.
        """
        if not client_id.startswith("https://"):
            return None
        problem = problem_with_id(client_id)
        if problem is not None:
            raise DocumentError(f"The address {neutral(client_id)} cannot be a client: it {problem}.", passing=False)
        kept = self._kept.get(client_id)
        if kept is not None and time.monotonic() < kept.until:
            self._kept.move_to_end(client_id)
            if isinstance(kept.outcome, DocumentError):
                raise DocumentError(kept.outcome.sentence, passing=kept.outcome.passing)
            return kept.outcome
        task = self._under_way.get(client_id)
        if task is None:
            self._rates.hit(self._rate, "documents", urlsplit(client_id).netloc)
            task = asyncio.create_task(self._renew(client_id))
            self._under_way[client_id] = task
            task.add_done_callback(lambda done: self._end(client_id, done))
        return await asyncio.shield(task)

    async def _renew(self, client_id: str) -> Client:
        before = self._kept.get(client_id)
        try:
            client, seconds = await self._load(client_id)
        except DocumentError as error:
            log.info("client_document_refused", client=client_id, why=error.sentence, passing=error.passing)
            retry_at = time.monotonic() + FAILURE_KEPT_S
            if error.passing and before is not None and isinstance(before.outcome, Client) and retry_at < before.ends:
                self._keep(client_id, _Kept(before.outcome, retry_at, before.ends))
                return before.outcome
            self._keep(client_id, _Kept(error, retry_at, retry_at))
            raise
        until = time.monotonic() + seconds
        self._keep(client_id, _Kept(client, until, until + STALE_S))
        return client

    async def _load(self, client_id: str) -> tuple[Client, int]:
        """The client, and for how many seconds it holds. Raises DocumentError."""
        fetched = await self._fetch(client_id, "The client's document")
        seconds = min(max(fetched.max_age_s or 0, LEAST_KEPT_S), MOST_KEPT_S)
        document = fetched.document
        if document.get("client_id") != client_id:
            raise DocumentError(
                f"The client's document at {neutral(client_id)} names another client_id than its own address.",
                passing=False,
            )
        if "client_secret" in document:
            raise DocumentError("The client's document holds a secret, which is none any more.", passing=False)
        try:
            found = client_metadata.described(
                document, most_uris=MOST_URIS, auth_methods=AUTH_METHODS, usual=AUTH_METHODS[0]
            )
        except OAuthError as error:
            raise DocumentError(f"The client's document will not do: {error.description}", passing=False) from None
        keys = None
        if found.auth_method == "private_key_jwt":
            keys = await self._keys(document)
            seconds = min(seconds, MOST_KEYS_KEPT_S)
        kind: Kind = "public" if keys is None else "confidential"
        return (
            Client(client_id, neutral(found.name), kind, found.redirect_uris, origin="document", keys=keys),
            seconds,
        )

    async def _keys(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The client's key set, from the document or from where that points."""
        inline, address = document.get("jwks"), document.get("jwks_uri")
        if isinstance(inline, dict) and address is None:
            return inline
        if inline is not None or not isinstance(address, str) or problem_with_id(address) is not None:
            raise DocumentError(
                "A client of private_key_jwt must have jwks, or jwks_uri with an https address.", passing=False
            )
        self._rates.hit(self._rate, "documents", urlsplit(address).netloc)
        return (await self._fetch(address, "The client's key set")).document

    async def _fetch(self, address: str, what: str) -> Fetched:
        try:
            return await self.fetcher.fetch(address)
        except FetchError as error:
            raise DocumentError(
                f"{what} at {neutral(address)} cannot be used: {error.why}.", passing=error.passing
            ) from error

    def _keep(self, client_id: str, kept: _Kept) -> None:
        self._kept[client_id] = kept
        self._kept.move_to_end(client_id)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _end(self, client_id: str, task: asyncio.Task[Client]) -> None:
        del self._under_way[client_id]
        if not task.cancelled():
            task.exception()  # heard here too, should everyone who waited have left


def problem_with_id(client_id: str) -> str | None:
    """Why the address cannot be a client's id; None when it can."""
    if len(client_id) > MOST_ID or _ID.fullmatch(client_id) is None:
        return "must be an https address with a path, in plain ASCII, without user and fragment"
    try:
        parts = urlsplit(client_id)
        port = parts.port
    except ValueError:
        return "is no address"
    if not parts.hostname or port == 0:
        return "names no host"
    segments = parts.path.replace("%2e", ".").replace("%2E", ".").split("/")
    if "." in segments or ".." in segments:
        return "must have no dot segments"
    return None
