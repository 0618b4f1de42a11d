"""An answer that takes its time: a plain response if it is quick, else a stream that is open from then on.

Clients hold back what else they have to say until the head of a response is there (the official SDK does, once it is
signed in): a call that waits for the person at the laptop would hold up the notice that takes it back, and all other calls.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final

from aiohttp import web

from deskbell_relay.delivery.api import HEADERS
from deskbell_relay.http.route import Call

QUICK_S: Final = 0.25
PING_S: Final = 15
PING: Final = b": ping\n\n"


async def in_good_time(call: Call, answer: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """`answer`, if it comes quickly; else an event stream whose one message is its body (a JSON-RPC response)."""
    work = asyncio.ensure_future(answer)
    try:
        done, _ = await asyncio.wait((work,), timeout=QUICK_S)
        if done:
            return work.result()
        stream = web.StreamResponse(headers=HEADERS | {"X-Request-Id": call.request_id})
        await stream.prepare(call.request)
        while not done:
            await stream.write(PING)
            done, _ = await asyncio.wait((work,), timeout=PING_S)
        whole = work.result()
        assert isinstance(whole, web.Response), "it comes in one piece"
        assert isinstance(whole.body, bytes), "of JSON"
        await stream.write(b"event: message\ndata: " + whole.body + b"\n\n")
        await stream.write_eof()
        return stream
    finally:
        work.cancel()
