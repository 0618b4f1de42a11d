"""The chat page in a real Chromium, beside a provider that is paced by the test."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chat_browser import Watched, let_in, sign_in
from chromium import ARTEFACTS
from cut_line import CutLine
from paced_provider import USAGE, Exchange, Script, data, delta, saying, thinking, typing
from paired_relay import PairedRelay
from playwright.async_api import BrowserContext, Page, expect
from run_rooms import RunRooms

QUESTION = "What is *this*?"
ANSWER = "**Numbers**: " + " ".join(f"n{number}" for number in range(400)) + "\n\nThat is all."
PIECES = [ANSWER[start : start + 7] for start in range(0, len(ANSWER), 7)]


def held(gate: asyncio.Event, *texts: str) -> Script:
    """Says the first half, then waits for `gate`."""

    async def script(exchange: Exchange) -> None:
        for number, text in enumerate(texts):
            if number == len(texts) // 2:
                await gate.wait()
            await exchange.send(delta(text))
            await asyncio.sleep(0.002)
        await exchange.send(delta(None, "stop"), data({"choices": [], "usage": USAGE}))

    return script


async def ask(page: Page, question: str = QUESTION) -> None:
    await page.fill("#prompt", question)
    await page.press("#prompt", "Enter")


async def shown(page: Page) -> str:
    return await page.inner_text(".answer >> nth=-1")


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    page = await context.new_page()
    yield page
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    await page.close()


async def test_an_answer_is_typed_while_it_comes_and_its_figures_are_the_relays(tmp_path: Path, page: Page) -> None:
    async with RunRooms(tmp_path, saying(*PIECES, pause_s=0.002)) as rooms:
        watched = Watched(page, rooms.relay.url)
        await sign_in(page, rooms.relay, rooms.laptop)
        await page.evaluate(
            """() => { window.heard = []; new MutationObserver(() => window.heard.push(
            document.getElementById("status").textContent)).observe(document.getElementById("status"), {childList: true}) }"""
        )
        await ask(page)
        await expect(page.locator("button[name=stop]")).to_be_visible()
        await expect(page.locator(".question p")).to_have_text(QUESTION)  # a question is no Markdown
        await expect(page.locator("[data-state=end] .answer")).to_contain_text("That is all.")
        assert await page.locator(".answer strong").inner_text() == "Numbers"
        text = await shown(page)
        assert " ".join(text.split()) == " ".join(ANSWER.replace("**", "").split())
        info = await rooms.info((await rooms.laptop.call("GET", "/ai/runs"))[1]["runs"][0]["id"])
        figures = await page.inner_text(".figures")
        assert f"{round(info['end']['ttft_ms'])} ms" in figures or "s ·" in figures
        assert "tokens/s" in figures
        assert "3 tokens" in figures, "as the provider counted"
        heard = await page.evaluate("window.heard")
        assert heard[-1] == "The answer is complete."
        assert len(heard) <= 2, "a screen reader hears events and not tokens"
        assert await page.get_attribute(".answer", "aria-busy") == "false"
        await expect(page.locator("button[name=send]")).to_be_visible()
        await ask(page, "And then?")
        await rooms.provider.called(2)
        roles = [message["role"] for message in rooms.provider.calls[1].body["messages"]]
        assert roles == ["user", "assistant", "user"], "what was said before goes along"
        assert (watched.errors, watched.foreign) == ([], [])


async def test_the_typewriter_is_never_far_behind(tmp_path: Path, page: Page) -> None:
    async with RunRooms(tmp_path) as rooms:
        await page.goto(f"{rooms.relay.url}/chat")
        worst = await page.evaluate(
            """async (folder) => {
              const { Typewriter } = await import(folder + "/typewriter.js");
              const came = []; let worst = 0, seen = 0, longest = 0, last = performance.now();
              const typewriter = new Typewriter((text) => {
                seen = text.length;
                const now = performance.now();
                longest = Math.max(longest, now - last); last = now;
                while (came.length && came[0].end <= seen) worst = Math.max(worst, now - came.shift().at);
              });
              let end = 0, steps = 0;
              const add = (text) => { end += text.length; came.push({ end, at: performance.now() }); typewriter.add(text); };
              add("x".repeat(3_000));
              for (const size of [1, 4, 40, 400, 7, 2_000, 3, 3, 3, 90]) {
                await new Promise((go) => setTimeout(go, 60));
                add("é".repeat(size) + "👩");
              }
              const early = seen;
              await typewriter.finish();
              // one late frame of a busy machine is not the typewriter's
              return { worst, longest, whole: seen === end, gradual: early < end };
            }""",
            await folder(page, rooms.relay.url),
        )
        assert worst["whole"]
        assert worst["gradual"]
        assert worst["worst"] <= 300 + worst["longest"], worst


async def folder(page: Page, url: str) -> str:
    from deskbell_relay.pages.rendering import STATIC

    return url + STATIC["chat/chat.js"].path.rpartition("/")[0]


async def test_a_cut_line_is_shown_and_the_answer_goes_on_where_it_broke(tmp_path: Path, page: Page) -> None:
    gate = asyncio.Event()
    async with (
        CutLine() as line,
        RunRooms(tmp_path, held(gate, *PIECES), public_url=f"http://127.0.0.1:{line.port}") as rooms,
    ):
        line.to_port = rooms.relay.settings.port
        await sign_in(page, rooms.relay, rooms.laptop)
        assert page.url == f"http://127.0.0.1:{line.port}/chat"
        await ask(page)
        await expect(page.locator(".answer")).to_contain_text("n150")
        await line.cut()
        await expect(page.locator(".state")).to_contain_text("The connection is lost")
        assert "n150" in await shown(page), "what came stays"
        gate.set()
        await asyncio.sleep(0.5)
        await line.mend()
        await expect(page.locator("[data-state=end] .answer")).to_contain_text("That is all.", timeout=20_000)
        text = await shown(page)
        assert " ".join(text.split()) == " ".join(ANSWER.replace("**", "").split()), "neither a hole nor a repeat"
        assert len(rooms.provider.calls) == 1


async def test_a_reload_in_mid_word_goes_on(tmp_path: Path, page: Page) -> None:
    gate = asyncio.Event()
    async with RunRooms(tmp_path, held(gate, *PIECES)) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await ask(page)
        await expect(page.locator(".answer")).to_contain_text("n150")
        await page.reload()
        await expect(page.locator(".answer")).to_contain_text("n150")
        await expect(page.locator("button[name=stop]")).to_be_visible()
        await expect(page.locator(".question p")).to_have_text(QUESTION)
        gate.set()
        await expect(page.locator("[data-state=end] .answer")).to_contain_text("That is all.")
        text = await shown(page)
        assert " ".join(text.split()) == " ".join(ANSWER.replace("**", "").split())
        assert len(rooms.provider.calls) == 1, "a reload asks nothing again"
        rooms.relay.core.runs.forget_all()
        await page.reload()
        await expect(page.locator("[data-state=end] .answer")).to_contain_text("That is all.")


@pytest.mark.parametrize("script", [typing, thinking])
@pytest.mark.parametrize("press", ["click", "Escape"])
async def test_stop_closes_the_upstream_call_and_keeps_what_came(
    tmp_path: Path, page: Page, script: Script, press: str
) -> None:
    async with RunRooms(tmp_path, script) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await ask(page)
        call = await rooms.provider.called(1)
        if script is typing:
            await expect(page.locator(".answer")).to_contain_text("9")
        asked = time.perf_counter()
        if press == "click":
            await page.click("button[name=stop]")
        else:
            await page.keyboard.press("Escape")
        await asyncio.wait_for(call.closed.wait(), 5)
        assert call.closed_at - asked < 2, "the bench says how fast; here it is that it happens"
        await expect(page.locator(".state")).to_contain_text("Stopped.")
        await expect(page.locator(".state")).to_contain_text("does not say")
        await expect(page.locator("button[name=send]")).to_be_visible()
        text = await shown(page)
        run = (await rooms.laptop.call("GET", "/ai/runs"))[1]["runs"][0]
        assert text.split() == (await rooms.info(run["id"]))["text"].split()


async def test_stop_before_the_relay_has_answered_stops_too(tmp_path: Path, page: Page) -> None:
    async with RunRooms(tmp_path, typing) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        go = asyncio.Event()

        async def late(route, request):  # type: ignore[no-untyped-def]
            if request.method == "POST" and request.url.endswith("/ai/runs"):
                await go.wait()
            await route.continue_()

        await page.route("**/ai/**", late)
        await ask(page)
        async with page.expect_response("**/stop") as early:
            await page.click("button[name=stop]")
        assert (await early.value).status == 404
        go.set()
        call = await rooms.provider.called(1)
        await asyncio.wait_for(call.closed.wait(), 5)
        await expect(page.locator(".state")).to_contain_text("Stopped.")


async def test_too_many_questions_are_told_with_a_countdown_and_nothing_typed_is_lost(
    tmp_path: Path, page: Page
) -> None:
    async with RunRooms(tmp_path, saying("Yes."), ai_rate="1/3 seconds") as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await ask(page)
        await expect(page.locator("[data-state=end]")).to_have_count(1)
        await ask(page, "And again?")
        await expect(page.locator("#problem")).to_contain_text("You can ask again in")
        assert await page.input_value("#prompt") == "And again?"
        await expect(page.locator("button[name=send]")).to_be_disabled()
        assert await page.locator("article").count() == 1
        await expect(page.locator("button[name=send]")).to_be_enabled()
        await expect(page.locator("#problem")).to_be_hidden()
        await page.press("#prompt", "Enter")
        await expect(page.locator("[data-state=end]")).to_have_count(2)


async def test_a_revoked_session_says_so_and_leads_to_the_sign_in(tmp_path: Path, page: Page) -> None:
    async with RunRooms(tmp_path, typing) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await ask(page)
        await expect(page.locator(".answer")).to_contain_text("9")
        [grant] = (await rooms.laptop.call("GET", "/v1/grants"))[1]["grants"]
        await rooms.laptop.call("DELETE", f"/v1/grants/{grant['id']}")
        await expect(page.locator(".state")).to_contain_text("Your session has ended")
        await page.click("text=Sign in again")
        await expect(page.locator("main")).to_contain_text("Sign in with my laptop")


async def test_a_failure_is_a_sentence_and_the_bill_is_told_before_and_after(tmp_path: Path, page: Page) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.send(delta("half a"))
        exchange.break_off()

    async with RunRooms(tmp_path, broken) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await expect(page.locator("#bill")).to_contain_text("does not say whether Stop also stops the bill")
        await ask(page)
        await expect(page.locator("[data-state=end] .state")).not_to_be_empty()
        assert "half a" in await shown(page)


async def test_earlier_answers_sharing_and_taking_back(tmp_path: Path, page: Page, context: BrowserContext) -> None:
    async with RunRooms(tmp_path, saying("**Hello** from `before`.")) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id)
        await rooms.relay.core.runs.saved()
        await sign_in(page, rooms.relay, rooms.laptop)
        await page.click("text=Earlier answers")
        await page.click("#history li button")
        await expect(page.locator(".answer strong")).to_have_text("Hello")
        await page.click("text=Share")
        address = await page.input_value(".share input")
        stranger = await context.browser.new_context()  # type: ignore[union-attr]
        other = await stranger.new_page()
        watched = Watched(other, rooms.relay.url)
        await other.goto(address)
        await expect(other.locator(".answer strong")).to_have_text("Hello")
        await expect(other.locator("#figures")).to_contain_text("3 tokens")
        assert await other.locator("button").count() == 0
        assert watched.errors == []
        await page.click("text=Take the link back")
        await expect(page.locator(".share")).to_have_count(0)
        await other.reload()
        await expect(other.locator("#status")).to_contain_text("This link shows nothing")
        await stranger.close()
        await ask(page)
        await expect(page.locator("[data-state=end]")).to_have_count(2)
        await page.click("text=Sign out")
        await expect(page.locator("main")).to_contain_text("You are signed out")
        assert QUESTION not in await page.evaluate("JSON.stringify(sessionStorage)"), "who comes next reads nothing"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_narrow_screen_and_is_used_by_keyboard(tmp_path: Path, page: Page, scheme: str) -> None:
    table = "| a long heading | another one | a third |\n| --- | --- | --- |\n| " + "wordwordword | " * 3 + "\n"
    code = "```\n" + "x" * 300 + "\n```\n"
    async with RunRooms(tmp_path, saying(table, "\n", code, "\n" + "y" * 200)) as rooms:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.set_viewport_size({"width": 320, "height": 640})
        await sign_in(page, rooms.relay, rooms.laptop)
        assert await page.evaluate("document.activeElement.id") == "prompt"
        await ask(page)
        await expect(page.locator("[data-state=end]")).to_have_count(1)
        wide = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], wide
        await page.screenshot(path=ARTEFACTS / f"chat-narrow-{scheme}.png", full_page=True)
        reached = set()
        for _ in range(25):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
        for name in ("Earlier answers", "New conversation", "Sign out", "Copy", "Share", "model", "note", "Ask"):
            assert any(name in each for each in reached if each), (name, reached)
        nameless = await page.evaluate(
            """() => [...document.querySelectorAll("button, a, input:not([type=hidden]), select, textarea, summary")]
            .filter((each) => !(each.textContent.trim() || each.labels?.length)).map((each) => each.outerHTML)"""
        )
        assert nameless == []


async def test_a_hostile_question_and_answer_do_nothing_on_the_page(tmp_path: Path, page: Page) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\x1b[31m [x](javascript:alert(3)) ![](https://evil.example/b)"
    async with RunRooms(tmp_path, saying(*evil, "\n\n# ", evil, "\n\n```\n", evil)) as rooms:
        watched = Watched(page, rooms.relay.url)
        await sign_in(page, rooms.relay, rooms.laptop)
        await ask(page, evil)
        await expect(page.locator("[data-state=end]")).to_have_count(1)
        assert await page.locator("article img, article script, article [onerror]").count() == 0
        for link in await page.locator("article a").all():
            assert (await link.get_attribute("href") or "").startswith("https://evil.example/")
        assert "\u202e" not in await page.inner_text("#talk")
        await rooms.relay.core.runs.saved()
        await page.click("text=Earlier answers")
        await expect(page.locator("#history li button")).to_have_count(1)
        assert "\u202e" not in await page.inner_text("#history")
        await page.reload()
        await expect(page.locator("[data-state=end]")).to_have_count(1)
        assert (watched.errors, watched.foreign) == ([], [])
        kept = await page.evaluate("JSON.stringify([sessionStorage, localStorage, document.cookie])")
        assert "eyJ" not in kept, "no token is within reach of a script"
        json.loads(kept)


@pytest.mark.parametrize("kept", ["{", "null", '"x"', '{"provider": "gone", "model": "m"}'])
async def test_a_choice_that_cannot_be_read_is_chosen_anew(tmp_path: Path, page: Page, kept: str) -> None:
    async with RunRooms(tmp_path, saying("Hi")) as rooms:
        await sign_in(page, rooms.relay, rooms.laptop)
        await page.evaluate("kept => localStorage.setItem('deskbell-chat-choice', kept)", kept)
        await page.reload()
        await ask(page, "Hello?")
        await expect(page.locator("[data-state=end] .answer")).to_have_text("Hi")


async def test_without_a_provider_the_page_says_whom_to_ask(tmp_path: Path, page: Page) -> None:
    relay = await PairedRelay(tmp_path, ai_local=False).start()
    try:
        await let_in(page, relay, await relay.pair())
        await expect(page.locator("#problem")).to_contain_text("no AI provider")
        await expect(page.locator("button[name=send]")).to_be_disabled()
    finally:
        await relay.stop()
