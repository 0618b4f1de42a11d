"""Alembic's entry: runs the migrations on the connection that `store.schema.migrate` hands over."""

from alembic import context

from deskbell_relay.store.identity_tables import metadata  # which has the tables of `tables` too

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
    transactional_ddl=False,  # the caller's transaction is the one
)
context.run_migrations()
