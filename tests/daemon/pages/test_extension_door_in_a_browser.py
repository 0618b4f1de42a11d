"""Pages in a real browser knock at the extension's door in every way that a page has: nothing is read, nothing begins."""

import json
import socket

import aiohttp
import pytest
from aiohttp import web
from browser_extension import CHROMIUM

from deskbell_wire.number_match import committed

BODY = {"user_code": "WDJB-MJHT", "device_name": "Chrome", "nonce": "n" * 43, "commitment": committed("d" * 43)}
PAGE = """<!doctype html><title>evil</title><body>
<form id="form" method="post" enctype="text/plain" action="DOOR/extension/pair"><input name='BODY' value=""></form>
<script>
const tried = {}
const settle = (name, promise) => promise.then(value => { tried[name] = value }, error => { tried[name] = error.name })
const post = (mode, type) => fetch("DOOR/extension/pair", {
  method: "POST", mode, headers: {"Content-Type": type}, body: JSON.stringify(BODY)
})
const loaded = (element, address) => new Promise(done => {
  element.onload = () => done("loaded"); element.onerror = () => done("error"); element.src = address; document.body.append(element)
})
Promise.allSettled([
  settle("read", fetch("DOOR/extension/daemon").then(answer => answer.text())),
  settle("read rebound", fetch("REBOUND/extension/daemon").then(answer => answer.text())),
  settle("read opaque", fetch("DOOR/extension/daemon", {mode: "no-cors"}).then(answer => answer.text())),
  settle("post", post("cors", "application/json").then(answer => answer.text())),
  settle("post plain", post("cors", "text/plain").then(answer => answer.text())),
  settle("post opaque", post("no-cors", "text/plain").then(answer => answer.text())),
  settle("beacon", Promise.resolve(navigator.sendBeacon("DOOR/extension/pair", JSON.stringify(BODY))).then(() => "sent")),
  settle("image", loaded(new Image(), "DOOR/extension/daemon")),
  settle("script", loaded(document.createElement("script"), "DOOR/extension/daemon")),
  settle("socket", new Promise(done => {
    const socket = new WebSocket("DOOR/extension/daemon".replace("http", "ws"))
    socket.onopen = () => done("open"); socket.onerror = () => done("error")
  })),
]).then(() => { window.tried = tried })
</script></body>"""


@pytest.fixture
def first_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)


@pytest.mark.parametrize("host", ["127.0.0.1", "rebound.test"])
async def test_a_page_reads_nothing_and_begins_nothing(relay, paired, start, context, first_port, host):
    with paired.config_file.open("a") as config:
        config.write(f"[extension]\nport = {first_port}\n")
    async with start(paired) as daemon:
        door = f"http://127.0.0.1:{daemon.pairings.port}"
        text = PAGE.replace("REBOUND", f"http://rebound.test:{daemon.pairings.port}").replace("DOOR", door)
        text = text.replace("BODY", json.dumps(BODY))

        async def serve(_request: web.Request) -> web.Response:
            return web.Response(text=text, content_type="text/html")

        app = web.Application()
        app.router.add_get("/evil", serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reached: list[str] = []
        original = daemon.pairings.reveal
        daemon.pairings.reveal = lambda commitment: reached.append(commitment) or original(commitment)
        evil = await context.new_page()
        await evil.goto(f"http://{host}:{runner.addresses[0][1]}/evil")
        await evil.wait_for_function("window.tried")
        tried = json.loads(await evil.evaluate("JSON.stringify(window.tried)"))
        assert len(tried) == 10
        assert "deskbell" not in json.dumps(tried), tried
        assert {tried[name] for name in ("read", "read rebound", "post", "post plain")} == {"TypeError"}, tried
        assert {tried[name] for name in ("image", "script", "socket")} == {"error"}, tried
        async with evil.expect_navigation():
            await evil.evaluate("document.getElementById('form').submit()")
        assert "foreign_origin" in await evil.inner_text("body"), "the form arrives, and is refused"
        assert reached == []
        async with aiohttp.ClientSession() as http:
            await http.post(f"{door}/extension/pair", json=BODY, headers={"Origin": CHROMIUM})
        assert reached == [BODY["commitment"]], "what an extension sends does arrive there"
        await runner.cleanup()
