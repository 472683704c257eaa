"""Sentences and the plain form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.textual import plain, sentences


def cut(text: str, *, lines: bool = False) -> list[str]:
    return [text[a:b] for a, b in sentences(text, lines=lines)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It cost 3.14 dollars. Then 2.5.", ["It cost 3.14 dollars.", "Then 2.5."]),
        ("Mr. Smith met Dr. Jones. They talked.", ["Mr. Smith met Dr. Jones.", "They talked."]),
        ("J. K. Rowling wrote it. She is British.", ["J. K. Rowling wrote it.", "She is British."]),
        ("He lives in the U.S. The weather is fine.", ["He lives in the U.S.", "The weather is fine."]),
        ("The U.S. Senate met.", ["The U.S. Senate met."]),
        ("Apple Inc. Announced it.", ["Apple Inc. Announced it."]),
        ('"Stop!" he said. "Why?" She left.', ['"Stop!" he said.', '"Why?"', "She left."]),
        ("See Fig. 3 and No. 7. The rest follows.", ["See Fig. 3 and No. 7.", "The rest follows."]),
        ("I said no. Peter went.", ["I said no.", "Peter went."]),
        ("1. Introduction to it. Next.", ["1. Introduction to it.", "Next."]),
        ("他来了。她走了！真的？是；好", ["他来了。", "她走了！", "真的？", "是；", "好"]),
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        ("圆周率是3.14。好", ["圆周率是3.14。", "好"]),
        ("Broken over\ntwo lines. End", ["Broken over\ntwo lines.", "End"]),
        ("Items:\n- one\n- two", ["Items:", "- one", "- two"]),
        ("A heading\n\nA paragraph", ["A heading", "A paragraph"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_lines_are_sentences_when_asked() -> None:
    assert cut("Name Ann\nAge 7", lines=True) == ["Name Ann", "Age 7"]


@given(st.text(alphabet=st.sampled_from(list('Ab1 .!?。；”"\n()-…')), max_size=80), st.booleans())
def test_sentences_hold_every_visible_character_in_order(text: str, lines: bool) -> None:
    found = sentences(text, lines=lines)
    assert "".join(text[a:b] for a, b in found).split() == "".join(text[a:b] for a, b in found).split()
    assert "".join("".join(text[a:b].split()) for a, b in found) == "".join(text.split())
    assert all(a < b for a, b in found)
    assert all(left[1] <= right[0] for left, right in pairwise(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("co\u00adoperate", "cooperate"),
        ("zero\u200bwidth", "zerowidth"),
        ("informa-\ntion", "information"),
        ("in 2020-\n2021", "in 2020-\n2021"),
        ("中文\n换行", "中文换行"),
        ("plain", "plain"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected
