"""Random secrets, the codes that people type, and the digests under which both are stored."""

import hashlib
import secrets
from typing import Final

from deskbell_wire.pairing import CODE_ALPHABET, CODE_CHARACTERS

SECRET_BYTES: Final = 32


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters: a refresh token, a code for a machine, a ticket."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(text: str) -> str:
    """SHA-256 of `text`, in hex. Enough for secrets of 256 bits, which nobody can guess from their digest.

    A code that people type has 34.6 bits: that is what `Sealer.code_digest` is for.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def user_code() -> str:
    """A code for people, such as `WDJB-MJHT`: 8 of 20 letters, 34.6 bits (RFC 8628 section 6.1)."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARACTERS))
    half = CODE_CHARACTERS // 2
    return f"{letters[:half]}-{letters[half:]}"


def normal_code(text: str) -> str:
    """What a person typed, without case, spaces and dashes: `wdjb mjht` becomes `WDJBMJHT`."""
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())[: 4 * CODE_CHARACTERS]
