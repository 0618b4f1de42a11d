"""A day's tokens are counted once, whether the process that counted them still lives or not."""

from pathlib import Path

from paced_provider import saying
from run_rooms import RunRooms

from deskbell_relay.ai.budget import Budget
from deskbell_wire.clock import DAY, now_us


async def test_a_restart_keeps_what_was_spent_and_midnight_does_not(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:  # ten tokens a run, the mock says
        for _ in range(3):
            await rooms.read(await rooms.begin())
        core = rooms.relay.core
        await core.runs.saved()
        account_id = next(iter(core.runs._runs.values())).account_id
        now = now_us()
        for budget in (core.runs._budget, Budget(core.store)):
            assert await budget.spent(account_id, now) == 30
        assert await budget.spent(account_id, now + DAY) == 0
        budget.count(account_id, 10, now)
        assert await budget.spent(account_id, now + DAY) == 0, "a run of yesterday that ends today counts for yesterday"
        assert await budget.spent(account_id, now) == 30, "what is read anew is what is kept"


async def test_a_run_counts_from_its_end_on_not_from_when_it_is_saved(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        budget = rooms.relay.core.runs._budget
        run_id = await rooms.begin()
        await rooms.read(run_id)
        run = rooms.relay.core.runs._runs[run_id]
        assert await budget.spent(run.account_id, now_us()) == 10


async def test_accounts_do_not_share(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        await rooms.read(await rooms.begin())
        budget = rooms.relay.core.runs._budget
        assert await budget.spent("acc_other", now_us()) == 0
        budget.count("acc_nobody_asked", 10, now_us())
        assert await budget.spent("acc_nobody_asked", now_us()) == 0, "the database knows of all that is counted"
