"""Access tokens, in memory alone, and the rotation of the refresh token, which survives a crash at any instant.

The relay gives a successor to a refresh token at each use, and for 10 s more to whoever shows the same old one again
(DESIGN section 4). So: the old one stays stored until the new one is durable, and the new one is durable before its
access token is used. A crash in between leaves the old one, which the next start shows again.
"""

import asyncio
import random
import time

import aiohttp
from pydantic import ValidationError

from deskbell_daemon.link.backoff import retry_after_s
from deskbell_daemon.secrets.store import SecretStore
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import DAEMON_CLIENT, DeviceTokens

REFRESH_SECRET = "refresh_token"  # noqa: S105 - a name, not a secret
_TRIES = (0.0, 0.2, 0.6, 1.5, 3.0)
"""Pauses before each try, all within the relay's grace of 10 s, in which a lost answer can be asked for again."""


class Tokens:
    """The device's tokens at one relay. One refresh at a time, however many ask."""

    def __init__(self, http: aiohttp.ClientSession, relay_url: str, secrets: SecretStore) -> None:
        self._http = http
        self._relay_url = relay_url
        self._secrets = secrets
        self._lock = asyncio.Lock()
        self._access: str | None = None
        self._renew_at = 0.0
        self.revoked: Problem | None = None
        """Set once the relay has said that this device is no longer welcome: nobody asks again."""

    async def access(self) -> str:
        """A token that is good for at least a while.

        Raises Problem `revoked_token` (pair again), `not_paired`, `relay_unreachable`, `rate_limited`, or a keyring's.
        """
        if self._access is None or time.monotonic() >= self._renew_at:
            async with self._lock:
                if self._access is None or time.monotonic() >= self._renew_at:
                    await self._refresh()
        assert self._access is not None
        return self._access

    def reject(self, token: str) -> None:
        """The relay answered 401 to `token`: the next `access` refreshes, unless somebody did meanwhile."""
        if token == self._access:
            self._access = None

    async def _refresh(self) -> None:
        if self.revoked is not None:
            raise self.revoked
        old = await self._secrets.get(REFRESH_SECRET)
        if old is None:
            raise Problem("not_paired", "There is no refresh token in the place that the settings name for secrets.")
        answer = await self._exchange(old)
        # Shielded: a caller that gives up must not leave the successor unsaved.
        await asyncio.shield(asyncio.ensure_future(self._secrets.set(REFRESH_SECRET, answer.refresh_token)))
        self._access = answer.access_token
        lifetime = max(1, answer.expires_in)
        # Early and jittered, so that a thousand laptops that came back together do not refresh together.
        self._renew_at = time.monotonic() + lifetime * random.uniform(0.75, 0.9)  # noqa: S311 - no secret

    async def _exchange(self, refresh_token: str) -> DeviceTokens:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": DAEMON_CLIENT}
        problem = Problem("relay_unreachable", f"{self._relay_url} did not answer a token refresh.")
        for pause in _TRIES:
            await asyncio.sleep(pause)
            try:
                async with self._http.post(
                    f"{self._relay_url}/oauth/token", data=form, allow_redirects=False
                ) as response:
                    body = await response.read()
                    if response.status == 200:
                        return DeviceTokens.model_validate_json(body)
                    problem = self._refused(response, body)
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = Problem(
                    "relay_unreachable", f"{self._relay_url} did not answer a token refresh: {_said(error)}."
                )
            except ValidationError as error:
                problem = Problem(
                    "relay_unreachable",
                    f"{self._relay_url} answered a token refresh with something else ({error.error_count()} faults).",
                )
            if problem.code != "relay_unreachable":
                break
        raise problem

    def _refused(self, response: aiohttp.ClientResponse, body: bytes) -> Problem:
        # RFC 6749 section 5.2: invalid_grant is final; anything else may pass.
        if response.status in {400, 401} and any(
            word in body for word in (b'"invalid_grant"', b'"invalid_client"', b'"unauthorized_client"')
        ):
            self.revoked = Problem(
                "revoked_token",
                f"{self._relay_url} no longer accepts this laptop: it was revoked, or its tokens were used elsewhere.",
                next_step="Pair it again with `deskbell unpair` and `deskbell pair RELAY_URL`.",
            )
            return self.revoked
        if response.status == 429:
            pause = retry_after_s(response.headers.get("Retry-After"))
            return Problem("rate_limited", f"{self._relay_url} limits token refreshes.", retry_after_s=pause)
        return Problem("relay_unreachable", f"{self._relay_url} answered {response.status} to a token refresh.")


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
