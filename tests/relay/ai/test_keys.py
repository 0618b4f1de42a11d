"""Keys of providers from the system's keyring: only when the operator wants it, and never at the price of the start."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from deskbell_relay.ai import keys
from deskbell_relay.ai.registry import Registry
from deskbell_relay.settings import Settings


class Ring(KeyringBackend):
    """A keyring that does what a test tells it."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, get: Callable[[str, str], str | None]) -> None:
        super().__init__()
        self._get = get

    def get_password(self, service: str, username: str) -> str | None:
        return self._get(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def ring() -> Iterator[Callable[[Callable[[str, str], str | None]], None]]:
    before = keyring.get_keyring()
    yield lambda get: keyring.set_keyring(Ring(get))
    keyring.set_keyring(before)


def offered(folder: Path, **settings: object) -> list[str]:
    told = {"ai_local": False, "ai_keyring": True, "ai_openai_url": "http://127.0.0.1:9"} | settings
    registry = Registry(Settings(data_dir=folder, **told))  # type: ignore[arg-type]
    return [str(row["name"]) for row in registry.documents()]


def test_what_the_environment_lacks_is_looked_up_by_the_providers_name(tmp_path: Path, ring) -> None:  # type: ignore[no-untyped-def]
    asked: list[tuple[str, str]] = []

    def get(service: str, name: str) -> str | None:
        asked.append((service, name))
        return {"groq": "sk-groq", "openai": ""}.get(name)

    ring(get)
    assert offered(tmp_path, ai_gemini_key="from-the-environment") == ["gemini", "groq"]
    assert ("deskbell-relay", "groq") in asked
    assert ("deskbell-relay", "gemini") not in asked
    asked.clear()
    assert offered(tmp_path, ai_keyring=False) == []
    assert asked == []


def test_a_fallback_may_have_its_key_in_the_keyring(tmp_path: Path, ring) -> None:  # type: ignore[no-untyped-def]
    ring(lambda _service, name: "sk" if name == "groq" else None)
    assert offered(tmp_path, ai_fallback="groq", ai_groq_model="m") == ["groq"]


def test_a_keyring_that_hangs_or_is_locked_costs_the_providers_and_not_the_start(
    tmp_path: Path,
    ring,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(keys, "PATIENCE_S", 0.2)
    unlocked = threading.Event()

    def wait(_service: str, _name: str) -> str | None:
        unlocked.wait(30)
        return None

    ring(wait)
    assert offered(tmp_path, ai_groq_key="k") == ["groq"]
    unlocked.set()

    def locked(_service: str, _name: str) -> str | None:
        raise KeyringLocked("canary words of a bus")

    ring(locked)
    assert offered(tmp_path) == []
    said = "".join(capsys.readouterr())
    assert said.count("keyring_not_read") == 2
    assert "KeyringLocked" in said
    assert "canary" not in said
