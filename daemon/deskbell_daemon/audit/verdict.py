"""Checks the audit log: names every record that was changed, removed, put elsewhere or cut off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deskbell_daemon.audit.files import Head, files, lines, read_head
from deskbell_daemon.audit.record import GENESIS, Record, parse

_MOST_FINDINGS = 200


@dataclass(slots=True)
class Verdict:
    """`findings`: a sentence each, with the record's number. `records`: how many could be read."""

    records: int = 0
    last_n: int = 0
    chain: str | None = None
    findings: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.findings

    def document(self) -> dict[str, Any]:
        return {
            "whole": self.whole,
            "records": self.records,
            "last": self.last_n,
            "chain": self.chain,
            "findings": self.findings,
        }


def verify(folder: Path) -> Verdict:
    """Read the whole log in `folder`. The daemon may be writing meanwhile. Raises OSError."""
    head = read_head(folder)
    checked = _Check(head)
    there = files(folder)
    for path in there:
        for number, line, whole in lines(path):
            checked.line(path.name, number, line, whole)
    verdict = checked.end()
    if verdict.findings and read_head(folder) != head:
        return verify(folder)  # it was written meanwhile: a file may have been begun between two looks
    return verdict


class _Check:
    """Walks the chain once."""

    def __init__(self, head: Head | None) -> None:
        self._head = head
        self._found = Verdict()
        self._before: str | None = None  # the hash that the next record must hold; None: not known
        self._next: int | None = None
        self._missing: dict[int, str] = {}  # number → where it should have stood
        self._at_head: str | None = None
        self._started: Record | None = None
        self._headless = False  # what stands before the first readable record cannot be read
        self._forgotten: tuple[int, str] | None = None

    def line(self, file: str, number: int, line: bytes, whole: bool) -> None:
        where = f"{file}, line {number}"
        try:
            record = parse(line)
        except ValueError as error:
            expected = self._next or 1
            self._headless = self._headless or self._started is None
            if not whole and (self._head is None or expected > self._head.n):
                return  # being written now, or half written when the power went: nobody was told of it
            self._say(f"Record {expected} ({where}) was changed: {error}.")
            self._next, self._before = expected + 1, None
            return
        self._record(record, where)

    def _record(self, record: Record, where: str) -> None:
        self._found.records += 1
        if self._started is None:
            self._started = record
            self._next = self._next or record.n
            if record.n == self._next == 1:
                self._before = GENESIS
        assert self._next is not None
        if self._head is not None and record.n == self._head.n:
            self._at_head = record.hash
        if record.event == "forgotten":
            self._forgotten = int(record.facts.get("through", 0)), str(record.facts.get("through_hash", ""))
        if record.event == "head_lost":
            self._say(f"The head of the log was gone when record {record.n} was written: its end was not guarded.")
        if record.n < self._next:
            kind = "stands in the wrong place" if self._missing.pop(record.n, None) else "stands there twice"
            self._say(f"Record {record.n} ({where}) {kind}: after record {self._next - 1}.")
            return
        if record.n > self._next:
            for n in range(self._next, min(record.n, self._next + _MOST_FINDINGS)):
                self._missing[n] = where
            if record.n - self._next > _MOST_FINDINGS:
                self._say(f"Records {self._next} to {record.n - 1} are missing before {where}.")
        elif self._before is not None and record.before != self._before:
            self._say(f"Record {record.n - 1} was changed: record {record.n} ({where}) holds another hash of it.")
        self._next, self._before = record.n + 1, record.hash

    def end(self) -> Verdict:
        found, head = self._found, self._head
        last = (self._next or 1) - 1
        found.last_n = last
        found.chain = head.chain if head else None
        for n, where in sorted(self._missing.items()):
            self._say(f"Record {n} is missing: it should stand before {where}.")
        self._check_start()
        if head is None:
            if found.records:
                self._say("The head of the log is missing or not readable: whether its end was cut off cannot be told.")
        elif head.n > last:
            self._say(f"Records {last + 1} to {head.n} are missing: the end of the log was cut off.")
        elif self._at_head is not None and self._at_head != head.hash:
            self._say(f"Record {head.n} was changed: the head of the log holds another hash of it.")
        return found

    def _check_start(self) -> None:
        first = self._started
        if first is None or self._headless:
            return
        if first.n == 1:
            if self._head is not None and first.facts.get("chain") not in (None, self._head.chain):
                self._say("Record 1 begins another chain than the one that the head of the log names.")
            if first.before != GENESIS or first.event != "chain_begun":
                self._say("Record 1 is not the beginning of a log.")
        elif self._forgotten != (first.n - 1, first.before):
            self._say(f"Records 1 to {first.n - 1} are missing: the beginning of the log was removed.")

    def _say(self, sentence: str) -> None:
        if len(self._found.findings) < _MOST_FINDINGS:
            self._found.findings.append(sentence)
