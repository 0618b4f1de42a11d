"""Pairing by invite and by code, its refusals, and taking it back."""

import pytest

from deskbell_daemon.link.address import check_relay_url
from deskbell_daemon.link.pairing import pair, unpair
from deskbell_daemon.link.tokens import REFRESH_SECRET
from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.secrets.file_store import FileStore
from deskbell_daemon.settings import load_settings
from deskbell_daemon.state import StateFile
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import DeviceDeclaration

DEVICE = DeviceDeclaration(name="laptop", kind="daemon", actions=["note.create", "note.list"])


async def test_the_first_device_pairs_with_an_invite(relay, places):
    state = await pair(places, load_settings(places), f"{relay.url}/", DEVICE, invite="good")
    assert state.relay_url == relay.url
    assert state.device_id == relay.device_id
    assert StateFile(places).load() == state
    assert await FileStore(places.secrets_file).get(REFRESH_SECRET) in relay.refresh
    assert relay.pairs[0]["device"]["actions"] == ["note.create", "note.list"]
    for path in (places.secrets_file, places.state_file):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "refresh" not in places.state_file.read_text()


async def test_a_wrong_invite_changes_nothing(relay, places):
    with pytest.raises(Problem) as raised:
        await pair(places, load_settings(places), relay.url, DEVICE, invite="bad")
    assert raised.value.code == "invite_not_valid"
    assert not StateFile(places).load().paired


async def test_twice_is_refused(relay, paired):
    with pytest.raises(Problem) as raised:
        await pair(paired, load_settings(paired), relay.url, DEVICE, invite="good")
    assert raised.value.code == "already_paired"
    assert relay.pairs == []


async def test_with_a_code_it_waits_for_the_other_device(relay, places):
    relay.device_errors += ["authorization_pending", "authorization_pending"]
    shown = []
    state = await pair(places, load_settings(places), relay.url, DEVICE, on_code=shown.append)
    assert shown[0].user_code == "WDJB-MJHT"
    assert state.paired
    assert relay.token_polls == 3
    assert relay.pairs[0]["device_actions"] == "note.create note.list"


@pytest.mark.parametrize(("error", "code"), [("access_denied", "refused"), ("expired_token", "code_not_valid")])
async def test_a_no_to_the_code_is_final(relay, places, error, code):
    relay.device_errors += ["authorization_pending", error]
    with pytest.raises(Problem) as raised:
        await pair(places, load_settings(places), relay.url, DEVICE, on_code=lambda _: None)
    assert raised.value.code == code
    assert not StateFile(places).load().paired


async def test_slow_down_adds_five_seconds(relay, places):
    relay.device_errors += ["slow_down"]
    await pair(places, load_settings(places), relay.url, DEVICE, on_code=lambda _: None)
    assert relay.token_polls == 2


async def test_no_relay_there_is_a_sentence(relay, places):
    await relay.stop()
    with pytest.raises(Problem) as raised:
        await pair(places, load_settings(places), relay.url, DEVICE, invite="good")
    assert raised.value.code == "relay_unreachable"


async def test_a_store_that_cannot_keep_is_found_before_the_relay_is_asked(relay, places):
    places.secrets_file.parent.mkdir(parents=True)
    places.secrets_file.write_text("{}")
    places.secrets_file.chmod(0o644)
    with pytest.raises(Problem) as raised:
        await pair(places, load_settings(places), relay.url, DEVICE, invite="good")
    assert raised.value.code == "secrets_exposed"
    assert relay.pairs == []


async def test_unpairing_forgets_here_and_tells_the_relay(relay, paired):
    assert await unpair(paired, load_settings(paired)) is True
    assert not StateFile(paired).load().paired
    assert await FileStore(paired.secrets_file).get(REFRESH_SECRET) is None
    assert relay.family_dead


async def test_unpairing_forgets_here_though_the_relay_is_away(relay, paired):
    await relay.stop()
    assert await unpair(paired, load_settings(paired)) is False
    assert not StateFile(paired).load().paired


async def test_a_running_daemon_takes_up_a_pairing_and_gives_it_back(relay, places, start, actions):
    async with start(places), LocalClient(places) as client:
        await pair(places, load_settings(places), relay.url, DEVICE, invite="good")
        assert (await client.post("/v1/reload"))["paired"] is True
        assert (await relay.report(await relay.send()))["status"] == "done"
        assert await client.post("/v1/unpair") == {"paired": False, "relay_heard": True}
        status = await client.get("/v1/status")
        assert (status["paired"], status["cursor"], status["connection"]["state"]) == (False, None, "unpaired")


@pytest.mark.parametrize(
    "address",
    [
        "http://relay.example.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://relay.example.com",
        "relay.example.com",
        "https://user:pw@relay.example.com",
        "https://relay.example.com/?a=b",
        "https://",
        "http://[::1",
        "",
    ],
)
def test_an_unsafe_address_is_refused(address):
    with pytest.raises(Problem) as raised:
        check_relay_url(address)
    assert raised.value.code == "insecure_relay"


@pytest.mark.parametrize(
    ("address", "cleaned"),
    [
        ("https://relay.example.com/", "https://relay.example.com"),
        (" https://relay.example.com:8443/sub/ ", "https://relay.example.com:8443/sub"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_safe_address_is_cleaned(address, cleaned):
    assert check_relay_url(address) == cleaned
