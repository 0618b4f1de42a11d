"""Where an assistant's browser may be sent back to: exactly where its client said, loopback ports excepted."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

MOST_CHARACTERS: Final = 2_000
MOST_HOST: Final = 255
LOOPBACK: Final = ("127.0.0.1", "::1")
"""By number alone for clients that the operator adds: what `localhost` means is up to the machine (RFC 8252 section 8.3)."""

LOCAL: Final = (*LOOPBACK, "localhost")
"""Clients that come by themselves may say `localhost`, since Claude Code, VS Code and the MCP Inspector do. Browsers
take it to the machine itself, whatever a name server says."""

APP_SCHEMES: Final = frozenset(
    {"claude", "cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed", "kiro", "trae", "warp", "raycast"}
)
"""Of programs that open their own links. Others need a scheme that is a reversed domain name (RFC 8252 section 7.1):
a list of the bad ones (`javascript`, `data`, `file` …) would never be complete."""

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether `uri` is one of the client's, character by character; of a loopback address the port may differ."""
    return any(uri == known or _differs_in_port_alone(uri, known) for known in registered)


def problem_with(uri: str) -> str | None:
    """Why the operator may not register `uri`; None when it is fine: https, http on loopback, no fragment, no user."""
    parts = _split(uri)
    if parts is None or not parts.hostname:
        return "is not an absolute address"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return "must begin with https:// (or http://127.0.0.1)"
    return _problem_with_parts(uri, parts)


def problem_with_stranger(uri: str) -> str | None:
    """Why a client may not register `uri` by itself; None when it is fine.

    https anywhere, http on the machine itself, the scheme of a known app or of a reversed domain name.
    """
    parts = _split(uri)
    if parts is None:
        return "is not an address of printable ASCII"
    if "*" in uri:
        return "must have no wildcard: every address is compared character by character"
    scheme = uri.partition(":")[0]
    if scheme not in ("https", "http"):
        if _SCHEME.fullmatch(scheme) is None or ":" not in uri or not (scheme in APP_SCHEMES or "." in scheme):
            return "must begin with https://, with http:// on this computer, or with the scheme of an app"
    elif not parts.hostname or _HOST.fullmatch(_bare_host(parts)) is None:
        return "names no host that could be shown to a person"
    elif scheme == "http" and parts.hostname not in LOCAL:
        return "must begin with https://, since it is not on the computer of the person who allows it"
    return _problem_with_parts(uri, parts)


def host_of(uri: str) -> str:
    """Who gets the answer, the same at each time: `claude.ai`, `127.0.0.1` (without its port), `cursor:`."""
    parts = urlsplit(uri)
    if parts.scheme not in ("https", "http"):
        return f"{parts.scheme}:"
    if parts.scheme == "http" and parts.hostname in LOCAL:
        return _bare_host(parts)
    return parts.netloc.rpartition("@")[2]


def document_host(client_id: str) -> str | None:
    """The host whose document describes the client, read over TLS; None for a client without one."""
    return host_of(client_id) if client_id.startswith("https://") else None


def requester(client_id: str, redirect_uri: str) -> str:
    """What is kept as the assistant's verified host, of at most 255 characters.

    Where the document of one host sends the answer to another place, both: `claude.ai via 127.0.0.1`. A document that
    anybody can name proves nothing about a program on a laptop, so that one is not taken for the host itself.
    """
    answer, document = host_of(redirect_uri), document_host(client_id)
    return (answer if document in (None, answer) else f"{document} via {answer}")[:MOST_HOST]


def is_local(host: str) -> bool:
    """Whether `host_of` meant a program on the computer where the page is open."""
    return host.strip("[]") in LOCAL


def with_parameters(uri: str, parameters: Iterable[tuple[str, str | None]]) -> str:
    """`uri` with the parameters behind its own query, those of None left out."""
    query = urlencode([(name, value) for name, value in parameters if value is not None])
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def _differs_in_port_alone(uri: str, known: str) -> bool:
    """RFC 8252 section 7.3, for addresses that are written in the one usual way."""
    asked, kept = _split(uri), _split(known)
    if asked is None or kept is None or kept.scheme != "http" or kept.hostname not in LOCAL:
        return False
    try:
        port = asked.port
    except ValueError:
        return False
    if port is None or port == 0:
        return False
    return uri == kept._replace(netloc=f"{_bare_host(kept)}:{port}").geturl()


def _bare_host(parts: SplitResult) -> str:
    """Without user and port; an IPv6 address in brackets."""
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _problem_with_parts(uri: str, parts: SplitResult) -> str | None:
    if "#" in uri:
        return "must have no fragment"
    if "@" in parts.netloc:
        return "must name no user"
    return None


def _split(uri: str) -> SplitResult | None:
    """The parts of an address of printable ASCII; None for anything else, which browsers and we might read differently."""
    if len(uri) > MOST_CHARACTERS or not uri.isascii() or not uri.isprintable() or " " in uri or "\\" in uri:
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
