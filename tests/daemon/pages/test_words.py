"""What a person reads of a request: exact, harmless, bounded, grouped."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from deskbell_daemon.pages.words import PAGE_CHARACTERS, diff_rows, groups, shown, text_of


def request(id_="cmd_1", group="g", **arguments):
    return {
        "id": id_,
        "title": "Trash a note",
        "action": "note.trash",
        "risk": "act",
        "arguments": arguments,
        "words": [],
        "assistant": {"name": "GPT", "host": "chatgpt.com"},
        "asked_at": "2026-11-24T20:00:00.000000Z",
        "expires_at": "2026-11-24T21:00:00.000000Z",
        "definition": "d",
        "group": group,
        "note": None,
    }


@given(st.text(max_size=300))
def test_no_text_can_turn_hide_or_end_what_stands_beside_it(text):
    for character in text_of("n", text).text:
        assert character in "\n\t\u200c\u200d\u00ad" or unicodedata.category(character) not in {
            "Cc",
            "Cf",
            "Cs",
            "Zl",
            "Zp",
        }
        assert character not in "\u034f\u115f\u3164\uffa0\u2800"


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=300))
def test_plain_text_stays_as_it_is(text):
    assert text_of("n", text).text == text


def test_what_hides_in_variation_selectors_is_seen():
    hidden = "".join(chr(0xE0100 + ord(letter)) for letter in "rm -rf")
    assert text_of("n", f"hello{hidden}").text.count("⟦U+E01") == len("rm -rf")


def test_other_values_are_shown_as_json():
    assert text_of("n", {"a": [1, True, None]}).text == '{\n  "a": [\n    1,\n    true,\n    null\n  ]\n}'
    assert (text_of("n", 7).text, text_of("n", "7").text) == ("7", "7")


def test_many_of_a_kind_are_one_group_in_the_order_of_asking():
    made = groups([request(f"cmd_{n}", "many" if n else "one") for n in range(40)])
    assert [(group.first.id, len(group.rest)) for group in made] == [("cmd_0", 0), ("cmd_1", 38)]
    assert [len(group.rest) for group in groups([request("a"), request("b")])] == [0, 0]


def test_what_does_not_fit_on_the_page_can_only_be_refused():
    whole, left_out = groups(
        [request("a", "1", body="x" * 110_000), request("b", "2", body="x" * (PAGE_CHARACTERS - 1))]
    )
    assert whole.first.whole and whole.first.values[0].long
    assert not left_out.first.whole and left_out.first.values == []
    cut = shown(request(body="x" * 200_000))
    assert not cut.whole and cut.values[0].left_out == 80_000


def test_a_page_is_bounded_whatever_waits():
    made = groups([request(f"cmd_{n}", body="\u202e" * 100_000) for n in range(100)])
    assert (
        sum(len(value.text) for group in made for one in [group.first, *group.rest] for value in one.values) < 5_000_000
    )


def test_a_difference_is_bounded_and_its_kinds_are_told():
    rows = diff_rows("--- a\n+++ a\n@@ -1 +1 @@\n-old\n+new\n same")
    assert [kind for kind, _ in rows] == ["del", "add", "at", "del", "add", "same"]
    assert diff_rows(None) == []
    assert diff_rows("+x\n" * 100_000)[-1][1].endswith("more characters")
