"""The tables of docs/, made from the catalogue and the errors: `python -m deskbell_wire.tables actions|errors`."""

import sys
from collections.abc import Callable

from deskbell_wire.actions import CATALOGUE, SCOPES
from deskbell_wire.errors import ERRORS


def actions() -> str:
    """docs/actions.md."""
    lines = [
        "# Actions",
        "",
        "What an assistant can ask for. Made from the catalogue (`wire/deskbell_wire/actions.py`) by `make tables`.",
        "",
        "*Risk* decides the default consent: `read` runs, `write` runs and can be undone, `act` asks first; you change that",
        "per action and per assistant in `config.toml`. *Again* says whether a command that the laptop began and did not",
        "finish is simply run again.",
        "",
        "| action | operation | risk | scope | again | waits for the laptop | what it does |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for action in CATALOGUE:
        waits = "the relay answers" if action.performer == "relay" else _duration(action.lifetime_s)
        again = "yes" if action.repeatable else "no"
        cells = (
            f"`{action.id}`",
            f"`{action.operation_id}`",
            action.risk,
            f"`{action.scope}`",
            again,
            waits,
            action.description,
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## Scopes", "", "| scope | allows |", "| --- | --- |"]
    lines += [f"| `{scope}` | {words} |" for scope, words in SCOPES.items()]
    return "\n".join(lines) + "\n"


def errors() -> str:
    """docs/errors.md."""
    lines = [
        "# Errors",
        "",
        "Every error is an RFC 9457 problem document with a stable `code`, a sentence about the case (`detail`) and a",
        "`next_step`. Made from the table in `wire/deskbell_wire/errors.py` by `make tables`.",
    ]
    for code, error in sorted(ERRORS.items()):
        lines += ["", f"### `{code}`", "", f"HTTP {error.status}. {error.title}. {error.next_step}"]
    return "\n".join(lines) + "\n"


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 24 * 3600)
    return f"{days} days" if days and not rest else f"{seconds // 60} minutes"


TABLES: dict[str, Callable[[], str]] = {"actions": actions, "errors": errors}


if __name__ == "__main__":
    sys.stdout.write(TABLES[sys.argv[1]]())
