"""How large and how often: the full run, and a quick one that only proves that everything works."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of the benchmarks; `seconds` is the length of one timed load."""

    repetitions: int
    streams: int
    storm: int
    seconds: float
    events: int

    def repeated(self, repetitions: int) -> "Scale":
        """The same sizes, so many times."""
        return replace(self, repetitions=repetitions)


FULL = Scale(repetitions=5, streams=1000, storm=5000, seconds=8, events=100)
SHORT = Scale(repetitions=2, streams=1000, storm=1000, seconds=3, events=40)
QUICK = Scale(repetitions=2, streams=100, storm=500, seconds=2, events=20)
