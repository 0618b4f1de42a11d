"""The daemon, wired: settings, lock, ledger, loopback API, and a line to the relay when this profile is paired."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from filelock import FileLock, Timeout

from deskbell_daemon.actions.context import LiveContext, no_context, no_notes
from deskbell_daemon.actions.table import available
from deskbell_daemon.audit.access import access_facts
from deskbell_daemon.audit.log import AuditLog
from deskbell_daemon.documents import add_diffs, brief, log_document, requests_document, settings_facts
from deskbell_daemon.extension_door.door import ExtensionDoor
from deskbell_daemon.extension_door.pairings import Pairings
from deskbell_daemon.gate.desk import Answer, By, Scope
from deskbell_daemon.gate.performance import AnyPerformer, Performance, Run
from deskbell_daemon.gate.standing import DEFAULT_DAYS, StandingRules
from deskbell_daemon.ledger import Ledger
from deskbell_daemon.ledger_pruning import prune_for_ever
from deskbell_daemon.leftover_drafts import LeftoverDrafts
from deskbell_daemon.line import Line
from deskbell_daemon.link.clock import RelayClock
from deskbell_daemon.link.connection import Connection
from deskbell_daemon.link.pairing import take_back
from deskbell_daemon.link.relay import RelayStream
from deskbell_daemon.link.runs import Runs
from deskbell_daemon.local.api import LocalApi
from deskbell_daemon.local.changes import Changes
from deskbell_daemon.local_actions.catalogue import LocalActions, look_up
from deskbell_daemon.logs import fault
from deskbell_daemon.notes_desk import NotesDesk
from deskbell_daemon.places import Places
from deskbell_daemon.private_file import make_private_folder
from deskbell_daemon.secrets.store import open_secrets
from deskbell_daemon.settings import Settings, load_settings
from deskbell_daemon.settings_watch import SettingsWatch
from deskbell_daemon.state import StateFile
from deskbell_wire import clock
from deskbell_wire.actions import BY_ID, Action
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import DeviceDeclaration
from deskbell_wire.version import RELEASE

log = structlog.get_logger()


class Daemon:
    """One running profile. It has the face that the loopback API shows."""

    def __init__(
        self,
        settings: Settings,
        places: Places,
        *,
        performers: Mapping[str, AnyPerformer] | None = None,
        context: Callable[[str], Any] | None = None,
        catalogue: Mapping[str, Action] = BY_ID,
    ) -> None:
        """`performers` and `context` default to the notes folder's; both or neither."""
        self.changes = Changes()
        self.stopping = asyncio.Event()
        self.pairings = Pairings()
        self._settings = settings
        self._places = places
        self._catalogue = catalogue
        self._notes = NotesDesk(settings, places) if context is None else None
        self._performers = performers if performers is not None else available()
        self._local = LocalActions(look_up(settings.action))
        self._watch = SettingsWatch(places, settings, self._settings_changed)
        self._state_file = StateFile(places)
        self._state = self._state_file.load()
        self._clock = RelayClock(self._state.clock_offset_us)
        self._secrets = open_secrets(settings, places)
        self._connection = Connection(settings.limits.watchdog_s, self._connection_changed)
        limits = settings.limits
        self._audit = AuditLog(
            places.audit_dir, places.profile, file_bytes=limits.audit_file_bytes, full_files=limits.audit_files
        )
        self._rules = StandingRules(places.rules_file)
        self._ledger = Ledger(places.ledger_file)
        self._performance = Performance(
            self._performers,
            context if context is not None else self._notes.context if self._notes else no_context,
            self._clock,
            threads=settings.limits.performers,
            output_bytes=settings.limits.output_bytes,
            live_context=self._live_context,
        )
        self._line: Line | None = None
        self._pairing = asyncio.Lock()
        self._runs = Runs(lambda: self._paired().relay)
        self._chores: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        self._chores.append(asyncio.create_task(prune_for_ever(self._ledger, self._settings.limits)))
        self._audit.write(
            "daemon_started", {"version": RELEASE, **await asyncio.to_thread(settings_facts, self._places)}
        )
        if self._notes is not None:
            await asyncio.to_thread(self._notes.look)
        async with self._pairing:
            await self._open_line()
        if self._notes is not None:
            leftovers = LeftoverDrafts(self._ledger, self._notes.room, self._runs)
            self._chores.append(asyncio.create_task(leftovers.settle_for_ever()))
        self._watch.start()

    async def close(self) -> None:
        """Drain: at most a little more than the settings' `drain_s`."""
        self._connection.become("stopped")
        await self._watch.stop()
        async with self._pairing:
            await self._close_line()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self.changes.close()
        self._performance.close()
        await self._ledger.close()
        self._audit.write("daemon_stopped", {"version": RELEASE})
        await self._audit.close()
        if self._notes is not None:
            await asyncio.to_thread(self._notes.close)

    # The face

    async def status(self) -> dict[str, Any]:
        state, line = self._state, self._line
        return {
            "profile": self._places.profile,
            "version": RELEASE,
            "pid": os.getpid(),
            "paired": state.paired,
            "relay": state.relay_url,
            "account_id": state.account_id,
            "device_id": state.device_id,
            "device_name": state.device_name or self._settings.device_name,
            "connection": self._connection.document(),
            "clock_offset_s": round(self._clock.offset_us / clock.SECOND, 3),
            "cursor": await self._ledger.cursor(),
            "paused": state.paused,
            "secrets_backend": self._settings.secrets.backend,
            "secrets": self._secrets.description,
            "notes_folder": str(self._settings.notes_folder),
            "notes_problem": brief(self._notes.problem if self._notes else None),
            "config_file": str(self._places.config_file),
            "log_file": str(self._places.log_file),
            "actions": sorted(self._performers),
            "local_actions": self._local.names,
            "local_problems": {name: brief(problem) for name, problem in self._local.found.problems.items()},
            "settings_problem": brief(self._watch.problem),
            "audit_problem": brief(self._audit.problem),
            **self.pairings.status(),
            "waiting": len(line.gate.desk.approvals) if line else 0,
            "busy": line.gate.busy if line else 0,
            "reporting": line.reports.in_flight if line else 0,
            "commands": await self._ledger.counts(),
        }

    def requests(self) -> dict[str, Any]:
        if self._line is None:
            return {"requests": [], "allowances": []}
        return requests_document(self._line.gate.desk)

    async def requests_shown(self) -> dict[str, Any]:
        document = self.requests()
        if self._notes is not None:
            await asyncio.to_thread(add_diffs, document["requests"], self._notes.context)
        return document

    async def approve(
        self, command_id: str, scope: Scope, *, by: By = "cli", definition: str | None = None, days: int = DEFAULT_DAYS
    ) -> None:
        if scope == "always" and by != "page":
            raise Problem("page_only", "What is always allowed is said on Deskbell's page alone.")
        await self._paired().gate.approve(command_id, Answer(scope, by, definition, days))

    async def refuse(self, command_id: str, by: By = "cli") -> None:
        await self._paired().gate.refuse(command_id, by)

    def rules(self) -> dict[str, Any]:
        return {"rules": [rule.document() for rule in self._rules.all()]}

    async def revoke_rule(self, rule_id: str, by: By = "cli") -> None:
        self._audit.write("rule_revoked", {"rule": rule_id, "by": by})
        await self._rules.revoke(rule_id)
        self.changes.announce("rules", {"rules": len(self._rules.all())})

    async def log(self, limit: int) -> dict[str, Any]:
        return log_document(await self._ledger.recent(limit))

    async def panic(self, by: By = "cli") -> None:
        if self._line is not None:
            self._line.gate.panic()
        await self.pause(True, by, event="panic")

    async def pause(self, paused: bool, by: By = "cli", *, event: str | None = None) -> None:
        self._audit.write(event or ("paused" if paused else "resumed"), {"by": by})
        if self._line is not None:
            if paused:
                self._line.gate.pause()  # at once; the file follows
            else:
                self._line.gate.resume()
        self._state = await asyncio.to_thread(self._state_file.update, paused=paused)
        log.info("paused" if paused else "resumed")
        self.changes.announce("paused", {"paused": paused})

    async def relay(self, method: str, path: str, body: Any, by: By = "cli") -> tuple[int, Any]:
        async def ask(method: str, path: str) -> Any:
            return (await self._ask_relay(method, path, None))[1]

        changed = await access_facts(method, path, ask)
        if changed is not None:
            event, facts = changed
            await self._audit.write(event, {**facts, "by": by})
            if event == "access_revoked":
                await self._rules.revoke_of(facts["id"])
        status, document = await self._ask_relay(method, path, body)
        return status, self.pairings.seen(method, path, document)

    async def record(self, event: str, facts: dict[str, Any]) -> None:
        await self._audit.write(event, facts)

    def relay_stream(self, path: str, last_event_id: str) -> RelayStream:
        return self._paired().relay.stream(path, last_event_id)

    async def reload(self) -> None:
        """Read the pairing again: the command line has changed it."""
        async with self._pairing:
            state = await asyncio.to_thread(self._state_file.load)
            needs = self._line is None or self._connection.phase == "needs_pairing"
            if needs or (state.relay_url, state.device_id) != (self._state.relay_url, self._state.device_id):
                await self._close_line()
                if state.device_id != self._state.device_id:
                    await self._ledger.forget_cursor()
                # Where the key rests is settled at pairing, by the command line, in the settings.
                pinned = (await asyncio.to_thread(load_settings, self._places)).secrets
                self._settings = self._settings.model_copy(update={"secrets": pinned})
                self._secrets = open_secrets(self._settings, self._places)
                self._state = state
                self._clock.offset_us = state.clock_offset_us
                await self._open_line()
            elif self._line is not None:
                self._line.stream.wake()

    async def unpair(self) -> dict[str, Any]:
        async with self._pairing:
            line = self._paired()
            heard = await take_back(line.relay, self._secrets, self._state_file, self._state)
            await self._close_line()
            await self._ledger.forget_cursor()
            self._state = await asyncio.to_thread(self._state_file.load)
            self._connection.become("unpaired")
        log.info("unpaired", relay_heard=heard)
        return {"paired": False, "relay_heard": heard}

    async def undo(self, command_id: str, by: By = "cli") -> dict[str, Any]:
        """Take back what a command did to a note, for the person. Raises Problem, as `NotesRoom.undo` does."""
        if self._notes is None:
            raise Problem("nothing_to_undo", "This daemon keeps no notes.")
        undone = await asyncio.to_thread(self._notes.undo, command_id)
        self._audit.write("undone", {"id": command_id, "undone": undone.undone, "by": by})
        log.info("undone", command=command_id)
        self.changes.announce("undone", {"id": command_id})
        return undone.model_dump(mode="json")

    def shutdown(self) -> None:
        self.stopping.set()

    # Inside

    async def _ask_relay(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        answer = await self._paired().relay.ask(method, path, body=body)
        if answer.status >= 400:
            raise answer.problem()
        return answer.status, answer.body

    def _paired(self) -> Line:
        if self._line is None:
            raise Problem("not_paired", "This profile is not paired with any relay.")
        return self._line

    async def _open_line(self) -> None:
        if not self._state.paired:
            self._connection.become("unpaired")
            return
        self._line = Line(
            self._settings,
            self._state,
            self._state_file,
            secrets=self._secrets,
            ledger=self._ledger,
            audit=self._audit,
            rules=self._rules,
            performance=self._performance,
            relay_clock=self._clock,
            connection=self._connection,
            announce=self.changes.announce,
            catalogue=self._catalogue,
            actions=list(self._performers),
            local_actions=self._local.declared if "local.run" in self._performers else list,
            subjects={"local.run": self._local.subject},
        )
        await self._line.open()

    async def _close_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    def _live_context(self, run: Run) -> LiveContext:
        notes = self._notes.room if self._notes else no_notes
        return LiveContext(run.command_id, run.tell, run.stopped, self._local, notes, self._runs, run.restarting)

    async def _settings_changed(self, settings: Settings) -> None:
        """config.toml has changed: its actions and its consent rules hold from now on, the rest from the next start."""
        self._audit.write("settings_changed", await asyncio.to_thread(settings_facts, self._places))
        self._local.found = await asyncio.to_thread(look_up, settings.action)
        changed = {"action": settings.action, "consent": settings.consent}
        if self._line is None:  # being paired: `reload` opens the place for the key
            changed["secrets"] = settings.secrets
        self._settings = self._settings.model_copy(update=changed)
        if self._settings != settings:
            log.warning("restart_needed", reason="Other settings than actions and consent have changed.")
        if self._line is not None:
            self._line.gate.rule(settings.consent)
            self._line.declare()
        self.changes.announce("settings", {"local_actions": self._local.names})

    def _connection_changed(self) -> None:
        self.changes.announce("connection", self._connection.document())


def declaration(settings: Settings) -> DeviceDeclaration:
    """What this daemon says of itself when it is paired."""
    return DeviceDeclaration(name=settings.device_name, kind="daemon", actions=sorted(available()))


async def run(
    settings: Settings,
    places: Places,
    *,
    stop: asyncio.Event | None = None,
    started: Callable[[Daemon], None] | None = None,
    performers: Mapping[str, AnyPerformer] | None = None,
    context: Callable[[str], Any] | None = None,
    catalogue: Mapping[str, Action] = BY_ID,
) -> None:
    """Run the profile until `stop` is set or the loopback API says so; `started` is called once all is open.

    Raises Problem `profile_in_use`, `invalid_settings`, `ledger_unusable`, `disk_full` or `folder_not_writable`.
    """
    make_private_folder(places.state_dir)
    lock = FileLock(places.lock_file, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Problem("profile_in_use", f"A daemon already runs with the profile {places.profile!r}.") from None
    try:
        daemon = Daemon(settings, places, performers=performers, context=context, catalogue=catalogue)
        api, door = LocalApi(daemon, places), ExtensionDoor(daemon, settings.extension.port)
        try:
            await daemon.open()
            address = await api.start()
            await door.start()
            log.info("started", profile=places.profile, port=address.port, version=RELEASE)
            if started is not None:
                started(daemon)
            await _first(daemon.stopping, stop or asyncio.Event())
            log.info("stopping")
        except Exception as error:  # logged, and raised on
            if not isinstance(error, Problem):
                log.error("daemon_failed", **fault(error))
            raise
        finally:
            await door.stop()
            await daemon.close()
            await api.stop()
            log.info("stopped")
    finally:
        lock.release()


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
