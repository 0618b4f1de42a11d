"""Server-sent events without I/O: the cursor, the encoder and the decoder that both ends of a stream share.

Source: WHATWG HTML, section 9.2 "Server-sent events". `wire/examples/sse/` holds what every decoder of ours must do.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_SEQ = 2**63 - 1
MAX_RETRY_MS = 2**53 - 1
"""The largest integer that a JavaScript reader holds exactly; a larger `retry` is read as this."""

_CURSOR = re.compile(r"([A-Za-z0-9]{1,32})-(0|[1-9][0-9]{0,18})")
_BOM = b"\xef\xbb\xbf"
_CR = 0x0D
_LF = 0x0A
_RESERVED_NAMES = frozenset({"error", "open"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a channel: what stands in `id:` and comes back as `Last-Event-ID` (WHATWG HTML 9.2.4).

    `epoch`: 1 to 32 ASCII letters and digits, changes when a database is restored or recreated. `seq`: 0 to 2**63-1.
    Raises ValueError for anything else. Two cursors have an order only within one epoch, so there is none here.
    """

    epoch: str
    seq: int

    def __post_init__(self) -> None:
        if not (self.epoch.isascii() and self.epoch.isalnum() and len(self.epoch) <= 32):
            raise ValueError(f"The epoch {_shown(self.epoch)} is not 1 to 32 ASCII letters and digits.")
        if not 0 <= self.seq <= MAX_SEQ:
            raise ValueError(f"The seq of a cursor must be from 0 to {MAX_SEQ}, not {self.seq}.")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read `<epoch>-<seq>`, as `str(cursor)` writes it. Raises ValueError with a sentence for the person."""
        match = _CURSOR.fullmatch(text)
        if match is None or int(match[2]) > MAX_SEQ:
            raise ValueError(
                f"The cursor {_shown(text)} is not <epoch>-<seq> (1 to 32 ASCII letters and digits, a hyphen, a decimal "
                f"number from 0 to {MAX_SEQ} without leading zeros): send an id exactly as the stream gave it."
            )
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


def _shown(value: str) -> str:
    # repr keeps control characters out of logs and terminals; a stranger chose the length.
    return ascii(value if len(value) < 64 else value[:60] + "...")


def _has_line_end_or_nul(value: str) -> bool:
    return "\n" in value or "\r" in value or "\0" in value


@lru_cache(maxsize=128)  # a stream has a dozen names and a million events
def _event_line(name: str) -> str:
    if not name:
        raise ValueError("An event needs a name: use 'message' for the standard's default type.")
    if name in _RESERVED_NAMES:
        raise ValueError(f"An event must not be named {name!r}: EventSource fires that name for the connection itself.")
    if _has_line_end_or_nul(name):
        raise ValueError(f"The event name {_shown(name)} holds a CR, LF or NUL, which would break the stream.")
    return "" if name == "message" else f"event: {name}\n"


def encode(
    event: str,
    data: str,
    *,
    id: str | None = None,  # noqa: A002  the standard's name for the field
    retry_ms: int | None = None,
) -> bytes:
    """Write one event as a whole frame, ending in its blank line (format: WHATWG HTML 9.2.5).

    `event`: not empty, not `error` or `open`; `message` is the default type and needs no `event:` line.
    `data`: any text; CRLF, CR and LF all arrive as LF, since the format cannot tell them apart.
    `id`: becomes the reader's last event id; "" resets it, None leaves it. `retry_ms`: the reconnection time.
    Raises ValueError for a CR, LF or NUL in `event` or `id`, a forbidden name, a `retry_ms` outside 0 to 2**53-1,
    and (as UnicodeEncodeError) for half a surrogate pair anywhere.
    """
    head = _event_line(event)
    if id is not None:
        if _has_line_end_or_nul(id):
            raise ValueError(f"The event id {_shown(id)} holds a CR, LF or NUL, which would break the stream.")
        head = f"id: {id}\n{head}"
    if retry_ms is not None:
        if not 0 <= retry_ms <= MAX_RETRY_MS:
            raise ValueError(f"retry_ms must be from 0 to {MAX_RETRY_MS} milliseconds, not {retry_ms}.")
        head = f"retry: {retry_ms}\n{head}"
    if "\n" in data or "\r" in data:
        data = _continued(data, "data: ")
    return f"{head}data: {data}\n\n".encode()


def encode_comment(text: str) -> bytes:
    """Write `text` as comment lines, which readers ignore (WHATWG HTML 9.2.6: a line that starts with a colon).

    Ends in one line end and no blank line: some readers take `: ping` and a blank line for an empty event.
    """
    return f": {_continued(text, ': ')}\n".encode()


def _continued(text: str, prefix: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\n" + prefix)


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One dispatched event (WHATWG HTML 9.2.6): its type, its data, and the last event id at its blank line."""

    event: str
    data: str
    last_event_id: str


class EventTooLarge(ValueError):  # noqa: N818  it names the case, as the callers read it
    """A stream holds an event above the decoder's limit; nothing after it can be read.

    `events` are the whole events of the same chunk that came before it: the decoder has not handed them out.
    """

    def __init__(self, max_event_bytes: int, events: list[ServerSentEvent]) -> None:
        super().__init__(
            f"The stream holds an event of more than {max_event_bytes} bytes: "
            "close it, and send smaller events or raise max_event_bytes."
        )
        self.events = events


class Decoder:
    """Reads one event stream from its bytes, cut anywhere, as WHATWG HTML 9.2.6 "Interpreting an event stream" says.

    One decoder a connection: the standard discards an unfinished event when a stream ends, and so does dropping this.

    `last_event_id`: the last event id string, committed at blank lines only; "" at first. It covers the events that
    `feed` returned and no others. `retry_ms`: the last valid `retry` in milliseconds, at most 2**53-1; None at first.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_broken",
        "_committed_id",
        "_data",
        "_data_bytes",
        "_event",
        "_id",
        "_line",
        "_max_event_bytes",
        "last_event_id",
        "retry_ms",
    )

    def __init__(self, max_event_bytes: int = 2_000_000) -> None:
        """`max_event_bytes` bounds the data lines kept for one event plus the line being read, line ends not counted."""
        if max_event_bytes < 1:
            raise ValueError(f"max_event_bytes must be at least 1, not {max_event_bytes}.")
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self._max_event_bytes = max_event_bytes
        self._at_start = True
        self._after_cr = False
        self._broken = False
        self._line = bytearray()  # the line whose end has not come; only ever appended to, so linear
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._event = b""
        self._id = ""
        self._committed_id = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the stream's next bytes and return the events that they complete, in order (WHATWG HTML 9.2.6).

        Raises EventTooLarge as soon as an event passes the limit, and again at every later call.
        """
        if self._broken:
            raise EventTooLarge(self._max_event_bytes, [])
        if self._at_start:
            chunk = bytes(self._line) + chunk
            self._line.clear()
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._line += chunk
                return []
            self._at_start = False
            chunk = chunk.removeprefix(_BOM)
        elif self._after_cr and chunk:
            # The CR ended its line when it came: waiting for a possible LF would hold the event back.
            self._after_cr = False
            if chunk[0] == _LF:
                chunk = chunk[1:]
        if not chunk:
            return []

        lines = chunk.splitlines()  # of bytes: at CR, LF and CRLF alone, unlike str.splitlines
        last = chunk[-1]
        rest = b""
        if last == _CR:
            self._after_cr = True
        elif last != _LF:
            rest = lines.pop()
        if lines and self._line:
            self._line += lines[0]
            lines[0] = bytes(self._line)
            self._line.clear()

        events: list[ServerSentEvent] = []
        fits = self._read(lines, events)
        self._line += rest
        if not fits or self._data_bytes + len(self._line) > self._max_event_bytes:
            self._broken = True
            self._line.clear()
            self._data.clear()
            raise EventTooLarge(self._max_event_bytes, events)
        self.last_event_id = self._committed_id
        return events

    def _read(self, lines: list[bytes], events: list[ServerSentEvent]) -> bool:
        # Fields are told apart as bytes: UTF-8 has no ASCII byte inside a character, and a broken character
        # never swallows one, so decoding a value alone gives what decoding the whole stream would.
        data = self._data
        for line in lines:
            if not line:
                self._committed_id = self._id
                if data:
                    text = (data[0] if len(data) == 1 else b"\n".join(data)).decode("utf-8", "replace")
                    name = self._event.decode("utf-8", "replace") or "message"
                    events.append(ServerSentEvent(name, text, self._id))
                    data.clear()
                    self._data_bytes = 0
                self._event = b""
                continue
            if self._data_bytes + len(line) > self._max_event_bytes:
                return False
            field, _, value = line.partition(b":")
            if value.startswith(b" "):
                value = value[1:]
            if field == b"data":
                data.append(value)
                self._data_bytes += len(line)
            elif field == b"event":
                self._event = value
            elif field == b"id":
                if b"\0" not in value:
                    self._id = value.decode("utf-8", "replace")
            elif field == b"retry" and value.isdigit():  # of bytes: ASCII digits alone, at least one
                digits = value.lstrip(b"0")  # int() refuses thousands of digits
                self.retry_ms = min(int(digits or b"0"), MAX_RETRY_MS) if len(digits) <= 16 else MAX_RETRY_MS
        return True
