"""`Prefer: wait=N` (RFC 7240 section 4.3): how long the caller is willing to wait."""

import re

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4})\"?(?=$|[,;\s])", re.ASCII | re.IGNORECASE)


def preferred_wait_s(header: str | None) -> float | None:
    """The seconds named in the header; None when it names none. A preference that is not understood is ignored."""
    if not header:
        return None
    found = _WAIT.search(header)
    return float(found.group(1)) if found else None
