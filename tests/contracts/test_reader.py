"""What every Reader owes: quotes that stand, a probability, abstention with a best guess, and the same again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from assistant.readers.extractive import ExtractiveReader
from assistant.readers.verify import standing
from assistant.seams import Reader
from assistant.types import Hit, Passage, Question
from tests.memory import MemoryStore

STORE = MemoryStore(
    {
        "tower.txt": "The Eiffel Tower was finished in 1889. It is 330 metres tall.\n\nGustave Eiffel built it.",
        "长城.txt": "长城全长约21196公里。修建始于春秋战国时期。",
    }
)
QUESTIONS = ("When was the Eiffel Tower finished?", "长城全长多少公里？", "Who owns the moon?", "", "?!", "x" * 3000)


@dataclass(frozen=True)
class Says:
    answerable: float
    spans: tuple[tuple[int, int, float], ...]


class LastWord:
    """A span source that always points at the last word of each passage."""

    def predict(self, question: str, passages: Sequence[str]) -> list[Says]:
        return [Says(1.0, ((len(p.rstrip()) - 5, len(p.rstrip()), 3.0),)) for p in passages]


class Blind:
    """A span source that finds nothing anywhere."""

    def predict(self, question: str, passages: Sequence[str]) -> list[Says]:
        return [Says(-5.0, ()) for _ in passages]


READERS: dict[str, Callable[[], Reader]] = {
    "by words": ExtractiveReader,
    "by spans": lambda: ExtractiveReader(LastWord),
    "finds nothing": lambda: ExtractiveReader(Blind),
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    return READERS[request.param]()


def hits() -> list[Hit]:
    return [Hit(p, 1 / (n + 2), 0.9, 5.0, n + 1) for n, p in enumerate(STORE.all)]


@pytest.mark.parametrize("text", QUESTIONS)
def test_every_claim_stands_and_every_score_is_a_probability(reader: Reader, text: str) -> None:
    draft = reader.read(Question(text, ("c",)), hits())
    assert all(standing(draft.claims, STORE))
    assert 0 <= draft.confidence <= 1


def test_no_hits_no_answer(reader: Reader) -> None:
    draft = reader.read(Question("Who?", ("c",)), [])
    assert (draft.claims, draft.abstained) == ((), True)


def test_passages_without_words_do_no_harm(reader: Reader) -> None:
    empty = Hit(Passage(9, "c", "e.txt", 0, 3, " \n "), 0.5)
    assert 0 <= reader.read(Question("Who?", ("c",)), [empty]).confidence <= 1


@pytest.mark.parametrize("text", QUESTIONS)
def test_the_same_question_has_the_same_answer(reader: Reader, text: str) -> None:
    question = Question(text, ("c",))
    assert reader.read(question, hits()) == reader.read(question, hits())


def test_always_answer_switches_abstention_off(reader: Reader) -> None:
    question = Question("Who owns the moon?", ("c",), always_answer=True)
    assert not reader.read(question, hits()).abstained


def test_a_threshold_of_one_refuses_everything_and_keeps_the_best_guess() -> None:
    draft = ExtractiveReader(LastWord, abstain_below=1.0).read(Question(QUESTIONS[0], ("c",)), hits())
    assert draft.abstained
    assert draft.claims
    assert draft.value is not None
    assert (
        not ExtractiveReader(LastWord, abstain_below=0.0).read(Question("Who owns the moon?", ("c",)), hits()).abstained
    )


def test_quotes_keep_to_their_length() -> None:
    passage = Passage(1, "c", "d", 0, 0, "")
    text = "word " * 300 + "end."
    passage = Passage(1, "c", "d", 0, len(text), text)
    draft = ExtractiveReader(quote_words=12).read(Question("word?", ("c",), always_answer=True), [Hit(passage, 1.0)])
    assert all(len(claim.text.split()) <= 12 for claim in draft.claims)
