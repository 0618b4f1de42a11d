"""The daemon's log: JSON lines in a rotating private file, and on stderr when a person looks. No token, no note text."""

import logging
import logging.handlers
import queue
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import structlog

from deskbell_daemon.private_file import make_private_folder

_SECRET_KEYS = re.compile(r"token|secret|password|authorization|arguments|body|text|refresh|ticket", re.IGNORECASE)
_TOKEN = re.compile(r"(?i)bearer\s+\S+|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


def _scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET_KEYS.search(key):
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = _TOKEN.sub("[hidden]", value)
    return event


def fault(error: BaseException) -> dict[str, str]:
    """An unexpected error for the log: what kind and where. Not its message, which could hold a note's text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-5:]))
    return {"error": type(error).__name__, "where": where}


def open_logs(path: Path, level: str) -> Callable[[], None]:
    """Send structlog to `path` (5 files of 1 MB). Returns what closes it. The disk is written in a thread."""
    make_private_folder(path.parent)
    path.touch(mode=0o600)
    file = logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=4, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(message)s"))
    handlers: list[logging.Handler] = [file]
    if sys.stderr is not None and sys.stderr.isatty():
        screen = logging.StreamHandler()
        screen.setFormatter(logging.Formatter("%(message)s"))
        handlers.append(screen)
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    root = logging.getLogger("deskbell")
    root.handlers = [logging.handlers.QueueHandler(lines)]
    root.setLevel(level.upper())
    root.propagate = False
    listener = logging.handlers.QueueListener(lines, *handlers)
    listener.start()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _scrub,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: logging.getLogger("deskbell"),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )

    def close() -> None:
        listener.stop()
        for handler in handlers:
            handler.close()

    return close
