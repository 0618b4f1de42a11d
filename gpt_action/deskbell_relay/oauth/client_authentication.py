"""Which client sends a request to the token endpoint, and whether it is the one it says (RFC 6749 section 2.3)."""

import base64
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from deskbell_relay.oauth import client_assertions
from deskbell_relay.oauth.clients import Client, Clients
from deskbell_relay.oauth.errors import OAuthError
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.store.engine import Store

_NOBODY: Final = digest(new_secret())
"""Compared with when there is no such client, so that the time taken does not tell which ids exist."""


async def authenticate(
    authorization: str | None, form: Mapping[str, str], clients: Clients, issuer: str, store: Store
) -> Client:
    """The client, by Basic header, by POST body, by a signed assertion, or by its id alone when it is public.

    Raises OAuthError invalid_client, and invalid_request when it uses two ways at once; DocumentError.
    """
    basic = _basic(authorization)
    if "client_assertion" in form or "client_assertion_type" in form:
        if basic is not None or "client_secret" in form:
            raise OAuthError("invalid_request", "Send a client assertion or a secret, not both.")
        return await _by_assertion(form, clients, issuer, store)
    if basic is None:
        client_id, secret = form.get("client_id", ""), form.get("client_secret") or None
    else:
        client_id, secret = basic
        if "client_secret" in form:
            raise OAuthError("invalid_request", "Send the client's secret in the header or in the body, not in both.")
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "client_id differs between the header and the body.")
    client = await clients.find(client_id)
    expected = client.secret_hash if client is not None and client.secret_hash is not None else _NOBODY
    agrees = hmac.compare_digest(digest(secret or ""), expected)
    accepted = client is not None and (agrees if client.kind == "confidential" else secret is None)
    if client is None or not accepted:
        raise OAuthError(
            "invalid_client",
            "There is no such client, or its secret is wrong.",
            headers={} if basic is None else {"WWW-Authenticate": 'Basic realm="deskbell", charset="UTF-8"'},
        )
    return client


async def _by_assertion(form: Mapping[str, str], clients: Clients, issuer: str, store: Store) -> Client:
    if form.get("client_assertion_type") != client_assertions.TYPE:
        raise OAuthError("invalid_request", f"client_assertion_type must be {client_assertions.TYPE}.")
    assertion = form.get("client_assertion", "")
    client = await clients.find(form.get("client_id") or client_assertions.subject(assertion))
    if client is None or client.keys is None:
        raise client_assertions.refused("there is no such client, or it has no keys")
    await client_assertions.check(assertion, client, issuer, store)
    return client


def _basic(authorization: str | None) -> tuple[str, str | None] | None:
    """Id and secret of a Basic header, each form-encoded as RFC 6749 section 2.3.1 says; None when there is no such header."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError as error:
        raise OAuthError(
            "invalid_client",
            "The Basic header cannot be read.",
            headers={"WWW-Authenticate": 'Basic realm="deskbell", charset="UTF-8"'},
        ) from error
    return unquote_plus(client_id), unquote_plus(secret) or None
