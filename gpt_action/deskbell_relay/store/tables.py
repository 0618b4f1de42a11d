"""The tables of accounts, their devices and grants, their commands and their channel. Times are microseconds since the epoch.

Identity's own tables (clients, codes, tokens, keys) stand in `identity_tables.py`, on the same metadata.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

relay_facts = Table(
    "relay_facts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What this database knows of itself: `epoch` changes when it is restored or made anew."""

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, server_default="0"),  # the newest event's number
    Column("oldest_seq", BigInteger, nullable=False, server_default="1"),  # the oldest event that is kept
    Column("roster", Integer, nullable=False, server_default="0"),  # counts the changes of the account's devices
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actions", JSON, nullable=False),
    Column("local_actions", JSON, nullable=False, server_default="[]"),  # the person's own, as the device declares them
    Column("rank", Integer, nullable=False, server_default="0"),  # the smaller, the more preferred
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger),
    Column("online_until", BigInteger, nullable=False, server_default="0"),
    Column("revoked_at", BigInteger),
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("client_id", String(500), nullable=False),
    Column("name", String(200), nullable=False),
    Column("host", String(255), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("device_id", String(40), nullable=False),
    Column("grant_id", String(40), nullable=False),  # who asked: a grant, or a device of the account
    Column("action", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # what makes a request the same: action, arguments, device
    Column("idempotency_key", String(200)),
    Column("seq", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("progress", Text),
    Column("output", Text),  # JSON, as the device reported it
    Column("error", Text),  # JSON of a Failure
    Column("received_at", BigInteger, nullable=False),
    Column("appended_at", BigInteger),
    Column("sent_at", BigInteger),
    Column("acted_at", BigInteger),
    Column("returned_at", BigInteger),
    Column("expires_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
_OPEN = text("finished_at IS NULL")
Index("ix_commands_account_id_id", commands.c.account_id, commands.c.id)
Index("ix_commands_open_expires_at", commands.c.expires_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index(
    "ix_commands_open_fingerprint",
    commands.c.fingerprint,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_commands_open_device_id_seq", commands.c.device_id, commands.c.seq, sqlite_where=_OPEN, postgresql_where=_OPEN
)
_ENDED = text("finished_at IS NOT NULL")
Index("ix_commands_ended_finished_at", commands.c.finished_at, sqlite_where=_ENDED, postgresql_where=_ENDED)
_KEYED = text("idempotency_key IS NOT NULL")
Index(
    "uq_commands_idempotency_key_grant_id",
    commands.c.idempotency_key,
    commands.c.grant_id,
    unique=True,
    sqlite_where=_KEYED,
    postgresql_where=_KEYED,
)

events = Table(
    "events",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(16), nullable=False),
    Column("data", Text, nullable=False),  # JSON, as it goes onto the stream
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_events_created_at", events.c.created_at)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("model", String(200), nullable=False),
    Column("status", String(16), nullable=False),
    Column("save_as_note", Boolean, nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("end", Text),  # JSON of an EndEvent
    Column("tokens", BigInteger, nullable=False, server_default="0"),  # what the day's budget counts
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("share_hash", String(64), unique=True),  # of the link that shows it to others
    Column("share_expires_at", BigInteger),
)
Index("ix_runs_account_id_created_at", runs.c.account_id, runs.c.created_at)
Index("ix_runs_created_at", runs.c.created_at)
