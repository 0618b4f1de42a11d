"""The authorization code: for one client, one address, one use."""

import asyncio
import base64

import pytest
from assistants import CLI, CLI_PKCE, CREDENTIALS, VERIFIER, Assistant, code_for, connect, redeem
from paired_relay import CALLBACK, CLIENT, SECRET, Laptop, PairedRelay
from sqlalchemy import func, insert, select, update

from deskbell_relay.oauth.secrets import digest
from deskbell_relay.store.identity_tables import authorization_codes, clients
from deskbell_relay.store.tables import grants
from deskbell_wire.clock import SECOND, now_us

OTHER = {"client_id": "gpt-2", "client_secret": "another-secret"}
AS_CLI = CLI | {"client_secret": ""}


async def add_other_client(relay: PairedRelay) -> None:
    row = insert(clients).values(
        id=OTHER["client_id"],
        name="Other",
        secret_hash=digest(OTHER["client_secret"]),
        redirect_uris=[CALLBACK],
        created_at=now_us(),
    )
    await relay.core.store.write(lambda connection: connection.execute(row).rowcount)


async def living_grants(relay: PairedRelay) -> int:
    query = select(func.count()).select_from(grants).where(grants.c.revoked_at.is_(None))
    return await relay.core.store.read(lambda connection: connection.execute(query).scalar_one())


def error_of(answer: tuple[int, dict[str, str]]) -> str:
    status, document = answer
    assert status == 400, document
    assert document["error_description"]
    return document["error"]


async def test_the_answer_has_what_chatgpt_needs(relay: PairedRelay, laptop: Laptop) -> None:
    form = {"grant_type": "authorization_code", "code": await code_for(laptop), "redirect_uri": CALLBACK}
    async with relay.session.post(f"{relay.url}/oauth/token", data=form | CREDENTIALS) as answer:
        document = await answer.json()
    assert answer.status == 200
    assert document.keys() == {"token_type", "access_token", "expires_in", "refresh_token", "scope"}
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


async def test_a_basic_header_does_as_well_as_the_body(relay: PairedRelay, laptop: Laptop) -> None:
    form = {"grant_type": "authorization_code", "code": await code_for(laptop), "redirect_uri": CALLBACK}
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    address, headers = f"{relay.url}/oauth/token", {"Authorization": f"Basic {basic}"}
    async with relay.session.post(address, data=form, headers=headers) as answer:
        assert answer.status == 200


async def test_a_code_that_comes_again_ends_all_that_came_of_it(relay: PairedRelay, laptop: Laptop) -> None:
    code = await code_for(laptop)
    tokens = (await redeem(relay, code))[1]
    assistant = Assistant(relay, tokens["access_token"], tokens["refresh_token"])
    assert await assistant.act() == 200
    assert error_of(await redeem(relay, code)) == "invalid_grant"
    assert await assistant.act() == 401
    assert error_of(await assistant.refresh()) == "invalid_grant"


async def test_a_code_that_comes_again_ends_nothing_else(relay: PairedRelay, laptop: Laptop) -> None:
    other, strangers = await connect(laptop), await connect(await relay.pair(name="Stranger"))
    code = await code_for(laptop)
    assert (await redeem(relay, code))[0] == 200
    assert error_of(await redeem(relay, code)) == "invalid_grant"
    assert [await other.act(), await strangers.act()] == [200, 200]
    assert [(await other.refresh())[0], (await strangers.refresh())[0]] == [200, 200]
    assert (await laptop.call("GET", "/v1/devices"))[0] == 200


async def test_fifty_redemptions_at_once_have_one_success(relay: PairedRelay, laptop: Laptop) -> None:
    code = await code_for(laptop)
    answers = await asyncio.gather(*(redeem(relay, code) for _ in range(50)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 49
    assert {document["error"] for status, document in answers if status == 400} == {"invalid_grant"}


async def test_a_code_from_another_client_is_refused_and_burnt(relay: PairedRelay, laptop: Laptop) -> None:
    await add_other_client(relay)
    code = await code_for(laptop)
    assert error_of(await redeem(relay, code, **OTHER)) == "invalid_grant"
    assert error_of(await redeem(relay, code)) == "invalid_grant"
    assert await living_grants(relay) == 0


async def test_a_code_lives_for_a_minute(relay: PairedRelay, laptop: Laptop) -> None:
    code = await code_for(laptop)
    query = select(authorization_codes.c.expires_at)
    expires_at = await relay.core.store.read(lambda connection: connection.execute(query).scalar_one())
    assert 50 * SECOND < expires_at - now_us() <= 60 * SECOND
    ended = update(authorization_codes).values(expires_at=now_us())
    await relay.core.store.write(lambda connection: connection.execute(ended).rowcount)
    assert error_of(await redeem(relay, code)) == "invalid_grant"
    assert await living_grants(relay) == 0


@pytest.mark.parametrize("uri", ["", CALLBACK + "/", CALLBACK.replace("https", "http"), CALLBACK + "?a=b"])
async def test_the_address_must_be_that_of_the_request(relay: PairedRelay, laptop: Laptop, uri: str) -> None:
    assert error_of(await redeem(relay, await code_for(laptop), redirect_uri=uri)) == "invalid_grant"
    assert await living_grants(relay) == 0


async def test_the_command_line_proves_itself_by_pkce(relay: PairedRelay, laptop: Laptop) -> None:
    status, document = await redeem(relay, await code_for(laptop, **CLI_PKCE), **AS_CLI, code_verifier=VERIFIER)
    assert status == 200, document


@pytest.mark.parametrize("verifier", ["", "short", VERIFIER + "x", VERIFIER.replace("-", "!"), VERIFIER * 4])
async def test_a_wrong_or_missing_verifier_is_refused_and_burns_the_code(
    relay: PairedRelay, laptop: Laptop, verifier: str
) -> None:
    code = await code_for(laptop, **CLI_PKCE)
    assert error_of(await redeem(relay, code, **AS_CLI, code_verifier=verifier)) == "invalid_grant"
    assert error_of(await redeem(relay, code, **AS_CLI, code_verifier=VERIFIER)) == "invalid_grant"


async def test_a_verifier_without_a_challenge_is_a_downgrade(relay: PairedRelay, laptop: Laptop) -> None:
    assert error_of(await redeem(relay, await code_for(laptop), code_verifier=VERIFIER)) == "invalid_grant"


async def test_a_static_client_that_used_pkce_is_held_to_it(relay: PairedRelay, laptop: Laptop) -> None:
    challenge = {name: CLI_PKCE[name] for name in ("code_challenge", "code_challenge_method")}
    assert error_of(await redeem(relay, await code_for(laptop, **challenge))) == "invalid_grant"
    assert (await redeem(relay, await code_for(laptop, **challenge), code_verifier=VERIFIER))[0] == 200


async def test_the_resource_is_bound_to_the_code(relay: PairedRelay, laptop: Laptop) -> None:
    actions = f"{relay.url}/actions"
    assert error_of(await redeem(relay, await code_for(laptop), resource="https://evil.example/")) == "invalid_target"
    assert error_of(await redeem(relay, await code_for(laptop), resource=f"{relay.url}/v1")) == "invalid_target"
    assert (await redeem(relay, await code_for(laptop, resource=actions), resource=actions))[0] == 200


@pytest.mark.parametrize("code", ["", "nonsense", "\x00", "x" * 5_000])
async def test_an_unknown_code_is_refused(relay: PairedRelay, code: str) -> None:
    assert error_of(await redeem(relay, code)) == "invalid_grant"


@pytest.mark.parametrize(
    "credentials",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_id": "deskbell-cli"},  # a public client has no secret
        {"client_id": "x" * 600},
    ],
)
async def test_who_is_not_the_client_gets_nothing(
    relay: PairedRelay, laptop: Laptop, credentials: dict[str, str]
) -> None:
    code = await code_for(laptop)
    status, document = await redeem(relay, code, **credentials)
    assert (status, document["error"]) == (401, "invalid_client")
    assert (await redeem(relay, code))[0] == 200, "a guess costs the client nothing"


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic Z3B0LTE6eA=="]
)
async def test_a_wrong_basic_header_is_challenged(relay: PairedRelay, header: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    address = f"{relay.url}/oauth/token"
    async with relay.session.post(address, data=form, headers={"Authorization": header}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert (await answer.json())["error"] == "invalid_client"


async def test_two_ways_to_authenticate_at_once_are_refused(relay: PairedRelay) -> None:
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": "x"} | CREDENTIALS
    address, headers = f"{relay.url}/oauth/token", {"Authorization": f"Basic {basic}"}
    async with relay.session.post(address, data=form, headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "name", ["password", "client_credentials", "implicit", "", "urn:ietf:params:oauth:grant-type:jwt"]
)
async def test_other_grant_types_are_unsupported(relay: PairedRelay, name: str) -> None:
    form = {"grant_type": name, "username": "a", "password": "b"} | CREDENTIALS
    assert error_of(await relay.post("/oauth/token", form=form)) == "unsupported_grant_type"


async def test_a_client_keeps_to_its_own_grant_types(relay: PairedRelay) -> None:
    device = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"} | CREDENTIALS
    assert error_of(await relay.post("/oauth/token", form=device)) == "unauthorized_client"
    code = {"grant_type": "authorization_code", "code": "x", "client_id": "deskbell-daemon"}
    assert error_of(await relay.post("/oauth/token", form=code)) == "unauthorized_client"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"grant_type=refresh_token&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b"client_id=a&client_id=b&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b'{"grant_type":"refresh_token"}', "application/json"),
        (b"a=" + b"x" * 200_000, "application/x-www-form-urlencoded"),
    ],
)
async def test_a_bad_form_is_told_so_in_oauths_words(relay: PairedRelay, body: bytes, content_type: str) -> None:
    for path in ("/oauth/token", "/oauth/revoke"):
        headers = {"Content-Type": content_type}
        async with relay.session.post(relay.url + path, data=body, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
