"""Whoever reads the database or the logs finds nothing that works."""

from collections.abc import Iterable

import pytest
from assistants import code_for, connect, redeem
from paired_relay import SECRET, Laptop, PairedRelay
from registered_clients import registered

from deskbell_relay.oauth.secrets import digest, normal_code


def stands_in(relay: PairedRelay, secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Which of the secrets stand in which file of the data folder, the database's journal included."""
    files = {file.name: file.read_bytes() for file in relay.settings.data_dir.iterdir() if file.is_file()}
    return [(secret[:8], name) for secret in secrets for name, held in files.items() if secret.encode() in held]


async def test_neither_database_nor_log_holds_a_usable_token(
    relay: PairedRelay, laptop: Laptop, capfd: pytest.CaptureFixture[str]
) -> None:
    unused = await code_for(laptop)
    code = await code_for(laptop)
    tokens = (await redeem(relay, code))[1]
    assistant = await connect(laptop)
    _, renewed = await assistant.refresh()
    connect_code = await laptop.connect_code()
    _, ticket = await laptop.call("POST", "/v1/stream-ticket")
    async with relay.session.get(f"{relay.url}/v1/devices?access_token={laptop.access_token}") as answer:
        assert answer.status == 400
    async with relay.session.get(f"{relay.url}/v1/stream?ticket={ticket['ticket']}") as answer:
        assert answer.status == 200
    invite = await relay.invite()
    await relay.pair(invite)
    client = await registered(relay, token_endpoint_auth_method="client_secret_post")
    waiting = await relay.device_code()
    await relay.poll(waiting["device_code"])
    await relay.tab().get("/pair", user_code=waiting["user_code"])
    secrets = [
        laptop.access_token,
        laptop.refresh_token,
        unused,
        code,
        tokens["access_token"],
        tokens["refresh_token"],
        renewed["access_token"],
        renewed["refresh_token"],
        connect_code,
        connect_code.replace("-", ""),
        ticket["ticket"],
        SECRET,
        invite,
        waiting["device_code"],
        waiting["user_code"],
        waiting["user_code"].replace("-", ""),
        client["client_secret"],
        # Of what people type, nor what anybody could make by trying all of the 2.6e10 codes.
        digest(normal_code(connect_code)),
        digest(normal_code(waiting["user_code"])),
    ]
    assert stands_in(relay, secrets) == []
    out, err = capfd.readouterr()
    assert [secret[:8] for secret in secrets if secret in out + err] == []
    assert "POST /oauth/token" in out, "the log was looked at, and it is not empty"
