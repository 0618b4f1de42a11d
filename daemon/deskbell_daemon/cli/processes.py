"""Child processes of the demo and of the journeys: a relay, a daemon, and single commands, each in a home of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from deskbell_wire.errors import Problem

READY_S = 30
STOP_S = 15
LOOK_S = 0.02


class Child:
    """A process of ours that writes a file once it is ready. `log_file` gets its output, `own_log` it writes itself."""

    def __init__(
        self,
        name: str,
        module: str,
        environment: dict[str, str],
        ready_file: Path,
        log_file: Path,
        own_log: Path | None = None,
    ) -> None:
        self.name = name
        self.ready_file = ready_file
        self.log_file = log_file
        self._own_log = own_log
        self._module = module
        self.environment = clean_environment() | environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> dict[str, Any]:
        """Start it; what its ready file says. Raises Problem with the end of its log when it does not come up."""
        self.ready_file.unlink(missing_ok=True)  # of a process that was killed
        self._process = await asyncio.to_thread(self._spawn)
        try:
            async with asyncio.timeout(READY_S):
                while True:
                    if self._process.poll() is not None:
                        raise Problem(
                            "internal", f"The {self.name} ended with {self._process.returncode}.\n{self.tail()}"
                        )
                    if self.ready_file.exists():
                        facts: dict[str, Any] = json.loads(self.ready_file.read_text())
                        return facts
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise Problem("internal", f"The {self.name} was not ready after {READY_S} s.\n{self.tail()}") from None

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-m", self._module],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Ask it to stop, and wait; kill it if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            await self.kill()

    async def kill(self) -> None:
        """Kill it at once, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        found = [path for path in (self.log_file, self._own_log) if path is not None and path.exists()]
        text = "\n".join(path.read_text(errors="replace") for path in found)
        return "\n".join(text.splitlines()[-lines:]) or "(it has no log)"


def relay_child(folder: Path, **settings: str) -> Child:
    """A relay with its data below `folder`, on a free port of loopback."""
    data = folder / "relay"
    data.mkdir(parents=True, exist_ok=True)
    environment = {"DESKBELL_DATA_DIR": str(data), "DESKBELL_PORT": "0"} | settings
    return Child("relay", "deskbell_relay", environment, data / "relay.json", folder / "relay.log")


def daemon_child(home: Path) -> Child:
    """The daemon of the profile below `home`."""
    return Child(
        "daemon",
        "deskbell_daemon",
        {"DESKBELL_HOME": str(home)},
        home / "state" / "local.json",
        home / "daemon.out",
        home / "state" / "log" / "daemon.log",
    )


async def command(home: Path, *words: str, relay: Path | None = None) -> Any:
    """Run `deskbell WORDS --json` as a person's script would; its JSON. Raises the Problem that it prints."""
    environment = clean_environment() | {"DESKBELL_HOME": str(home)}
    if relay is not None:
        environment["DESKBELL_DATA_DIR"] = str(relay)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deskbell_daemon.cli",
        *words,
        "--json",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except BaseException:  # stopped in the middle: it must not live on
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise Problem(
            "internal", f"`deskbell {words[0]}` ended with {process.returncode}: {err.decode(errors='replace')[-600:]}"
        )
    return json.loads(out)


def clean_environment() -> dict[str, str]:
    """The environment without settings of this machine's own relay or daemon."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DESKBELL_")}
