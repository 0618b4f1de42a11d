"""One answer of 50 tokens a second, read by 500 viewers: one upstream call, 25,000 tokens a second to deliver.

LiteLLM's proxy has no such thing: there, every viewer is a call of its own.
"""

from bench.ai.first_token import warm
from bench.ai.load import measured, note, pace
from bench.ai.providers import paced
from bench.ai.scale import AiScale
from bench.ai.subjects import SUBJECTS
from bench.report import OURS, Report

NAME = "viewers"
COST = "CPU a token and viewer"
MOST_US = 30.0
MOST_LAG_MS = 50.0
OPENING_S = 4.0
"""Time for all viewers to come before the first token."""


async def run(scale: AiScale, report: Report) -> None:
    """In turns."""
    told = pace(scale.seconds, OPENING_S)
    async with paced() as provider:
        for repetition in range(scale.repetitions):
            for subject in SUBJECTS:
                if subject.missing() is not None:
                    continue
                async with subject.running(provider):
                    await warm(subject)
                    requests = await subject.viewers(told.prompt, scale.viewers)
                    if not requests:
                        if not repetition:
                            report.note(NAME, f"{subject.name} has no shared answers")
                        continue
                    load = await measured(subject.pid, subject.port, requests, scale.seconds, told)
                note(report, NAME, subject.name, load, COST)
    report.promise(NAME, f"{COST} in µs", report.median(NAME, COST, OURS), MOST_US, at_most=True)
    late = report.median(NAME, "lag behind the provider, p99", OURS)
    report.promise(NAME, "p99 of the lag in ms", late, MOST_LAG_MS, at_most=True)
