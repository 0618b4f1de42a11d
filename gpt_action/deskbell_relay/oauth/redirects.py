"""Where an assistant's browser may be sent back to: exactly where its client said, loopback ports excepted."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

MOST_CHARACTERS: Final = 2_000
LOOPBACK: Final = ("127.0.0.1", "::1")
"""By number alone: what `localhost` means is up to the machine (RFC 8252 section 8.3)."""


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether `uri` is one of the client's, character by character; of a loopback address the port may differ."""
    return any(uri == known or _differs_in_port_alone(uri, known) for known in registered)


def problem_with(uri: str) -> str | None:
    """Why nobody may register `uri`; None when it is fine: https anywhere, http on loopback, no fragment, no user."""
    parts = _split(uri)
    if parts is None or not parts.hostname:
        return "is not an absolute address"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return "must begin with https:// (or http://127.0.0.1)"
    if "#" in uri:
        return "must have no fragment"
    if "@" in parts.netloc:
        return "must name no user"
    return None


def host_of(uri: str) -> str:
    """What the person is shown: host and, when it is not the usual one, port."""
    return urlsplit(uri).netloc.rpartition("@")[2]


def with_parameters(uri: str, parameters: Iterable[tuple[str, str | None]]) -> str:
    """`uri` with the parameters behind its own query, those of None left out."""
    query = urlencode([(name, value) for name, value in parameters if value is not None])
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def _differs_in_port_alone(uri: str, known: str) -> bool:
    """RFC 8252 section 7.3, for addresses that are written in the one usual way."""
    asked, kept = _split(uri), _split(known)
    if asked is None or kept is None or kept.scheme != "http" or kept.hostname not in LOOPBACK:
        return False
    host = f"[{kept.hostname}]" if kept.hostname and ":" in kept.hostname else kept.hostname
    try:
        port = asked.port
    except ValueError:
        return False
    if port is None or port == 0:
        return False
    return uri == kept._replace(netloc=f"{host}:{port}").geturl()


def _split(uri: str) -> SplitResult | None:
    """The parts of an address of printable ASCII; None for anything else, which browsers and we might read differently."""
    if len(uri) > MOST_CHARACTERS or not uri.isascii() or not uri.isprintable() or " " in uri or "\\" in uri:
        return None
    try:
        return urlsplit(uri)
    except ValueError:
        return None
