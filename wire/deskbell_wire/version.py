"""Which wire this is, and which release of Deskbell speaks it."""

from importlib.metadata import version
from typing import Final

# Raised when a device of the version before could misread what it is sent; `hello` carries it.
WIRE_VERSION: Final = 1

RELEASE: Final = version("deskbell")

USER_AGENT: Final = f"deskbell/{RELEASE}"
