"""Which relay addresses are safe to send a token to."""

import ipaddress

from yarl import URL

from deskbell_wire.errors import Problem


def check_relay_url(text: str) -> str:
    """The relay's address without a slash at its end. https anywhere; http on this machine alone.

    Raises Problem `insecure_relay`.
    """
    try:
        url = URL(text.strip())
        host = url.host or ""
    except ValueError as error:
        raise Problem("insecure_relay", f"{text[:200]!r} is no address: {error}.") from error
    if url.scheme not in {"http", "https"} or not host:
        raise Problem("insecure_relay", f"{text[:200]!r} is no address of a relay; write https://relay.example.com.")
    if url.user or url.password or url.query_string or url.fragment:
        raise Problem("insecure_relay", f"The address {url.host} must carry no user, query or fragment.")
    if url.scheme == "http" and not _is_loopback(host):
        raise Problem(
            "insecure_relay", f"http://{host} would send your token in the open; http is for this machine alone."
        )
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name; it may resolve to anything, also tomorrow
        return False
