"""The tables of identity: who may sign in, with which codes, tokens and keys. Times are microseconds since the epoch.

No secret stands here as it is used: codes, tickets and refresh tokens are SHA-256 digests, private keys are sealed.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from deskbell_relay.store.tables import metadata

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(43), primary_key=True),  # RFC 7638 thumbprint
    Column("public_pem", Text, nullable=False),
    Column("sealed_private", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("active_from", BigInteger, nullable=False),  # published before, signs from then on
    Column("retires_at", BigInteger),  # no longer published or believed; NULL while no successor is named
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(500), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),  # confidential | public
    Column("secret_hash", String(64)),
    Column("redirect_uris", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(500), nullable=False),
    Column("client_name", String(200), nullable=False),  # as the person saw it
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_given", Integer, nullable=False),  # 1: the request named it, so the token request must too
    Column("state", Text),
    Column("scopes", JSON, nullable=False),
    Column("code_challenge", String(43)),
    Column("resource", Text, nullable=False),  # the audience that the token will have
    Column("browser_hash", String(64), nullable=False),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("grant_id", String(40)),
    Column("family_id", String(40)),
    Column("status", String(20), nullable=False),  # pending_code | pending_approval | approved | denied | expired
    Column("code_tries", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("code_hash", String(64), unique=True),  # set once the browser has been sent back with the code
    Column("code_expires_at", BigInteger),
    Column("code_used_at", BigInteger),
)
Index("ix_authorization_requests_expires_at", authorization_requests.c.expires_at)

connect_codes = Table(
    "connect_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("device_id", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
Index("ix_connect_codes_expires_at", connect_codes.c.expires_at)

refresh_families = Table(
    "refresh_families",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("client_id", String(500), nullable=False),
    Column("device_id", String(40), index=True),
    Column("grant_id", String(40), index=True),
    Column("scopes", JSON, nullable=False),
    Column("audience", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("family_id", ForeignKey("refresh_families.id", ondelete="CASCADE"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("parent_hash", String(64)),  # the token that was spent for this one
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),  # first use; the grace counts from here
    Column("replaced_at", BigInteger),  # a later answer to the same parent took its place
)
Index("ix_refresh_tokens_family_id_generation", refresh_tokens.c.family_id, refresh_tokens.c.generation)
Index("ix_refresh_tokens_expires_at", refresh_tokens.c.expires_at)

device_codes = Table(
    "device_codes",
    metadata,
    Column("device_code_hash", String(64), primary_key=True),
    Column("user_code_hash", String(64), nullable=False, unique=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("client_id", String(500), nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actions", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("address", String(64), nullable=False),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("device_id", String(40)),
    Column("status", String(20), nullable=False),  # waiting | pending | approved | denied | expired | used
    Column("interval_s", Integer, nullable=False),
    Column("last_poll_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
)
Index("ix_device_codes_expires_at", device_codes.c.expires_at)

invites = Table(
    "invites",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

stream_tickets = Table(
    "stream_tickets",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("device_id", String(40), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
Index("ix_stream_tickets_expires_at", stream_tickets.c.expires_at)

__all__ = [
    "authorization_requests",
    "clients",
    "connect_codes",
    "device_codes",
    "invites",
    "metadata",
    "refresh_families",
    "refresh_tokens",
    "signing_keys",
    "stream_tickets",
]
