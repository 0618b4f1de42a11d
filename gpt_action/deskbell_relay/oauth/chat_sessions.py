"""A browser at the chat page signs in like an assistant: with a connect code, and then the laptop's yes.

What comes of it is a grant of this relay's own client, and one access token that lives as long as the session. So a
session has a name, is listed with the assistants, is revoked like one, and ends by itself.
"""

import re
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, insert, update

from deskbell_relay.oauth import devices, grants, redirects
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.authorization import REQUEST_S, Authorizations, Redeemed, Replayed, challenge_of
from deskbell_relay.oauth.clients import Client
from deskbell_relay.oauth.issue import Issuer
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import requests
from deskbell_relay.store.tables import grants as grants_table
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.pairing import CHAT_CLIENT, CHAT_SCOPE

RETURN_PATH: Final = "/chat/signed-in"

_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class ChatSessions:
    """Begins and ends sessions. The client is known here alone: no stranger can name it at `/oauth/authorize`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        authorizations: Authorizations,
        audiences: Audiences,
        issuer: Issuer,
        *,
        revoked: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._authorizations = authorizations
        self._audience = audiences.chat
        self._issuer = issuer
        self._revoked = revoked
        self._return = settings.issuer + RETURN_PATH
        self._client = Client(CHAT_CLIENT, "Deskbell's chat page", "public", (self._return,))

    async def begin(self, secret: str, browser_hash: str, user_agent: str) -> str:
        """A request that waits for a code, of the browser with that cookie secret; its id."""
        now, request_id = now_us(), new_id("req")
        row = {
            "id": request_id,
            "kind": "assistant",
            "status": "open",
            "client_id": CHAT_CLIENT,
            "name": session_name(user_agent),
            "host": redirects.host_of(self._return),
            "scopes": [CHAT_SCOPE],
            "actions": [],
            "created_at": now,
            "expires_at": now + REQUEST_S * SECOND,
            "challenge": challenge_of(verifier(secret)),
            "resource": self._audience,
            "redirect_uri": self._return,
            "browser_hash": browser_hash,
        }
        await self._store.write(lambda connection: connection.execute(insert(requests).values(row)).rowcount)
        return request_id

    async def finish(self, secret: str, code: str) -> str:
        """The session's access token, for the code that the laptop's yes gave this browser. Raises Problem csrf_failed."""
        form = {"code": code, "redirect_uri": self._return, "code_verifier": verifier(secret)}
        outcome = await self._store.write(lambda connection: self._redeem(connection, form))
        if isinstance(outcome, Redeemed):
            return self._issuer.access_token(
                account_id=outcome.account_id,
                client_id=CHAT_CLIENT,
                audience=self._audience,
                scopes=outcome.scopes,
                grant_id=outcome.grant_id,
                lifetime_s=self._settings.chat_session_s,
            )
        if isinstance(outcome, Replayed):
            self._revoked(outcome.grant_id)
        raise Problem("csrf_failed", "This sign-in was used before, is too old, or began in another browser.")

    async def end(self, account_id: str, grant_id: str) -> None:
        """Sign out: the session is revoked, wherever its cookie is."""
        await self._store.write(lambda connection: grants.revoke(connection, account_id, grant_id))
        self._revoked(grant_id)

    def purge(self, connection: Connection) -> int:
        """Revoke sessions whose token has ended, so that no list shows them any more; how many."""
        now = now_us()
        return connection.execute(
            update(grants_table)
            .where(grants_table.c.client_id == CHAT_CLIENT, grants_table.c.revoked_at.is_(None))
            .where(grants_table.c.created_at <= now - self._settings.chat_session_s * SECOND)
            .values(revoked_at=now)
        ).rowcount

    def _redeem(self, connection: Connection, form: dict[str, str]) -> Redeemed | Replayed | str:
        outcome = self._authorizations.redeem(connection, self._client, form)
        if isinstance(outcome, Redeemed):
            devices.end_family(connection, outcome.grant_id, now_us())  # a session is never refreshed
        elif isinstance(outcome, Replayed):
            connection.execute(
                update(grants_table).where(grants_table.c.id == outcome.grant_id).values(revoked_at=now_us())
            )
        return outcome


def verifier(secret: str) -> str:
    """The PKCE verifier of a browser: a code that another one got is worth nothing in it, nor the other way."""
    return digest(f"verifier:{secret}")


def session_name(user_agent: str) -> str:
    """What the laptop's question and the list call the session, such as `Chat page in Firefox on Linux`."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "a browser")
    system = next((name for mark, name in _SYSTEMS if re.search(rf"\b{mark}\b", user_agent)), None)
    return f"Chat page in {program}" + (f" on {system}" if system else "")
