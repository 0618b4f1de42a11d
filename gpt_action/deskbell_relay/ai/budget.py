"""What each account has spent of its day's tokens: read from the database once a day and account, then counted here.

A question to the database before every run is what its first token would wait for. One process owns the database, so the
count is whole.
"""

from functools import partial

from deskbell_relay.ai import archive
from deskbell_relay.store.engine import Store
from deskbell_wire.clock import DAY


class Budget:
    """Tokens by account, of the day (UTC) that is now. Times are microseconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._day = 0
        self._spent: dict[str, int] = {}

    async def spent(self, account_id: str, now: int) -> int:
        """Tokens of the account's runs that began on this day and have ended. Raises Problem."""
        day = now - now % DAY
        if day != self._day:
            self._day, self._spent = day, {}
        spent = self._spent
        if account_id not in spent:
            read = await self._store.read(partial(archive.spent_since, account_id=account_id, since=day))
            spent.setdefault(account_id, read)  # who asked at the same time may have counted on from theirs
        return spent[account_id]

    def count(self, account_id: str, tokens: int, began_at: int) -> None:
        """A run that began then has ended and has used so many."""
        if account_id in self._spent and began_at >= self._day:
            self._spent[account_id] += tokens

    def forget(self) -> None:
        """Read all of it anew, as after a restart."""
        self._spent = {}
