"""What every place for secrets can do, and the choice among them. Only refresh tokens are kept here."""

from typing import Protocol

from deskbell_daemon.places import Places
from deskbell_daemon.settings import Settings


class SecretStore(Protocol):
    """Keeps a few short texts by name. Every method may raise Problem `keyring_locked` or `keyring_missing`."""

    @property
    def description(self) -> str:
        """For the person: where the secret is, such as `keyring (SecretService)`."""
        ...

    @property
    def backend(self) -> str | None:
        """What `[secrets] keyring` is to say from now on, so that no other place is ever asked; None: nothing."""
        ...

    async def get(self, name: str) -> str | None: ...

    async def set(self, name: str, value: str) -> None:
        """Returns once the value is durable."""
        ...

    async def delete(self, name: str) -> None:
        """Deleting what is not there is no error."""
        ...


def open_secrets(settings: Settings, places: Places) -> SecretStore:
    """The store that the settings pin. It never falls back to another one by itself."""
    if settings.secrets.backend == "file":
        from deskbell_daemon.secrets.file_store import FileStore

        return FileStore(places.secrets_file)
    from deskbell_daemon.secrets.keyring_store import KeyringStore

    return KeyringStore(places.profile, settings.limits.keyring_s, settings.secrets.keyring)
