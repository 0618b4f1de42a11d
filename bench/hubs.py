"""Who takes turns in which benchmark, in their order."""

from bench.hub import Hub
from bench.path import DeskbellPath
from bench.peers.aiohttp_sse_hub import AiohttpSseHub
from bench.peers.bare_aiohttp import BareAiohttp
from bench.peers.nchan import Nchan
from bench.peers.plain_path import PlainPath
from bench.spine import Spine
from bench.subject import Deskbell

HUBS: tuple[Hub, ...] = (Nchan(), Deskbell(), AiohttpSseHub())
"""Delivery, fan-out, memory, storm."""

ACCEPTORS: tuple[Hub, ...] = (Deskbell(), BareAiohttp())
"""Durable: what answers a POST; their streams are not used."""

SPINES: tuple[Spine, ...] = (PlainPath(), DeskbellPath())
"""Round-trip."""
