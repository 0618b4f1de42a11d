"""One answer of the plain relay: the `openai` SDK as its documentation shows it, and the pieces kept for whoever reads."""

import asyncio
from collections.abc import AsyncIterator

from openai import AsyncOpenAI


class Answer:
    """Reads the provider in a task of its own; any number of readers, each with its own position."""

    def __init__(self, client: AsyncOpenAI, model: str, prompt: str) -> None:
        self.pieces: list[str] = []
        self.ended = False
        self._grown = asyncio.Event()
        self._task = asyncio.create_task(self._read(client, model, prompt))

    async def _read(self, client: AsyncOpenAI, model: str, prompt: str) -> None:
        try:
            stream = await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                stream=True,
                stream_options={"include_usage": True},
            )
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    self.pieces.append(chunk.choices[0].delta.content)
                    self._wake()
        finally:
            self.ended = True
            self._wake()

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def after(self, position: int, patience: float | None = None) -> list[str]:
        """The pieces from there on; waits for the next one, at most `patience` seconds. Empty at the end, or too early."""
        if position >= len(self.pieces) and not self.ended:
            grown = self._grown
            try:
                await asyncio.wait_for(grown.wait(), patience)
            except TimeoutError:
                return []
        return self.pieces[position:]

    async def __aiter__(self) -> AsyncIterator[str]:
        position = 0
        while pieces := await self.after(position):
            position += len(pieces)
            for piece in pieces:
                yield piece
