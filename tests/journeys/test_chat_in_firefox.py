"""The chat page in Firefox, whose EventSource is another: an answer is read as it comes, stopped, and goes on over a cut."""

import json
from pathlib import Path

import pytest
from firefox import Firefox, firefox

from deskbell_daemon.cli.story import Household

LONG = "Tell me a very long story about a lighthouse, in twenty chapters."
SHORT = "Name three colours of the rainbow."


async def _ask(fox: Firefox, page: str, question: str) -> None:
    await fox.until(page, "document.querySelector('button[name=send]:enabled:not([hidden])') !== null")
    await fox.run(
        page,
        f"(() => {{ document.querySelector('#prompt').value = {json.dumps(question)};"
        " document.querySelector('#ask').requestSubmit(); return 1 })()",
    )


def _answer(place: int) -> str:
    return f"(document.querySelectorAll('.answer')[{place}]?.textContent ?? '')"


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_an_answer_is_read_stopped_and_goes_on_over_a_cut(tmp_path: Path) -> None:
    household = Household(tmp_path / "household", DESKBELL_LOG_LEVEL="warning")
    try:
        await household.start()
        async with firefox(tmp_path / "firefox") as fox:
            page = await fox.open(f"{household.url}/chat")
            await fox.run(page, "document.querySelector('form[action=\"/chat/sign-in\"]').requestSubmit()")
            await fox.until(page, "document.querySelector('#code') !== null")
            code = json.dumps(await household._code())
            await fox.run(
                page,
                f"(() => {{ const code = document.querySelector('#code'); code.value = {code};"
                " code.form.requestSubmit(); return 1 })()",
            )
            await fox.until(page, "document.body.textContent.includes('Now say yes')")
            await household._approve()

            await _ask(fox, page, SHORT)
            await fox.until(page, "document.querySelector('.figures')?.textContent.includes('tokens/s')", 60)
            assert len(await fox.run(page, _answer(0))) > 10

            await _ask(fox, page, LONG)
            before = await fox.until(page, f"{_answer(1)}.length > 40 && {_answer(1)}", 60)
            await fox.ask("browsingContext.navigate", context=page, url="about:blank", wait="complete")
            await fox.ask("browsingContext.navigate", context=page, url=f"{household.url}/chat", wait="complete")
            after = await fox.until(page, f"{_answer(1)}.length > {len(before)} && {_answer(1)}", 60)
            assert after.startswith(before[:40]), "the same answer, from its beginning"

            await fox.run(page, "document.querySelector('button[name=stop]').click()")
            await fox.until(page, "document.querySelector('button[name=stop]').hidden", 30)
            stopped = await fox.run(page, _answer(1))
            assert len(stopped) >= len(before)
            assert await fox.run(page, "document.body.textContent.includes('topped')"), "it says that it was stopped"
    finally:
        await household.stop()
