"""What tools of the Model Context Protocol do here: list corpora, search, ask. Knows nothing of the protocol itself.

Text of documents goes out as data: found passages as JSON, whose strings no passage can break out of, quotes of an
answer after the answer. Errors are the house's sentences.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from assistant.api.asking import asked
from assistant.api.bodies import Body
from assistant.api.house import House
from assistant.api.metrics import Metrics
from assistant.api.problems import sentence_of, unusable
from assistant.api.rights import Rights
from assistant.api.turns import Turns
from assistant.types import Answer, Done, Question, hit_json

MOST_HITS = 100
CORPUS = "Name of the corpus, as list_corpora gives it."


class ListCorpora(Body):
    model_config = ConfigDict(extra="forbid")


class Search(Body):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=20_000, description="What to look for, in English or Chinese.")
    corpus: str = Field(min_length=1, max_length=200, description=CORPUS)
    k: int = Field(10, ge=1, le=MOST_HITS, description="How many passages.")


class Ask(Body):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=20_000, description="One question, which stands on its own.")
    corpus: str = Field(min_length=1, max_length=200, description=CORPUS)
    tier: int | None = Field(
        None, ge=1, le=4, description="1: the model alone; 2: with a prompt; 3: over the documents; 4: tuned."
    )
    brain: str = Field("", max_length=200, description="embedded, or the name of a language model set up here.")


@dataclass(frozen=True, slots=True)
class Reply:
    """`data` is the same for programs; None for a failure, whose text is one sentence."""

    text: str
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """`gives`: properties of `Reply.data`, as JSON schema."""

    name: str
    about: str
    takes: type[Body]
    gives: dict[str, Any]
    run: Callable[[Any, Rights], Awaitable[Reply]]


class Desk:
    """The tools over one house. Questions take their turns like all others."""

    def __init__(self, house: House, turns: Turns, metrics: Metrics) -> None:
        self._house, self._turns, self._metrics = house, turns, metrics
        rows = {"type": "array", "items": {"type": "object"}}
        answer = {
            "answer": {"type": "string"},
            "abstained": {"type": "boolean"},
            "confidence": {"type": "number"},
            "citations": rows,
            "notes": {"type": "array", "items": {"type": "string"}},
        }
        self.tools = {
            tool.name: tool
            for tool in (
                Tool("list_corpora", "The corpora of documents here.", ListCorpora, {"corpora": rows}, self._list),
                Tool("search", "Passages of a corpus nearest to a question.", Search, {"hits": rows}, self._search),
                Tool(
                    "ask",
                    "A short answer from a corpus with checked citations, or that the documents do not say.",
                    Ask,
                    answer,
                    self._ask,
                ),
            )
        }

    async def call(self, name: str, arguments: dict[str, Any], rights: Rights) -> Reply:
        """KeyError for an unknown tool; every other failure is a reply."""
        tool = self.tools[name]
        try:
            return await tool.run(tool.takes.model_validate(arguments), rights)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            return Reply(unusable(first["loc"], first["msg"]))
        except Exception as error:
            return Reply(str(sentence_of(error, f"the tool {name}")))

    async def _list(self, _: ListCorpora, rights: Rights) -> Reply:
        found = await run_in_threadpool(rights.corpora, self._house)
        rows = [{"name": info.name, "documents": info.documents, "passages": info.passages} for info in found]
        return as_data({"corpora": rows})

    async def _search(self, wish: Search, rights: Rights) -> Reply:
        question = Question(wish.question, (rights.check(wish.corpus),))
        hits = await run_in_threadpool(self._house.assistant.search, question, wish.k)
        return as_data({"hits": [hit_json(hit, text=True) for hit in hits]})

    async def _ask(self, wish: Ask, rights: Rights) -> Reply:
        tier = wish.tier or self._house.settings.tier
        question = Question(wish.question, (rights.check(wish.corpus),), tier=tier, brain=wish.brain)
        async with asked(self._house, self._turns, self._metrics, question) as events:
            async for event in events:
                if isinstance(event, Done):
                    return Reply(told(event.answer), event.answer.as_json())
        raise AssertionError("events end with Done")


def as_data(rows: dict[str, Any]) -> Reply:
    return Reply(json.dumps(rows, ensure_ascii=False), rows)


def told(answer: Answer) -> str:
    """The answer, what is to be known of it, then its sources: `[1] tower.txt, page 3: "quote"`."""
    lines = [answer.answer, *(f"({note})" for note in answer.notes)]
    for cited in answer.citations:
        place = cited.document + (f", page {cited.page}" if cited.page else "")
        lines.append(f"[{cited.n}] {place}: {json.dumps(cited.quote, ensure_ascii=False)}")
    return "\n".join(lines)
