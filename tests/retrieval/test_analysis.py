"""Words of both sides meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.analysis import MAX_WORD, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running dogs run", ["run", "dog", "run"]),
        ("The company's ships", ["the", "compani", "ship"]),
        ("71,137 and 3.50%", ["71137", "and", "3.50"]),
        ("No. 07-1315", ["no", "07-1315", "07", "1315"]),
        ("VIN 1C4RJFBG2NC123456", ["vin", "1c4rjfbg2nc123456"]),
        ("v2.1.3", ["v2.1.3", "v2", "1", "3"]),
        ("C++ and C#", ["c++", "c", "and", "c#", "c"]),
        ("naïve CAFÉ", ["naiv", "cafe"]),
        ("ＡＢＣ１２３", ["abc123"]),
        ("漢斯研究梵語", ["汉斯", "研究", "梵语"]),
        ("2019年", ["2019", "年"]),
        ("東京タワー", ["东京", "タワ", "ワー"]),
        ("Привет, мир", ["привет", "мир"]),
        ("...!?", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_either_script_finds_the_other() -> None:
    assert words("歐洲語言學的學術研究") == words("欧洲语言学的学术研究")


@pytest.mark.parametrize("text", ["07-1315", "1C4RJFBG2NC123456", "71,137", "v2.1.3", "foo_bar.baz@example.org"])
def test_an_identifier_is_one_word_however_it_is_surrounded(text: str) -> None:
    whole = words(text)[0]
    assert whole in words(f"see ({text}), as filed.")
    assert whole in words(f"请看{text}，谢谢")


@given(st.text())
def test_words_hold_no_blanks_and_are_not_endless(text: str) -> None:
    assert all(w and not any(c.isspace() for c in w) for w in words(text))
    assert all(len(w) <= 2 * MAX_WORD for w in words(text) if w.isascii())
