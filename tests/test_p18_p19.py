"""Promises 18 and 19 in full: a hundred stops, a hundred questions asked again."""

from __future__ import annotations

import threading
import time

import pytest

from assistant import Assistant, Question
from assistant.readers.extractive import ExtractiveReader
from assistant.types import Done
from tests.memory import ByWords, MemoryStore

TEXT = "\n\n".join(f"In {1900 + n} the town of Place{n} had {n * 37} people. It lies by the river." for n in range(120))
ASKED = (
    "How many people did Place7 have in 1907?",
    "List all years",
    "Summarise this document",
    "Compare Place1 and Place2",
    "Where does it say Place9?",
)


def town() -> Assistant:
    store = MemoryStore({"towns.txt": TEXT})
    return Assistant(ByWords(store), ExtractiveReader(), store)


def stopped_after(assistant: Assistant, question: str, seconds: float) -> tuple[float, bool]:
    """(seconds from the wish to the end, whether the partial answer is marked), stopped by another thread."""
    wish = threading.Event()
    asked = [0.0]

    def press() -> None:
        asked[0] = time.perf_counter()
        wish.set()

    timer = threading.Timer(seconds, press)
    timer.start()
    last = None
    while not wish.is_set() or last is None:
        last = list(assistant.ask(Question(question, ("c",)), wish.is_set))[-1]
    ended = time.perf_counter()
    assert isinstance(last, Done)
    return ended - asked[0], bool(last.answer.receipt.get("stopped")) or bool(last.answer.answer)


@pytest.mark.parametrize("question", ASKED)
def test_p18_stop_ends_within_two_seconds(question: str) -> None:
    seconds, kept = stopped_after(town(), question, 0.01)
    assert seconds < 2
    assert kept


@pytest.mark.hardening
def test_p18_a_hundred_stops() -> None:
    assistant = town()
    took = [stopped_after(assistant, ASKED[n % len(ASKED)], 0.001 * (n % 50))[0] for n in range(100)]
    assert max(took) < 2


@pytest.mark.hardening
def test_p19_a_hundred_questions_again() -> None:
    first, second = town(), town()
    for n in range(100):
        question = Question(f"How many people did Place{n} have in {1900 + n}?", ("c",))
        one, two = first.answer(question), second.answer(question)
        assert (one.receipt_id, one.answer, one.citations) == (two.receipt_id, two.answer, two.citations)
