"""One call to a provider, from its request to its last byte: the `openai` SDK's connection, our own reader and patience."""

import asyncio
import importlib
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from deskbell_relay.ai.answer import AnswerReader
from deskbell_relay.ai.failure import Failure
from deskbell_relay.ai.providers.provider import Configured
from deskbell_relay.ai.refusal import refusal
from deskbell_wire.run import Usage

if TYPE_CHECKING:
    from deskbell_relay.ai.sdk import ProviderClient

CONNECT_S: Final = 10
LAST_WORDS_S: Final = 2
"""How long a provider that has said why it ended may take for the usage and the end of its stream."""

MOST_WHOLE: Final = 5_000_000
"""Bytes of an answer that comes as one document."""

UNREAD: Final = {"X-Stainless-Raw-Response": "stream"}
"""Has the SDK hand over the response as soon as its head is there, as its `with_streaming_response` does."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    first_token_s: float
    stall_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended that did end."""

    finish_reason: str
    usage: Usage | None


class Upstream:
    """A provider's one client: it keeps connections open between runs."""

    def __init__(self, configured: Configured, patience: Patience) -> None:
        self._configured = configured
        self._patience = patience
        self._api = configured.provider.api
        self._key = configured.key.get_secret_value() if configured.key else None

    @cached_property
    def _client(self) -> "ProviderClient":
        from deskbell_relay.ai.sdk import ProviderClient  # late: takes a second (`_sdk_ready`)

        return ProviderClient(self._configured.url, self._key, connect_s=CONNECT_S)

    @cached_property
    def _headers(self) -> dict[str, Any]:
        """Of each request. A key that goes elsewhere is not a bearer token too, and OpenAI's names are OpenAI's alone."""
        import openai

        headers: dict[str, Any] = {**UNREAD, **self._api.headers}
        if self._api.key_header != "Authorization":
            headers |= {self._api.key_header: self._key or "none", "Authorization": openai.Omit()}
        if self._configured.name != "openai":  # the SDK finds them in its own environment variables
            headers |= {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        return headers

    async def stream(self, model: str, messages: list[dict[str, str]], take: Callable[[list[str]], None]) -> Outcome:
        """Ask, and hand the pieces to `take` as they come. Raises Failure; cancelled, it closes the connection first."""
        await _sdk_ready()
        reader = self._api.reader(self._configured.title, self._key)
        loop = asyncio.get_running_loop()
        begun = False
        try:
            async with asyncio.timeout(self._patience.first_token_s) as patience, AsyncExitStack() as stack:
                response = await self._asked(stack, model, messages)
                if "json" in response.headers.get("content-type", ""):
                    take(reader.whole(await _limited(response, self._configured.title)))
                    return self._outcome(reader)
                async for chunk in response.iter_bytes():
                    texts = reader.feed(chunk)
                    if texts:
                        begun = True
                        take(texts)
                    if reader.failure is not None:
                        raise reader.failure
                    if reader.complete:
                        break
                    if reader.finished:
                        patience.reschedule(loop.time() + LAST_WORDS_S)
                    elif texts:
                        patience.reschedule(loop.time() + self._patience.stall_s)
                    elif reader.thinking:
                        wait_s = self._patience.stall_s if begun else self._patience.first_token_s
                        patience.reschedule(loop.time() + wait_s)
        except TimeoutError:
            if not reader.finished:
                raise self._late(begun) from None
        return self._outcome(reader)

    async def close(self) -> None:
        """Close the client and its connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def _asked(self, stack: AsyncExitStack, model: str, messages: list[dict[str, str]]) -> Any:
        """The response, once its head is there. Failures up to here may be tried again: no byte has come."""
        import openai

        try:
            response = await self._client.ask(self._api.path, self._api.body(model, messages), self._headers)
            stack.push_async_callback(response.aclose)
            return _Reading(response, self._configured.title)
        except openai.APIStatusError as error:
            raise refusal(error, self._configured.title, self._key) from None
        except openai.APITimeoutError:
            raise Failure(
                "provider_unreachable", f"{self._configured.title} did not take the connection.", again=True
            ) from None
        except openai.APIConnectionError:
            raise Failure(
                "provider_unreachable", f"The connection to {self._configured.title} failed.", again=True
            ) from None
        except openai.OpenAIError:  # the SDK's other words, such as of an address that cannot be
            raise Failure("provider_failed", f"The request to {self._configured.title} could not be made.") from None

    def _late(self, begun: bool) -> Failure:
        title = self._configured.title
        if begun:
            return Failure("answer_stalled", f"Nothing came from {title} for {self._patience.stall_s:g} s.")
        return Failure("no_first_token", f"{title} did not begin within {self._patience.first_token_s:g} s.")

    def _outcome(self, reader: AnswerReader) -> Outcome:
        if reader.finish_reason is None:
            raise Failure("answer_cut_off", f"The stream of {self._configured.title} ended before the answer did.")
        return Outcome(reader.finish_reason, reader.usage)


class _Reading:
    """A response whose reading raises Failure alone."""

    def __init__(self, response: Any, title: str) -> None:
        self._response = response
        self._title = title
        self.headers = response.headers
        self.silent = True
        """Whether no byte has come yet: then another try says nothing twice."""

    async def iter_bytes(self) -> Any:
        import httpx2

        try:
            async for chunk in self._response.aiter_bytes():
                self.silent = False
                yield chunk
        except httpx2.HTTPError:
            said = f"The connection to {self._title} broke before the answer's end."
            raise Failure("answer_cut_off", said, again=self.silent) from None
        if self.silent:
            raise Failure("answer_cut_off", f"The stream of {self._title} was empty.", again=True)


async def _limited(response: _Reading, title: str) -> bytes:
    body = bytearray()
    async for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MOST_WHOLE:
            raise Failure("answer_too_long", f"{title} sent more than {MOST_WHOLE:,} bytes.")
    return bytes(body)


async def _sdk_ready() -> None:
    """Have the SDK imported, once, outside the event loop: it takes a second, and imports its parts when first used."""
    if not _imported.is_set():
        await asyncio.get_running_loop().run_in_executor(None, _import)


_imported: Final = threading.Event()


def _import() -> None:
    sdk = importlib.import_module("deskbell_relay.ai.sdk")
    sdk.ProviderClient("http://127.0.0.1", None, connect_s=CONNECT_S)
    _imported.set()
