"""The benchmarks by name, in the order in which they run."""

from collections.abc import Awaitable, Callable

from bench.benchmarks import delivery, doors, durable, fan_out, memory, round_trip, storm
from bench.report import Report
from bench.scale import Scale

BENCHMARKS: dict[str, Callable[[Scale, Report], Awaitable[None]]] = {
    delivery.NAME: delivery.run,
    round_trip.NAME: round_trip.run,
    doors.NAME: doors.run,
    durable.NAME: durable.run,
    fan_out.NAME: fan_out.run,
    memory.NAME: memory.run,
    storm.NAME: storm.run,
}
