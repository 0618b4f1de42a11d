"""From what a caller gives to an argv: nothing that it gives can be more than one harmless word."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbell_daemon.local_actions.arguments import arguments_of
from deskbell_daemon.local_actions.definition import ActionTable
from deskbell_wire.errors import Problem

TODAY = date(2026, 11, 24)


def table(*parameters: dict[str, Any], argv: list[str] | None = None) -> ActionTable:
    words = argv or ["tool", "--", *(f"{{{parameter['name']}}}" for parameter in parameters)]
    return ActionTable.model_validate({"description": "Does it.", "argv": words, "parameters": parameters})


def words(action: ActionTable, **given_values: Any) -> list[str]:
    return arguments_of(action, given_values, today=TODAY)


def refused(action: ActionTable, **given_values: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        words(action, **given_values)
    return caught.value


TEXT = table({"name": "p", "kind": "text"})


@pytest.mark.parametrize(
    "value",
    [
        "; rm -rf ~",
        "$(id)",
        "`id`",
        "a && b",
        "| tee x",
        "> /etc/passwd",
        "'quoted' \"twice\"",
        "{q}",
        "%PATH%",
        "a\nb",
    ],
)
def test_what_a_shell_would_understand_stays_one_word(value: str) -> None:
    assert words(TEXT, p=value) == ["--", value]


@given(st.text(max_size=200))
def test_any_text_fills_exactly_one_slot_or_is_refused(value: str) -> None:
    try:
        found = words(TEXT, p=value)
    except Problem as problem:
        assert problem.code == "invalid_arguments"
    else:
        assert found == ["--", value]
        assert not value.startswith("-")
        assert "\0" not in value


@pytest.mark.parametrize("value", ["-", "--force", "-rf", "-oProxyCommand=x"])
def test_a_leading_dash_is_refused_unless_the_person_allows_it(value: str) -> None:
    assert "starts with '-'" in refused(TEXT, p=value).detail
    assert words(table({"name": "p", "kind": "text", "leading_dash": True}), p=value) == ["--", value]


def test_a_negative_number_is_a_leading_dash_too() -> None:
    assert "starts with '-'" in refused(table({"name": "n", "kind": "number"}), n=-1).detail
    assert words(table({"name": "n", "kind": "number", "leading_dash": True}), n=-1) == ["--", "-1"]


@pytest.mark.parametrize("value", ["a\0b", "\x1b[2J", "a\rb", "\x9b", "\ud800", True, None, "x" * 1_001])
def test_controls_wrong_types_and_long_texts_are_refused(value: Any) -> None:
    assert refused(TEXT, p=value).code == "invalid_arguments"


def test_every_fault_is_named_at_once() -> None:
    action = table({"name": "a", "kind": "number"}, {"name": "b", "kind": "text"})
    detail = refused(action, a="x", c="y").detail
    assert all(part in detail for part in ("a: must be a number", "b is missing", "'c' is no parameter"))


@pytest.mark.parametrize(
    ("value", "word"), [(5, "5"), (5.0, "5"), (0.5, "0.5"), (1e-7, "0.0000001"), (1e21, "1" + "0" * 21), ("42", "42")]
)
def test_numbers_are_written_plainly(value: Any, word: str) -> None:
    assert words(table({"name": "n", "kind": "number"}), n=value) == ["--", word]


@pytest.mark.parametrize("value", [0, 11, "0x5", "5; id", "1e5", "٣", True, float("nan"), ""])
def test_what_is_no_number_within_the_bounds_is_refused(value: Any) -> None:
    refused(table({"name": "n", "kind": "number", "minimum": 1, "maximum": 10}), n=value)


@pytest.mark.parametrize("value", ["2026-1-1", "20261124", "2026-11-31", "today", "2026-W48-2", "٢٠٢٦-11-24", 20261124])
def test_what_is_no_date_is_refused(value: Any) -> None:
    refused(table({"name": "d", "kind": "date"}), d=value)


def test_what_is_left_out_has_its_default_or_leaves_its_slot_out() -> None:
    action = table(
        {"name": "day", "kind": "date", "required": False, "default": "{today}"},
        {"name": "note", "kind": "text", "required": False},
    )
    assert words(action) == ["--", "2026-11-24"]
    assert words(action, day="2026-01-02", note="x") == ["--", "2026-01-02", "x"]


def test_a_choice_is_one_of_the_persons_own_words() -> None:
    action = table({"name": "c", "kind": "choice", "choices": ["play", "--all"]})
    assert words(action, c="--all") == ["--", "--all"]
    refused(action, c="Play")
    refused(action, c="--exec")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "inside").mkdir(parents=True)
    (tmp_path / "secret").write_text("s")
    return tmp_path / "root"


def path_table(root: Path, **more: Any) -> ActionTable:
    return table({"name": "p", "kind": "path", "root": str(root), **more})


def test_a_path_is_whole_and_real(root: Path) -> None:
    (root / "link").symlink_to("inside")
    for value in ("inside", "./inside", "inside//", "link", str(root / "inside")):
        assert words(path_table(root), p=value) == ["--", str(root / "inside")]
    assert words(path_table(root), p=".") == ["--", str(root)]


def test_a_path_that_looks_like_an_option_is_whole_and_so_is_none(root: Path) -> None:
    (root / "-rf").mkdir()
    assert words(path_table(root), p="-rf") == ["--", str(root / "-rf")]


@pytest.mark.parametrize(
    "value", ["..", "../secret", "inside/../../secret", "inside/../inside", "/etc/passwd", "/", "{root}/../secret"]
)
def test_a_path_that_leaves_its_root_is_refused(root: Path, value: str) -> None:
    assert refused(path_table(root), p=value.replace("{root}", str(root))).code == "path_outside"


def test_a_link_that_leads_out_is_refused_also_when_it_is_swapped_in_later(root: Path) -> None:
    action = path_table(root)
    assert words(action, p="inside")
    (root / "inside").rmdir()
    (root / "inside").symlink_to("/etc")
    assert refused(action, p="inside").code == "path_outside"
    assert refused(action, p="inside/passwd").code == "path_outside"


def test_a_sister_folder_of_the_same_beginning_is_outside(root: Path) -> None:
    (root.parent / "rooted").mkdir()
    assert refused(path_table(root), p="../rooted").code == "path_outside"


@pytest.mark.parametrize("value", ["missing", "a\nb", "a\0b", "~/x", "circle"])
def test_a_path_that_is_not_there_or_is_none_is_refused(root: Path, value: str) -> None:
    (root / "circle").symlink_to("circle")
    assert refused(path_table(root), p=value).code == "invalid_arguments"


def test_a_path_may_be_new_where_the_person_says_so(root: Path) -> None:
    action = path_table(root, must_exist=False)
    assert words(action, p="new/file") == ["--", str(root / "new" / "file")]
    assert refused(action, p="../new").code == "path_outside"


def test_what_the_person_is_shown_leaves_the_root_as_little(root: Path) -> None:
    action = path_table(root)
    assert arguments_of(action, {"p": "inside"}, look=False) == ["--", str(root / "inside")]
    for value in ("..", "../secret", "/etc/passwd", "inside/.."):
        with pytest.raises(Problem) as caught:
            arguments_of(action, {"p": value}, look=False)
        assert caught.value.code == "path_outside"
