"""Nobody but the person's own browser, on a page that was opened by a one-time link, gets anything from the pages."""

import json
import re

import aiohttp
import pytest
from aiohttp import web
from asking import TRASH, waiting
from browser_pages import link

from deskbell_daemon.local.address import LocalAddress
from deskbell_daemon.pages.session import Session
from deskbell_wire.errors import Problem

FORMS = ["answer", "group", "pause", "resume", "panic", "approval", "code", "revoke", "rule"]
SHOWN = ["requests", "connect", "access", "rules", "events"]


@pytest.fixture
async def door(relay, paired, start):
    """The daemon, its pages' address and cookie, and a client that sends nothing by itself."""
    async with start(paired) as daemon, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.get(await link(paired), allow_redirects=False) as response:
            assert response.status == 303
            cookie = response.headers["Set-Cookie"]
            path = response.headers["Location"].rpartition("/")[0]
        address = LocalAddress.read(paired.local_file)
        yield daemon, address, path, cookie, http


async def _code(http, method, url, **request):
    """The status, and the code that the page names."""
    async with http.request(method, url, allow_redirects=False, **request) as response:
        assert "Access-Control-Allow-Origin" not in response.headers
        text = await response.text()
    found = re.search(r"<code>([a-z_]+)</code>", text)
    return response.status, (found[1] if found else None)


def _own(address, cookie, **more):
    return {"Cookie": cookie.partition(";")[0], "Origin": address.url, **more}


async def test_the_cookie_is_for_this_browser_and_these_pages_alone(door):
    _, _, path, cookie, _ = door
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and f"Path={path}" in cookie
    assert re.fullmatch(r"/page/[A-Za-z0-9_-]{16}", path)


async def test_a_link_opens_one_page_once(paired, door):
    _, address, _, _, http = door
    once = await link(paired, "rules")
    async with http.get(once, allow_redirects=False) as response:
        assert response.headers["Location"].endswith("/rules")
        assert "ticket" not in response.headers["Location"]
    assert await _code(http, "GET", once) == (403, "page_closed")
    assert await _code(http, "GET", f"{address.url}/page") == (403, "page_closed")
    with pytest.raises(Problem, match="There is no page"):
        await link(paired, "../v1/status")


def test_a_link_ends_after_a_minute(monkeypatch):
    import time

    session = Session()
    ticket = session.ticket("requests")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    with pytest.raises(Problem, match="older than a minute"):
        session.open(ticket)


async def test_without_the_cookie_or_with_another_nothing_is_shown_or_done(door):
    daemon, address, path, cookie, http = door
    value = cookie.partition(";")[0]
    for given in (
        {},
        {"Cookie": "deskbell=wrong"},
        {"Cookie": f"x{value}"},
        {"Authorization": f"Bearer {address.token}"},
    ):
        for name in SHOWN:
            assert await _code(http, "GET", f"{address.url}{path}/{name}", headers=given) == (403, "page_closed")
        for name in FORMS:
            headers = {**given, "Origin": address.url}
            assert (await _code(http, "POST", f"{address.url}{path}/{name}", headers=headers, data={"form": "x"}))[
                0
            ] == 403
    assert await _code(http, "GET", f"{address.url}/page/{'x' * 16}/requests", headers={"Cookie": value}) == (
        403,
        "page_closed",
    )
    assert (await daemon.status())["paused"] is False


async def test_a_cookie_of_the_same_name_from_another_server_does_no_harm(door):
    _, address, path, cookie, http = door
    tossed = {"Cookie": f"deskbell=evil; {cookie.partition(';')[0]}; deskbell=evil2"}
    assert (await _code(http, "GET", f"{address.url}{path}/rules", headers=tossed))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:PORT"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:PORT"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
async def test_from_a_foreign_page_or_by_a_foreign_name_nothing_is_shown_or_done(door, headers):
    daemon, address, path, cookie, http = door
    forged = {name: value.replace("PORT", str(address.port)) for name, value in headers.items()}
    for method, names in (("GET", SHOWN), ("POST", FORMS)):
        for name in names:
            status, code = await _code(
                http, method, f"{address.url}{path}/{name}", headers=_own(address, cookie) | forged, data={"form": "x"}
            )
            assert status == 403 and code in {"foreign_host", "foreign_origin"}, (name, code)
    for name in ("/page?ticket=x", "/page/style.css", "/page/page.js"):
        assert (await _code(http, "GET", address.url + name, headers=forged))[0] == 403
    assert (await daemon.status())["paused"] is False


async def test_a_form_without_its_origin_or_its_token_does_nothing(door):
    daemon, address, path, cookie, http = door
    headers = _own(address, cookie)
    del headers["Origin"]
    assert await _code(http, "POST", f"{address.url}{path}/pause", headers=headers, data={}) == (403, "foreign_origin")
    headers = _own(address, cookie)
    for form in ("", "x", "a.1.b", "a.99999999999.b", "..", "." * 500):
        status, _ = await _code(http, "POST", f"{address.url}{path}/pause", headers=headers, data={"form": form})
        assert status in {303, 403}, form
    assert await _code(http, "POST", f"{address.url}{path}/pause", headers=headers, json={"form": "x"}) == (
        415,
        "unsupported_media_type",
    )
    assert (await daemon.status())["paused"] is False


async def test_the_cookie_opens_nothing_of_the_api(door):
    _, address, _, cookie, http = door
    headers = {"Cookie": cookie.partition(";")[0]}
    async with http.get(f"{address.url}/v1/requests", headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (401, "missing_token")


async def test_always_is_taken_from_the_page_alone(relay, paired, door, actions):
    daemon, address, _, _, http = door
    command = await relay.send(**TRASH)
    await waiting(relay, command)
    headers = {"Authorization": f"Bearer {address.token}"}
    for body in ({"for": "always"}, {"for": "always", "by": "page"}, {"by": "page"}):
        async with http.post(f"{address.url}/v1/requests/{command}/approve", json=body, headers=headers) as response:
            assert response.status in {400, 403}
    with pytest.raises(Problem) as raised:
        await daemon.approve(command, "always")
    assert raised.value.code == "page_only"
    assert daemon.rules() == {"rules": []}
    assert actions.done() == []


async def test_every_answer_forbids_frames_scripts_and_caches(door):
    _, address, path, cookie, http = door
    for name in ("/page", "/page/style.css", f"{path}/requests", f"{path}/nothing"):
        async with http.get(address.url + name, headers=_own(address, cookie)) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Frame-Options"] == "DENY"
            text = await response.text()
            assert " style=" not in text and " onclick" not in text


ATTACK = """<!doctype html><body><form id=f method=post action="@PAGES@/pause"><input name=form value=x></form>
<img src="@PAGES@/requests"><iframe src="@PAGES@/requests" name=framed></iframe><iframe name=sink></iframe>
<script>
const tried = {};
const note = (name) => (value) => { tried[name] = String(value); };
Promise.allSettled([
  fetch("@PAGES@/requests", {credentials: "include"}).then(r => r.text()).then(note("read"), note("read")),
  fetch("@PAGES@/pause", {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({form: "x"})})
    .then(note("post"), note("post")),
  fetch("@API@/v1/pause", {method: "POST", mode: "no-cors", body: "{}"}).then(note("api"), note("api")),
  new Promise(done => { const s = new EventSource("@PAGES@/events", {withCredentials: true});
    s.onerror = () => { note("events")("error"); s.close(); done(); }; s.onopen = () => { note("events")("open"); done(); }; }),
]).then(() => { window.tried = tried; document.getElementById("f").target = "sink"; document.getElementById("f").submit(); });
</script>"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_foreign_page_in_the_same_browser_reads_and_does_nothing(relay, paired, door, context, host):
    """On 127.0.0.1 it is of the same site as ours, and knows even the address: only the port differs."""
    daemon, address, _, _, _ = door
    page = await context.new_page()
    await page.goto(await link(paired))  # the browser has the cookie
    ours = page.url.rpartition("/")[0]

    async def serve(request):
        body = ATTACK.replace("@PAGES@", ours).replace("@API@", address.url)
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    evil = await context.new_page()
    cookies = []
    evil.on(
        "request", lambda request: cookies.append(request.headers.get("cookie", "")) if "evil" in request.url else None
    )
    await evil.goto(f"http://{host}:{runner.addresses[0][1]}/evil")
    await evil.wait_for_function("window.tried")
    tried = json.loads(await evil.evaluate("JSON.stringify(window.tried)"))
    await evil.wait_for_timeout(300)
    framed = [frame.url for frame in evil.frames if frame.name == "framed"]
    await runner.cleanup()
    assert "TypeError" in tried["read"]
    assert tried["events"] == "error"
    assert (await daemon.status())["paused"] is False
    assert framed == ["chrome-error://chromewebdata/"] or framed == [""] or ours not in framed[0]
    assert [cookie for cookie in cookies if cookie] == []


async def test_a_rebound_name_reads_and_does_nothing(paired, door, context):
    """DNS that a foreign page controls can make its own name this machine's: then its page is of our port's origin."""
    daemon, _, _, _, _ = door
    page = await context.new_page()
    await page.goto((await link(paired)).replace("127.0.0.1", "rebound.test"))
    assert "foreign_host" in await page.inner_text("body")
    answered = await page.evaluate("fetch('/v1/pause', {method: 'POST', body: '{}'}).then(answer => answer.json())")
    assert answered["code"] == "foreign_host"
    assert (await daemon.status())["paused"] is False
