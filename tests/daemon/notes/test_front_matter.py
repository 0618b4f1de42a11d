"""Front matter is read leniently, written in YAML that anyone reads, and the user's own is kept to the letter."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from deskbell_daemon.notes import front_matter, names
from deskbell_wire.ids import new_id

COMMAND = new_id("cmd")
CREATED = "2026-11-24T13:52:35.123456Z"
LINE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).map(names.display).filter(bool)


@settings(deadline=None)
@given(LINE, st.lists(LINE, max_size=4))
@example("yes", ["null", "1.5", "- x", "2026-01-01"])
@example('"quoted": {[#&*!|>%@`', ["a: b", "#tag", "'"])
@example("\x85\u2028\ufeff\U0001f600\ufffe", [])
@example("---", ["..."])
def test_a_fresh_block_is_read_back_by_any_yaml_reader(title: str, tags: list[str]) -> None:
    text = front_matter.fresh(title, tags, CREATED, COMMAND) + "body\n---\n"
    block = front_matter.find(text)
    assert text[block.text_at :] == "body\n---\n"
    loaded = YAML(typ="safe", pure=True).load(text[4 : block.text_at - 4])
    assert loaded["title"] == title
    assert loaded.get("tags", []) == tags
    assert loaded["deskbell"] == {"command": COMMAND}
    assert block.meta.command == COMMAND
    assert (block.meta.title or "").strip() == title.strip()


@settings(deadline=None)
@given(LINE, st.lists(LINE, max_size=4))
def test_the_quick_reader_agrees_with_yaml(title: str, tags: list[str]) -> None:
    quick = front_matter.find(front_matter.fresh(title, tags, CREATED, COMMAND))
    # A comment sends it the long way, through ruamel.
    slow = front_matter.find(front_matter.fresh(title, tags, CREATED, COMMAND).replace("---\n", "---\n# a remark\n", 1))
    assert (quick.meta.title, quick.meta.tags, quick.meta.command) == (
        slow.meta.title,
        slow.meta.tags,
        slow.meta.command,
    )


def test_a_body_with_its_own_block_keeps_keys_comments_and_order() -> None:
    body = "---\n# mine\nzebra: 'one'   # why\naliases: [a, b]\ntags:\n  - old\nnested:\n    deep: 1\n---\n# Text\n"
    whole = front_matter.merged(body, "Title", ["new", "old"], CREATED, COMMAND)
    assert whole is not None
    assert whole.startswith("---\n# mine\nzebra: 'one'   # why\naliases: [a, b]\ntags:\n")
    assert whole.endswith("\n---\n# Text\n")
    loaded = YAML(typ="safe", pure=True).load(whole.split("---\n")[1])
    assert loaded["tags"] == ["old", "new"] and loaded["title"] == "Title" and loaded["nested"] == {"deep": 1}


KEYS = st.text("abcdefgh", min_size=3, max_size=8)
VALUES = st.one_of(st.integers(-999, 999), LINE, st.lists(st.integers(0, 9), max_size=3), st.booleans(), st.none())


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_merge_loses_no_key(data: dict[str, object]) -> None:
    # Strings by our own emitter: ruamel's safe one writes some that it cannot read ("{a: ?b}").
    lines = [f"{key}: {front_matter.scalar(v) if isinstance(v, str) else json.dumps(v)}\n" for key, v in data.items()]
    whole = front_matter.merged(f"---\n{''.join(lines)}---\ntext\n", "T", ["t"], CREATED, COMMAND)
    assert whole is not None
    block = front_matter.find(whole)
    loaded = YAML(typ="safe", pure=True).load(whole[4 : block.text_at - 4])
    assert {key: loaded[key] for key in data} == data
    assert whole[block.text_at :] == "text\n"


@pytest.mark.parametrize(
    "text",
    [
        "no block",
        "",
        "---\nunclosed: 1\n\ntext",
        "---\njust prose between rulers\n---\nmore",
        "----\nx\n----\n",
        " ---\na: 1\n---\n",
    ],
)
def test_text_without_a_block_is_all_text(text: str) -> None:
    assert front_matter.find(text) == front_matter.Block()


@pytest.mark.parametrize(
    "raw",
    [
        "a: [",
        "a: b: c",
        "\tx: 1",
        "a: 1\na: 2",
        "x: &a [*a",
        "d: 2026-99-99",
        "[" * 3_000,
        "a: !!python/object:os.system x",
    ],
)
def test_a_broken_block_stays_text_and_its_remarks_are_no_headings(raw: str) -> None:
    text = f"---\n# not a heading\n{raw}\n---\n# Heading\n"
    block = front_matter.find(text)
    assert block.text_at == 0
    assert block.headings_at in (0, text.index("# Heading"))
    assert front_matter.merged(text, "T", [], CREATED, COMMAND) is None


def test_tags_are_read_as_people_write_them() -> None:
    for written in ("tags: [a, '#b']", "tags: a, b", "tags: a b", "tags:\n- a\n- '#b'"):
        assert front_matter.find(f"---\n{written}\n---\n").meta.tags == ("a", "b")
    assert front_matter.find("---\r\ntitle: Windows\r\n---\r\ntext").meta.title == "Windows"
