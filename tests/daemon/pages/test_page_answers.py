"""The consent page in a real browser: every answer, two tabs, the keyboard alone, what expires, what is sent twice."""

import asyncio

from asking import TRASH, waiting

from deskbell_wire import clock


async def test_allow_once_and_refuse(relay, paired, start, open_tab, actions):
    async with start(paired):
        first = await relay.send(**TRASH)
        await waiting(relay, first)
        second = await relay.send(**TRASH)
        await waiting(relay, second)
        tab = await open_tab(paired)
        await tab.page.click(f"#once-{first}")
        assert (await relay.report(first))["status"] == "done"
        assert "Allowed, this once." in await tab.text
        await tab.page.click(f"#refuse-{second}")
        assert (await relay.report(second))["error"]["code"] == "refused"
        await tab.page.wait_for_selector(".empty")
        assert len(actions.done()) == 1
        assert tab.errors == []


async def test_a_request_appears_by_itself_and_goes_when_it_is_answered_elsewhere(relay, paired, start, open_tab):
    async with start(paired) as daemon:
        tab = await open_tab(paired)
        assert "Nothing waits for you." in await tab.text
        command = await relay.send(**TRASH)
        await tab.page.wait_for_selector(f"#once-{command}")
        await daemon.refuse(command)
        await tab.page.wait_for_selector(".empty")
        assert tab.errors == []


CLICK_AT_ONCE = """id => {
  window.clicked = new Promise(done => {
    const look = () => {
      const button = document.getElementById(id);
      if (button) { button.click(); done(); } else setTimeout(look, 5);
    };
    look();
  });
}"""


async def test_what_has_just_moved_takes_no_click(relay, paired, start, open_tab, actions):
    async with start(paired) as daemon:
        tab = await open_tab(paired)
        command = relay.command(**TRASH)
        await tab.page.evaluate(CLICK_AT_ONCE, f"once-{command['id']}")  # it looks from now on
        await relay.publish("command", command)
        await tab.page.evaluate("() => window.clicked")
        await asyncio.sleep(0.75)  # as long as the page takes no click
        assert [request["id"] for request in daemon.requests()["requests"]] == [command["id"]]
        await tab.page.click(f"#once-{command['id']}")
        assert (await relay.report(command["id"]))["status"] == "done"


async def test_two_tabs_answer_once(relay, paired, start, context, open_tab, actions):
    async with start(paired):
        command = await relay.send(**TRASH)
        await waiting(relay, command)
        await context.route("**/page.js", lambda route: route.abort())  # so that the other tab stays as it was
        one, other = await open_tab(paired), await open_tab(paired)
        await one.page.click(f"#once-{command}")
        assert (await relay.report(command))["status"] == "done"
        await other.page.click(f"#refuse-{command}")
        assert "answered already, or it has expired. Nothing was done." in await other.text
        assert len(actions.done()) == 1


async def test_what_expired_while_the_page_was_open(relay, paired, start, context, open_tab, actions):
    async with start(paired):
        await context.route("**/page.js", lambda route: route.abort())
        tab = await open_tab(paired)
        soon = clock.to_timestamp(clock.now_us() + 5 * clock.SECOND)
        command = await relay.send(**TRASH, expires_at=soon)
        await waiting(relay, command)
        await tab.page.reload()
        assert (await relay.report(command))["status"] == "expired"
        await tab.page.click(f"#once-{command}")
        assert "it has expired. Nothing was done." in await tab.text
        assert actions.done() == []


async def test_a_form_that_is_sent_again_does_nothing(relay, paired, start, context, open_tab, actions):
    async with start(paired):
        await context.route("**/page.js", lambda route: route.abort())
        tab = await open_tab(paired)
        sent = []
        tab.page.on("request", lambda request: sent.append(request.post_data) if request.method == "POST" else None)
        await tab.page.click("#pause")
        await tab.page.wait_for_selector("#resume")
        await tab.page.click("#resume")
        await tab.page.wait_for_selector("#pause")
        again = await tab.page.evaluate(
            """body => fetch(location.pathname.replace("requests", "pause"), {method: "POST", body,
            headers: {"Content-Type": "application/x-www-form-urlencoded"}}).then(answer => answer.text())""",
            sent[0],
        )
        assert "was sent before" in again
        assert await tab.page.query_selector("#pause")  # not paused


async def test_the_keyboard_alone_will_do(relay, paired, start, open_tab):
    async with start(paired):
        command = await relay.send(**TRASH)
        await waiting(relay, command)
        tab = await open_tab(paired)
        seen = []
        for _ in range(20):
            await tab.page.keyboard.press("Tab")
            seen.append(await tab.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
            if seen[-1] == f"refuse-{command}":
                break
        assert seen[0] == "To the content"
        assert [name for name in seen if name.endswith(command)] == [
            f"once-{command}",
            f"hour-{command}",
            f"refuse-{command}",
        ]
        assert await tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await tab.picture("keyboard-focus")
        await tab.page.keyboard.press("Enter")
        assert (await relay.report(command))["error"]["code"] == "refused"


async def test_always_is_given_listed_and_revoked_on_the_page(relay, paired, start, open_tab, actions):
    async with start(paired) as daemon:
        command = await relay.send(**TRASH)
        await waiting(relay, command)
        tab = await open_tab(paired)
        await tab.page.click(f"#always-{command} summary")
        await tab.page.select_option(f"#days-{command}", "7")
        await tab.picture("always-open")
        await tab.page.click(f"#ever-{command}")
        assert (await relay.report(command))["status"] == "done"
        assert (await relay.report(await relay.send(**TRASH)))["status"] == "done"
        [rule] = daemon.rules()["rules"]
        left = clock.from_timestamp(rule["expires_at"]) - clock.from_timestamp(rule["given_at"])
        assert left == 7 * clock.DAY
        await tab.page.click("text=Rules")
        await tab.picture("rules-one")
        await tab.page.click(f"#revoke-{rule['id']}")
        assert "you are asked again" in await tab.text
        third = await relay.send(**TRASH)
        await waiting(relay, third)
    assert len(actions.done()) == 2


async def test_a_hundred_requests_are_one_group_that_is_refused_at_once(relay, paired, start, open_tab, actions):
    paired.config_file.write_text(paired.config_file.read_text() + "waiting_of_one = 100\n")
    async with start(paired) as daemon:
        for number in range(100):
            await relay.send(action="note.trash", arguments={"path": f"note {number}.md"})
        async with asyncio.timeout(20):
            while len(daemon.requests()["requests"]) < 100:
                await asyncio.sleep(0.02)
        tab = await open_tab(paired)
        assert "99 more like this" in await tab.text
        await tab.picture("flood")
        await tab.page.click("text=Refuse all 100")
        await relay.until(lambda: len(relay.reports) == 100)
        await tab.page.wait_for_selector(".empty")
        assert "Refused: 100." in await tab.text
    assert actions.done() == []


async def test_assistants_are_let_in_and_cut_off_on_the_page(relay, paired, start, open_tab):
    now = clock.now_us()
    row = {
        "id": "apr_1",
        "kind": "device",
        "name": "Firefox",
        "host": "192.0.2.7",
        "scopes": [],
        "actions": ["tab.open"],
    }
    relay.rows["approvals"] = [
        {**row, "status": "pending", "digits": "482 913", "created_at": clock.to_timestamp(now),
         "expires_at": clock.to_timestamp(now + clock.MINUTE)}
    ]  # fmt: skip
    relay.rows["grants"] = [
        {"id": relay.grant_id, "name": "GPT", "host": "chatgpt.com", "scopes": ["notes:read"],
         "created_at": clock.to_timestamp(now)}
    ]  # fmt: skip
    async with start(paired):
        tab = await open_tab(paired, "access")
        assert "482 913" not in await tab.text, "six digits are this laptop's own knowledge, never the relay's word"
        await tab.page.click("#let-apr_1")
        await tab.page.wait_for_selector("text=It was let in.")
        await tab.page.click(f"#revoke-{relay.grant_id}")
        await tab.page.wait_for_selector("text=It is cut off.")
    assert relay.answered == ["approve apr_1", f"revoke {relay.grant_id}"]


async def test_a_restart_is_said_and_the_old_page_does_nothing(relay, paired, start, open_tab):
    async with start(paired):
        tab = await open_tab(paired)
    await tab.page.wait_for_selector("#gone:not([hidden])")
