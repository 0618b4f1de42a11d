"""Clients register themselves: who may, with which addresses, how often, and how they go again."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from assistants import CHALLENGE, VERIFIER, Assistant, sent_back
from paired_relay import Laptop, PairedRelay
from registered_clients import LOOPBACK, mcp_code, mcp_redeem, mcp_tokens, register, registered, status_at
from sqlalchemy import func, select, update

from deskbell_relay.oauth import redirects
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.store import migrations
from deskbell_relay.store.engine import sqlite_engine
from deskbell_relay.store.identity_tables import clients, refresh_tokens
from deskbell_relay.store.schema import migrate
from deskbell_relay.store.tables import grants
from deskbell_wire.clock import DAY, HOUR, now_us

WEB = "https://claude.ai/api/mcp/auth_callback"


async def stored(relay: PairedRelay) -> list[Any]:
    query = select(clients).where(clients.c.origin == "registered").order_by(clients.c.created_at)
    return list(await relay.core.store.read(lambda connection: connection.execute(query).all()))


async def change(relay: PairedRelay, statement: Any) -> None:
    await relay.core.store.write(lambda connection: connection.execute(statement).rowcount)


async def purge(relay: PairedRelay) -> None:
    jobs = {name: job for _, job, name in relay.core.identity.jobs()}
    await jobs["purge"]()


async def test_a_public_client_hears_all_that_is_registered(relay: PairedRelay) -> None:
    client = await registered(relay, grant_types=["authorization_code", "refresh_token"], logo_uri="https://x.example/")
    assert client.keys() == {
        "client_id",
        "client_id_issued_at",
        "client_name",
        "redirect_uris",
        "token_endpoint_auth_method",
        "grant_types",
        "response_types",
        "scope",
    }
    assert (client["redirect_uris"], client["token_endpoint_auth_method"]) == ([LOOPBACK], "none")
    assert client["grant_types"] == ["authorization_code", "refresh_token"]


async def test_the_answer_is_never_stored_on_the_way(relay: PairedRelay) -> None:
    body = {"redirect_uris": [WEB]}
    async with relay.session.post(f"{relay.url}/oauth/register", json=body) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")


async def test_a_client_that_names_no_method_gets_a_secret_that_is_kept_as_a_digest(relay: PairedRelay) -> None:
    client = await registered(relay, token_endpoint_auth_method=None)
    assert (client["token_endpoint_auth_method"], client["client_secret_expires_at"]) == ("client_secret_basic", 0)
    [row] = await stored(relay)
    assert row.secret_hash == digest(client["client_secret"])


async def test_what_a_client_could_use_elsewhere_is_not_registered_here(relay: PairedRelay) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"  # as VS Code asks
    client = await registered(
        relay, grant_types=["authorization_code", "refresh_token", device], scope="openid notes:read offline_access"
    )
    assert client["grant_types"] == ["authorization_code", "refresh_token"]
    assert client["scope"] == "notes:read offline_access"


@pytest.mark.parametrize(
    "uri",
    [
        WEB,
        "https://chatgpt.com/connector/oauth/abc",
        "http://127.0.0.1/",
        "http://[::1]:8080/callback",
        "http://localhost:3118/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.mcp/callback?x=1",
        "com.example.app:/oauth",
    ],
)
async def test_known_kinds_of_addresses_are_taken(relay: PairedRelay, uri: str) -> None:
    assert (await registered(relay, redirect_uris=[uri]))["redirect_uris"] == [uri]


HOSTILE = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://claude.ai/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "blob:https://claude.ai/x",
    "unknown://callback",
    "ftp://a.example/x",
    "https://*.example/callback",
    "https://a.example/*",
    "com.example.app:/*",
    "https://a.example/#x",
    "cursor://x/#y",
    "https://claude.ai@evil.example/callback",
    "cursor://me@evil.example/",
    "https://cl\u0430ude.ai/callback",
    "http://a.example/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.2/callback",
    "http://localhost.evil.example/callback",
    "https://a.example:99999/",
    "https:///callback",
    "https:callback",
    "https://a.example/ x",
    "https://a.example\\@evil.example/",
    "https://a.example/\u202ex",
    "//a.example/callback",
    "/callback",
    "",
    "https://a.example/" + "x" * 2_000,
]


@pytest.mark.parametrize("uri", HOSTILE)
async def test_a_hostile_address_is_refused_with_its_reason(relay: PairedRelay, uri: str) -> None:
    status, error = await register(relay, redirect_uris=[WEB, uri])
    assert (status, error["error"]) == (400, "invalid_redirect_uri")
    assert uri[:20].encode("ascii", "backslashreplace").decode() in error["error_description"]
    assert await stored(relay) == []


@pytest.mark.parametrize("uris", [None, [], WEB, [WEB] * 11, [1], {"0": WEB}])
async def test_there_must_be_one_to_ten_addresses(relay: PairedRelay, uris: Any) -> None:
    status, error = await register(relay, redirect_uris=uris)
    assert (status, error["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": []},
        {"grant_types": ["implicit"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"response_types": [1]},
        {"client_name": ""},
        {"client_name": "x" * 201},
        {"client_name": 7},
        {"scope": ["notes:read"]},
    ],
)
async def test_other_metadata_that_will_not_do_is_named(relay: PairedRelay, changes: dict[str, Any]) -> None:
    status, error = await register(relay, **changes)
    assert (status, error["error"]) == (400, "invalid_client_metadata")
    assert next(iter(changes)) in error["error_description"]


@pytest.mark.parametrize(
    ("body", "kind"), [("[]", "application/json"), ("{", "application/json"), ("a=b", "text/plain")]
)
async def test_what_is_no_json_object_is_refused_in_oauths_words(relay: PairedRelay, body: str, kind: str) -> None:
    async with relay.session.post(f"{relay.url}/oauth/register", data=body, headers={"Content-Type": kind}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_client_metadata")


async def test_a_name_that_turns_the_writing_around_is_shown_harmlessly(relay: PairedRelay, laptop: Laptop) -> None:
    client = await registered(relay, client_name="Cl\u202eaude\u200b <script>")
    await mcp_tokens(laptop, client["client_id"])
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert grant["name"] == "Claude <script>"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_the_port_of_a_program_on_the_laptop_may_differ_each_time(
    relay: PairedRelay, laptop: Laptop, host: str
) -> None:
    client = await registered(relay, redirect_uris=[f"http://{host}/callback"])
    await mcp_tokens(laptop, client["client_id"], f"http://{host}:49152/callback")
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert grant["host"] == host, "the same whatever the port: policies go by it"


@pytest.mark.parametrize(
    ("uri", "known"),
    [
        ("http://localhost:1/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:1/callback", "http://localhost/callback"),
        ("http://localhost:1/other", "http://localhost/callback"),
        ("http://LOCALHOST:1/callback", "http://localhost/callback"),
        ("http://localhost.:1/callback", "http://localhost/callback"),
        ("https://localhost:1/callback", "https://localhost/callback"),
        ("http://localhost:1@evil.example/callback", "http://localhost/callback"),
        ("cursor://x:1/callback", "cursor://x/callback"),
    ],
)
def test_nothing_but_the_port_may_differ(uri: str, known: str) -> None:
    assert not redirects.is_registered(uri, [known])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        {"code_challenge": CHALLENGE},
        {"code_challenge_method": "S256"},
    ],
)
@pytest.mark.parametrize("method", ["none", "client_secret_post"])
async def test_each_registered_client_must_use_pkce_with_s256(
    relay: PairedRelay, method: str, changes: dict[str, str]
) -> None:
    client = await registered(relay, token_endpoint_auth_method=method)
    back = await sent_back(relay, client_id=client["client_id"], redirect_uri=LOOPBACK, **changes)
    assert (back["error"], back["iss"]) == ("invalid_request", relay.url)


async def test_a_confidential_one_needs_its_secret_and_its_verifier(relay: PairedRelay, laptop: Laptop) -> None:
    client = await registered(relay, token_endpoint_auth_method="client_secret_post")
    name, secret = client["client_id"], client["client_secret"]
    assert (await mcp_redeem(relay, await mcp_code(laptop, name), name))[0] == 401
    assert (await mcp_redeem(relay, await mcp_code(laptop, name), name, client_secret="x" * 43))[0] == 401
    status, error = await mcp_redeem(relay, await mcp_code(laptop, name), name, client_secret=secret, code_verifier="")
    assert (status, error["error"]) == (400, "invalid_grant")
    assert (await mcp_redeem(relay, await mcp_code(laptop, name), name, client_secret=secret))[0] == 200


async def test_its_secret_works_in_a_basic_header_too(relay: PairedRelay, laptop: Laptop) -> None:
    client = await registered(relay, token_endpoint_auth_method=None)
    code = await mcp_code(laptop, client["client_id"])
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": LOOPBACK, "code_verifier": VERIFIER}
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    async with relay.session.post(f"{relay.url}/oauth/token", data=form, headers=headers) as answer:
        assert answer.status == 200


async def test_a_thousand_registrations_in_a_minute_leave_a_small_table(relay: PairedRelay) -> None:
    answers = await asyncio.gather(*(register(relay) for _ in range(1_000)))
    statuses = [status for status, _ in answers]
    assert (statuses.count(201), statuses.count(429)) == (60, 940)
    assert {problem["code"] for status, problem in answers if status == 429} == {"rate_limited"}
    async with relay.session.post(f"{relay.url}/oauth/register", json={"redirect_uris": [WEB]}) as answer:
        assert int(answer.headers["Retry-After"]) > 0
    assert len(await stored(relay)) == 60


async def test_many_addresses_together_are_limited_too(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path, trusted_proxies=["127.0.0.0/8"], registrations_rate="10/hour").start()
    try:

        async def from_address(number: int) -> int:
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            address = f"{relay.url}/oauth/register"
            async with relay.session.post(address, json={"redirect_uris": [WEB]}, headers=headers) as answer:
                return answer.status

        statuses = await asyncio.gather(*(from_address(number) for number in range(30)))
        assert (statuses.count(201), statuses.count(429)) == (10, 20)
    finally:
        await relay.stop()


async def test_a_client_that_was_granted_nothing_goes_after_a_day(relay: PairedRelay) -> None:
    client = await registered(relay)
    await purge(relay)
    assert len(await stored(relay)) == 1
    await change(relay, update(clients).values(created_at=now_us() - DAY))
    await purge(relay)
    assert await stored(relay) == []
    status, error = await mcp_redeem(relay, "code", client["client_id"])
    assert (status, error["error"]) == (401, "invalid_client"), "so that it registers anew"
    tab = relay.tab()
    answer = await tab.authorize(client_id=client["client_id"], redirect_uri=LOOPBACK)
    assert (answer.status, "Remove the connection in the assistant and add it again" in tab.html) == (400, True)


async def test_the_operators_clients_never_go(relay: PairedRelay) -> None:
    await change(relay, update(clients).values(created_at=1))
    await purge(relay)
    query = select(func.count()).select_from(clients)
    assert await relay.core.store.read(lambda connection: connection.execute(query).scalar_one()) == 1


async def test_a_client_stays_while_a_grant_lives_whatever_its_age(relay: PairedRelay, laptop: Laptop) -> None:
    client = await registered(relay)
    tokens = await mcp_tokens(laptop, client["client_id"])
    await change(relay, update(clients).values(created_at=1))
    await change(relay, update(grants).values(created_at=1, used_at=1))
    await purge(relay)
    assert len(await stored(relay)) == 1
    assistant = Assistant(relay, tokens["access_token"], tokens["refresh_token"])
    assert (await assistant.refresh(client_id=client["client_id"], client_secret=""))[0] == 200
    assert await status_at(relay, "mcp", tokens["access_token"]) not in (401, 403)


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_client_goes_ninety_days_after_the_last_use_of_what_has_ended(
    relay: PairedRelay, laptop: Laptop, end: str
) -> None:
    await mcp_tokens(laptop, (await registered(relay))["client_id"])
    if end == "revoked":
        [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
        await laptop.call("DELETE", f"/v1/grants/{grant['id']}")
    else:
        await change(relay, update(refresh_tokens).values(expires_at=1))
    await change(relay, update(clients).values(created_at=1))
    await change(relay, update(grants).values(created_at=1, used_at=now_us() - 90 * DAY + HOUR))
    await purge(relay)
    assert len(await stored(relay)) == 1
    await change(relay, update(grants).values(used_at=now_us() - 90 * DAY))
    await purge(relay)
    assert await stored(relay) == []


async def test_above_the_cap_the_oldest_unused_clients_go_first(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path, unused_registrations=3).start()
    try:
        laptop = await relay.pair()
        used, asking = await registered(relay), await registered(relay)
        await mcp_tokens(laptop, used["client_id"])
        await mcp_code(laptop, used["client_id"])
        tab = relay.tab()
        pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        await tab.authorize(client_id=asking["client_id"], redirect_uri=LOOPBACK, **pkce)
        await tab.enter(await laptop.connect_code())
        names = [(await registered(relay))["client_id"] for _ in range(6)]
        await purge(relay)
        assert [row.id for row in await stored(relay)] == [used["client_id"], asking["client_id"], *names[3:]]
    finally:
        await relay.stop()


def test_clients_of_the_release_before_are_the_operators(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'relay.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO clients (id, name, redirect_uris, created_at) VALUES ('gpt-1', 'My GPT', '[]', 1)"
        )
        connection.commit()
    migrate(engine)
    with engine.connect() as connection:
        row = connection.execute(select(clients)).one()
        assert (row.id, row.kind, row.origin) == ("gpt-1", "confidential", "operator")
