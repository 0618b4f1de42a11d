"""What the tray knows, as one frozen value: made from the loopback API's documents, it says which icon and which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from deskbell_daemon.cli.neutral import neutral
from deskbell_wire.actions import BY_ID

Phase = Literal["connected", "working", "waiting", "paused", "offline", "needs_pairing", "not_running"]

SENTENCES: Final[Mapping[Phase, str]] = {
    "connected": "Connected",
    "working": "Working",
    "waiting": "Waiting for you",
    "paused": "Paused: everything is refused",
    "offline": "Offline: trying to reach the relay",
    "needs_pairing": "Not paired: run `deskbell pair RELAY_URL`",
    "not_running": "The daemon does not run: `deskbell daemon` starts it",
}

MOST_LETTERS: Final = 60
"""Of anything that somebody else wrote, in a menu or a tooltip."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command that waits for the person. All texts are harmless and short."""

    id: str
    group: str
    """Those of one assistant for one action have the same."""
    assistant: str
    title: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """An assistant or a device that wants to be let in."""

    id: str
    kind: str
    name: str
    host: str
    digits: str = ""
    """Six, where the asker must show the same ones."""


@dataclass(frozen=True, slots=True)
class Done:
    """One of the last commands. `undoable`: it changed a note, and that can be taken back."""

    id: str
    assistant: str
    title: str
    status: str
    at: str
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the icon, the tooltip and the menu depend on."""

    running: bool = False
    connection: str = "stopped"
    connected: bool = False
    paused: bool = False
    busy: int = 0
    relay: str = ""
    problem: str = ""
    notice: str = ""
    """What the person should hear about the last click, such as why it could not be done."""
    requests: tuple[Request, ...] = ()
    approvals: tuple[Approval, ...] = ()
    last: tuple[Done, ...] = ()

    @property
    def phase(self) -> Phase:
        """What matters most to the person, first: an answer that is needed outranks a line that is down."""
        if not self.running:
            return "not_running"
        if self.connection in {"unpaired", "needs_pairing"}:
            return "needs_pairing"
        if self.paused:
            return "paused"
        if self.waiting:
            return "waiting"
        if self.connection != "open" or not self.connected:
            return "offline"
        return "working" if self.busy else "connected"

    @property
    def waiting(self) -> int:
        return len(self.requests) + len(self.approvals)

    @property
    def sentence(self) -> str:
        """The status line."""
        phase = self.phase
        if phase == "connected" and self.relay:
            return f"Connected to {self.relay}"
        if phase == "waiting":
            return f"{self.waiting} {'question waits' if self.waiting == 1 else 'questions wait'} for you"
        if phase == "needs_pairing" and self.connection == "needs_pairing":
            return "The relay no longer accepts this laptop: pair again"
        return SENTENCES[phase]

    @property
    def tooltip(self) -> str:
        return f"Deskbell: {self.sentence}"


def read_state(
    status: Mapping[str, Any],
    requests: Sequence[Mapping[str, Any]] = (),
    approvals: Sequence[Mapping[str, Any]] = (),
    commands: Sequence[Mapping[str, Any]] = (),
) -> State:
    """The documents of `/v1/status`, `/v1/requests`, `/v1/relay/approvals` and `/v1/log` as a State."""
    connection = status.get("connection") or {}
    problem = connection.get("problem") or status.get("notes_problem") or {}
    return State(
        running=True,
        connection=str(connection.get("state", "")),
        connected=bool(connection.get("connected")),
        paused=bool(status.get("paused")),
        busy=int(status.get("busy") or 0),
        relay=short(str(status.get("relay") or "").removeprefix("https://").removeprefix("http://")),
        problem=short(problem.get("detail") or "", 100),
        requests=tuple(_request(item) for item in requests),
        approvals=tuple(_approval(item) for item in approvals),
        last=tuple(_done(item) for item in commands),
    )


def short(text: object, letters: int = MOST_LETTERS) -> str:
    """One harmless line: control and bidirectional characters made visible, cut at `letters`."""
    line = " ".join(neutral(str(text)[: letters * 4]).split())
    return line if len(line) <= letters else line[: letters - 1].rstrip() + "…"


def _request(item: Mapping[str, Any]) -> Request:
    assistant = item.get("assistant") or {}
    grant = str(assistant.get("grant_id", ""))
    return Request(
        id=str(item["id"]),
        group=str(item.get("group") or f"{grant} {item.get('title') or item.get('action')}"),
        assistant=short(assistant.get("name") or "An assistant", 40),
        title=short(item.get("title") or item.get("action") or ""),
        arguments=short(_line(item.get("arguments") or {})),
    )


def _line(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {str(value)[:200]}" for key, value in list(arguments.items())[:10])


def _approval(item: Mapping[str, Any]) -> Approval:
    return Approval(
        id=str(item["id"]),
        kind=str(item.get("kind", "")),
        name=short(item.get("name") or "Somebody", 40),
        host=short(item.get("host") or "", 40),
        digits=short(item.get("digits") or "", 10),
    )


def _done(item: Mapping[str, Any]) -> Done:
    action = BY_ID.get(str(item.get("action")))
    status = str(item.get("status", ""))
    return Done(
        id=str(item["id"]),
        assistant=short(item.get("assistant") or "An assistant", 30),
        title=short(item.get("title") or (action.title if action else item.get("action") or ""), 40),
        status=status.replace("_", " "),
        at=str(item.get("received_at") or ""),
        undoable=status == "done" and action is not None and action.risk == "write" and action.id.startswith("note."),
    )
