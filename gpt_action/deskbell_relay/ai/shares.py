"""Links that show one run to whoever has them: unguessable, kept as a hash, revocable, with an end."""

import secrets
from collections.abc import Callable

from deskbell_relay.ai import archive
from deskbell_relay.ai.runs import Runs
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.store.engine import Store
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.run import RunInfo


class Shares:
    """One link a run; a new one replaces it."""

    def __init__(self, store: Store, runs: Runs, lifetime_s: float, *, revoked: Callable[[str], None]) -> None:
        """`revoked` hears the `viewing` of a run whose link shows it no longer, after the commit."""
        self._store = store
        self._runs = runs
        self._revoked = revoked
        self._lifetime = round(lifetime_s * SECOND)

    async def create(self, account_id: str, run_id: str) -> tuple[str, int]:
        """The link's token (256 bits) and its end. Raises Problem run_not_found."""
        token, expires_at = secrets.token_urlsafe(32), now_us() + self._lifetime
        await self._set(account_id, run_id, digest(token), expires_at)
        return token, expires_at

    async def revoke(self, account_id: str, run_id: str) -> None:
        """Take the link back; again does nothing. Raises Problem run_not_found."""
        await self._set(account_id, run_id, None, None)

    async def find(self, token: str) -> tuple[str, RunInfo]:
        """The account and the run that the link shows. Raises Problem share_not_found."""
        now, share_hash = now_us(), digest(token)
        found = await self._store.read(lambda connection: archive.shared(connection, share_hash, now))
        if found is None:
            raise Problem("share_not_found", "This link shows nothing: it is wrong, was taken back, or has ended.")
        account_id, kept = found
        run = self._runs.live(account_id, kept.id)
        return account_id, run.info() if run is not None else kept

    async def _set(self, account_id: str, run_id: str, share_hash: str | None, expires_at: int | None) -> None:
        if not await self._store.write(
            lambda connection: archive.share(connection, account_id, run_id, share_hash, expires_at)
        ):
            raise Problem("run_not_found", f"This account has no run {run_id[:60]!r}.")
        self._revoked(viewing(run_id))


def viewing(run_id: str) -> str:
    """What the viewers by a link hold, in place of a device or a grant: it is revoked with the link."""
    return f"share:{run_id}"
