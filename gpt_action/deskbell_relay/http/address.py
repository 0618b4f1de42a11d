"""The caller's address. A forwarded header is believed only as far as the proxies that wrote it are trusted."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


def caller_address(request: web.Request, trusted: Sequence[Network]) -> str:
    """The nearest address on the way here that is no trusted proxy of ours."""
    remote = request.remote or ""
    if not trusted or not _within(remote, trusted):
        return remote
    hops = [hop.strip() for value in request.headers.getall("X-Forwarded-For", []) for hop in value.split(",")]
    for hop in reversed(hops):
        if _parsed(hop) is None:
            return remote
        if not _within(hop, trusted):
            return hop
        remote = hop
    return remote


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _within(text: str, networks: Sequence[Network]) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in networks)
