"""From what a caller gave to an argv: each value is checked by its parameter and fills exactly one slot."""

import math
import re
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from deskbell_daemon.local_actions.definition import ActionTable, Parameter, parameter_of
from deskbell_wire.errors import Problem

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


def arguments_of(
    action: ActionTable, given: Mapping[str, Any], *, look: bool = True, today: date | None = None
) -> list[str]:
    """The words after the program. Looks at the disk for paths; without `look`, a path is only put below its root.

    Raises Problem invalid_arguments for what does not fit, path_outside for a path that leaves its root.
    """
    values = checked(action, given, look, today or date.today())  # noqa: DTZ011 - the day where the person is
    words: list[str] = []
    for slot in action.argv[1:]:
        name = parameter_of(slot)
        if name is None:
            words.append(slot)
        elif (value := values[name]) is not None:
            words.append(value)
    return words


def checked(action: ActionTable, given: Mapping[str, Any], look: bool, today: date) -> dict[str, str | None]:
    """Each parameter's value as a word; None for one that is left out. Raises Problem."""
    known = {parameter.name for parameter in action.parameters}
    faults = [f"{name[:40]!r} is no parameter of this action" for name in given if name not in known]
    values: dict[str, str | None] = {}
    for parameter in action.parameters:
        value = given.get(parameter.name, _default(parameter, today))
        if value is None:
            if parameter.required:
                faults.append(f"{parameter.name} is missing")
            values[parameter.name] = None
            continue
        try:
            values[parameter.name] = word_of(parameter, value, look)
        except ValueError as error:
            faults.append(f"{parameter.name}: {error}")
    if faults:
        raise Problem("invalid_arguments", f"The parameters do not fit: {'; '.join(faults[:5])}.")
    return values


def word_of(parameter: Parameter, value: Any, look: bool) -> str:
    """The value as one word of an argv. Raises ValueError with what is wrong, Problem path_outside."""
    if parameter.kind == "path":
        return str(path_of(parameter, value, look))  # whole, so it cannot be taken for an option
    if parameter.kind == "choice":
        if value not in parameter.choices:
            raise ValueError(f"{str(value)[:60]!r} is none of {', '.join(parameter.choices)}")
        return str(value)  # the person's own word, a leading dash included
    word = {"text": _text, "number": _number, "date": _date}[parameter.kind](parameter, value)
    if word.startswith("-") and not parameter.leading_dash:
        raise ValueError(f"{word[:60]!r} starts with '-', which a program could take for an option")
    return word


def path_of(parameter: Parameter, value: Any, look: bool) -> Path:
    """The real path, links followed, inside the parameter's root. Raises ValueError, Problem path_outside."""
    text = _text(parameter, value)
    if re.search(r"[\n\t]", text):
        raise ValueError("a path has no line ends and no tabs")
    if sys.platform == "win32":
        windows = PureWindowsPath(text)
        if ":" in text.removeprefix(windows.drive) or windows.is_reserved():
            raise ValueError(f"{text[:60]!r} is no ordinary path")
    assert parameter.root is not None, "a path has its root"
    if ".." in re.split(r"[/\\]", text):  # what the person sees must be where it leads
        raise Problem("path_outside", f"{text[:100]!r} goes up with '..'; name the path straight, from its folder.")
    if not look:
        path = parameter.root / text
        if not path.is_relative_to(parameter.root):
            raise _outside(text)
        return path
    try:
        root = parameter.root.resolve(strict=True)
        path = (root / text).resolve(strict=parameter.must_exist)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = getattr(error, "strerror", None) or "it leads in a circle"
        raise ValueError(f"{text[:60]!r} cannot be found: {reason}") from error
    if not path.is_relative_to(root):
        raise _outside(text)
    return path


def _outside(text: str) -> Problem:
    return Problem("path_outside", f"{text[:100]!r} leads out of the folder that this action may use.")


def _default(parameter: Parameter, today: date) -> Any:
    default = parameter.default
    return default.replace("{today}", today.isoformat()) if isinstance(default, str) else default


def _text(parameter: Parameter, value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = _plain(value)
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if len(value) > parameter.most_characters:
        raise ValueError(f"has {len(value)} characters; it may have {parameter.most_characters}")
    if _CONTROLS.search(value):
        raise ValueError("has control characters in it")
    return value


def _number(parameter: Parameter, value: Any) -> str:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("must be a number")
    if parameter.minimum is not None and value < parameter.minimum:
        raise ValueError(f"{_plain(value)} is below {parameter.minimum:g}")
    if parameter.maximum is not None and value > parameter.maximum:
        raise ValueError(f"{_plain(value)} is above {parameter.maximum:g}")
    return _plain(value)


def _date(_: Parameter, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-11-24")
    return date.fromisoformat(value).isoformat()


def _plain(value: float) -> str:
    """A number without exponent, and without `.0`."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
