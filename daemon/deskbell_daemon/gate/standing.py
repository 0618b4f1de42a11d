"""What a person always allows: one thing, by its definition, to one assistant, until a day. Given on the page alone.

In the state folder, not in config.toml: these rules are given by a click, and no other program should be led to edit them.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from deskbell_daemon.gate.job import Job
from deskbell_daemon.private_file import write_private
from deskbell_wire import clock
from deskbell_wire.errors import Problem

log = structlog.get_logger()

DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 30
MOST_RULES = 500


class StandingRule(BaseModel):
    """Instants by this machine's clock. `thing` is an action's id, or `local.run NAME`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    grant_id: str
    assistant: str
    host: str
    thing: str
    title: str
    definition: str
    given_us: int
    until_us: int

    def holds(self, now_us: int) -> bool:
        """Setting the clock back does not lengthen it: before it was given, it does not hold."""
        return self.given_us <= now_us < self.until_us

    def document(self) -> dict[str, Any]:
        """As the loopback API shows it."""
        return {
            "id": self.id,
            "grant_id": self.grant_id,
            "assistant": self.assistant,
            "host": self.host,
            "action": self.thing,
            "title": self.title,
            "definition": self.definition,
            "given_at": clock.to_timestamp(self.given_us),
            "expires_at": clock.to_timestamp(self.until_us),
        }


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[StandingRule] = []


class StandingRules:
    """Read on the loop's thread; each change is on the disk before it holds."""

    def __init__(self, path: Path) -> None:
        """Blocks. A file that cannot be read allows nothing, and is kept aside: the person is asked again."""
        self._path = path
        self._writing = asyncio.Lock()
        self._rules: dict[str, StandingRule] = {}
        try:
            self._rules = {rule.id: rule for rule in _File.model_validate_json(path.read_bytes()).rules}
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            log.error("rules_unreadable", path=str(path), error=type(error).__name__)
            path.replace(path.with_suffix(".unreadable"))

    def all(self) -> list[StandingRule]:
        """Those that hold now, in the order in which they were given."""
        now = clock.now_us()
        return [rule for rule in self._rules.values() if rule.holds(now)]

    def find(self, thing: str, definition: str, grant_id: str) -> StandingRule | None:
        """The rule by which this runs unasked."""
        return next((rule for rule in self._about(thing, grant_id) if rule.definition == definition), None)

    def outdated(self, thing: str, definition: str, grant_id: str) -> list[StandingRule]:
        """Rules about the same thing as it was before: they allow nothing any more."""
        return [rule for rule in self._about(thing, grant_id) if rule.definition != definition]

    def _about(self, thing: str, grant_id: str) -> list[StandingRule]:
        return [rule for rule in self.all() if (rule.thing, rule.grant_id) == (thing, grant_id)]

    def draft(self, job: Job, thing: str, definition: str, days: int) -> StandingRule:
        """A rule that does not hold yet. Raises Problem `malformed_request`."""
        if days not in DAYS:
            raise Problem("malformed_request", f"A rule holds for {', '.join(map(str, DAYS))} days, not for {days}.")
        if len(self._rules) >= MOST_RULES:
            raise Problem("malformed_request", f"There are {MOST_RULES} rules already: revoke some first.")
        now, assistant = clock.now_us(), job.command.assistant
        return StandingRule(
            id=f"rul_{secrets.token_hex(6)}",
            grant_id=assistant.grant_id,
            assistant=assistant.name,
            host=assistant.host,
            thing=thing,
            title=job.subject.title,
            definition=definition,
            given_us=now,
            until_us=now + days * clock.DAY,
        )

    async def give(self, rule: StandingRule) -> None:
        """From now on it holds; it takes the place of others about the same. Raises Problem when it cannot be written."""
        async with self._writing:
            same = {other.id for other in self._about(rule.thing, rule.grant_id)}
            await self._write([*(other for other in self._rules.values() if other.id not in same), rule])

    async def revoke(self, rule_id: str) -> StandingRule:
        """At once: it holds no more, even when the disk is slow. Raises Problem `rule_not_found`."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            raise Problem("rule_not_found", f"There is no rule {rule_id[:60]!r}.")
        async with self._writing:
            await self._write(list(self._rules.values()))
        return rule

    async def revoke_of(self, grant_id: str) -> list[StandingRule]:
        """All of one assistant."""
        return [await self.revoke(rule.id) for rule in self.all() if rule.grant_id == grant_id]

    async def _write(self, rules: list[StandingRule]) -> None:
        now = clock.now_us()
        kept = [rule for rule in rules if rule.until_us > now]
        await asyncio.to_thread(write_private, self._path, _File(rules=kept).model_dump_json(indent=1))
        self._rules = {rule.id: rule for rule in kept if rule.id in self._rules or rule is rules[-1]}
