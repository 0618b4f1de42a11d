"""The migrations make what the tables say, and a database knows when it is not the one that ran here last."""

import re
import shutil
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from deskbell_relay.store import migrations
from deskbell_relay.store.engine import sqlite_engine
from deskbell_relay.store.identity_tables import metadata
from deskbell_relay.store.schema import begin_life, migrate


def statements(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        )
        return {row.name: re.sub(r"\s+", " ", row.sql).replace("( ", "(").replace(" )", ")") for row in rows}


def columns(engine: Engine) -> dict[str, set[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table: {tuple(row)[1:] for row in connection.exec_driver_sql(f"PRAGMA table_xinfo({table})")}
            for table in metadata.tables
        }


def test_the_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    migrated, made = (sqlite_engine(f"sqlite:///{tmp_path / name}.db") for name in ("migrated", "made"))
    migrate(migrated)
    metadata.create_all(made)
    assert set(statements(migrated)) == set(statements(made))
    assert columns(migrated) == columns(made)
    for name, statement in statements(made).items():
        if statement.startswith("CREATE INDEX") or statement.startswith("CREATE UNIQUE INDEX"):
            assert statements(migrated)[name] == statement
        assert ("WITHOUT ROWID" in statement) == ("WITHOUT ROWID" in statements(migrated)[name])


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'relay.db'}")
    migrate(engine)
    before = statements(engine)
    migrate(engine)
    assert statements(engine) == before


def test_there_is_one_line_of_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_an_epoch_lasts_over_restarts(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'relay.db'}")
    migrate(engine)
    epochs = {begin_life(engine, tmp_path / "relay.start") for _ in range(3)}
    assert len(epochs) == 1


def test_a_restored_backup_begins_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    engine = sqlite_engine(f"sqlite:///{path}")
    migrate(engine)
    first = begin_life(engine, tmp_path / "relay.start")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "backup.db")
    assert begin_life(engine, tmp_path / "relay.start") == first
    engine.dispose()
    for leftover in tmp_path.glob("relay.db-*"):
        leftover.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    assert begin_life(sqlite_engine(f"sqlite:///{path}"), tmp_path / "relay.start") != first


def test_a_new_database_in_an_old_folder_begins_a_new_epoch(tmp_path: Path) -> None:
    epochs = []
    for name in ("one", "two"):
        engine = sqlite_engine(f"sqlite:///{tmp_path / name}.db")
        migrate(engine)
        epochs.append(begin_life(engine, tmp_path / "relay.start"))
    assert epochs[0] != epochs[1]
