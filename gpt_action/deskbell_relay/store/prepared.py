"""Statements of the hot path: written with SQLAlchemy Core, compiled once for each shape, run by the driver itself.

SQLAlchemy's own execution costs 30-80 µs a statement, several times what SQLite takes to do it (bench/README.md). What it
would add here is not needed: these statements take and give plain texts and numbers. Lists are padded, and rows split,
to powers of two, so that few shapes exist.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Executable, Select, Table, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import BindParameter, ColumnElement

MOST: Final = 16
"""The longest list, and the most rows, of one statement: few shapes, each quickly compiled, and nearly all that is gained."""

_SIZES: Final = (1, 2, 4, 8, 16)


class Shape(NamedTuple):
    """The SQL, the names of its parameters in order, and the values of those that the statement itself fixes."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]


_ALL: "list[Prepared | PreparedInsert]" = []


def warm(dialect: Dialect) -> None:
    """Compile all prepared statements of the program for `dialect`: some 30 ms, once at start."""
    for statement in _ALL:
        statement.warm(dialect)


def one_of(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """`column IN (…)` over `count` parameters of a list called `name`."""
    return column.in_([bindparam(f"{name}_{number}", type_=column.type) for number in range(count)])


class Prepared:
    """A statement with one list in it, or none. `build` makes it for a list of that length."""

    def __init__(self, build: Callable[[int], Executable], *, each: str | None = None) -> None:
        self._build = build
        self._each = each
        self._shapes: dict[tuple[str, int], Shape] = {}
        _ALL.append(self)

    def warm(self, dialect: Dialect) -> None:
        """Compile every shape, so that no command waits for it."""
        for size in _SIZES if self._each is not None else (0,):
            self._shape(dialect, size)

    def rows(
        self, connection: Connection, parameters: Mapping[str, Any], values: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run it, once for each 16 of the list's `values`; all rows that it gives."""
        if self._each is None:
            return self._run(connection, parameters, ())
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(values), MOST):
            found += self._run(connection, parameters, values[start : start + MOST])
        return found

    def many(self, connection: Connection, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of `parameters`; it has no list."""
        shape = self._shape(connection.dialect, 0)
        rows = [{**shape.fixed, **each} for each in parameters]
        cursor = connection.connection.cursor()
        cursor.executemany(shape.sql, [tuple(row[name] for name in shape.names) for row in rows])
        cursor.close()

    def _run(
        self, connection: Connection, parameters: Mapping[str, Any], values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        size = _power_above(len(values)) if values else 0
        shape = self._shape(connection.dialect, size)
        given = {**shape.fixed, **parameters}
        for number in range(size):
            given[f"{self._each}_{number}"] = values[min(number, len(values) - 1)]
        cursor = connection.connection.cursor()
        cursor.execute(shape.sql, tuple(given[name] for name in shape.names))
        rows: list[tuple[Any, ...]] = list(cursor.fetchall()) if cursor.description else []
        cursor.close()
        return rows

    def _shape(self, dialect: Dialect, size: int) -> Shape:
        key = (dialect.name, size)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _compiled(self._build(size), dialect)
        return shape


class PreparedInsert:
    """Inserts rows of plain values into `columns` of a table, many in one statement: one step in SQLite."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._shapes: dict[tuple[str, int], str] = {}
        _ALL.append(self)

    def warm(self, dialect: Dialect) -> None:
        """Compile every shape, so that no command waits for it."""
        for size in _SIZES:
            self._shape(dialect, size)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`."""
        cursor = connection.connection.cursor()
        start = 0
        while start < len(rows):
            size = min(MOST, _power_below(len(rows) - start))
            flat = [row.get(column) for row in rows[start : start + size] for column in self._columns]
            cursor.execute(self._shape(connection.dialect, size), flat)
            start += size
        cursor.close()

    def _shape(self, dialect: Dialect, size: int) -> str:
        key = (dialect.name, size)
        sql = self._shapes.get(key)
        if sql is None:
            binds = [
                {column: bindparam(f"{column}_{number}", type_=self._table.c[column].type) for column in self._columns}
                for number in range(size)
            ]
            shape = _compiled(insert(self._table).values(binds), dialect)
            assert shape.names == tuple(f"{column}_{number}" for number in range(size) for column in self._columns)
            sql = self._shapes[key] = shape.sql
        return sql


def names_of(query: Select[Any]) -> tuple[str, ...]:
    """The names of a query's columns, in order."""
    return tuple(str(column.key) for column in query.selected_columns)


def parameter(name: str, column: ColumnElement[Any]) -> BindParameter[Any]:
    """A parameter of the column's type."""
    return bindparam(name, type_=column.type)


def _compiled(statement: Executable, dialect: Dialect) -> Shape:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    names = compiled.positiontup
    assert names is not None, "the drivers that we know take their parameters by position"
    fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    return Shape(str(compiled), tuple(names), fixed)


def _power_above(count: int) -> int:
    return 1 << (count - 1).bit_length()


def _power_below(count: int) -> int:
    return 1 << (count.bit_length() - 1)
