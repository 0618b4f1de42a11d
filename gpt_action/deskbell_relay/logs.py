"""Structured logs: one JSON object a line on standard error, with no secret and no content in it."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from deskbell_relay.settings import Settings

_SECRET_KEYS = frozenset(
    {"authorization", "token", "access_token", "refresh_token", "secret", "client_secret", "code", "ticket", "password"}
)


def configure(settings: Settings) -> None:
    """Set up structlog, and bring the standard library's loggers (aiohttp, alembic) under the same roof."""
    level = getattr(logging, settings.log_level.upper())
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(level, logging.WARNING),
        format='{"event": "%(name)s", "level": "%(levelname)s", "message": "%(message)s"}',
        stream=sys.stderr,
        force=True,
    )


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: what is named like a secret is not written. Nothing of ours logs one on purpose."""
    for key in _SECRET_KEYS & event.keys():
        if not (key == "code" and isinstance(event[key], str | None) and str(event[key]).isidentifier()):
            event[key] = "(hidden)"
    return {key: value for key, value in event.items() if value is not None}
