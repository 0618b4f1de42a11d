"""One way of starting with the login: an entry that is there, is not, or is of another Deskbell."""

import os
import tempfile
from pathlib import Path
from typing import Literal, Protocol

from deskbell_wire.errors import Problem

Standing = Literal["on", "off", "other"]
"""`other`: there is an entry, but it does not start this Deskbell in the way that it would be started now."""


class Way(Protocol):
    """Every method blocks, may be called again, and raises Problem `start_up_unavailable`."""

    name: str

    @property
    def where(self) -> str:
        """The file or the key, for the person."""
        ...

    def standing(self) -> Standing: ...
    def on(self) -> None: ...
    def off(self) -> None: ...


class FileWay:
    """A way that is one small file, replaced whole."""

    name = "file"

    def __init__(self, path: Path, content: str) -> None:
        self.path = path
        self.content = content

    @property
    def where(self) -> str:
        return str(self.path)

    def standing(self) -> Standing:
        try:
            return "on" if self.path.read_text(encoding="utf-8") == self.content else "other"
        except FileNotFoundError:
            return "off"
        except (OSError, UnicodeDecodeError):
            return "other"

    def on(self) -> None:
        if self.standing() == "on":
            return
        temporary: str | None = None
        try:
            # Not `write_private`: it would take other people's rights off a folder that is not ours alone.
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(self.content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
            temporary = None
        except OSError as error:
            raise Problem("start_up_unavailable", f"{self.path} cannot be written: {error.strerror}.") from error
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def off(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise Problem("start_up_unavailable", f"{self.path} cannot be removed: {error.strerror}.") from error
