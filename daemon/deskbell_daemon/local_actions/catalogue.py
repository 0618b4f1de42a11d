"""The local actions that there are now, ready to run; and those that cannot be run, each with the reason."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deskbell_daemon.gate.job import Subject
from deskbell_daemon.local_actions.arguments import arguments_of
from deskbell_daemon.local_actions.child import Ending, Invocation, run
from deskbell_daemon.local_actions.definition import ActionTable
from deskbell_daemon.local_actions.environment import child_environment
from deskbell_daemon.local_actions.programs import check_program, check_writers, find_program
from deskbell_daemon.local_actions.sandbox import bubblewrap
from deskbell_daemon.settings import Rule
from deskbell_wire.errors import Problem
from deskbell_wire.local import LocalAction, RunLocalAction

_RULES: dict[str | None, Rule | None] = {"ask": "ask", "allow": "run", "refuse": "refuse", None: None}


@dataclass(frozen=True, slots=True)
class ReadyAction:
    """An action whose program has been found."""

    name: str
    table: ActionTable
    program: Path

    @property
    def title(self) -> str:
        return self.table.declared(self.name).title

    @property
    def digest(self) -> str:
        """Of the definition and the program that it stands for now."""
        return hashlib.sha256(f"{self.name} {self.program} {self.table.digest()}".encode()).hexdigest()[:16]

    def invocation(self, args: RunLocalAction, environment: Mapping[str, str]) -> Invocation:
        """What is to be run. Blocks; raises Problem when an argument does not fit or something is not safe."""
        check_program(self.program)
        words = arguments_of(self.table, args.parameters)
        folder = self.table.folder or Path.home()
        try:
            if not folder.is_dir():
                raise Problem("action_not_started", f"The working folder {folder} is not there.")
            check_writers(folder)
        except OSError as error:
            raise Problem("action_not_started", f"The working folder {folder}: {error.strerror}.") from error
        made = Invocation(
            [str(self.program), *words],
            folder,
            {},
            self.table.timeout_s,
            self.table.output_bytes,
            None if self.table.keeps_running else bubblewrap(),
            self.table.keeps_running,
        )
        made.environment.update(child_environment(self.table.environment, environment, made.mark))
        return made


@dataclass(frozen=True, slots=True)
class Found:
    """The actions of the settings: those that can be run, and why the others cannot."""

    ready: Mapping[str, ReadyAction]
    problems: Mapping[str, Problem]


def look_up(tables: Mapping[str, ActionTable], environment: Mapping[str, str] = os.environ) -> Found:
    """Find the programs, by the daemon's `environment`. Blocks."""
    ready: dict[str, ReadyAction] = {}
    problems: dict[str, Problem] = {}
    for name, table in tables.items():
        try:
            ready[name] = ReadyAction(name, table, find_program(table.argv[0], environment))
        except Problem as problem:
            problems[name] = problem
    return Found(ready, problems)


class LocalActions:
    """Lives on the loop's thread: between a look at an action and its start, it cannot change."""

    def __init__(self, found: Found, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self.found = found
        """May be put in the place of the last ones at any time."""

    @property
    def names(self) -> list[str]:
        return list(self.found.ready)

    def declared(self) -> list[LocalAction]:
        """What the relay is told. An action that is refused to everyone is not offered."""
        return [
            action.table.declared(action.name)
            for action in self.found.ready.values()
            if action.table.consent != "refuse"
        ]

    def find(self, name: str) -> ReadyAction:
        """Raises Problem action_not_found, or why the action cannot be run."""
        if (problem := self.found.problems.get(name)) is not None:
            raise problem
        if (action := self.found.ready.get(name)) is None:
            raise Problem("action_not_found", f"This laptop has no action {name!r}.")
        return action

    def subject(self, args: RunLocalAction) -> Subject:
        """What a person is asked about. Raises Problem when it could not be run anyway."""
        action = self.find(args.name)
        words = [str(action.program), *arguments_of(action.table, args.parameters, look=False)]
        return Subject(
            f"local.run {action.name} {action.digest}",
            action.title,
            rule=_RULES[action.table.consent],
            words=tuple(words),
            as_seen=True,
        )

    async def run(self, args: RunLocalAction, tell: Callable[[str], None], stopped: asyncio.Event) -> Ending:
        """Run it to its end. Raises Problem."""
        action = self.find(args.name)  # at once: what was consented to is what is found now
        invocation = await asyncio.to_thread(action.invocation, args, self._environment)
        return await run(invocation, tell, stopped)
