"""Where the gate's reports go."""

from typing import Final, Protocol

from deskbell_wire.result import Progress

AWAITING: Final = Progress(status="awaiting_approval", message="Waiting for the person at the laptop to approve.")


class Outbox(Protocol):
    """Reports are in the ledger before they are given to it."""

    def send(self, command_id: str, report: str) -> None: ...
    def progress(self, command_id: str, progress: Progress) -> None: ...
