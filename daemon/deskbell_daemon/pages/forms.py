"""The pages' forms: each takes the fields of a form, does one thing, and says where to go on and what to say there."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

from deskbell_daemon.gate.desk import Scope
from deskbell_daemon.gate.standing import DEFAULT_DAYS
from deskbell_daemon.local.face import Face
from deskbell_daemon.pages.content import Content
from deskbell_daemon.pages.session import Session
from deskbell_wire.errors import Problem

Fields = Mapping[str, str]
Said = tuple[str, str, str]
"""The page to go on to, `good` or `bad`, and the sentence there."""

_APPROVED: Final[dict[str, str]] = {
    "once": "Allowed, this once.",
    "hour": "Allowed, and the next ones like it for an hour.",
    "always": "Allowed from now on. You can revoke it under Rules.",
}
_LISTS: Final = {"gra": "grants", "dev": "devices"}


class Forms:
    """Every handler may raise Problem, with nothing done."""

    def __init__(self, face: Face, session: Session, content: Content) -> None:
        self._face = face
        self._session = session
        self._content = content

    def table(self) -> dict[str, Callable[[Fields], Awaitable[Said]]]:
        return {
            "answer": self.answer,
            "group": self.group,
            "pause": self.pause,
            "resume": self.resume,
            "panic": self.panic,
            "approval": self.approval,
            "code": self.code,
            "revoke": self.revoke,
            "rule": self.rule,
        }

    async def answer(self, fields: Fields) -> Said:
        """One command. The definition is the one that stood on the page: another one is not what was seen."""
        command_id, answer = fields.get("id", ""), fields.get("answer", "")
        if answer == "refuse":
            await self._face.refuse(command_id, "page")
            return "requests", "good", "Refused."
        if answer not in _APPROVED or not fields.get("definition"):
            raise Problem("malformed_request", "The form lacks an answer.")
        days = fields.get("days", "")
        await self._face.approve(
            command_id,
            cast(Scope, answer),
            by="page",
            definition=fields["definition"],
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else DEFAULT_DAYS,
        )
        return "requests", "good", _APPROVED[answer]

    async def group(self, fields: Fields) -> Said:
        """Refuse all that wait in a group now."""
        refused = 0
        for request in self._face.requests()["requests"]:
            if request["group"] == fields.get("group"):
                try:
                    await self._face.refuse(request["id"], "page")
                except Problem as problem:
                    if problem.code != "request_not_found":  # answered or expired meanwhile
                        raise
                else:
                    refused += 1
        return "requests", "good", f"Refused: {refused}."

    async def pause(self, fields: Fields) -> Said:
        await self._face.pause(True, "page")
        return "requests", "good", "Paused. What waited was refused."

    async def resume(self, fields: Fields) -> Said:
        await self._face.pause(False, "page")
        return "requests", "good", "Commands are taken again."

    async def panic(self, fields: Fields) -> Said:
        await self._face.panic("page")
        return "requests", "good", "Everything was refused, and what was running was told to stop."

    async def approval(self, fields: Fields) -> Said:
        """An assistant or a device is let in, or not."""
        answer = fields.get("answer")
        if answer not in {"approve", "deny"}:
            raise Problem("malformed_request", "The form lacks an answer.")
        await self._relay("POST", f"/v1/approvals/{_id(fields)}/{answer}")
        back = fields.get("back", "")
        said = "It was let in." if answer == "approve" else "It was refused."
        return (back if back in {"connect", "access"} else "requests"), "good", said

    async def code(self, fields: Fields) -> Said:
        self._content.forget_code()
        return "connect", "good", "Here is another code; the one before is good until it expires."

    async def revoke(self, fields: Fields) -> Said:
        """A grant or a device is cut off."""
        what = _id(fields)
        listed = _LISTS.get(what.partition("_")[0])
        if listed is None:
            raise Problem("malformed_request", f"{what[:60]!r} is no id of a grant or of a device.")
        await self._relay("DELETE", f"/v1/{listed}/{what}")
        return "access", "good", "It is cut off."

    async def rule(self, fields: Fields) -> Said:
        await self._face.revoke_rule(_id(fields), "page")
        return "rules", "good", "The rule is revoked: you are asked again."

    async def _relay(self, method: str, path: str) -> None:
        await self._face.relay(method, path, {} if method == "POST" else None, "page")


def _id(fields: Fields) -> str:
    """Letters, digits, `_` and `-` alone: it becomes part of a path."""
    id_ = fields.get("id", "")
    if not (0 < len(id_) <= 64 and id_.isascii() and id_.replace("_", "").replace("-", "").isalnum()):
        raise Problem("malformed_request", "The form names nothing.")
    return id_
