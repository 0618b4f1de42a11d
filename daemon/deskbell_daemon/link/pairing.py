"""Pairing this laptop with a relay, and taking it back. Used by the command line, with or without a daemon running."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import ValidationError

from deskbell_daemon.link.address import check_relay_url
from deskbell_daemon.link.relay import Relay
from deskbell_daemon.link.tokens import REFRESH_SECRET, Tokens
from deskbell_daemon.places import Places
from deskbell_daemon.secrets.store import SecretStore, open_secrets
from deskbell_daemon.settings import Settings, write_setting
from deskbell_daemon.state import State, StateFile
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.pairing import DAEMON_CLIENT, DeviceDeclaration, DeviceTokens, PairRequest
from deskbell_wire.version import USER_AGENT

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PROBE = "probe"


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person types on a device that is paired already (RFC 8628 section 3.2). `expires_in` in seconds."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int


def open_http(timeout_s: float = 20) -> aiohttp.ClientSession:
    """A session for one relay: connections kept alive, certificates checked, no cookies, no proxy by surprise."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=10),
        connector=aiohttp.TCPConnector(limit_per_host=32, keepalive_timeout=75),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
    )


async def pair(
    places: Places,
    settings: Settings,
    relay_url: str,
    declaration: DeviceDeclaration,
    *,
    invite: str | None = None,
    on_code: Callable[[DeviceCode], None] | None = None,
) -> State:
    """Pair this profile, as the first device or (with `on_code`) with a code, and remember it durably.

    Raises Problem `already_paired`, `insecure_relay`, `invite_not_valid`, `registration_closed`, `refused`,
    `code_not_valid`, `relay_unreachable`, or the secret store's, in which case the relay was not asked at all.
    """
    state_file = StateFile(places)
    state = await asyncio.to_thread(state_file.load)
    if state.paired:
        raise Problem("already_paired", f"This profile is paired with {state.relay_url}.")
    url = check_relay_url(relay_url)
    secrets = open_secrets(settings, places)
    await secrets.set(_PROBE, "x")  # before an account is made whose key could not be kept
    await secrets.delete(_PROBE)
    if secrets.backend is not None and settings.secrets.keyring is None:
        await asyncio.to_thread(write_setting, places, "secrets.keyring", secrets.backend)
    if on_code is None:
        tokens = await pair_first(url, invite, declaration)
    else:
        tokens = await pair_with_code(url, declaration, on_code)
    if tokens.device_id is None:
        raise Problem(
            "relay_unreachable", f"{url} paired this laptop without naming its device: it is not a Deskbell relay."
        )
    await secrets.set(REFRESH_SECRET, tokens.refresh_token)
    return await asyncio.to_thread(
        state_file.update,
        relay_url=url,
        device_id=tokens.device_id,
        account_id=tokens.account_id,
        device_name=declaration.name,
        declared_actions=sorted(declaration.actions),
        clock_offset_us=0,
    )


async def pair_first(relay_url: str, invite: str | None, declaration: DeviceDeclaration) -> DeviceTokens:
    """`POST /v1/pair`: a new account with this as its first device. Keeps nothing: see `pair`."""
    body = PairRequest(device=declaration, invite=invite).model_dump(mode="json", exclude_none=True)
    async with open_http() as http:
        status, document = await _post(http, f"{check_relay_url(relay_url)}/v1/pair", json_body=body)
    if status != 201:
        raise _problem(relay_url, status, document)
    return _tokens(relay_url, document)


async def pair_with_code(
    relay_url: str, declaration: DeviceDeclaration, on_code: Callable[[DeviceCode], None]
) -> DeviceTokens:
    """RFC 8628: show a code with `on_code`, and wait until a paired device approves it. Keeps nothing: see `pair`."""
    url = check_relay_url(relay_url)
    form = {
        "client_id": DAEMON_CLIENT,
        "device_name": declaration.name,
        "device_kind": declaration.kind,
        "device_actions": " ".join(declaration.actions),
    }
    async with open_http() as http:
        status, document = await _post(http, f"{url}/oauth/device_authorization", form=form)
        if status != 200:
            raise _problem(url, status, document)
        try:
            device_code = str(document["device_code"])
            expires_in = int(document["expires_in"])
            interval = float(document.get("interval", 5))
            complete = document.get("verification_uri_complete")
            shown = DeviceCode(str(document["user_code"]), str(document["verification_uri"]), complete, expires_in)
        except (KeyError, TypeError, ValueError) as error:
            raise Problem("relay_unreachable", f"{url} gave no usable code: {error}.") from error
        on_code(shown)
        return await _poll(http, url, device_code, expires_in, interval)


async def _poll(
    http: aiohttp.ClientSession, url: str, device_code: str, expires_in: int, interval: float
) -> DeviceTokens:
    form = {"grant_type": DEVICE_GRANT, "device_code": device_code, "client_id": DAEMON_CLIENT}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + expires_in
    while loop.time() < deadline:
        await asyncio.sleep(interval)
        try:
            status, document = await _post(http, f"{url}/oauth/token", form=form)
        except Problem:
            interval = min(interval * 2, 60)  # RFC 8628 section 3.5: back off when the connection fails
            continue
        if status == 200:
            return _tokens(url, document)
        match document.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                interval += 5
            case "access_denied":
                raise Problem("refused", "The other device refused to let this one in.")
            case "expired_token":
                break
            case _ if status in {429, 500, 502, 503, 504}:
                interval = min(interval * 2, 60)
            case _:
                raise _problem(url, status, document)
    raise Problem("code_not_valid", "Nobody approved the code before it expired.")


async def unpair(places: Places, settings: Settings) -> bool:
    """Forget the pairing here, and tell the relay. Returns whether the relay heard it; here it is gone in any case.

    Raises Problem `not_paired`, or the secret store's. Not for a profile whose daemon runs: that one does it itself.
    """
    state = await asyncio.to_thread(StateFile(places).load)
    if not state.paired:
        raise Problem("not_paired", "This profile is not paired with any relay.")
    assert state.relay_url is not None
    secrets = open_secrets(settings, places)
    async with open_http() as http:
        relay = Relay(http, state.relay_url, Tokens(http, state.relay_url, secrets))
        return await take_back(relay, secrets, StateFile(places), state)


async def take_back(relay: Relay, secrets: SecretStore, state_file: StateFile, state: State) -> bool:
    """End the pairing `state`: the device and its tokens at the relay, then the secret and the state here."""
    heard = True
    try:
        await relay.call("DELETE", f"/v1/devices/{state.device_id}")
    except Problem as problem:
        # One that the relay revoked already needs no telling.
        heard = problem.code in {"revoked_token", "device_not_found", "not_paired"}
    token = await secrets.get(REFRESH_SECRET)
    if token is not None:
        try:
            await _post(relay.http, f"{relay.url}/oauth/revoke", form={"token": token, "client_id": DAEMON_CLIENT})
        except Problem:
            heard = False
        await secrets.delete(REFRESH_SECRET)
    await asyncio.to_thread(
        state_file.update, relay_url=None, device_id=None, account_id=None, device_name=None, declared_actions=[]
    )
    return heard


async def _post(
    http: aiohttp.ClientSession, url: str, *, json_body: Any = None, form: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    try:
        async with http.post(url, json=json_body, data=form, allow_redirects=False) as response:
            text = await response.read()
            try:
                document = json.loads(text) if text else {}
            except (ValueError, RecursionError):
                document = {}
            return response.status, document if isinstance(document, dict) else {}
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Problem("relay_unreachable", f"{url} cannot be reached: {str(error) or type(error).__name__}.") from error


def _tokens(url: str, document: dict[str, Any]) -> DeviceTokens:
    try:
        return DeviceTokens.model_validate(document)
    except ValidationError as error:
        raise Problem("relay_unreachable", f"{url} gave no usable tokens ({error.error_count()} faults).") from error


def _problem(url: str, status: int, document: dict[str, Any]) -> Problem:
    code = document.get("code")
    if not isinstance(code, str) or code not in ERRORS:
        code = "rate_limited" if status == 429 else "relay_unreachable"
    said = document.get("detail") or document.get("error_description") or document.get("error") or ""
    return Problem(code, str(said)[:2_000] or f"{url} answered {status}: is it a Deskbell relay?")
