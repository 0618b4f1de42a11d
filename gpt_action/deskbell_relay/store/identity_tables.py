"""Identity's tables: keys, clients, invites, codes, requests that wait for consent, refresh families, tickets.

Nothing in them is usable by itself: signing keys are sealed, tokens and codes are hashes. Times are microseconds since
the epoch.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from deskbell_relay.store.tables import devices, grants, metadata

__all__ = [
    "authorization_codes",
    "clients",
    "connect_codes",
    "invites",
    "metadata",
    "refresh_families",
    "refresh_tokens",
    "requests",
    "signing_keys",
    "stream_tickets",
    "used_assertions",
]

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(43), primary_key=True),  # RFC 7638 thumbprint
    Column("public_pem", Text, nullable=False),
    Column("sealed_private", Text, nullable=False),  # encrypted with a key that is not in the database
    Column("created_at", BigInteger, nullable=False),
    Column("active_from", BigInteger, nullable=False),  # published before, signs from then on
    Column("retires_at", BigInteger),  # no longer published or believed; NULL while no successor is named
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(500), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False, server_default="confidential"),  # or public
    Column("secret_hash", String(64)),
    Column("redirect_uris", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False, server_default="operator"),  # or registered: by itself, and purged
)

invites = Table(
    "invites",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("first", Integer, nullable=False, server_default="0"),  # printed by a relay that had no account
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

connect_codes = Table(
    "connect_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("device_id", String(40), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("used_at", BigInteger),
)

requests = Table(
    "requests",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),  # assistant | device
    Column("status", String(16), nullable=False),  # open | pending | approved | denied | ended | done
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE")),  # once a code has bound it
    Column("client_id", String(500), nullable=False),
    Column("name", String(200), nullable=False),
    Column("host", String(255), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("actions", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("decided_by", String(40)),
    Column("tries", Integer, nullable=False, server_default="0"),
    # an assistant's
    Column("redirect_uri", Text),
    Column("state", Text),
    Column("challenge", String(43)),
    Column("resource", String(300)),
    Column("browser_hash", String(64)),
    # a device's
    Column("device_kind", String(16)),
    Column("device_code_hash", String(64), unique=True),
    Column("user_code_hash", String(64), unique=True),
    Column("polled_at", BigInteger),
    Column("interval_s", Integer),
)
_PENDING = text("status = 'pending'")
Index("ix_requests_pending_account_id", requests.c.account_id, sqlite_where=_PENDING, postgresql_where=_PENDING)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("client_id", String(500), nullable=False),
    Column("name", String(200), nullable=False),
    Column("host", String(255), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", String(43)),
    Column("resource", String(300), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("used_at", BigInteger),
    Column("grant_id", String(40)),  # what it was redeemed for: revoked when the code comes again
)

refresh_families = Table(
    "refresh_families",
    metadata,
    Column("credential_id", String(40), primary_key=True),  # the device or the grant
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("client_id", String(500), nullable=False),
    Column("resource", String(300), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column(
        "credential_id", ForeignKey("refresh_families.credential_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("parent", String(64), index=True),  # the token that was exchanged for it
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("used_at", BigInteger),  # when it was exchanged first
)

stream_tickets = Table(
    "stream_tickets",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("device_id", String(40), nullable=False, index=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

used_assertions = Table(
    "used_assertions",
    metadata,
    Column("hash", String(64), primary_key=True),  # of client and jti
    Column("expires_at", BigInteger, nullable=False, index=True),
)

_REVOKED = text("revoked_at IS NOT NULL")
Index("ix_devices_revoked_at", devices.c.revoked_at, sqlite_where=_REVOKED, postgresql_where=_REVOKED)
Index("ix_grants_revoked_at", grants.c.revoked_at, sqlite_where=_REVOKED, postgresql_where=_REVOKED)
Index("ix_grants_client_id", grants.c.client_id)
