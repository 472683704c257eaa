"""What an answer says of its own making: who wrote it, what nothing bears out, what the model did not see."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.ui.made import caption, notes, spoke
from assistant.ui.transcript import body, summary

MODEL = {"model": {"name": "small"}}


def answer(brain: str = "small", tier: int = 3, route: str = "text", **scores: Any) -> dict[str, Any]:
    return {"brain": brain, "tier": tier, "route": route, "receipt": {"scores": scores}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer("embedded"), "From your documents (no model)"),
        (answer(**MODEL), "small, with your documents"),
        (answer(tier=2, **MODEL), "small with a role"),
        (answer(tier=1, **MODEL), "small alone"),
        (answer(**MODEL, taken_back=True), "From your documents, in place of small"),
        (answer(), "From your documents; small was not asked"),
        (answer(route="smalltalk"), "A set phrase (no model)"),
    ],
)
def test_every_answer_says_what_made_it(given: dict[str, Any], said: str) -> None:
    assert caption(given, "en") == said


def test_sentences_without_support_are_counted() -> None:
    two = answer(**MODEL, supported=3, unsupported=2, ended="stop")
    assert notes(two, "en") == ("2 of 5 sentences were not found in the documents.",)
    assert notes(two, "zh") == ("5 句中有 2 句未在文档中找到依据。",)
    assert notes(answer(**MODEL, supported=3, unsupported=0, ended="stop"), "en") == ()


def test_cuts_and_what_did_not_fit_are_said() -> None:
    cut = answer(**MODEL, supported=1, unsupported=0, ended="length", prompt={"dropped": [7, 9], "start": 1})
    assert notes(cut, "en") == (
        "The answer was cut at its longest length.",
        "2 passages did not fit the model and were left out.",
        "Earlier turns did not fit the model and were left out.",
    )


def test_unchecked_words_and_those_taken_back_say_so() -> None:
    assert notes(answer(tier=1, **MODEL, unchecked=True), "en") == ("Not checked against your documents.",)
    back = answer(**MODEL, taken_back=True, supported=0, unsupported=2)
    assert notes(back, "en") == ("What the model said was not found in the documents. It was taken back.",)
    assert not spoke(back)


def test_the_mark_of_an_unborne_sentence_is_words_and_never_a_document_s() -> None:
    row = {"id": "m", "role": "assistant", "content": "It is cheese. [?]"}
    shown = body(row, answer(**MODEL, supported=1, unsupported=1), "en")
    assert 'class="unborne"' in shown
    assert "This sentence was not found in the documents." in shown
    assert "未在文档中找到" in body(row, answer(**MODEL, unsupported=1), "zh")
    assert body(row, answer("embedded"), "en") == "<p>It is cheese. [?]</p>"


def test_the_passages_that_were_read_are_counted_not_those_that_were_found() -> None:
    hits = [{}] * 10
    assert summary(answer(**MODEL, prompt={"sent": [1, 2, 3]}) | {"hits": hits}, "en") == "Read 3 passages"
    assert summary(answer("embedded", read=6) | {"hits": hits}, "en") == "Read 6 passages"
    assert summary(answer() | {"hits": hits}, "zh") == "阅读了 10 段内容"
