"""Brings a database to this release's schema, and knows which life (`epoch`) of the database this is."""

import secrets
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, delete, insert, select

from deskbell_relay.store import migrations
from deskbell_relay.store.tables import relay_facts

log = structlog.get_logger()

EPOCH = "epoch"
START = "start"


def migrate(engine: Engine) -> None:
    """Run the migrations that this database lacks. Raises alembic's CommandError for a database of a newer release."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql("COMMIT")


def begin_life(engine: Engine, witness: Path) -> str:
    """The database's epoch for this start of the relay.

    A backup that is restored would give numbers again which devices have seen. So each start writes a random mark into
    the database and into the file `witness` beside it; when the two differ, the database is not the one that ran here
    last, and a new epoch begins: every cursor of the old one is answered with `reset`.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        epoch, last = _fact(connection, EPOCH), _fact(connection, START)
        seen = witness.read_text().strip() if witness.exists() else None
        if epoch is None or last != seen:
            epoch = new_epoch(connection)
            log.info("new_epoch", epoch=epoch, restored=seen is not None)
        mark = secrets.token_hex(16)
        _remember(connection, START, mark)
        connection.exec_driver_sql("COMMIT")
    # Should we die right here, the next start sees two different marks and begins a new epoch: safe, if not needed.
    witness.write_text(mark)
    return epoch


def new_epoch(connection: Connection) -> str:
    """Begin a new epoch; also the operator's `deskbell relay restored`."""
    epoch = secrets.token_hex(4)
    _remember(connection, EPOCH, epoch)
    return epoch


def _fact(connection: Connection, name: str) -> str | None:
    return connection.execute(select(relay_facts.c.value).where(relay_facts.c.name == name)).scalar()


def _remember(connection: Connection, name: str, value: str) -> None:
    connection.execute(delete(relay_facts).where(relay_facts.c.name == name))
    connection.execute(insert(relay_facts).values(name=name, value=value))
