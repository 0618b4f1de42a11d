"""`deskbell doctor`: tests every hop between an assistant and a note on disk, and says which one is broken.

The checks stand in one table, in the order of what depends on what. A check that needs what is broken is left out.
It never uses up a refresh token: that is the daemon's alone.
"""

import asyncio
import errno
import os
import secrets
import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError

from deskbell_daemon.link.pairing import open_http
from deskbell_daemon.link.tokens import REFRESH_SECRET
from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.places import Places
from deskbell_daemon.secrets.store import open_secrets
from deskbell_daemon.settings import Settings, load_settings
from deskbell_daemon.state import State, StateFile
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.number_match import DaemonHere

Outcome = Literal["ok", "broken", "left out"]

WORST_SKEW_S = 60
LEAST_FREE_BYTES = 50_000_000
CONNECT_S = 5
FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    hop: str
    outcome: Outcome
    detail: str
    code: str | None = None
    next_step: str | None = None


@dataclass(slots=True)
class Patient:
    """What the checks learn on their way, for those that come after."""

    places: Places
    settings: Settings | None = None
    state: State | None = None
    status: dict[str, Any] | None = None
    skew_s: float | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def relay_url(self) -> str:
        """The address of the relay; asked only where the profile is paired."""
        assert self.state is not None
        assert self.state.relay_url is not None
        return self.state.relay_url


Check = Callable[[Patient], Awaitable[str]]
"""Gives the sentence of a healthy hop. Raises Problem for a broken one."""


async def settings(patient: Patient) -> str:
    patient.settings = load_settings(patient.places)
    return f"{patient.places.config_file} is valid."


async def memory(patient: Patient) -> str:
    patient.state = StateFile(patient.places).load()
    await asyncio.to_thread(write_and_sync, patient.places.state_dir)
    return f"{patient.places.state_dir} can be written."


async def notes_folder(patient: Patient) -> str:
    assert patient.settings is not None
    folder = patient.settings.notes_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem("folder_not_writable", f"The notes folder {folder} cannot be made: {error.strerror}.") from error
    await asyncio.to_thread(write_and_sync, folder)
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise Problem("disk_full", f"Only {free / 1e6:.1f} MB are free where the notes are kept, at {folder}.")
    return f"{folder} can be written; {free / 1e9:.1f} GB are free."


async def pairing(patient: Patient) -> str:
    assert patient.state is not None
    if not patient.state.paired:
        raise Problem("not_paired", "This profile is not paired with a relay.")
    return f"Paired with {patient.state.relay_url} as “{patient.state.device_name}”."


async def secret_store(patient: Patient) -> str:
    assert patient.settings is not None
    store = open_secrets(patient.settings, patient.places)
    if await store.get(REFRESH_SECRET) is None:
        raise Problem("not_paired", f"The {store.description} holds no key for this profile.")
    return f"The key is in the {store.description}."


async def relay_address(patient: Patient) -> str:
    """DNS, TCP and TLS, each with its own sentence."""
    parts = urlsplit(patient.relay_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        raise Problem("relay_unreachable", f"The name {host} cannot be found: is this machine online?") from error
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=True if parts.scheme == "https" else None)
        writer.close()
    except ssl.SSLError as error:
        raise Problem("relay_unreachable", f"{host} shows no valid certificate: {error.reason}.") from error
    except (OSError, TimeoutError) as error:
        raise Problem(
            "relay_unreachable", f"Nothing answers at {host}, port {port}: the relay is down or blocked."
        ) from error
    return f"{host}, port {port}, answers."


async def relay_health(patient: Patient) -> str:
    try:
        async with open_http(CONNECT_S) as http, http.get(f"{patient.relay_url}/readyz") as response:
            date = response.headers.get("Date")
            if response.status != 200:
                raise Problem("relay_unreachable", f"The relay answers, but is not ready ({response.status}).")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Problem(
            "relay_unreachable", f"The relay does not answer: {str(error) or type(error).__name__}."
        ) from error
    if date is not None:
        patient.skew_s = now_us() / SECOND - parsedate_to_datetime(date).timestamp()
    return "The relay is ready."


async def clock(patient: Patient) -> str:
    if patient.skew_s is None:
        return "The relay did not say what time it is."
    if abs(patient.skew_s) > WORST_SKEW_S:
        way = "ahead of" if patient.skew_s > 0 else "behind"
        raise Problem(
            "clock_skew", f"This machine's clock is {abs(patient.skew_s) / 60:.0f} minutes {way} the relay's."
        )
    return "This machine's clock agrees with the relay's."


async def daemon(patient: Patient) -> str:
    async with LocalClient(patient.places, timeout_s=CONNECT_S) as local:
        patient.status = await local.get("/v1/status")
    return "The daemon runs."


async def access(patient: Patient) -> str:
    """Asked through the daemon, which holds the token."""
    async with LocalClient(patient.places, timeout_s=30) as local:
        devices = (await local.get("/v1/relay/devices"))["devices"]
    own = [device for device in devices if patient.state is not None and device["id"] == patient.state.device_id]
    if not own:
        raise Problem("revoked_token", "The relay does not know this device any more.")
    return "The relay accepts this device."


async def stream(patient: Patient) -> str:
    assert patient.status is not None
    connection = patient.status["connection"]
    if not connection["connected"]:
        problem = connection.get("problem") or {}
        code = problem.get("code", "relay_unreachable")
        detail = problem.get("detail") or f"The stream is not open: {connection['state']}."
        raise Problem(code if code in ERRORS else "relay_unreachable", detail, next_step=problem.get("next_step"))
    return f"The stream is open; the relay was heard {connection['last_heard_s_ago']:.0f} s ago."


async def consent(patient: Patient) -> str:
    assert patient.status is not None
    if patient.status.get("paused"):
        raise Problem("paused", "Deskbell is paused on this laptop: every command is refused.")
    return "Commands are taken."


async def extension_door(patient: Patient) -> str:
    """The port is asked as the extension asks: a squatter, or a firewall, would show."""
    assert patient.status is not None
    problem, port = patient.status.get("extension_problem"), patient.status.get("extension_port")
    if problem is not None:
        raise Problem("extension_door_closed", str(problem["detail"]))
    if port is None:
        return "Closed in the settings: the extension is paired with a code."
    try:
        async with open_http(CONNECT_S) as http, http.get(f"http://127.0.0.1:{port}/extension/daemon") as response:
            here = DaemonHere.model_validate_json(await response.content.read(10_000))
    except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as error:
        raise Problem(
            "extension_door_closed", f"Port {port} does not answer as the daemon would: {type(error).__name__}."
        ) from error
    return f"The extension finds {here.host_name} at port {port}."


CHECKS: tuple[tuple[str, Check, tuple[str, ...]], ...] = (
    ("settings", settings, ()),
    ("memory", memory, ()),
    ("notes folder", notes_folder, ("settings",)),
    ("pairing", pairing, ("memory",)),
    ("secret store", secret_store, ("settings", "pairing")),
    ("relay address", relay_address, ("pairing",)),
    ("relay", relay_health, ("relay address",)),
    ("clock", clock, ("relay",)),
    ("daemon", daemon, ("settings",)),
    ("access", access, ("relay", "daemon")),
    ("stream", stream, ("access",)),
    ("consent", consent, ("daemon",)),
    ("extension door", extension_door, ("daemon",)),
)
"""Hop, its check, and the hops that it needs."""


async def examine(places: Places) -> list[Finding]:
    """Run all checks; what each found, in order."""
    patient = Patient(places)
    well: set[str] = set()
    for hop, check, needs in CHECKS:
        missing = [need for need in needs if need not in well]
        if missing:
            patient.findings.append(Finding(hop, "left out", f"Not tested: it needs a working {missing[0]}."))
            continue
        try:
            patient.findings.append(Finding(hop, "ok", await check(patient)))
            well.add(hop)
        except Problem as problem:
            patient.findings.append(Finding(hop, "broken", problem.detail, problem.code, problem.next_step))
    return patient.findings


def write_and_sync(folder: Path) -> None:
    """Really write into `folder`, as a note is written. Raises Problem disk_full, folder_not_writable."""
    path = folder / f".deskbell-doctor-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(64_000))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            path.unlink()
    except OSError as error:
        full = error.errno in FULL
        what = "The disk is full" if full else f"It cannot be written: {error.strerror}"
        raise Problem("disk_full" if full else "folder_not_writable", f"{folder}: {what}.") from error
