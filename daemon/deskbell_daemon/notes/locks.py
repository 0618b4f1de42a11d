"""Locks by name: two writes to one note wait for each other, writes to different notes do not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Locks:
    """A lock for each name in use; forgotten when nobody holds or awaits it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self._lock:
            lock, users = self._used.get(name, (threading.Lock(), 0))
            self._used[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                _, users = self._used.pop(name)
                if users > 1:
                    self._used[name] = (lock, users - 1)
