"""Seals what must not be read from a copy of the database, with a secret that does not stand in it."""

import base64
import contextlib
import hmac
import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from deskbell_relay.oauth.secrets import normal_code
from deskbell_relay.settings import MIN_SECRET_CHARACTERS, Settings

SECRET_FILE: Final = "relay.secret"  # noqa: S105 - the name of a file
NONCE_BYTES: Final = 12


class SealBrokenError(Exception):
    """What was sealed has been changed, or was sealed with another secret or for another purpose."""


class Sealer:
    """AES-256-GCM and HMAC-SHA-256, under keys that HKDF (RFC 5869) makes of the relay's secret."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derived(secret, b"deskbell relay: sealing"))
        self._mac_key = _derived(secret, b"deskbell relay: successors of refresh tokens")
        self._code_key = _derived(secret, b"deskbell relay: codes that people type")

    def seal(self, data: bytes, purpose: str) -> str:
        """`data` sealed; it opens for the same `purpose` alone."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, purpose.encode())).decode()

    def open(self, sealed: str, purpose: str) -> bytes:
        """What `seal` was given. Raises SealBrokenError."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
        except (ValueError, InvalidTag) as error:
            raise SealBrokenError(f"The seal of {purpose} does not open with this relay's secret.") from error

    def code_digest(self, text: str) -> str:
        """What is stored of a code that people type, however it was written; 64 hex digits.

        Its 34.6 bits could be guessed from a plain digest within a minute, and from this one not without the secret.
        """
        return hmac.new(self._code_key, normal_code(text).encode(), sha256).hexdigest()

    def derive(self, text: str, salt: str) -> str:
        """256 bits that only the relay can make of `text` and `salt`, as 43 URL-safe characters."""
        mac = hmac.new(self._mac_key, f"{salt}:{text}".encode("utf-8", "surrogatepass"), sha256)
        return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


def relay_secret(settings: Settings) -> str:
    """`DESKBELL_SECRET`, or else the secret in the data folder, made at the first start.

    Raises SystemExit with a sentence for the operator when the file can be read by others or is too short.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value()
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        _make(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SystemExit(f"{path} can be read by others. Take their rights away with: chmod 600 {path}")
    secret = path.read_text().strip()
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise SystemExit(f"{path} holds fewer than {MIN_SECRET_CHARACTERS} characters. Restore it from your backup.")
    return secret


def _make(path: Path) -> None:
    """Write the file whole or not at all; when another process was quicker, its file stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
