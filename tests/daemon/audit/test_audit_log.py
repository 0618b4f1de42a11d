"""The audit log: whatever is changed, removed, put elsewhere or cut off is found and named."""

import asyncio
import json
import os
import re
import threading

import pytest

from deskbell_daemon.audit.files import CURRENT, HEAD, files
from deskbell_daemon.audit.log import AuditLog
from deskbell_daemon.audit.record import parse, seal
from deskbell_daemon.audit.verdict import verify
from deskbell_wire.errors import Problem


async def _written(folder, records=9, **limits):
    log = AuditLog(folder, "default", **limits)
    for number in range(records):
        await log.write("received", {"id": f"cmd_{number}", "size": number})
    await log.close()
    return folder / CURRENT


def _edit(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


async def test_what_was_written_is_whole_and_begins_with_profile_and_chain(tmp_path):
    path = await _written(tmp_path)
    verdict = verify(tmp_path)
    assert (verdict.whole, verdict.records, verdict.last_n) == (True, 10, 10)
    first = parse(path.read_bytes().splitlines()[0])
    assert (first.event, first.facts["profile"], first.facts["chain"]) == ("chain_begun", "default", verdict.chain)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_it_goes_on_after_a_restart(tmp_path):
    await _written(tmp_path)
    await _written(tmp_path)
    assert (verify(tmp_path).findings, verify(tmp_path).records) == ([], 19)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines.__setitem__(4, lines[4].replace(b"cmd_3", b"cmd_8")), "Record 5 "),
        (lambda lines: lines.__setitem__(4, b"\n"), "Record 5 "),
        (lambda lines: lines.__setitem__(4, lines[4][:40]), "Record 5 "),
        (lambda lines: lines.__setitem__(0, b"{}\n"), "Record 1 "),
        (lambda lines: lines.pop(4), "Record 5 is missing"),
        (lambda lines: lines.pop(0), "Records 1 to 1 are missing"),
        (lambda lines: lines.insert(4, lines.pop(6)), "Record 5 stands in the wrong place"),
        (lambda lines: lines.insert(4, lines[6]), "Record 7 stands there twice"),
        (lambda lines: lines.pop(), "Records 10 to 10 are missing: the end"),
        (lambda lines: lines.__delitem__(slice(3, None)), "Records 4 to 10 are missing: the end"),
        (lambda lines: lines.clear(), "Records 1 to 10 are missing: the end"),
    ],
)
async def test_what_was_done_to_it_is_named(tmp_path, change, said):
    path = await _written(tmp_path)
    _edit(path, change)
    findings = [re.sub(r" \(.*?\)", "", finding) for finding in verify(tmp_path).findings]
    assert any(finding.startswith(said) for finding in findings), findings


async def test_a_record_rewritten_with_a_fitting_hash_is_named(tmp_path):
    path = await _written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    for index in (4, 9):  # in the middle, and the last one
        record = parse(lines[index].rstrip())
        forged, _ = seal(record.n, 0, record.event, {**record.facts, "size": 99}, record.before)
        path.write_bytes(b"".join([*lines[:index], forged, *lines[index + 1 :]]))
        [finding] = verify(tmp_path).findings
        assert finding.startswith(f"Record {record.n} was changed")


async def test_a_cut_tail_stays_visible_when_the_daemon_writes_on(tmp_path):
    path = await _written(tmp_path)
    _edit(path, lambda lines: lines.__delitem__(slice(6, None)))
    await _written(tmp_path)
    findings = verify(tmp_path).findings
    assert [f"Record {n} is missing" for n in (7, 8, 9, 10)] == [finding[:-1].split(":")[0] for finding in findings]


async def test_a_lost_head_is_said_also_later(tmp_path):
    path = await _written(tmp_path)
    (tmp_path / HEAD).unlink()
    assert "head of the log is missing" in verify(tmp_path).findings[0]
    _edit(path, lambda lines: lines.pop())
    await _written(tmp_path)
    assert "head of the log was gone" in verify(tmp_path).findings[0]


async def test_a_line_torn_by_a_power_cut_is_no_fault(tmp_path):
    path = await _written(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"at":"2026')
    assert verify(tmp_path).whole
    await _written(tmp_path)
    assert verify(tmp_path).whole


async def test_the_chain_runs_through_all_files_and_the_oldest_may_go(tmp_path):
    await _written(tmp_path, 60, file_bytes=2_000, full_files=3)
    assert len(files(tmp_path)) == 4
    assert verify(tmp_path).whole
    files(tmp_path)[1].unlink()
    assert "missing" in " ".join(verify(tmp_path).findings)


async def test_removing_the_oldest_file_by_hand_shows(tmp_path):
    await _written(tmp_path, 60, file_bytes=2_000, full_files=30)
    files(tmp_path)[0].unlink()
    assert any("the beginning of the log was removed" in finding for finding in verify(tmp_path).findings)


async def test_many_writers_at_once_share_their_syncs_and_keep_their_order(tmp_path):
    log = AuditLog(tmp_path, "default")
    await asyncio.gather(*[log.write("received", lambda number=n: {"size": number}, lazy=True) for n in range(1_000)])
    await log.close()
    sizes = [json.loads(line).get("size") for line in (tmp_path / CURRENT).read_bytes().splitlines()]
    assert sizes == [None, *range(1_000)]
    assert verify(tmp_path).whole


async def test_it_can_be_checked_while_it_is_written(tmp_path):
    log = AuditLog(tmp_path, "default", file_bytes=3_000)
    done = threading.Event()

    async def write():
        while not done.is_set():
            await log.write("received", {"size": 1})

    task = asyncio.create_task(write())
    found = [await asyncio.to_thread(verify, tmp_path) for _ in range(30)]
    done.set()
    await task
    await log.close()
    assert [verdict.findings for verdict in found if not verdict.whole] == []


async def test_what_cannot_be_written_is_a_problem_and_leaves_the_chain_whole(tmp_path, monkeypatch):
    log = AuditLog(tmp_path, "default")
    await log.write("received", {"size": 1})
    real = os.write
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Problem) as raised:
        await log.write("answered", {"id": "cmd_1"})
    monkeypatch.setattr(os, "write", real)
    assert raised.value.code == "disk_full"
    assert log.problem is raised.value
    await log.write("answered", {"id": "cmd_2"})
    assert log.problem is None
    await log.close()
    assert verify(tmp_path).whole
    with pytest.raises(Problem, match="closed"):
        await log.write("answered", {})
