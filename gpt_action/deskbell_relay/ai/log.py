"""A run's log: the pieces of its answer in order, each encoded once for each dialect that somebody reads."""

from deskbell_relay.ai.dialects import DIALECTS, Dialect
from deskbell_relay.ai.viewer import Viewer
from deskbell_relay.delivery.frames import chunk
from deskbell_wire.run import EndEvent, RunNotice


class RunLog:
    """Append-only. Entry 0 opens the stream, 1 to n are the pieces, n + 1 is the end."""

    def __init__(self, notice: RunNotice, created_at: int, most_unread: int) -> None:
        """`most_unread`: bytes that may wait for a viewer before it is cut off."""
        self.texts: list[str] = []
        self.characters = 0
        self.end: EndEvent | None = None
        self._most_unread = most_unread
        self._dialects: dict[str, Dialect] = {name: dialect(notice, created_at) for name, dialect in DIALECTS.items()}
        self._frames: dict[str, list[bytes]] = {}
        self._live: dict[str, set[Viewer]] = {name: set() for name in DIALECTS}
        self._bytes = 0

    @property
    def ended(self) -> bool:
        return self.end is not None

    @property
    def text(self) -> str:
        """The answer as far as it has come."""
        return "".join(self.texts)

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return self.characters * 2 + len(self.texts) * 60 + self._bytes

    @property
    def live(self) -> int:
        """How many viewers are written to now."""
        return sum(map(len, self._live.values()))

    def append(self, texts: list[str]) -> None:
        """Pieces that came together; every viewer gets them in one write."""
        first = len(self.texts) + 1
        self.texts += texts
        self.characters += sum(map(len, texts))
        for name, frames in self._frames.items():
            dialect = self._dialects[name]
            self._send(name, frames, [dialect.token(number, text) for number, text in enumerate(texts, first)])

    def finish(self, end: EndEvent) -> None:
        """The end: viewers get it, and their streams end."""
        assert self.end is None, "a run ends once"
        self.end = end
        number = len(self.texts) + 1
        for name, frames in self._frames.items():
            self._send(name, frames, [self._dialects[name].end(number, end)])
            for viewer in self._live[name]:
                viewer.end()

    def dialect(self, name: str) -> Dialect:
        """Raises KeyError for an unknown one."""
        return self._dialects[name]

    def frames(self, dialect: str) -> list[bytes]:
        """All frames so far in that dialect; the list grows with the log."""
        frames = self._frames.get(dialect)
        if frames is None:
            made = self._dialects[dialect]
            frames = [made.opening(), *(made.token(number, text) for number, text in enumerate(self.texts, 1))]
            if self.end is not None:
                frames.append(made.end(len(frames), self.end))
            self._frames[dialect] = frames
            self._bytes += sum(map(len, frames))
        return frames

    def join(self, viewer: Viewer) -> None:
        """Write to the viewer from now on; it has all frames so far."""
        self._live[viewer.dialect.name].add(viewer)

    def leave(self, viewer: Viewer) -> None:
        self._live[viewer.dialect.name].discard(viewer)

    def beat(self) -> None:
        """A ping for every viewer: some of them give up on a silent stream."""
        for name, viewers in self._live.items():
            ping = chunk(self._dialects[name].ping)
            for viewer in viewers:
                viewer.send(ping, self._most_unread)

    def _send(self, name: str, frames: list[bytes], new: list[bytes]) -> None:
        frames += new
        joined = b"".join(new)
        self._bytes += len(joined)
        viewers = self._live[name]
        if viewers:
            prepared, most = chunk(joined), self._most_unread
            for viewer in viewers:  # a viewer that ends leaves the set when its handler runs, not now
                viewer.position += len(new)
                viewer.send(prepared, most)
