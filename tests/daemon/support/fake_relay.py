"""A small relay over real sockets, to the wire's letter, that can be told to misbehave."""

import asyncio
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from deskbell_wire import clock
from deskbell_wire.errors import MEDIA_TYPE, Problem
from deskbell_wire.event import encode
from deskbell_wire.ids import new_id
from deskbell_wire.version import WIRE_VERSION

GRACE_S = 10.0
StreamFault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeRelay:
    """One account with one device. `faults` are used up, one a stream request; `answers` one a result."""

    def __init__(self) -> None:
        self.device_id = new_id("dev")
        self.grant_id = new_id("gra")
        self.epoch = "e1"
        self.log: list[tuple[int, str, str]] = []
        self.reports: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.progress: list[tuple[str, dict[str, Any]]] = []
        self.cursors: list[str | None] = []
        self.faults: list[StreamFault] = []
        self.answers: list[Callable[[], web.StreamResponse]] = []
        self.token_answers: list[Callable[[], web.StreamResponse]] = []
        self.lose_token_answers = 0
        self.access: set[str] = set()
        self.refresh: dict[str, tuple[str, float] | None] = {}
        self.refreshes = 0
        self.family_dead = False
        self.token_lifetime = 900
        self.clock_offset_us = 0
        self.ping_s = 0.2
        self.patches: list[dict[str, Any]] = []
        self.pairs: list[dict[str, Any]] = []
        self.token_polls = 0
        self.device_errors: list[str] = []
        self.rows: dict[str, list[dict[str, Any]]] = {"devices": [], "grants": [], "approvals": []}
        self.answered: list[str] = []
        self.url = ""
        self.streams = 0
        self._changed = asyncio.Condition()
        self._writers: set[web.StreamResponse] = set()
        self._runner: web.AppRunner | None = None

    # Life

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/pair", self._pair),
                web.post("/oauth/device_authorization", self._device_authorization),
                web.post("/oauth/token", self._token),
                web.post("/oauth/revoke", self._revoke),
                web.get("/v1/stream", self._stream),
                web.post("/v1/commands/{id}/result", self._result),
                web.post("/v1/commands/{id}/progress", self._on_progress),
                web.patch("/v1/devices/{id}", self._patch),
                web.delete("/v1/devices/{id}", self._delete),
                web.get("/v1/devices", self._listing("devices")),
                web.get("/v1/grants", self._listing("grants")),
                web.get("/v1/approvals", self._listing("approvals")),
                web.post("/v1/approvals/{id}/{answer}", self._approval),
                web.delete("/v1/grants/{id}", self._delete_grant),
                web.post("/v1/connect-codes", self._connect_code),
                web.get("/ai/runs/{id}/stream", self._run_stream),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    async def stop(self) -> None:
        self.drop_streams()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def drop_streams(self) -> None:
        for response in list(self._writers):
            request = response._req
            if request is not None and request.transport is not None:
                request.transport.abort()

    # What a test does with it

    def seed(self) -> str:
        """A refresh token, as pairing would have given it."""
        token = secrets.token_urlsafe(16)
        self.refresh[token] = None
        return token

    def command(self, arguments: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        now = clock.now_us() + self.clock_offset_us
        return {
            "id": new_id("cmd"),
            "action": "note.create",
            "arguments": {"title": "T", "body": "B"} if arguments is None else arguments,
            "device_id": self.device_id,
            "assistant": {"grant_id": self.grant_id, "name": "GPT", "host": "chatgpt.com"},
            "received_at": clock.to_timestamp(now),
            "appended_at": clock.to_timestamp(now),
            "expires_at": clock.to_timestamp(now + clock.HOUR),
            **changes,
        }

    async def publish(self, event: str, data: Any) -> int:
        seq = (self.log[-1][0] if self.log else 0) + 1
        self.log.append((seq, event, data if isinstance(data, str) else json.dumps(data)))
        await self.notify()
        return seq

    async def send(self, **changes: Any) -> str:
        command = self.command(**changes)
        await self.publish("command", command)
        return str(command["id"])

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], Any], timeout: float = 20) -> Any:
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)
            return condition()

    async def report(self, command_id: str, timeout: float = 20) -> dict[str, Any]:
        """The first report on a command, once it is here."""
        await self.until(lambda: self.reports.get(command_id), timeout)
        return self.reports[command_id][0]

    # Handlers

    async def _pair(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.pairs.append(body)
        if body.get("invite") != "good":
            return problem("invite_not_valid")
        return web.json_response(self._tokens(self.seed()), status=201)

    async def _device_authorization(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.pairs.append({key: str(value) for key, value in form.items()})
        return web.json_response(
            {
                "device_code": "device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/pair",
                "verification_uri_complete": f"{self.url}/pair?code=WDJB-MJHT",
                "expires_in": 30,
                "interval": 0,
            }
        )

    def _tokens(self, refresh: str) -> dict[str, Any]:
        access = secrets.token_urlsafe(16)
        self.access.add(access)
        return {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": self.token_lifetime,
            "refresh_token": refresh,
            "scope": "",
            "account_id": "acc_1",
            "device_id": self.device_id,
        }

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if str(form["grant_type"]).endswith("device_code"):
            self.token_polls += 1
            if self.device_errors:
                return web.json_response({"error": self.device_errors.pop(0)}, status=400)
            return web.json_response(self._tokens(self.seed()))
        if self.token_answers:
            return self.token_answers.pop(0)()
        self.refreshes += 1
        old = str(form["refresh_token"])
        if self.family_dead or old not in self.refresh:
            return web.json_response({"error": "invalid_grant"}, status=400)
        used = self.refresh[old]
        if used is None:
            used = (self.seed(), time.monotonic())
            self.refresh[old] = used
        elif time.monotonic() - used[1] > GRACE_S:
            self.family_dead = True
            return web.json_response({"error": "invalid_grant"}, status=400)
        await self.notify()
        if self.lose_token_answers:
            self.lose_token_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self._tokens(used[0]))

    async def _revoke(self, request: web.Request) -> web.Response:
        await request.post()
        self.family_dead = True
        return web.Response()

    def _allowed(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.access

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.streams += 1
        self.cursors.append(request.headers.get("Last-Event-ID"))
        await self.notify()
        if self.faults:
            return await self.faults.pop(0)(request)
        if not self._allowed(request):
            return problem("invalid_token")
        return await self.serve(request)

    async def open_stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(self.hello())
        return response

    def hello(self) -> bytes:
        newest = self.log[-1][0] if self.log else 0
        return encode(
            "hello",
            json.dumps(
                {
                    "wire_version": WIRE_VERSION,
                    "device_id": self.device_id,
                    "device_name": "laptop",
                    "server_time": clock.to_timestamp(clock.now_us() + self.clock_offset_us),
                    "heartbeat_s": 15,
                    "retention_s": 600,
                    "epoch": self.epoch,
                    "oldest_seq": 1,
                    "newest_seq": newest,
                }
            ),
        )

    def ping(self) -> bytes:
        return encode("ping", json.dumps({"server_time": clock.to_timestamp(clock.now_us() + self.clock_offset_us)}))

    def frame(self, seq: int, event: str, data: str) -> bytes:
        return encode(event, data, id=f"{self.epoch}-{seq}")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        cursor = request.headers.get("Last-Event-ID")
        sent = int(cursor.split("-")[1]) if cursor and cursor.startswith(self.epoch) else 0
        response = await self.open_stream(request)
        self._writers.add(response)
        try:
            while True:
                for seq, event, data in [item for item in self.log if item[0] > sent]:
                    await response.write(self.frame(seq, event, data))
                    sent = seq
                try:
                    async with asyncio.timeout(self.ping_s), self._changed:
                        await self._changed.wait_for(lambda sent=sent: self.log and self.log[-1][0] > sent)
                except TimeoutError:
                    await response.write(self.ping())
        except (ConnectionError, asyncio.CancelledError):
            return response
        finally:
            self._writers.discard(response)

    async def _result(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not self._allowed(request):
            return problem("invalid_token")
        if self.answers:
            return self.answers.pop(0)()
        self.reports[request.match_info["id"]].append(body)
        await self.notify()
        return web.json_response({"id": request.match_info["id"], "status": body["status"]})

    async def _on_progress(self, request: web.Request) -> web.Response:
        self.progress.append((request.match_info["id"], await request.json()))
        await self.notify()
        return web.Response(status=204)

    async def _patch(self, request: web.Request) -> web.Response:
        self.patches.append(await request.json())
        await self.notify()
        return web.json_response({"id": request.match_info["id"]})

    async def _delete(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return problem("invalid_token")
        self.access.clear()
        return web.Response(status=204)

    def _listing(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def listing(request: web.Request) -> web.Response:
            return web.json_response({name: self.rows[name]}) if self._allowed(request) else problem("invalid_token")

        return listing

    async def _connect_code(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"code": "BCDF-GHJK", "expires_at": clock.to_timestamp(clock.now_us() + 300 * clock.SECOND)}, status=201
        )

    async def _approval(self, request: web.Request) -> web.Response:
        if not any(row["id"] == request.match_info["id"] for row in self.rows["approvals"]):
            return problem("request_not_found")
        self.answered.append(f"{request.match_info['answer']} {request.match_info['id']}")
        self.rows["approvals"] = [row for row in self.rows["approvals"] if row["id"] != request.match_info["id"]]
        return web.json_response({"id": request.match_info["id"]})

    async def _delete_grant(self, request: web.Request) -> web.Response:
        if not any(row["id"] == request.match_info["id"] for row in self.rows["grants"]):
            return problem("grant_not_found")
        self.answered.append(f"revoke {request.match_info['id']}")
        return web.Response(status=204)

    async def _run_stream(self, request: web.Request) -> web.Response:
        """No run is known here."""
        return problem("run_not_found" if self._allowed(request) else "invalid_token")


def problem(code: str, **headers: str) -> web.Response:
    """An answer as the relay's problem documents are."""
    raised = Problem(code, f"The fake relay says {code}.")
    return web.json_response(raised.document(), status=raised.status, content_type=MEDIA_TYPE, headers=headers)
