"""Writes that arrive together are written together: one operation for all the items of a tick."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from deskbell_relay.store.engine import Store

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Item_contra = TypeVar("Item_contra", contravariant=True)
Outcome_co = TypeVar("Outcome_co", covariant=True)


class BatchOperation(Protocol[Item_contra, Outcome_co]):
    """Writes all items of a group; one outcome an item, in order."""

    def __call__(self, connection: Connection, items: Sequence[Item_contra]) -> Sequence[Outcome_co | Exception]: ...


class Batch(Generic[Item, Outcome]):
    """Collects items while the group before is being committed, then writes them with one call of `operation`.

    `operation(connection, items)` gives one outcome an item, in order; an exception as outcome is raised to that
    item's caller alone.
    """

    def __init__(
        self,
        store: Store,
        operation: BatchOperation[Item, Outcome],
        *,
        committed: Callable[[Sequence[Outcome]], None] | None = None,
        most: int = 64,
    ) -> None:
        """`committed` hears of each group's good outcomes, in order, before any caller goes on."""
        self._store = store
        self._operation = operation
        self._committed = committed
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Outcome:
        """Write `item` with its neighbours; returns its outcome once that is durable.

        Cancelled before its group's turn, it is not written; later, it is, and what is written to the store after the
        cancellation finds it there.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        entry = (item, future)
        self._waiting.append(entry)
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        try:
            return await future
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise

    async def _flush(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                items = [item for item, _ in group]
                outcomes: Sequence[Outcome | Exception]
                try:
                    outcomes = await self._store.write(partial(self._operation, items=items))
                except Exception as error:  # noqa: BLE001 - each caller gets it
                    outcomes = [error] * len(group)
                if self._committed is not None:
                    self._committed([outcome for outcome in outcomes if not isinstance(outcome, Exception)])
                for (_, future), outcome in zip(group, outcomes, strict=True):
                    if future.done():
                        continue
                    if isinstance(outcome, Exception):
                        future.set_exception(outcome)
                    else:
                        future.set_result(outcome)
        finally:
            self._task = None
