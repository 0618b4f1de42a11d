"""What stands on the pages: gathered from the daemon and the relay, made harmless, rendered."""

import asyncio
import json
from typing import Any, Final

import jinja2
import segno
from markupsafe import Markup

from deskbell_daemon.cli.clients import CLIENTS
from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.gate.standing import DAYS, DEFAULT_DAYS
from deskbell_daemon.local.face import Face
from deskbell_daemon.pages.session import Session
from deskbell_daemon.pages.words import groups, local_time
from deskbell_wire import clock
from deskbell_wire.actions import SCOPE_WORDS
from deskbell_wire.errors import Problem

TITLES: Final = {
    "requests": "Waiting for you",
    "connect": "Connect an assistant",
    "access": "Who has access",
    "rules": "Always allowed",
}
_LABELS: Final = (("requests", "Requests"), ("connect", "Connect"), ("access", "Access"), ("rules", "Rules"))

RELAY_S: Final = 4.0
"""A page does not wait longer for the relay."""

_FRESH_CODE_US: Final = 30 * clock.SECOND
"""A code that ends sooner is not shown any more."""


class Content:
    """Renders whole pages. Autoescape is on; text from elsewhere passes `neutral` besides."""

    def __init__(self, face: Face, session: Session) -> None:
        self._face = face
        self._session = session
        self._code: dict[str, Any] | None = None
        self._jinja = jinja2.Environment(
            loader=jinja2.PackageLoader("deskbell_daemon.pages"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def render(self, page: str, said: tuple[str, str] | None) -> str:
        """The page, with a sentence at its top."""
        status = await self._face.status()
        form = Markup(f'<input type="hidden" name="form" value="{self._session.form()}">')  # noqa: S704 - base64 and hex
        approvals, relay_problem = await self._approvals(status) if page != "rules" else ([], None)
        made = {
            "requests": self._requests,
            "connect": self._connect,
            "access": self._access,
            "rules": self._rules,
        }[page]
        return self._jinja.get_template(f"{page}.html").render(
            page=page,
            title=TITLES[page],
            pages=_LABELS,
            path=self._session.path,
            hidden=lambda: form,
            paused=status["paused"],
            waiting=status["waiting"] + len(approvals),
            flash=said and {"kind": said[0], "text": neutral(said[1])},
            approvals=approvals,
            relay_problem=relay_problem,
            **await made(status),
        )

    def problem(self, problem: Problem) -> str:
        return self._jinja.get_template("problem.html").render(
            problem=problem, detail=neutral(problem.detail), next_step=neutral(problem.next_step)
        )

    def forget_code(self) -> None:
        """The next page shows another one."""
        self._code = None

    async def _requests(self, status: dict[str, Any]) -> dict[str, Any]:
        document = await self._face.requests_shown()
        return {
            "groups": groups(document["requests"]),
            "allowances": [
                {
                    **_harmless(allowance, "title", "assistant"),
                    "until": local_time(allowance["until"]),
                }
                for allowance in document["allowances"]
            ],
            "days_offered": DAYS,
            "days_usual": DEFAULT_DAYS,
        }

    async def _connect(self, status: dict[str, Any]) -> dict[str, Any]:
        problem = None
        try:
            code = await self._connect_code()
        except Problem as raised:
            return {"code": None, "code_problem": neutral(f"{raised.detail} {raised.next_step}"), "clients": []}
        clients = [client.document(str(status["relay"]).rstrip("/")) for client in CLIENTS]
        for client in clients:
            if "config" in client:
                client["config"] = json.dumps(client["config"], indent=2)
        empty = dict.fromkeys(("notice", "values", "command", "link", "config", "config_file"))
        return {"code": code, "code_problem": problem, "clients": [{**empty, **client} for client in clients]}

    async def _connect_code(self) -> dict[str, Any]:
        """The one that is good now, or a new one."""
        made = self._code
        if made is None or clock.from_timestamp(made["expires_at"]) < clock.now_us() + _FRESH_CODE_US:
            made = self._code = await self._ask("POST", "/v1/connect-codes")
        # SVG without style or script: the policy of the page allows neither.
        drawn = segno.make(made["code"], micro=False).svg_inline(scale=5, border=2, dark="#000", omitsize=False)
        return {
            "text": neutral(made["code"]),
            "until": local_time(made["expires_at"]),
            "qr": Markup(drawn),  # noqa: S704 - made by segno from a code
        }

    async def _access(self, status: dict[str, Any]) -> dict[str, Any]:
        try:
            grants = (await self._ask("GET", "/v1/grants"))["grants"]
            devices = (await self._ask("GET", "/v1/devices"))["devices"]
        except Problem:  # the page says so already, above
            return {"grants": [], "devices": []}
        return {
            "grants": [
                {
                    "id": grant["id"],
                    **_harmless(grant, "name", "host"),
                    "scopes": _scopes(grant["scopes"]),
                    "since": local_time(grant["created_at"]),
                    "used": local_time(grant["used_at"]) if grant.get("used_at") else "never",
                }
                for grant in grants
            ],
            "devices": [
                {
                    "id": device["id"],
                    **_harmless(device, "name", "kind"),
                    "actions": [neutral(action) for action in device["actions"]],
                    "since": local_time(device["created_at"]),
                    "state": _seen(device),
                    "own": device["id"] == status["device_id"],
                }
                for device in devices
            ],
        }

    async def _rules(self, status: dict[str, Any]) -> dict[str, Any]:
        return {
            "rules": [
                {
                    "id": rule["id"],
                    **_harmless(rule, "title", "action", "assistant", "host"),
                    "since": local_time(rule["given_at"]),
                    "until": local_time(rule["expires_at"]),
                }
                for rule in self._face.rules()["rules"]
            ]
        }

    async def _approvals(self, status: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
        if not status["paired"]:
            return [], "this laptop is not paired. Pair it with `deskbell pair RELAY_URL`."
        try:
            listed = (await self._ask("GET", "/v1/approvals"))["approvals"]
        except Problem as problem:
            return [], neutral(problem.detail)
        return [
            {
                "id": approval["id"],
                "kind": approval["kind"],
                **_harmless(approval, "name", "host"),
                "scopes": _scopes(approval["scopes"]),
                "actions": [neutral(action) for action in approval.get("actions") or []],
                "digits": neutral(approval.get("digits") or ""),
                "expires": local_time(approval["expires_at"]),
            }
            for approval in listed
        ], None

    async def _ask(self, method: str, path: str) -> Any:
        try:
            async with asyncio.timeout(RELAY_S):
                return (await self._face.relay(method, path, {} if method == "POST" else None, "page"))[1]
        except TimeoutError as error:
            raise Problem("relay_unreachable", f"The relay did not answer within {RELAY_S:g} s.") from error


def _harmless(document: dict[str, Any], *names: str) -> dict[str, str]:
    """Those texts of it, as a page may show them."""
    return {name: neutral(document[name]) for name in names}


def _scopes(scopes: list[str]) -> list[str]:
    """In words, with the name of a scope that has none."""
    return [SCOPE_WORDS.get(scope) or neutral(scope) for scope in scopes]


def _seen(device: dict[str, Any]) -> str:
    if device["online"]:
        return "Online"
    return f"Last seen: {local_time(device['last_seen_at'])}" if device.get("last_seen_at") else "Never seen"
