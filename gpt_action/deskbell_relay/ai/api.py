"""The `/ai` routes: start, look up, stream, stop, share."""

import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog
from aiohttp import web

from deskbell_relay.ai.archive import INTERRUPTED
from deskbell_relay.ai.dialects import DIALECTS, lost, run_of_cursor
from deskbell_relay.ai.run import Run
from deskbell_relay.ai.runs import Runs
from deskbell_relay.ai.shares import Shares, viewing
from deskbell_relay.ai.viewer import Viewer
from deskbell_relay.channel.bus import Hint, Revoked
from deskbell_relay.delivery.api import HEADERS, requested_cursor
from deskbell_relay.http.arguments import parsed, whole_number
from deskbell_relay.http.responses import json_response, model_response
from deskbell_relay.http.route import Call, Route
from deskbell_wire.clock import to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.event import MAX_SEQ, Cursor
from deskbell_wire.run import EndEvent, NoteAsked, RunInfo, RunRequest, RunStarted

log = structlog.get_logger()

Note = Callable[[Call, str, RunRequest], Awaitable[NoteAsked]]


class AiApi:
    """On top of the runs of this process."""

    def __init__(self, runs: Runs, shares: Shares, issuer: str, note: Note) -> None:
        """`note` has a run's answer written down on a device."""
        self._note = note
        self._runs = runs
        self._shares = shares
        self._issuer = issuer
        self._open: defaultdict[str, set[Viewer]] = defaultdict(set)

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            Route("GET", "/ai/providers", self.providers, "chat", summary="Who can be asked"),
            Route("POST", "/ai/runs", self.start, "chat", body="json", summary="Start a run"),
            Route("GET", "/ai/runs", self.list_all, "chat", summary="The account's runs, newest first"),
            Route("GET", "/ai/stream", self.start_and_stream, "chat", summary="Start a run and stream it"),
            Route("POST", "/ai/stream", self.post_and_stream, "chat", body="json", summary="Start a run and stream it"),
            Route("GET", "/ai/runs/{id}", self.get, "chat", owns="run", summary="A run and its text"),
            Route("GET", "/ai/runs/{id}/stream", self.stream, "chat", owns="run", summary="A run as it is written"),
            Route("POST", "/ai/runs/{id}/stop", self.stop, "chat", owns="run", summary="Stop a run"),
            Route("POST", "/ai/runs/{id}/share", self.share, "chat", owns="run", summary="Make a link to a run"),
            Route("DELETE", "/ai/runs/{id}/share", self.unshare, "chat", owns="run", summary="Take the link back"),
            Route("GET", "/ai/shared/{token}", self.shared, "public", rate="public", summary="A shared run's text"),
            Route(
                "GET",
                "/ai/shared/{token}/stream",
                self.shared_stream,
                "public",
                rate="public",
                summary="A shared run as it is written",
            ),
        ]

    async def providers(self, call: Call) -> web.StreamResponse:
        return json_response({"providers": self._runs.registry.documents()})

    async def start(self, call: Call) -> web.StreamResponse:
        request = parsed(RunRequest, call.body)
        known = await self._runs.known(call.who.account_id, request.run_id)
        run = known or await self._runs.start(call.who.account_id, request)
        call.notes["run"] = run.id
        note = await self._note(call, run.id, request) if request.save_as_note else None
        path = f"/ai/runs/{run.id}"
        started = RunStarted(run_id=run.id, provider=run.provider, model=run.model, stream=f"{path}/stream", note=note)
        document = started.model_dump(mode="json", exclude_none=True)
        return json_response(document, status=200 if known else 201, headers={"Location": path})

    async def start_and_stream(self, call: Call) -> web.StreamResponse:
        """For a plain `EventSource`, which comes back to this address with a cursor: then it is the same run."""
        cursor = requested_cursor(call.request)
        if cursor is not None:
            run_id = run_of_cursor(cursor.epoch)
            if await self._runs.never_written(run_id):
                return _interrupted(run_id, INTERRUPTED, cursor)
            return await self._stream(call, call.who.account_id, run_id, cursor)
        query = call.request.query
        wanted = {"provider": query.get("provider"), "prompt": query.get("q"), "model": query.get("model")}
        dialect_name(query)  # before anything is started
        run = await self._runs.start_to_show(
            call.who.account_id,
            parsed(RunRequest, {name: value for name, value in wanted.items() if value is not None}),
        )
        return await self._stream(call, run.account_id, run.id, None)

    async def post_and_stream(self, call: Call) -> web.StreamResponse:
        """For SDKs, which post a conversation and read the answer to that; with a known `run_id` it is that run again."""
        dialect_name(call.request.query)  # before anything is started
        request = parsed(RunRequest, call.body)
        if request.save_as_note:
            raise Problem(
                "invalid_arguments", "save_as_note goes to POST /ai/runs, whose answer says what became of the note."
            )
        known = await self._runs.known(call.who.account_id, request.run_id)
        run_id = (known or await self._runs.start_to_show(call.who.account_id, request)).id
        return await self._stream(call, call.who.account_id, run_id, None)

    async def list_all(self, call: Call) -> web.StreamResponse:
        """`?before=` a run's id for those older than it; `?limit=` up to 100."""
        query, account_id = call.request.query, call.who.account_id
        most, before = whole_number(query, "limit", default=30, least=1, most=100), query.get("before")
        return json_response({"runs": await self._runs.newest(account_id, before, most)})

    async def get(self, call: Call) -> web.StreamResponse:
        return model_response(await self._runs.info(call.who.account_id, call.request.match_info["id"]))

    async def stream(self, call: Call) -> web.StreamResponse:
        cursor = requested_cursor(call.request)
        return await self._stream(call, call.who.account_id, call.request.match_info["id"], cursor)

    async def stop(self, call: Call) -> web.StreamResponse:
        return model_response(await self._runs.stop(call.who.account_id, call.request.match_info["id"]))

    async def share(self, call: Call) -> web.StreamResponse:
        token, expires_at = await self._shares.create(call.who.account_id, call.request.match_info["id"])
        address = f"{self._issuer}/ai/shared/{token}"
        document = {
            "url": f"{self._issuer}/shared/{token}",
            "document": address,
            "stream": f"{address}/stream",
            "expires_at": to_timestamp(expires_at),
        }
        return json_response(document, status=201)

    async def unshare(self, call: Call) -> web.StreamResponse:
        await self._shares.revoke(call.who.account_id, call.request.match_info["id"])
        return web.Response(status=204)

    async def shared(self, call: Call) -> web.StreamResponse:
        _, info = await self._shares.find(call.request.match_info["token"])
        return model_response(info)

    async def shared_stream(self, call: Call) -> web.StreamResponse:
        account_id, info = await self._shares.find(call.request.match_info["token"])
        return await self._stream(call, account_id, info.id, requested_cursor(call.request), viewing(info.id))

    def hear(self, hint: Hint) -> None:
        """Cut off the viewers whose device, session or link was revoked."""
        if isinstance(hint, Revoked):
            for viewer in list(self._open.get(hint.credential_id, ())):
                viewer.abort()

    @contextlib.contextmanager
    def _seen_by(self, holder: str, viewer: Viewer) -> Iterator[None]:
        self._open[holder].add(viewer)
        try:
            yield
        finally:
            self._open[holder].discard(viewer)
            if not self._open[holder]:
                del self._open[holder]

    async def _stream(
        self, call: Call, account_id: str, run_id: str, cursor: Cursor | None, holder: str | None = None
    ) -> web.StreamResponse:
        """The run from the cursor to its end. 204, which ends an `EventSource`, when the cursor is the end."""
        call.notes["run"] = run_id
        name = dialect_name(call.request.query)
        run = self._runs.live(account_id, run_id)
        if run is None:
            return _lost(await self._runs.info(account_id, run_id), cursor)
        dialect = run.log.dialect(name)
        position = 0 if cursor is None or not dialect.resumable else self._after(run, cursor)
        if run.log.ended and position and position == len(run.log.frames(name)):
            return web.Response(status=204)
        transport = call.request.transport
        if transport is None:
            raise ConnectionResetError("the viewer has gone already")
        self._runs.enter(run)
        try:
            headers = HEADERS | dict(dialect.headers) | {"X-Request-Id": call.request_id, "X-Run-Id": run.id}
            response = web.StreamResponse(headers=headers)
            response.enable_chunked_encoding()
            await response.prepare(call.request)
            viewer = Viewer(dialect, position, response, transport)
            try:
                with self._seen_by(holder or call.who.credential, viewer):
                    await viewer.follow(run.log)
            except TimeoutError:
                log.info("slow_viewer", run=run.id)
                viewer.abort()
        finally:
            self._runs.leave(run)
        with contextlib.suppress(ConnectionError):
            await response.write_eof()
        return response

    def _after(self, run: Run, cursor: Cursor) -> int:
        """The first entry that this cursor lacks."""
        frames = run.log.frames("native")
        if run_of_cursor(cursor.epoch) != run.id or cursor.seq >= len(frames):
            raise Problem("invalid_cursor", "Last-Event-ID is not a cursor of this run.")
        return cursor.seq + 1


def _lost(info: RunInfo, cursor: Cursor | None) -> web.StreamResponse:
    """A run without a log: one that its relay's death ended says so; another one says where its text is."""
    if info.end is None or info.end.code != "run_interrupted":
        raise Problem(
            "run_not_resumable", f"The stream of this run is no longer kept; its text is at /ai/runs/{info.id}."
        )
    return _interrupted(info.id, info.end, cursor)


def _interrupted(run_id: str, end: EndEvent, cursor: Cursor | None) -> web.StreamResponse:
    """Its end, once: an `EventSource` comes back for more until it hears 204."""
    if cursor is not None and cursor.seq == MAX_SEQ:
        return web.Response(status=204)
    return web.Response(body=lost(run_id, end), headers=dict(HEADERS))


def dialect_name(query: Mapping[str, str]) -> str:
    """Raises Problem invalid_arguments."""
    name = query.get("dialect", "native")
    if name not in DIALECTS:
        raise Problem("invalid_arguments", f"dialect must be one of {', '.join(DIALECTS)}.")
    return name
