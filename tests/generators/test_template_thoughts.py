"""Thoughts that a chat template opens, so that only their end comes in the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import Assistant, Question
from assistant.answering.brains import Brain
from assistant.generators.endpoint import Endpoint
from assistant.generators.local import LocalGenerator
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.generators.thinking import Thoughts
from assistant.readers.extractive import ExtractiveReader
from assistant.types import Delta, Done, Event, Finished, Message, Revised, Sampling, text_of
from tests.generators.fake_server import Plan, serving
from tests.generators.tiny_model import tiny_model
from tests.memory import ByWords, MemoryStore
from tests.test_ask import TOWER

ASKED = (Message("user", "How tall is it?"),)
THOUGHT = ("Hm,", " 999", " metres", "?\n", "</th", "ink>", "\n\n", "It is", " 330", " metres", " tall.")


@pytest.mark.parametrize("text", ["a < b\n</think>\n\nLyon < Paris", "hm.</thinking>Lyon < Paris"])
def test_what_stood_before_an_end_that_nothing_began_goes(text: str) -> None:
    for size in range(1, len(text) + 1):
        thoughts, said, astray = Thoughts(), "", 0
        for n in range(0, len(text), size):
            shown = thoughts.feed(text[n : n + size])
            astray += thoughts.astray
            said = shown if thoughts.astray else said + shown
        assert (said + thoughts.rest(), astray, thoughts.unopened) == ("Lyon < Paris", 1, True), size


@pytest.mark.parametrize("text", ["Write `</think>` last.", "a </think> b", "<think>x</think>Use </think>, then"])
def test_an_end_that_is_talked_about_is_text(text: str) -> None:
    thoughts = Thoughts()
    assert thoughts.feed(text) + thoughts.rest() == text.removeprefix("<think>x</think>")
    assert not thoughts.unopened


def test_where_it_is_known_nothing_is_shown_before_the_end() -> None:
    thoughts = Thoughts(inside=True)
    assert [thoughts.feed(part) for part in THOUGHT][:8] == [*[""] * 7, "It is"]
    assert not thoughts.astray
    plain = Thoughts(inside=True)  # no thoughts this time
    assert plain.feed("It is 330 metres tall.") + plain.rest() == "It is 330 metres tall."
    cut = Thoughts(inside=True)
    assert cut.feed("Hm, 999") + cut.rest(cut=True) == ""


def test_a_server_s_first_answer_is_taken_back_and_the_next_ones_know() -> None:
    with serving(Plan(THOUGHT)) as server:
        model = ServerGenerator(ServedModel(Endpoint(server.url)))
        first = list(model.stream(ASKED, Sampling()))
        second = list(model.stream(ASKED, Sampling()))
        server.plan.words = ("It is", " 330.")  # another model, or one that did not think
        third = list(model.stream(ASKED, Sampling()))
    assert [type(part) for part in first].count(Revised) == 1
    assert text_of(first) == text_of(second) == "It is 330 metres tall."
    assert Revised() not in second
    assert "999" not in "".join(part.text for part in second if isinstance(part, Delta))
    assert (text_of(third), type(third[-1])) == ("It is 330.", Finished)


def test_an_answer_keeps_none_of_it() -> None:
    with serving(Plan(THOUGHT, length=8192)) as server:
        model = ServerGenerator(ServedModel(Endpoint(server.url)))
        store = MemoryStore({"tower.txt": TOWER})
        brain = Brain("small", dict, model)
        assistant = Assistant(
            ByWords(store), ExtractiveReader(), store, models=lambda: {"small": brain}, default="small"
        )
        for tier, said in ((3, "It is 330 metres tall. [1]"), (1, "It is 330 metres tall.")):
            model._thinks = False
            seen: list[Event] = list(assistant.ask(Question("How tall is the Eiffel Tower?", ("c",), tier=tier)))
            done = seen[-1]
            assert isinstance(done, Done)
            at = seen.index(Revised())
            assert "999" in "".join(event.text for event in seen[:at] if isinstance(event, Delta))
            assert done.answer.answer == said
            assert len(done.answer.citations) == (1 if tier == 3 else 0)
            assert done.answer.receipt["scores"].get("unsupported", 0) == 0


def test_a_folder_s_template_is_read(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path)
    model = LocalGenerator(folder, threads=1)
    assert text_of(model.stream(ASKED, Sampling(max_tokens=40))) != ""
    for file in folder.glob("*.jinja"):
        file.write_text(file.read_text("utf-8") + "<think>\n", "utf-8")
    config = folder / "tokenizer_config.json"
    row = json.loads(config.read_text("utf-8"))
    if "chat_template" in row:
        config.write_text(json.dumps(row | {"chat_template": row["chat_template"] + "<think>\n"}), "utf-8")
    from assistant.generators.counting import load_tokenizer

    load_tokenizer.cache_clear()
    thinking = list(LocalGenerator(folder, threads=1).stream(ASKED, Sampling(max_tokens=40)))
    assert [type(part) for part in thinking] == [Finished]
