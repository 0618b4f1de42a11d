"""Secrets in the desktop's keyring, called in a thread with a time limit: an unlock dialog can hang for ever."""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "deskbell"
T = TypeVar("T")


class KeyringStore:
    """The secrets of one profile, under the service name `deskbell`.

    Refuses backends that keep nothing or keep it in the open (keyring's fail and null, all of keyrings.alt). Always one
    backend, never keyring's chain of several: what is written here must not be looked for elsewhere tomorrow.
    """

    def __init__(self, profile: str, timeout_s: float, pinned: str | None = None) -> None:
        """`pinned`: the whole name of the backend's class; no other one is asked then."""
        self._profile = profile
        self._timeout_s = timeout_s
        self._pinned = pinned
        self._backend: str | None = None
        self._lock = asyncio.Lock()
        self._hanging: threading.Thread | None = None

    @property
    def backend(self) -> str | None:
        """The whole name of the class of the backend that answers; None before the first call."""
        return self._backend

    @property
    def description(self) -> str:
        name = self._backend or self._pinned
        return f"keyring ({name.removeprefix('keyring.backends.') if name else 'not opened yet'})"

    async def get(self, name: str) -> str | None:
        return await self._call(lambda: self._keyring().get_password(SERVICE, self._user(name)))

    async def set(self, name: str, value: str) -> None:
        await self._call(lambda: self._keyring().set_password(SERVICE, self._user(name), value))

    async def delete(self, name: str) -> None:
        def remove() -> None:
            keyring = self._keyring()
            # Asked first: a missing entry and a refused removal raise the same error.
            if keyring.get_password(SERVICE, self._user(name)) is not None:
                keyring.delete_password(SERVICE, self._user(name))

        await self._call(remove)

    def _user(self, name: str) -> str:
        return f"{self._profile}/{name}"

    def _keyring(self) -> "KeyringBackend":
        backend = _found() if self._pinned is None else _loaded(self._pinned)
        self._backend = _name(backend)
        return backend

    async def _call(self, function: Callable[[], T]) -> T:
        async with self._lock:
            if self._hanging is not None and self._hanging.is_alive():
                raise self._locked()  # a second dialog on top of the first helps nobody
            loop = asyncio.get_running_loop()
            future: asyncio.Future[T] = loop.create_future()
            # Not an executor: its threads are joined at exit, and this one may never end.
            thread = threading.Thread(target=_settle, args=(loop, future, function), daemon=True, name="keyring")
            thread.start()
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await future
            except TimeoutError:
                self._hanging = thread
                raise self._locked() from None

    def _locked(self) -> Problem:
        return Problem(
            "keyring_locked",
            f"The keyring has not answered within {self._timeout_s:g} s: it probably waits for you to unlock it.",
        )


def _settle(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", function: Callable[[], T]) -> None:
    error: Exception | None = None
    value: T | None = None
    try:
        value = function()
    except Exception as raised:  # noqa: BLE001 - backends raise what their buses raise; converted here, once
        error = _converted(raised)

    def deliver() -> None:
        if future.done():  # timed out; nobody waits
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    try:
        loop.call_soon_threadsafe(deliver)
    except RuntimeError:
        return  # the loop has closed: the daemon stopped while the dialog was open


def _converted(error: Exception) -> Exception:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    if isinstance(error, Problem):
        return error
    if isinstance(error, NoKeyringError):
        return Problem("keyring_missing", "This machine has no keyring service that answers.")
    if isinstance(error, KeyringLocked):
        return Problem("keyring_locked", "The keyring is locked, and the unlock was not completed.")
    if isinstance(error, InitError):
        return Problem("keyring_missing", f"The keyring could not be opened: {error}")
    return Problem("keyring_locked", f"The keyring did not do what it was asked: {type(error).__name__}: {error}")


def _found() -> "KeyringBackend":
    """The best that is safe. Raises Problem `keyring_missing`."""
    import keyring  # late: it searches every installed package for backends
    from keyring.backends import chainer, fail

    backend = keyring.get_keyring()
    if isinstance(backend, fail.Keyring):  # keyring remembers a failed search; the desktop may be there now
        keyring.core.init_backend()
        backend = keyring.get_keyring()
    members = list(backend.backends) if isinstance(backend, chainer.ChainerBackend) else [backend]
    for member in members:
        if _is_safe(member):
            return member
    names = " and ".join(_name(member).removeprefix("keyring.backends.") for member in members) or "none"
    raise Problem(
        "keyring_missing", f"This machine has no keyring that protects what it keeps (what was found: {names})."
    )


def _loaded(name: str) -> "KeyringBackend":
    """The backend of that class. Raises Problem `keyring_missing`."""
    from keyring.core import load_keyring

    try:
        backend = load_keyring(name)
    except Exception as error:  # each backend says in its own way that its service is not there
        raise Problem(
            "keyring_missing",
            f"The keyring that this profile uses, {name}, does not answer here: {error}.",
            next_step="Start its service. To use another keyring, unpair, take `keyring` out of [secrets] in config.toml "
            "and pair again.",
        ) from error
    if not _is_safe(backend):
        raise Problem("keyring_missing", f"{name} does not protect what it keeps.")
    return backend


def _name(backend: object) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _is_safe(backend: object) -> bool:
    module = type(backend).__module__
    if module.startswith("keyrings.alt") or module in {"keyring.backends.fail", "keyring.backends.null"}:
        return False
    return "plaintext" not in type(backend).__qualname__.lower()
