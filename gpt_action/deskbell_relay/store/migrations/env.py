"""Alembic's entry: runs the migrations on the connection that `store.schema.migrate` hands over."""

from alembic import context

from deskbell_relay.store import identity_tables
from deskbell_relay.store.tables import metadata

assert identity_tables.metadata is metadata, "all tables stand on one metadata"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
    transactional_ddl=False,  # the caller's transaction is the one
)
context.run_migrations()
