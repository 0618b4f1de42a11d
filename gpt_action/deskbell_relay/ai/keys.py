"""Providers' keys from the system's keyring, for a relay on a desktop: `keyring set deskbell-relay openai` puts one there."""

import threading
from typing import Final

import structlog
from pydantic import SecretStr

from deskbell_relay.ai.settings import AiSettings

log = structlog.get_logger()

SERVICE: Final = "deskbell-relay"
PATIENCE_S: Final = 5
"""A locked keyring asks for its password in a window, and waits for ever where nobody sits."""


def with_keyring(settings: AiSettings, names: tuple[str, ...]) -> AiSettings:
    """The settings with the keys of these providers that the environment lacks and the keyring has.

    A relay has more to do than AI: what the keyring does not give in time is missing, and the log says so.
    """
    wanted = [name for name in names if getattr(settings, f"ai_{name}_key") is None]
    found: dict[str, SecretStr] = {}
    fault: list[str] = []

    def read() -> None:
        try:
            import keyring  # late: it searches every installed package for backends

            for name in wanted:
                value = keyring.get_password(SERVICE, name)
                if value:
                    found[f"ai_{name}_key"] = SecretStr(value)
        except Exception as error:  # noqa: BLE001 - backends raise what their buses raise; said by name, once
            fault.append(type(error).__name__)

    # Not an executor: its threads are joined at exit, and this one may never end.
    thread = threading.Thread(target=read, daemon=True, name="keyring")
    thread.start()
    thread.join(PATIENCE_S)
    if thread.is_alive() or fault:
        log.warning("keyring_not_read", reason=fault[0] if fault else f"no answer within {PATIENCE_S} s")
        return settings
    return settings.model_copy(update=found)
