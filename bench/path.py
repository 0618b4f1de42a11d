"""Deskbell's whole path: a relay, a paired daemon and an assistant that came through the authorization code flow."""

import importlib.util
import json
import shutil
from pathlib import Path

from bench.hub import http
from bench.load.mark import BLANK
from bench.peers.payload import TEXT
from bench.process import free_port
from bench.report import OURS
from bench.scratch import scratch
from bench.spine import Spine
from bench.subject import relay_environment

NOTE = json.dumps({"title": f"Bench {BLANK.decode()}", "body": TEXT})


class DeskbellPath(Spine):
    """`python -m deskbell_relay` and `python -m deskbell_daemon`, as the demo brings them up; rates out of the way."""

    name = OURS

    def missing(self) -> str | None:
        for module in ("deskbell_relay", "deskbell_daemon"):
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed (pip install -e '.[relay,daemon]')"
        return None

    async def start(self, notes: Path) -> None:
        # late: the peers can be measured where Deskbell is not installed
        from deskbell_daemon.cli.assistant import Assistant
        from deskbell_daemon.cli.story import Household

        self._folder = scratch("path")
        self.port = free_port()
        settings = relay_environment(self._folder / "relay", self.port)
        # Without the invite of a closed relay there would be nothing to pair the laptop with.
        settings |= {"DESKBELL_REGISTRATION": "invite", "DESKBELL_LOG_LEVEL": "warning"}
        self._household = Household(self._folder, **settings)
        config = self._household.places.config_file
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f"notes_folder = {json.dumps(str(notes))}\n")
        await self._household.start()
        async with Assistant(self._household.url, await self._household.gpt_client()) as assistant:
            await self._household.connect(assistant)
            self._token = assistant._access_token

    async def stop(self) -> None:
        await self._household.stop()
        shutil.rmtree(self._folder)

    def request(self) -> bytes:
        return http(
            "POST", "/actions/createNote", NOTE, Authorization=f"Bearer {self._token}", Content_Type="application/json"
        )
