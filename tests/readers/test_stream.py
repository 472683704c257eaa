# ruff: noqa: E501 - texts are tables: a row is a line
"""A model's text as it comes: the same text and the same sentences, however it is cut on its way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.readers.stream import End, SentenceStream, Text, disarmed


def run(pieces: Sequence[str], marks: bool = True) -> tuple[str, list[tuple[int, End]]]:
    """The text shown, and each sentence with the place at which its mark would stand."""
    stream = SentenceStream(marks)
    out = [piece for part in pieces for piece in stream.feed(part)] + stream.close()
    shown, ends = "", []
    for piece in out:
        if isinstance(piece, Text):
            shown += piece.text
        else:
            ends.append((len(shown), piece))
    return shown, ends


def sentences(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(end.sentence, end.cited) for _, end in run([text])[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is tall [1]. It is old. [2][3]", [("It is tall.", (1,)), ("It is old.", (2, 3))]),
        ("[2] It is old.\n[1] It is tall.", [("It is old.", (2,)), ("It is tall.", (1,))]),
        ("It is old (passage 3). See [1-3, 5].", [("It is old.", (3,)), ("See.", (1, 2, 3, 5))]),
        ("它很高[1]。它很老。【2】很大", [("它很高。", (1,)), ("它很老。", (2,)), ("很大", ())]),
        ("Mr. Smith paid 3.5 euros e.g. in May. Yes", [("Mr. Smith paid 3.5 euros e.g. in May.", ()), ("Yes", ())]),
        ("- Tea [1]\n- Coffee [2]", [("- Tea", (1,)), ("- Coffee", (2,))]),
        ("1. Tea\n2. Coffee", [("1. Tea", ()), ("2. Coffee", ())]),
        ("<think>Hm. [1]</think>\n\nYes.", [("Yes.", ())]),
        ("<think>never ends", []),
        ("```\na. b\n\nc\n```\nEnd", [("```\na. b\n\nc\n```", ()), ("End", ())]),
        ("", []),
    ],
)
def test_sentences_and_the_passages_they_name(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert sentences(text) == expected


def test_the_model_s_marks_are_not_shown_and_ours_cannot_be_forged() -> None:
    assert run(["It is tall [1], old [?] and \\[2\\] big [3]."])[0] == "It is tall, old and big."
    assert run(["A [[1]1] and [[1]?] b"])[0] == "A [1 ] and [? ] b"
    assert run(["A [1] b"], marks=False)[0] == "A [1] b"


def test_what_would_load_or_open_something_is_written_as_characters() -> None:
    assert disarmed("![a](http://b)") == "![a]\\(http://b)"
    assert disarmed("<img src=x onerror=y> <!-- a --> 1 < 2") == "\\<img src=x onerror=y> \\<!-- a --> 1 < 2"
    assert disarmed("[a]: http://b\nx[i]: y") == "[a]\\: http://b\nx[i]: y"
    assert disarmed("```\n<b>[a](c)\n```\n<b>") == "```\n<b>[a](c)\n```\n\\<b>"
    assert disarmed("a | b") == "a \\| b"


def test_a_row_of_a_table_is_marked_in_its_first_cell_which_is_always_shown() -> None:
    shown, ends = run(["| Year | Worth |\n|---|---|\n| 2018. A | 9 million |\n\nEnd."])
    assert shown == "| Year | Worth |\n|---|---|\n| 2018. A | 9 million |\n\nEnd."
    assert [(shown[:at].split("\n")[-1], end.sentence) for at, end in ends] == [
        ("| Year", "| Year | Worth |"),
        ("|---", "|---|---|"),
        ("| 2018. A", "| 2018. A | 9 million |"),
        ("End.", "End."),
    ]


PIECES = st.sampled_from(
    [
        "The tower is 330 m tall", ". ", "。", "[1]", " [2]", "[", "]", "1", "?", "\n", "\n\n", "- ", "|", " ", "  ", "Mr.", "e.g. ",
        "…", "……", "”", ")", "(", "passage 2", "```", "~~~", "`", "\\", "<", "b>", "!", "：", ":", "http://x", "它很高", "3.", "5",
        "<think>", "</think>", "第2段", "【3】", "A", "a", "; ", "；", "*", "**", "\t", "|---|", "No. 5", "''",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=25).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.data(), st.booleans())
def test_any_cut_gives_the_same_text_and_the_same_sentences(text: str, data: st.DataObject, marks: bool) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert run(pieces, marks) == run([text], marks)
    assert run(list(text), marks) == run([text], marks)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_every_visible_character_belongs_to_a_sentence_and_no_mark_is_shown(text: str) -> None:
    import re

    shown, ends = run([text])
    assert not re.search(r"\[(\d{1,3}|\?)\]", shown)
    rest = "".join(end.sentence for _, end in ends)
    assert re.sub(r"[\s\\]", "", rest) == re.sub(r"[\s\\]", "", re.sub(r"(\[[\d?]{1,3}) \]", r"\1]", shown))
