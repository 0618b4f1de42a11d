"""32 answers at once, 50 tokens a second each, every one with an upstream call and a viewer of its own."""

from bench.ai.first_token import warm
from bench.ai.load import COST, measured, note, pace
from bench.ai.peers.litellm import LiteLlm
from bench.ai.providers import paced
from bench.ai.scale import AiScale
from bench.ai.subjects import SUBJECTS
from bench.report import OURS, Report

NAME = "streams"
SHARE = 0.2


async def run(scale: AiScale, report: Report) -> None:
    """In turns."""
    told = pace(scale.seconds)
    async with paced() as provider:
        for _ in range(scale.repetitions):
            for subject in SUBJECTS:
                if subject.missing() is not None:
                    continue
                async with subject.running(provider):
                    await warm(subject)
                    requests = [subject.request(told.prompt)] * scale.streams
                    load = await measured(subject.pid, subject.port, requests, scale.seconds, told)
                note(report, NAME, subject.name, load)
    ours, theirs = report.median(NAME, COST, OURS), report.median(NAME, COST, LiteLlm.name)
    most = theirs * SHARE if theirs else None
    report.promise(NAME, "CPU a token in µs, at most a fifth of LiteLLM's", ours, most, at_most=True)
