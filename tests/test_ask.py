"""One question's path, over a corpus in memory and the reader that needs no model."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from assistant import Assistant, Question, Turn
from assistant.ask import Brain
from assistant.readers.cells import tables_of
from assistant.readers.extractive import ExtractiveReader
from assistant.types import Answer, Cited, Delta, Done, Event, Reading, Searching
from tests.memory import ByWords, MemoryStore

TOWER = "The Eiffel Tower was finished in 1889. It is 330 metres tall.\n\nGustave Eiffel built it with 300 workers."
TEA = (
    "# Growing\n\nTea grows in Yunnan and Assam.\n\n# Trade\n\nIn 2018 the tea trade was worth 9 million dollars.\n\n"
    "In 2019 the tea trade was worth 12 million dollars."
)
ZH = "长城全长约21196公里。\n\n长城的修建始于春秋战国时期。"


def assistant(**documents: str) -> Assistant:
    store = MemoryStore(documents or {"tower.txt": TOWER, "tea.md": TEA, "长城.txt": ZH})
    reader = ExtractiveReader(table_of=tables_of(store))
    return Assistant(ByWords(store), reader, store, Brain("embedded", lambda: {"encoder": "words"}))


def ask(text: str, **more: object) -> Answer:
    return assistant().answer(Question(text, ("c",), **more))  # type: ignore[arg-type]


def test_an_answer_quotes_cites_and_points_at_the_page() -> None:
    answer = ask("When was the Eiffel Tower finished?")
    assert answer.answer == "The Eiffel Tower was finished in 1889. [1]"
    (citation,) = answer.citations
    assert (citation.document, citation.page, citation.start, citation.end) == ("tower.txt", 1, 0, 38)
    assert citation.quote == TOWER[0:38]
    assert citation.boxes == ((0.0, 0.0, 380.0, 15.0),)
    assert (answer.abstained, answer.route, answer.brain, answer.tier) == (False, "text", "embedded", 3)


def test_the_events_tell_the_same_as_the_answer() -> None:
    events: list[Event] = list(assistant().ask(Question("How tall is the Eiffel Tower?", ("c",))))
    assert isinstance(events[0], Searching)
    assert isinstance(events[1], Reading)
    done = events[-1]
    assert isinstance(done, Done)
    assert "".join(e.text for e in events if isinstance(e, Delta)) == done.answer.answer
    assert tuple(e.citation for e in events if isinstance(e, Cited)) == done.answer.citations


def test_it_abstains_where_nothing_answers_and_keeps_the_hits() -> None:
    answer = ask("Who founded the town of Reykjavik near the tower?")
    assert answer.abstained
    assert answer.answer.startswith("The documents do not say.")
    assert answer.citations == ()
    assert answer.hits
    insisted = ask("Who founded the town of Reykjavik near the tower?", always_answer=True)
    assert not insisted.abstained
    assert insisted.citations


def test_an_empty_corpus_says_so_in_the_language_of_the_question() -> None:
    store = MemoryStore({})
    empty = Assistant(ByWords(store), ExtractiveReader(), store)
    assert (
        empty.answer(Question("What?", ("c",))).answer == "There are no documents here yet. Add some, then ask again."
    )
    assert empty.answer(Question("长城有多长？", ("c",))).answer == "这里还没有文档。请先添加文档，再提问。"


def test_chinese_is_answered_in_the_words_of_the_document() -> None:
    answer = ask("长城全长多少公里？")
    assert answer.answer == "长城全长约21196公里。[1]"


def test_a_follow_up_is_asked_with_the_words_of_the_conversation() -> None:
    answer = ask(
        "and in 2019?", history=(Turn("user", "What was the tea trade worth in 2018?"), Turn("assistant", "9 [1]"))
    )
    assert answer.question == "What was the tea trade worth in 2019?"
    assert answer.asked == "and in 2019?"
    assert "12 million" in answer.answer


@pytest.mark.parametrize("tier", [1, 2, 4])
def test_tiers_that_need_a_model_say_so(tier: int) -> None:
    answer = ask("How tall is the tower?", tier=tier)
    assert answer.abstained
    assert answer.answer.startswith(f"Tier {tier} needs a model")


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("Hello!", "Hello."),
        ("谢谢", "不客气。"),
        ("who are you?", "I am thickshell"),
        ("你能做什么？", "我是 thickshell"),
    ],
)
def test_small_talk_needs_no_documents(question: str, start: str) -> None:
    answer = ask(question)
    assert answer.route == "smalltalk"
    assert answer.answer.startswith(start)
    assert answer.citations == ()


def test_a_summary_quotes_each_section_with_its_source() -> None:
    answer = ask("Summarise this document", only=("tea.md",))
    assert answer.route == "summary"
    assert {c.document for c in answer.citations} == {"tea.md"}
    assert "Tea grows in Yunnan and Assam. [1]" in answer.answer
    assert len(answer.citations) == 2  # one of each section: the second trade sentence repeats the first


def test_an_overview_names_every_document() -> None:
    answer = ask("What is in here?")
    assert answer.answer.startswith("There are 3 documents here.")
    assert {c.document for c in answer.citations} == {"tower.txt", "tea.md", "长城.txt"}


def test_a_list_holds_each_thing_once_with_its_source() -> None:
    answer = ask("List all years")
    assert answer.route == "list"
    assert answer.value == ["2018", "2019", "1889"]
    assert len(answer.citations) == 3


def test_where_gives_document_and_page() -> None:
    answer = ask("Where does it say that tea grows in Assam?")
    assert "- tea.md, page 1: Tea grows in Yunnan and Assam. [1]" in answer.answer


def test_a_comparison_quotes_both_sides() -> None:
    answer = ask("Compare the tea trade in 2018 and the tea trade in 2019")
    assert "9 million" in answer.answer
    assert "12 million" in answer.answer
    assert answer.route == "text"


def test_p14_a_quote_that_does_not_stand_is_not_shown() -> None:
    store = MemoryStore({"tower.txt": TOWER})

    class Liar(ExtractiveReader):
        def read(self, question, hits):  # type: ignore[no-untyped-def]
            from dataclasses import replace

            draft = super().read(question, hits)
            wrong = replace(draft.claims[0], text="It is 331 metres tall.")
            return replace(draft, claims=(wrong,))

    answer = Assistant(ByWords(store), Liar(), store).answer(Question("How tall is the Eiffel Tower?", ("c",)))
    assert answer.citations == ()
    assert answer.abstained
    assert answer.answer == "One quote was not found word for word. It was removed."


def test_p18_stop_ends_at_once_with_what_was_said() -> None:
    def stopping_after(calls: int) -> Callable[[], bool]:
        left = iter(range(calls))
        return lambda: next(left, None) is None

    for calls in range(6):
        started = time.perf_counter()
        events = list(assistant().ask(Question("What is in here?", ("c",)), stopping_after(calls)))
        assert time.perf_counter() - started < 2
        done = events[-1]
        assert isinstance(done, Done)
        assert done.answer.answer == "".join(e.text for e in events if isinstance(e, Delta))
        assert done.answer.receipt.get("stopped") is True


def test_p19_the_same_receipt_gives_the_same_answer_byte_for_byte() -> None:
    for text in ("How tall is the Eiffel Tower?", "What is in here?", "List all years", "长城全长多少公里？"):
        first, second = ask(text), ask(text)
        assert first.receipt_id == second.receipt_id
        assert first.answer.encode() == second.answer.encode()
        assert first.citations == second.citations
    assert ask("How tall is the Eiffel Tower?").receipt_id != ask("How tall is the Tower?").receipt_id


def test_the_receipt_names_parts_passages_and_scores_but_no_text() -> None:
    receipt = ask("How tall is the Eiffel Tower?").receipt
    assert receipt["parts"] == {"encoder": "words"}
    assert receipt["revisions"] == {"c": 1}
    assert receipt["passages"][0]["id"] == 1
    assert "metres" not in str(receipt)
