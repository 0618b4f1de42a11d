"""The operator's commands, as a process beside a running relay."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from paired_relay import CALLBACK, PairedRelay
from registered_clients import mcp_tokens, registered
from sqlalchemy import select
from typer.testing import CliRunner, Result

from deskbell_relay.cli import app
from deskbell_relay.store.identity_tables import clients, invites
from deskbell_wire.actions import SCOPES

PROGRAM = "from deskbell_relay.cli import app; app(prog_name='deskbell relay')"


async def run(folder: Path, *words: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, output, error output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DESKBELL_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        *words,
        env=clean | {"DESKBELL_DATA_DIR": str(folder)} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def here(folder: Path, *words: str) -> Result:
    """In this process: for what is refused before anything is opened."""
    return CliRunner().invoke(app, words, env={"DESKBELL_DATA_DIR": str(folder)})


async def document(folder: Path, *words: str, **environment: str) -> Any:
    code, out, err = await run(folder, *words, "--json", **environment)
    assert code == 0, err
    return json.loads(out)


async def test_an_invite_of_the_command_line_pairs_a_laptop_at_once(relay: PairedRelay) -> None:
    made = await document(relay.settings.data_dir, "invite", "--expires-in", "30m")
    await relay.pair(made["invite"])
    rows = await relay.core.store.read(lambda c: str(c.execute(select(invites)).all()))
    assert made["invite"] not in rows


@pytest.mark.parametrize("time", ["0h", "31d", "soon", "-1h", "1h1m"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    outcome = here(tmp_path, "invite", f"--expires-in={time}")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert repr(time) in outcome.stderr
    assert not (tmp_path / "relay.db").exists()


async def test_a_client_is_added_connected_and_removed_with_all_that_it_was_granted(relay: PairedRelay) -> None:
    folder = relay.settings.data_dir
    made = await document(folder, "client", "add", "New GPT", "--redirect-uri", CALLBACK + "2")
    rows = await relay.core.store.read(lambda c: str(c.execute(select(clients)).all()))
    assert made["client_secret"] not in rows
    laptop, tab = await relay.pair(), relay.tab()
    await tab.authorize(client_id=made["client_id"], redirect_uri=CALLBACK + "2")
    assert "New GPT" in tab.html
    await tab.enter(await laptop.connect_code())
    await laptop.say_yes()
    location = (await tab.get(f"{tab.path}/continue")).headers["Location"]
    form = {
        "grant_type": "authorization_code",
        "code": location.partition("code=")[2].partition("&")[0],
        "redirect_uri": CALLBACK + "2",
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
    }
    status, tokens = await relay.post("/oauth/token", form=form)
    assert status == 200
    listed = (await document(folder, "client", "list"))["clients"]
    assert [(item["name"], item["grants"]) for item in listed] == [("My GPT", 0), ("New GPT", 1)]
    removed = await document(folder, "client", "remove", made["client_id"])
    assert removed["grants_ended"] == 1
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with asyncio.timeout(10):
        while True:
            async with relay.session.post(f"{relay.url}/actions/listDevices", json={}, headers=headers) as answer:
                if answer.status == 401:
                    break
    status, error = await relay.post("/oauth/token", form=form | {"grant_type": "refresh_token"})
    assert (status, error["error"]) == (401, "invalid_client")


async def test_what_to_paste_into_the_gpt_editor_is_said(tmp_path: Path) -> None:
    code, out, _ = await run(
        tmp_path, "client", "add", "My GPT", "--redirect-uri", CALLBACK, DESKBELL_PUBLIC_URL="https://bell.example"
    )
    assert code == 0
    for words in (
        "https://bell.example/oauth/authorize",
        "https://bell.example/oauth/token",
        "https://bell.example/openapi.json",
        "https://bell.example/privacy",
        " ".join(SCOPES),
    ):
        assert words in out


@pytest.mark.parametrize(
    "uri",
    [
        "http://chatgpt.com/callback",
        "javascript:alert(1)",
        "https://chatgpt.com@evil.example/",
        "https://chatgpt.com/#x",
        "https:///path",
        "//chatgpt.com/",
        "https://chatgрt.com/callback",
        "https://chatgpt.com/a b",
    ],
)
def test_an_unsafe_redirect_uri_is_not_registered(tmp_path: Path, uri: str) -> None:
    outcome = here(tmp_path, "client", "add", "X", "--redirect-uri", uri)
    assert outcome.exit_code == 1
    assert "redirect URI" in outcome.stderr
    assert not (tmp_path / "relay.db").exists()


async def test_an_unknown_client_cannot_be_removed(tmp_path: Path) -> None:
    code, _, err = await run(tmp_path, "client", "remove", "nobody")
    assert code == 1
    assert "nobody" in err


async def test_keys_rotate_with_overlap_and_at_once(relay: PairedRelay) -> None:
    folder, laptop = relay.settings.data_dir, await relay.pair()
    [old] = (await document(folder, "keys", "list"))["keys"]
    new = (await document(folder, "keys", "rotate"))["kid"]
    listed = (await document(folder, "keys", "list"))["keys"]
    assert [key["kid"] for key in listed] == [old["kid"], new]
    assert listed[0]["retires_at"] is not None
    assert (await laptop.call("GET", "/v1/devices"))[0] == 200, "tokens of the old key are good until they expire"
    now = (await document(folder, "keys", "rotate", "--at-once"))["kid"]
    assert [key["kid"] for key in (await document(folder, "keys", "list"))["keys"]] == [now]
    assert "private" not in json.dumps(listed)


async def test_after_a_restore_the_next_start_has_the_new_epoch(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path).start()
    before = relay.core.channel.epoch
    await relay.stop()
    epoch = (await document(tmp_path, "restored"))["epoch"]
    relay = await PairedRelay(tmp_path).start()
    assert relay.core.channel.epoch == epoch != before
    await relay.stop()


async def test_a_wrong_setting_is_named_with_exit_code_2(tmp_path: Path) -> None:
    code, out, err = await run(tmp_path, "invite", DESKBELL_REGISTRATION="maybe")
    assert (code, out) == (2, "")
    assert "DESKBELL_REGISTRATION" in err


async def test_the_bare_command_runs_a_relay_until_it_is_told_to_stop(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        env=os.environ | {"DESKBELL_DATA_DIR": str(tmp_path), "DESKBELL_PORT": "0"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"--invite" not in (line := await process.stderr.readline()):
            assert line
    facts = tmp_path / "relay.json"
    assert stat.S_IMODE(facts.stat().st_mode) == 0o600
    process.terminate()
    await process.stderr.read()
    assert await process.wait() == 0
    assert not facts.exists()


async def test_a_gpt_gets_its_secret_before_its_callback_and_a_new_callback_later(relay: PairedRelay) -> None:
    folder = relay.settings.data_dir
    made = await document(folder, "client", "add", "My GPT")
    assert made["redirect_uris"] == []
    changed = await document(folder, "client", "change", made["client_id"], "--gpt", "g-abc123")
    assert changed["redirect_uris"] == [
        "https://chatgpt.com/aip/g-abc123/oauth/callback",
        "https://chat.openai.com/aip/g-abc123/oauth/callback",
    ]
    tab = relay.tab()
    asked = {"client_id": made["client_id"], "redirect_uri": changed["redirect_uris"][0]}
    assert (await tab.authorize(**asked)).status == 200
    await document(folder, "client", "change", made["client_id"], "--redirect-uri", CALLBACK)
    assert (await relay.tab().authorize(**asked)).status == 400


@pytest.mark.parametrize("words", [(), ("--gpt", "g-../x"), ("--gpt", "abc"), ("--redirect-uri", "javascript:x")])
def test_a_change_to_no_address_or_an_unsafe_one_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = here(tmp_path, "client", "change", "gpt-1", *words)
    assert result.exit_code != 0
    assert "Traceback" not in result.output


async def test_another_database_and_a_missing_address_are_named(tmp_path: Path) -> None:
    code, _, err = await run(tmp_path, DESKBELL_DATABASE_URL="postgresql://u:hidden@h/d", DESKBELL_HOST="0.0.0.0")
    assert code == 2
    assert "DESKBELL_DATABASE_URL: must begin with sqlite:///" in err
    assert "hidden" not in err
    code, _, err = await run(tmp_path, DESKBELL_HOST="0.0.0.0")
    assert (code, err.startswith("DESKBELL_PUBLIC_URL must be set")) == (2, True)


async def test_the_database_is_its_owners_alone(relay: PairedRelay) -> None:
    for file in relay.settings.data_dir.glob("relay.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_clients_that_came_by_themselves_are_listed_once_they_were_allowed(relay: PairedRelay) -> None:
    folder, laptop = relay.settings.data_dir, await relay.pair()
    used, _ = await registered(relay, client_name="Used"), await registered(relay, client_name="Only asked")
    await mcp_tokens(laptop, used["client_id"])
    listed = (await document(folder, "client", "list"))["clients"]
    assert [(item["name"], item["origin"], item["grants"]) for item in listed] == [
        ("My GPT", "operator", 0),
        ("Used", "registered", 1),
    ]
    assert (await document(folder, "client", "remove", used["client_id"]))["grants_ended"] == 1
