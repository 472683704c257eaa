"""Languages, sentences of ours, quotes on one line, receipts and summaries."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.answering.compose import disarmed, marked, one_line, quoted
from assistant.answering.language import count_words, language
from assistant.answering.receipts import receipt_id
from assistant.answering.summaries import summarise
from assistant.answering.tiers import refusal
from assistant.answering.wording import _WORDS, say
from assistant.types import Claim, Passage, Span


def passage(text: str, context: str = "", number: int = 1, start: int = 0) -> Passage:
    return Passage(number, "c", "d", start, start + len(text), text, context)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How?", "en"),
        ("多少？", "zh"),
        ("iPhone 15 的价格是多少？", "zh"),
        ("What does 北京 mean here?", "en"),
        ("", "en"),
    ],
)
def test_language(text: str, expected: str) -> None:
    assert language(text) == expected


def test_words_are_counted_in_both_scripts() -> None:
    assert count_words("It is 330 metres tall.") == 5
    assert count_words("长城很长") == 2
    assert count_words("") == 0


def test_every_sentence_has_both_languages_with_the_same_blanks() -> None:
    import re

    for en, zh in _WORDS.values():
        assert sorted(re.findall(r"{(\w+)}", en)) == sorted(re.findall(r"{(\w+)}", zh)) or "1" in zh
    assert say("abstain", "en", n=8).startswith("The documents do not say. I read the 8 nearest passages.")
    assert say("abstain", "zh", n=8) == "文档中没有说明。我阅读了最接近的 8 段内容。请补充文档，或换一种问法。"


def test_emphasis_only_where_the_words_stay_exact() -> None:
    span = Span(passage("It is 330\nmetres tall."), 0, 22)
    assert quoted(span, (6, 16)) == "It is **330 metres** tall."
    assert quoted(Span(passage("a * b"), 0, 5), (0, 1)) == "a * b"
    assert quoted(span, (0, 22)) == "It is 330 metres tall."


def test_line_breaks_between_chinese_characters_vanish() -> None:
    assert one_line("长城全长\n约两万公里") == "长城全长约两万公里"
    assert one_line("a\n b") == "a b"


def test_links_and_pictures_of_documents_are_disarmed() -> None:
    assert disarmed("see ![x](http://a) and [y](b)") == r"see !\[x](http://a) and \[y](b)"
    assert disarmed("a [1] b") == "a [1] b"


def test_marks_follow_a_claim() -> None:
    assert marked(Claim("46 grams", ()), (1, 2)) == "46 grams [1][2]"
    assert marked(Claim("很长。", ()), (1,)) == "很长。[1]"


def test_tiers_without_a_model() -> None:
    assert refusal(3, False, "en") is None
    assert refusal(2, True, "en") is None
    assert "需要连接模型" in str(refusal(1, False, "zh"))


def test_a_receipt_s_name_depends_on_all_of_it() -> None:
    assert receipt_id({"a": 1, "b": [1.5]}) == receipt_id({"b": [1.5], "a": 1})
    assert receipt_id({"a": 1}) != receipt_id({"a": 2})
    assert len(receipt_id({})) == 16


def test_a_summary_takes_turns_between_sections_and_keeps_order() -> None:
    passages = [
        passage("The tower was built in 1889 by Eiffel.", "Building", 1, 0),
        passage("The tower was painted brown in that same year.", "Building", 2, 100),
        passage("Visitors pay ten euros for the tower lift.", "Visiting", 3, 200),
    ]
    vectors = np.eye(3, dtype=np.float32)
    assert [s.passage.id for s in summarise(passages, vectors, 2)] == [1, 3]
    assert [s.passage.id for s in summarise(passages, None, 3)] == [1, 2, 3]
    assert summarise([], None) == []
