"""What time ends: overdue commands expire, old ones and old events are deleted."""

import structlog

from deskbell_relay.channel.channel import Channel
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.results.commands import Commands
from deskbell_relay.settings import Settings
from deskbell_wire.clock import SECOND, now_us

log = structlog.get_logger()


class Sweeper:
    """One sweep does all of it; work that is due comes in slices, so that commands pass in between."""

    def __init__(self, channel: Channel, commands: Commands, settings: Settings, metrics: Metrics) -> None:
        self._channel = channel
        self._commands = commands
        self._settings = settings
        self._metrics = metrics

    async def sweep(self) -> None:
        """Expire and delete all that is due. Raises Problem storage_unavailable."""
        before = now_us() - self._settings.retention_s * SECOND
        expired = forgotten = 0
        revoked = (
            await self._commands.end_revoked()
        )  # at once when a grant is revoked; here for what a crash has missed
        while slice_ := len(await self._commands.expire()):
            expired += slice_
        while slice_ := await self._commands.forget(before):
            forgotten += slice_
        events = await self._channel.forget(before=before, keep=self._settings.retention_events)
        for what, count in (
            ("commands_of_revoked_grants", revoked),
            ("commands_expired", expired),
            ("commands_deleted", forgotten),
            ("events_deleted", events),
        ):
            if count:
                self._metrics.swept.labels(what).inc(count)
        if expired or forgotten or events:
            log.info("swept", expired=expired, commands_deleted=forgotten, events_deleted=events)
