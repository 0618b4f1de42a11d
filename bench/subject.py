"""Deskbell's relay as a hub: one process on SQLite, as `python -m deskbell_relay` starts it; limits raised, no more."""

import asyncio
import importlib.util
import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.hub import Hub, http
from bench.load.mark import BLANK
from bench.peers.payload import TEXT
from bench.process import child, free_port, listening, stop
from bench.report import OURS
from bench.scratch import scratch

NOTE = json.dumps({"title": f"Bench {BLANK.decode()}", "body": TEXT})
_NO_LIMIT = "1000000000/minute"
_MARK = re.compile(r"~(\d{20})~")
_MARK_STORED_S = 1.0  # it takes about 0.1 s
_COMMITS = (
    "SELECT e.data, c.appended_at FROM events e JOIN commands c ON c.account_id = e.account_id AND c.seq = e.seq"
    " WHERE c.appended_at IS NOT NULL"
)


def relay_environment(folder: Path, port: int, streams_each: int = 1) -> dict[str, str]:
    """The relay's settings for a run: its database in `folder`, rates out of the way, everything else as shipped."""
    return {
        "DESKBELL_HOST": "127.0.0.1",
        "DESKBELL_PORT": str(port),
        "DESKBELL_DATA_DIR": str(folder),
        "DESKBELL_REGISTRATION": "open",
        "DESKBELL_COMMANDS_RATE": _NO_LIMIT,
        "DESKBELL_REQUESTS_RATE": _NO_LIMIT,
        "DESKBELL_PUBLIC_RATE": _NO_LIMIT,
        "DESKBELL_PAIRING_RATE": _NO_LIMIT,
        "DESKBELL_STREAMS_PER_DEVICE": str(max(2, streams_each)),
        "DESKBELL_STREAMS_PER_ACCOUNT": str(max(20, streams_each)),
    }


class Deskbell(Hub):
    """A channel is an account with one device and one assistant, whose publish is a `createNote`."""

    name = OURS

    def missing(self) -> str | None:
        if importlib.util.find_spec("deskbell_relay.oauth.identity") is None:
            return "the relay is not installed (pip install -e '.[relay]')"
        return None

    async def start(self, channels: int, streams_each: int = 1) -> None:
        from bench.seed import seats_now  # late: the peers can be measured where the relay is not installed

        self._folder = scratch("relay")
        self.port = free_port()
        environment = relay_environment(self._folder, self.port, streams_each)
        self._seats = await asyncio.to_thread(seats_now, environment, channels)
        log = self._folder / "relay.log"
        self._process = await child("-m", "deskbell_relay", environment=environment, log=log)
        await listening(self.port, self._process, log=log)
        self.pid = self._process.pid

    async def stop(self) -> None:
        await stop(self._process, patience=15)
        shutil.rmtree(self._folder)

    def publish_request(self, channel: int) -> bytes:
        return http(
            "POST",
            "/actions/createNote",
            NOTE,
            Authorization=f"Bearer {self._seats[channel].assistant_token}",
            Content_Type="application/json",
            Prefer="wait=0",
        )

    def stream_request(self, channel: int, number: int = 0, cursor: str | None = None) -> bytes:
        cursors = {"Last_Event_ID": cursor} if cursor else {}
        token = self._seats[channel].device_token
        return http("GET", "/v1/stream", Accept="text/event-stream", Authorization=f"Bearer {token}", **cursors)

    def commits(self) -> dict[int, int]:
        # Until the mark that the event was sent is stored, `appended_at` is the time before the commit.
        time.sleep(_MARK_STORED_S)
        with closing(sqlite3.connect(f"file:{self._folder / 'relay.db'}?mode=ro", uri=True)) as database:
            marks = [(_MARK.search(data), appended_at) for data, appended_at in database.execute(_COMMITS)]
        return {int(mark[1]): appended_at for mark, appended_at in marks if mark is not None}
