"""What a program prints: kept up to a limit while it is read, made harmless, and its last line told as it comes."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Final

LINE_CHARACTERS: Final = 200
TOLD_EACH_S: Final = 0.5
_LINE_BYTES: Final = 4_000

_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])?"  # ECMA-48 section 5
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(data: bytes) -> str:
    """The text without terminal controls; what is not UTF-8 is replaced."""
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def fitted(text: str, most: int) -> str:
    """The text with its middle left out, so that it has at most `most` characters as a JSON string."""
    left = text
    while len(json.dumps(left, ensure_ascii=False)) > most:
        length = len(left) * 3 // 4
        left = f"{text[: length * 3 // 4]}\n[… left out …]\n{text[len(text) - length // 4 :]}"
    return left


class Kept:
    """The beginning and the end of what was printed, of `most` bytes together."""

    def __init__(self, most: int) -> None:
        self._head_most = most * 3 // 4
        self._tail_most = most - self._head_most
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, data: bytes) -> None:
        """One piece; beyond the limit, the middle is let go."""
        self.total += len(data)
        room = self._head_most - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room else data
        if len(self._tail) > self._tail_most:
            del self._tail[: -self._tail_most]

    @property
    def left_out(self) -> int:
        """How many bytes are not kept."""
        return self.total - len(self._head) - len(self._tail)

    def text(self) -> str:
        """What is kept, with a line that says how much is missing."""
        if not self.left_out:
            return harmless(bytes(self._head + self._tail))
        gap = f"\n[… {self.left_out} bytes are left out here …]\n"
        return harmless(bytes(self._head)) + gap + harmless(bytes(self._tail))


class Lines:
    """Tells the last line that was printed, seldom: at once if it has been quiet, else when its time has come."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = bytearray()
        self._waits: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def add(self, data: bytes) -> None:
        """One piece of what is printed. A progress bar's carriage return ends a line too."""
        self._rest += data[-_LINE_BYTES:]
        *lines, rest = self._rest.replace(b"\r", b"\n").split(b"\n")
        self._rest = rest[-_LINE_BYTES:]
        for line in reversed(lines):
            if shown := harmless(bytes(line)).strip()[:LINE_CHARACTERS]:
                self._waits = shown
                if self._timer is None:
                    self._now()
                return

    def close(self) -> None:
        """Tell no more: the result follows."""
        if self._timer is not None:
            self._timer.cancel()
        self._waits = None

    def _now(self) -> None:
        self._timer = None
        if self._waits is not None:
            line, self._waits = self._waits, None
            self._timer = asyncio.get_running_loop().call_later(TOLD_EACH_S, self._now)
            self._tell(line)
