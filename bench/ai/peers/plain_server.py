"""The relay that the libraries' documentation leads to: `python -m bench.ai.peers.plain_server --port N --to URL`.

`openai` SDK on the one side; aiohttp-sse, a WebSocket, polling, or plain REST on the other. No accounts, no limits, nothing
kept on disk. Over polling and the shared stream, an answer is started with POST /answers.
"""

import itertools
import json

from aiohttp import web
from aiohttp_sse import sse_response
from openai import AsyncOpenAI

from bench.ai.peers.plain_answer import Answer
from bench.serving import serve, with_port

LONG_POLL_S = 25


class Relay:
    """Handlers over one table of answers."""

    def __init__(self, to: str) -> None:
        self._client = AsyncOpenAI(api_key="none", base_url=to)
        self._answers: dict[str, Answer] = {}
        self._numbers = itertools.count(1)

    def _start(self, prompt: str) -> Answer:
        return Answer(self._client, "paced", prompt)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """`GET /stream?q=`: start and stream, one event a piece."""
        answer = self._start(request.query["q"])
        async with sse_response(request) as response:
            async for piece in answer:
                await response.send(json.dumps({"text": piece}), event="token")
            await response.send("{}", event="end")
        return response

    async def whole(self, request: web.Request) -> web.Response:
        """`GET /whole?q=`: the answer once it is complete; the provider is not asked to stream."""
        completion = await self._client.chat.completions.create(
            model="paced", messages=[{"role": "user", "content": request.query["q"]}]
        )
        return web.json_response({"text": completion.choices[0].message.content, "ended": True})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /socket`: a message with the prompt in, one message a piece out."""
        socket = web.WebSocketResponse(heartbeat=15)
        await socket.prepare(request)
        async for message in socket:
            async for piece in self._start(message.json()["q"]):
                await socket.send_json({"type": "token", "text": piece})
            await socket.send_json({"type": "end"})
        return socket

    async def start(self, request: web.Request) -> web.Response:
        """`POST /answers`: the answer's name."""
        name = str(next(self._numbers))
        self._answers[name] = self._start((await request.json())["q"])
        return web.json_response({"id": name}, status=201)

    async def poll(self, request: web.Request) -> web.Response:
        """`GET /answers/{id}?after=N[&wait=1]`: the pieces from number N on; with `wait`, as soon as there is one."""
        answer = self._answers[request.match_info["id"]]
        patience = LONG_POLL_S if "wait" in request.query else 0
        position = int(request.query["after"])
        pieces = await answer.after(position, patience) if patience else answer.pieces[position:]
        ended = answer.ended and position + len(pieces) == len(answer.pieces)
        return web.json_response({"text": "".join(pieces), "next": position + len(pieces), "ended": ended})

    async def shared(self, request: web.Request) -> web.StreamResponse:
        """`GET /answers/{id}/stream`: the same answer for any number of viewers."""
        answer = self._answers[request.match_info["id"]]
        async with sse_response(request) as response:
            async for piece in answer:
                await response.send(json.dumps({"text": piece}), event="token")
        return response


def main() -> None:
    """Serve on the given loopback port until SIGTERM."""
    parser = with_port()
    parser.add_argument("--to", required=True, help="the provider's address, up to /v1")
    options = parser.parse_args()
    relay = Relay(options.to)
    app = web.Application()
    app.add_routes(
        [
            web.get("/stream", relay.stream),
            web.get("/whole", relay.whole),
            web.get("/socket", relay.socket),
            web.post("/answers", relay.start),
            web.get("/answers/{id}", relay.poll),
            web.get("/answers/{id}/stream", relay.shared),
        ]
    )
    serve(app, options.port)


if __name__ == "__main__":
    main()
