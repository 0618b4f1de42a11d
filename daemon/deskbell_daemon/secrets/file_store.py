"""Secrets in a file that only the user can read: 0600 in a 0700 folder, and only after `--insecure-storage`."""

import asyncio
import json
import os
import stat
from pathlib import Path

from deskbell_daemon.private_file import write_private
from deskbell_wire.errors import Problem


class FileStore:
    """One JSON object of names and values at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()

    @property
    def description(self) -> str:
        return f"file ({self._path}, readable by you alone)"

    @property
    def backend(self) -> None:
        return None

    async def get(self, name: str) -> str | None:
        async with self._lock:
            return (await asyncio.to_thread(self._read)).get(name)

    async def set(self, name: str, value: str) -> None:
        async with self._lock:
            await asyncio.to_thread(self._change, name, value)

    async def delete(self, name: str) -> None:
        async with self._lock:
            await asyncio.to_thread(self._change, name, None)

    def _change(self, name: str, value: str | None) -> None:
        values = self._read()
        if value is None:
            if values.pop(name, None) is None:
                return
        else:
            values[name] = value
        write_private(self._path, json.dumps(values))

    def _read(self) -> dict[str, str]:
        try:
            if os.name == "posix" and stat.S_IMODE(self._path.stat().st_mode) & 0o077:
                raise Problem(
                    "secrets_exposed",
                    f"Others can read {self._path}: run `chmod 600 {self._path}`, and pair again if they may have.",
                )
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise Problem("secrets_unreadable", f"{self._path} cannot be read: {error}.") from error
        if not isinstance(values, dict):
            raise Problem("secrets_unreadable", f"{self._path} holds no JSON object.")
        return {str(key): str(value) for key, value in values.items()}
