"""Where the daemon's loopback API is, and how a client knows that it is the daemon: `local.json`."""

import hashlib
import hmac
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deskbell_daemon.private_file import write_private
from deskbell_wire.errors import Problem


class LocalAddress(BaseModel):
    """The content of local.json; readable by the user alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    port: int = Field(ge=1, le=65_535)
    token: str = Field(repr=False, min_length=20)
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self, path: Path) -> None:
        write_private(path, self.model_dump_json())

    @classmethod
    def read(cls, path: Path) -> "LocalAddress":
        """Raises Problem `daemon_not_running`."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise Problem("daemon_not_running", f"No daemon runs for this profile ({path} is not there).") from None
        except (OSError, ValidationError) as error:
            raise Problem("daemon_not_running", f"{path} does not say where the daemon is: {error}.") from error


def prove(token: str, nonce: str) -> str:
    """What only the holder of `token` can answer to `nonce`: HMAC-SHA256 in hex (RFC 2104)."""
    return hmac.new(token.encode(), nonce.encode(), hashlib.sha256).hexdigest()
