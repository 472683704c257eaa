"""One question's path with a model behind it: a scripted one, over a corpus in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from assistant import Assistant, Question, Turn
from assistant.answering.brains import Brain
from assistant.embedders.hashed import HashedEmbedder
from assistant.errors import GeneratorUnavailable, UsageError
from assistant.generators.scripted import Reply, ScriptedGenerator
from assistant.readers.cells import tables_of
from assistant.readers.extractive import ExtractiveReader
from assistant.types import Answer, Cited, Delta, Done, Event, Message, Revised, Sampling
from tests.memory import ByWords, MemoryStore
from tests.test_ask import TEA, TOWER, ZH

Q = "How tall is the Eiffel Tower?"


def house(
    replies: Sequence[Reply] | Reply,
    documents: dict[str, str] | None = None,
    sampling: Sampling | None = None,
    **more: Any,
) -> tuple[Assistant, ScriptedGenerator]:
    store = MemoryStore(documents or {"tower.txt": TOWER, "tea.md": TEA, "长城.txt": ZH})
    model = ScriptedGenerator(replies, **more)
    reader = ExtractiveReader(table_of=tables_of(store))
    brain = Brain("scripted", lambda: {"encoder": "words"}, model, sampling or Sampling())
    made = Assistant(
        ByWords(store), reader, store, models=lambda: {"scripted": brain}, default="scripted", embedder=HashedEmbedder()
    )
    return made, model


def events(replies: Sequence[Reply] | Reply, text: str = Q, **more: Any) -> list[Event]:
    return list(house(replies)[0].ask(Question(text, ("c",), **more)))


def answer(replies: Sequence[Reply] | Reply, text: str = Q, **more: Any) -> Answer:
    done = events(replies, text, **more)[-1]
    assert isinstance(done, Done)
    return done.answer


def test_a_sentence_that_a_passage_bears_out_gets_our_mark_and_its_place() -> None:
    made = answer("The Eiffel Tower is 330 m tall [1].")
    assert made.answer == "The Eiffel Tower is 330 m tall. [1]"
    (citation,) = made.citations
    assert (citation.document, citation.quote, citation.quoted) == ("tower.txt", "It is 330 metres tall.", False)
    assert (made.abstained, made.brain, made.tier) == (False, "scripted", 3)
    scores = made.receipt["scores"]
    assert (scores["supported"], scores["unsupported"], scores["ended"]) == (1, 0, "stop")
    assert scores["prompt"]["sent"]
    assert scores["model"]["name"] == "scripted"
    assert made.receipt["usage"]["prompt"] == scores["prompt"]["tokens"]


def test_the_documents_own_words_are_cited_as_a_quote() -> None:
    (citation,) = answer("It is 330 metres tall.").citations
    assert (citation.quote, citation.quoted) == ("It is 330 metres tall.", True)


def test_a_wrong_number_is_marked_and_counted() -> None:
    made = answer("The Eiffel Tower was finished in 1889. It is 331 metres tall [1].")
    assert made.answer == "The Eiffel Tower was finished in 1889. [1] It is 331 metres tall. [?]"
    assert len(made.citations) == 1
    assert (made.receipt["scores"]["supported"], made.receipt["scores"]["unsupported"]) == (1, 1)
    assert made.confidence == 0.5  # half of its sentences are borne out
    assert 0 < made.receipt["scores"]["gate"] < 1


def test_chinese_sentences_carry_their_marks_without_a_blank() -> None:
    made = answer("长城全长约21196公里[1]。它有两千座城楼。", "长城全长多少公里？")
    assert made.answer == "长城全长约21196公里。[1]它有两千座城楼。[?]"


def test_where_nothing_holds_the_text_is_taken_back_and_the_embedded_reader_answers() -> None:
    seen = events("It is 999 metres tall, built by Berlin masons.")
    at = next(n for n, event in enumerate(seen) if isinstance(event, Revised))
    before = "".join(e.text for e in seen[:at] if isinstance(e, Delta))
    after = "".join(e.text for e in seen[at:] if isinstance(e, Delta))
    assert before == "It is 999 metres tall, built by Berlin masons. [?]"
    done = seen[-1]
    assert isinstance(done, Done)
    assert after == done.answer.answer
    assert after == house("")[0].answer(Question(Q, ("c",), brain="embedded")).answer
    assert done.answer.receipt["scores"]["taken_back"] is True
    assert done.answer.receipt["scores"]["fell_back"].startswith("The model's own words were not found")
    assert tuple(e.citation for e in seen[at:] if isinstance(e, Cited)) == done.answer.citations
    shown = done.answer.as_json()
    assert shown["fell_back"] is True
    assert shown["notes"] == [done.answer.receipt["scores"]["fell_back"]]


def test_a_model_that_says_there_is_no_answer_abstains() -> None:
    for text in ("The passages do not answer this question.", "这些段落没有回答这个问题。"):
        made = answer(text)
        assert (made.abstained, made.answer, made.citations) == (True, text, ())
    both = answer("The passages do not answer this question. It is 999 m tall.")
    assert both.abstained
    assert both.answer.startswith("The documents do not say.")


def test_a_greeting_needs_no_mark() -> None:
    made = answer("Here is what I found:\n\n- It is 330 metres tall.")
    assert made.answer == "Here is what I found:\n\n- It is 330 metres tall. [1]"


def test_the_gate_refuses_before_the_model_is_asked() -> None:
    assistant, model = house("Anything.")
    made = assistant.answer(Question("Which zebra quartet recorded jazz near warm volcanoes in Peru, tower?", ("c",)))
    assert made.abstained
    assert model.calls == []
    assert made.receipt["scores"]["gate"] < made.receipt["scores"]["threshold"]


def test_tier_one_sends_the_conversation_and_the_question_alone() -> None:
    assistant, model = house("Blue ![x](http://e/x.png) [1].")
    talk = (Turn("user", "Hi"), Turn("assistant", "Hello."))
    made = assistant.answer(Question("What colour is it?", ("c",), tier=1, history=talk))
    assert model.calls == [
        (Message("user", "Hi"), Message("assistant", "Hello."), Message("user", "What colour is it?"))
    ]
    assert made.answer == "Blue ![x]\\(http://e/x.png) [1]."
    assert (made.citations, made.hits, made.tier, made.confidence) == ((), (), 1, 0.0)
    assert made.receipt["scores"]["unchecked"] is True


def test_tier_two_sends_persona_and_contract_without_documents() -> None:
    assistant, model = house("Blue.")
    assistant.answer(Question("Why is the sky blue?", ("c",), tier=2, persona="tutor"))
    ((system, asked),) = model.calls
    assert system.role == "system"
    assert "patient tutor" in system.content
    assert "see no documents" in system.content
    assert asked.content == "Why is the sky blue?"


def test_tier_four_and_unknown_brains_say_so() -> None:
    assert answer("x", tier=4).answer.startswith("Tier 4, a model tuned on your documents, is not here yet")
    with pytest.raises(UsageError, match=r"no brain gpt; choose one of embedded, scripted\."):
        answer("x", brain="gpt")


def test_the_embedded_brain_stays_what_it_was() -> None:
    assistant, model = house("x")
    made = assistant.answer(Question(Q, ("c",), brain="embedded"))
    assert (made.brain, model.calls) == ("embedded", [])
    assert made.citations[-1].quote == "It is 330 metres tall."


def test_a_cut_stream_is_a_failure_and_its_half_sentence_is_marked() -> None:
    assistant, _ = house("It is 330 metres tall and has 999 lifts.", cut_after=8)
    seen: list[Event] = []
    with pytest.raises(GeneratorUnavailable):
        seen.extend(assistant.ask(Question(Q, ("c",))))
    assert "".join(e.text for e in seen if isinstance(e, Delta)) == "It is 330 metres tall and has 999 [?]"


def test_an_answer_cut_at_the_most_tokens_is_marked_too() -> None:
    assistant, _ = house("It is 330 metres tall. It has 999 lifts and more.", sampling=Sampling(max_tokens=8))
    made = assistant.answer(Question(Q, ("c",)))
    assert made.answer == "It is 330 metres tall. [1] It has 999 [?]"
    assert made.receipt["scores"]["ended"] == "length"


def test_what_the_model_did_not_see_or_say_to_its_end_is_noted() -> None:
    documents = {
        f"{n}.txt": f"The Eiffel Tower, report {n}. " + f"Its iron was painted in year {n}. " * 40 for n in range(6)
    }
    assistant, _ = house("It was painted in year 3. It has 999 lifts.", documents, context=2048)
    made = assistant.answer(Question("When was the iron of the Eiffel Tower painted?", ("c",), always_answer=True))
    dropped = len(made.receipt["scores"]["prompt"]["dropped"])
    assert dropped > 1
    assert made.notes == (
        "1 of 2 sentences were not found in the documents.",
        f"{dropped} passages did not fit the model and were left out.",
    )
    assert not made.as_json()["fell_back"]


def test_a_circle_is_stopped_said_and_its_tokens_counted() -> None:
    made = answer("It is 330 metres tall. " * 50)
    assert "The model began to repeat itself and was stopped." in made.notes
    assert 0 < made.receipt["usage"]["completion"] < 50
    assert made.receipt["usage"]["prompt"] == made.receipt["scores"]["prompt"]["tokens"]


def test_p18_stop_in_the_midst_of_a_model_s_sentence_ends_at_once_and_marks_it() -> None:
    assistant, model = house("It is 999 metres tall and so on. " * 50, delay=0.01)
    began = time.perf_counter()
    stop_at = began + 0.1
    seen = list(assistant.ask(Question(Q, ("c",)), lambda: time.perf_counter() > stop_at))
    done = seen[-1]
    assert isinstance(done, Done)
    assert time.perf_counter() - began < 2
    assert done.answer.receipt["stopped"] is True
    assert done.answer.answer.endswith("[?]")
    assert model.stopped == 1


def test_a_pronoun_that_rules_leave_is_resolved_by_the_model_where_its_question_is_usable() -> None:
    talk = (Turn("user", "what about towers?"), Turn("assistant", "The Eiffel Tower was finished in 1889."))
    assistant, model = house(["How tall is the Eiffel Tower?", "It is 330 metres tall [1]."])
    made = assistant.answer(Question("How tall is it when all of them are counted?", ("c",), history=talk))
    assert len(model.calls) == 2
    assert made.question == "How tall is the Eiffel Tower?"
    assistant, model = house(["It is 330 m.", "It is 330 metres tall [1]."])
    made = assistant.answer(Question("How tall is it when all of them are counted?", ("c",), history=talk))
    assert "it" in made.question


def test_a_summary_is_written_by_the_model_over_what_the_kind_found() -> None:
    made = answer("Tea grows in Yunnan and Assam [1].", "Summarise this document", only=("tea.md",))
    assert made.answer == "Tea grows in Yunnan and Assam. [1]"
    assert made.route == "summary"


def test_lists_and_places_keep_the_documents_words() -> None:
    assistant, model = house("x")
    assert assistant.answer(Question("List all years", ("c",))).value == ["2018", "2019", "1889"]
    assert model.calls == []


def test_p19_the_same_question_gives_the_same_receipt() -> None:
    one, two = answer("It is 330 metres tall."), answer("It is 330 metres tall.")
    assert (one.receipt_id, one.answer, one.citations) == (two.receipt_id, two.answer, two.citations)
    assert "metres" not in str(one.receipt)
