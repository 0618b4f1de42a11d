"""What is under way at the extension's door: nonces that the daemon has committed to, and the one pairing that waits."""

import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Literal

from deskbell_daemon.documents import brief
from deskbell_wire.clock import SECOND, from_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.number_match import LoopbackPairRequest, committed, digits
from deskbell_wire.pairing import Approval, letters_of

OFFER_S: Final = 600.0
MOST_OFFERS: Final = 32
"""Nobody proves anything before an offer is made; above it the oldest is forgotten."""
MOST_REMEMBERED: Final = 20
"""Of pairings, the ended ones included, so that an extension that asks late still hears how it ended."""

_ANSWER: Final = re.compile(r"/v1/approvals/([A-Za-z0-9_-]+)/(approve|deny)")
_LISTS: Final = frozenset({"/v1/approvals", "/v1/approvals/claim"})

PairState = Literal["waiting", "approved", "denied", "expired"]


@dataclass(slots=True)
class Pairing:
    """One extension that asks to be let in. `digits` are six, without a space."""

    approval_id: str
    code: str
    digits: str
    ends_at: float
    """`time.monotonic()`."""
    answer: Literal["approved", "denied"] | None = None

    @property
    def state(self) -> PairState:
        return self.answer or ("waiting" if time.monotonic() < self.ends_at else "expired")


class Pairings:
    """Lives on the daemon's loop. Nothing of it is written to a log: the digits are for two pairs of eyes."""

    def __init__(self) -> None:
        self.port: int | None = None
        """Where the door listens; None while it does not."""
        self.problem: Problem | None = None
        self._offers: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._by_code: OrderedDict[str, Pairing] = OrderedDict()

    def status(self) -> dict[str, Any]:
        """For the daemon's status."""
        return {"extension_port": self.port, "extension_problem": brief(self.problem)}

    def offer(self) -> str:
        """A commitment to a fresh nonce, good once and for ten minutes."""
        nonce = secrets.token_urlsafe(32)
        self._offers[committed(nonce)] = nonce, time.monotonic() + OFFER_S
        while len(self._offers) > MOST_OFFERS:
            self._offers.popitem(last=False)
        return committed(nonce)

    def reveal(self, commitment: str) -> str:
        """The nonce of an offer, which is used up. Raises Problem `code_not_valid`."""
        nonce, until = self._offers.pop(commitment, ("", 0.0))
        if time.monotonic() >= until:
            raise Problem(
                "code_not_valid",
                "This pairing was begun with another daemon, more than ten minutes ago, or twice.",
                next_step="Begin the pairing in the extension again.",
            )
        return nonce

    @property
    def waiting(self) -> Pairing | None:
        """The one that waits for the person."""
        return next((each for each in reversed(self._by_code.values()) if each.state == "waiting"), None)

    def begin(self, approval: Approval, asked: LoopbackPairRequest, nonce: str, relay: str) -> Pairing:
        """The pairing that waits from now on."""
        code = letters_of(asked.user_code)
        lasts_s = (from_timestamp(approval.expires_at) - from_timestamp(approval.created_at)) / SECOND
        pairing = Pairing(
            approval.id, code, digits(code, asked.nonce, nonce, relay), time.monotonic() + max(0.0, lasts_s)
        )
        self._by_code.pop(code, None)
        self._by_code[code] = pairing
        while len(self._by_code) > MOST_REMEMBERED:
            self._by_code.popitem(last=False)
        return pairing

    def find(self, user_code: str) -> Pairing:
        """Raises Problem `request_not_found`."""
        found = self._by_code.get(letters_of(user_code))
        if found is None:
            raise Problem("request_not_found", "No extension is being paired with this code.")
        return found

    def seen(self, method: str, path: str, document: Any) -> Any:
        """What the relay has answered to a client of the daemon: approvals with their digits, and answers noted.

        Digits are this laptop's own knowledge. Those that a relay may send are taken away.
        """
        if path in _LISTS and isinstance(document, dict):
            listed = document.get("approvals") if path == "/v1/approvals" else [document]
            known = {each.approval_id: each.digits for each in self._by_code.values()}
            for row in listed if isinstance(listed, list) else []:
                if isinstance(row, dict):
                    number = known.get(str(row.get("id")), "")
                    row["digits"] = f"{number[:3]} {number[3:]}" if number else None
        elif method == "POST" and (found := _ANSWER.fullmatch(path)):
            for pairing in self._by_code.values():
                if pairing.approval_id == found[1]:
                    pairing.answer = "approved" if found[2] == "approve" else "denied"
        return document
