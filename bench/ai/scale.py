"""How large and how often: the full run, and a quick one that only proves that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AiScale:
    """`asked`: answers for one first-token figure; `seconds`: of a steady load; `tokens`: of one compared answer."""

    repetitions: int
    asked: int
    streams: int
    viewers: int
    seconds: float
    tokens: int


FULL = AiScale(repetitions=3, asked=100, streams=32, viewers=500, seconds=10, tokens=150)
QUICK = AiScale(repetitions=1, asked=20, streams=32, viewers=500, seconds=3, tokens=40)
