"""The door itself: three small routes on 127.0.0.1, on the first of five known ports that is free. No token, no secret."""

import asyncio
import json
from typing import Any, Final, Protocol

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from deskbell_daemon.extension_door.guard import DoorGuard, Pace
from deskbell_daemon.extension_door.pairings import Pairing, Pairings
from deskbell_daemon.gate.desk import By
from deskbell_daemon.local.changes import Changes
from deskbell_daemon.local.guard import problem_of, problem_response
from deskbell_wire.actions import EXTENSION_ACTIONS
from deskbell_wire.errors import Problem
from deskbell_wire.number_match import (
    PORTS,
    DaemonHere,
    LoopbackPairAnswer,
    LoopbackPairRequest,
    LoopbackPairState,
)
from deskbell_wire.pairing import Approval

log = structlog.get_logger()

BODY_BYTES: Final = 2_000
BODY_S: Final = 5.0


class Opens(Protocol):
    """What the door asks of the daemon."""

    changes: Changes
    pairings: Pairings

    async def status(self) -> dict[str, Any]: ...
    async def relay(self, method: str, path: str, body: Any, by: By) -> tuple[int, Any]: ...
    async def record(self, event: str, facts: dict[str, Any]) -> None: ...


class ExtensionDoor:
    """`start` never fails: without a free port the daemon does its work, and says what is missing."""

    def __init__(self, daemon: Opens, first_port: int) -> None:
        self._daemon = daemon
        self._pairings = daemon.pairings
        self._ports = range(first_port, min(first_port + len(PORTS), 65_536)) if first_port else range(0)
        self._guard = DoorGuard()
        self._looks = Pace(60, 60)
        self._states = Pace(300, 60)  # an extension asks each second, and there may be several browsers
        self._tries = Pace(5, 60)
        self._one_at_a_time = asyncio.Lock()
        app = web.Application(middlewares=[self._middleware], client_max_size=BODY_BYTES)
        app.router.add_get("/extension/daemon", self.here, allow_head=False)
        app.router.add_post("/extension/pair", self.pair)
        app.router.add_get(r"/extension/pair/{user_code:[A-Za-z-]{8,20}}", self.state, allow_head=False)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def start(self) -> None:
        """Listen, where the settings and the machine allow it."""
        if not self._ports:
            return
        await self._runner.setup()
        for port in self._ports:
            try:
                await web.TCPSite(self._runner, "127.0.0.1", port, backlog=16).start()
            except OSError:
                continue
            self._guard.bound(port)
            self._pairings.port = port
            return
        self._pairings.problem = Problem(
            "extension_door_closed",
            f"The ports {self._ports[0]} to {self._ports[-1]} are taken, so the extension cannot find this daemon.",
        )
        log.warning("extension_door_closed", ports=list(self._ports))

    async def stop(self) -> None:
        self._pairings.port = None
        await self._runner.cleanup()

    async def here(self, request: web.Request) -> web.Response:
        """Who listens. Whoever can read this may begin a pairing, and no more."""
        self._looks.take()
        status = await self._daemon.status()
        paired = bool(status["paired"])
        return _answer(
            DaemonHere(
                host_name=str(status["device_name"])[:64],
                paired=paired,
                relay=str(status["relay"]) if paired else None,
                commitment=self._pairings.offer() if paired else None,
            )
        )

    async def pair(self, request: web.Request) -> web.Response:
        """Claim the code that the relay gave to the extension, and show six digits on this laptop."""
        self._tries.take()
        asked = await _parsed(request)
        async with self._one_at_a_time:
            nonce = self._pairings.reveal(asked.commitment)
            relay = str((await self._daemon.status())["relay"] or "")
            approval = await self._claim(asked)
            before = self._pairings.waiting
            if before is not None and before.approval_id != approval.id:
                await self._deny(before.approval_id)  # one at a time: the latest is the one that is looked at
            pairing = self._pairings.begin(approval, asked, nonce, relay)
            origin = request.headers["Origin"]
            await self._daemon.record(
                "extension_asked", {"id": approval.id, "name": approval.name, "origin": origin, "host": approval.host}
            )
        log.info("extension_asked", request=approval.id, origin=origin)
        self._daemon.changes.announce("approval", approval.model_dump())
        return _answer(LoopbackPairAnswer(nonce=nonce, digits=pairing.digits, expires_at=approval.expires_at))

    async def state(self, request: web.Request) -> web.Response:
        self._states.take()
        found: Pairing = self._pairings.find(request.match_info["user_code"])
        return _answer(LoopbackPairState(state=found.state))

    async def _claim(self, asked: LoopbackPairRequest) -> Approval:
        """The request at the relay, ours now. Raises Problem: the relay's, or `code_not_valid` for no extension's."""
        _, document = await self._daemon.relay(
            "POST", "/v1/approvals/claim", {"user_code": asked.user_code}, "extension"
        )
        try:
            approval = Approval.model_validate(document)
        except ValidationError as error:
            raise Problem("relay_unreachable", "The relay's answer about this code is not understood.") from error
        if (
            approval.kind != "device"
            or approval.name != asked.device_name
            or not EXTENSION_ACTIONS.issuperset(approval.actions)
        ):
            await self._deny(approval.id)
            raise Problem("code_not_valid", "This code is not an extension's of that name; it was refused.")
        return approval

    async def _deny(self, approval_id: str) -> None:
        try:
            await self._daemon.relay("POST", f"/v1/approvals/{approval_id}/deny", {}, "extension")
        except Problem as problem:
            if problem.code != "request_not_found":  # answered or expired meanwhile
                raise

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        origin: str | None = None
        try:
            origin = self._guard.check(request)
            response = _preflight() if request.method == "OPTIONS" else await handler(request)
        except Exception as error:  # noqa: BLE001 - one broken request must not end the daemon
            response = problem_response(problem_of(error, request))
        response.headers["Vary"] = "Origin"
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        return response


def _preflight() -> web.Response:
    """Without rights on this host, an extension's JSON is preceded by a question (Fetch standard, section 3.3)."""
    headers = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "Content-Type"}
    return web.Response(status=204, headers=headers)


async def _parsed(request: web.Request) -> LoopbackPairRequest:
    try:
        async with asyncio.timeout(BODY_S):
            document = json.loads(await request.text())
        return LoopbackPairRequest.model_validate(document)
    except TimeoutError:
        raise Problem("body_too_slow", f"The body took longer than {BODY_S:g} s.") from None
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) or "all" for item in error.errors()[:5])
        raise Problem("invalid_arguments", f"Missing or not valid: {fields}.") from None
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_json", f"The body is not JSON: {str(error)[:200]}.") from error


def _answer(model: BaseModel) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=model.model_dump_json(), content_type="application/json", headers=headers)
