"""One question's path, from its words to a checked answer with its receipt. Read `Assistant.ask` from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.answering.brains import Brain, chosen
from assistant.answering.citations import cite
from assistant.answering.language import language
from assistant.answering.prompts import PromptLibrary
from assistant.answering.rewriting import rewritten
from assistant.answering.smalltalk import reply
from assistant.answering.tiers import reads, refusal
from assistant.answering.wording import say
from assistant.asking.asked import Asked, Progress, Stop
from assistant.asking.pieces import nothing, pieces
from assistant.asking.storing import stored
from assistant.asking.telling import WRITTEN, Prompted, Told, checked, meanings, outcome, prepared, spoken
from assistant.errors import Cancelled
from assistant.planning.router import Plan, route
from assistant.readers.confidence import before_asking
from assistant.readers.generative import Checked
from assistant.readers.kinds import KINDS, Found, Work
from assistant.readers.verify import standing
from assistant.types import (
    Answer,
    Cited,
    Delta,
    Document,
    Done,
    Draft,
    Event,
    Hit,
    Passage,
    Question,
    Reading,
    Revised,
    Searching,
)

if TYPE_CHECKING:
    from assistant.readers.extractive import SpanSource
    from assistant.seams import Embedder, PassageStore, Reader, Retriever

__all__ = ["Assistant", "Brain"]


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Recalled:
    """A retriever that knows one question's hits already."""

    source: Retriever
    question: Question
    k: int
    hits: tuple[Hit, ...]

    def retrieve(self, question: Question, k: int) -> list[Hit]:
        return list(self.hits) if (question, k) == (self.question, self.k) else self.source.retrieve(question, k)


class Assistant:
    """Seam Asker. Holds no state of its own between questions, so threads may share it.

    `models` gives the language models by name, asked at each question; `default` names who answers a question that
    names nobody.
    """

    def __init__(
        self,
        retriever: Retriever,
        reader: Reader,
        store: PassageStore,
        brain: Brain | None = None,
        *,
        models: Callable[[], Mapping[str, Brain]] = dict,
        default: str = "",
        prompts: PromptLibrary | None = None,
        embedder: Embedder | None = None,
        source: Callable[[], SpanSource | None] = lambda: None,
        hits: int = 10,
        quote_words: int = 40,
    ) -> None:
        self._retriever = retriever
        self._reader = reader
        self._store = store
        self._embedded = brain or Brain()
        self._models = models
        self._default = default or self._embedded.name
        self._prompts = prompts or PromptLibrary()
        self._embedder = embedder
        self._source = source
        self._hits = hits
        self._quote_words = quote_words

    def answer(self, question: Question) -> Answer:
        """The whole answer at once."""
        for event in self.ask(question):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("ask always ends with Done")

    def search(self, question: Question, k: int = 10) -> list[Hit]:
        """The nearest passages, best first, without an answer."""
        return self._retriever.retrieve(question, k)

    def ask(self, question: Question, stop: Stop = never) -> Iterator[Event]:
        """Searching, Reading, then Delta and Cited, and always Done at last; the Deltas together are the answer's text.

        Revised takes back what a model said before it; the text is then what the Deltas after it say. Tiers 1 and 2
        search nothing. `stop` is asked between steps; once it says yes, Done comes with what was said so far
        (`receipt["stopped"]`). GeneratorUnavailable where a model does not answer, also in the midst of its answer.
        """
        this = self._asked(question, stop)
        try:
            if sentence := self._fixed(this):
                yield from self._say(this, sentence)
            elif not reads(this.question.tier):
                yield from self._spoken(this)
            else:
                this = self._alone(this)
                yield Searching(this.question.text)
                yield from self._written(this) if self._writes(this) else self._read(this)
        except Cancelled:
            yield Done(self._stopped(this))

    # --- before anything is searched ------------------------------------------------------------------------------
    def _asked(self, question: Question, stop: Stop) -> Asked:
        asked = replace(question, asked=question.asked or question.text)
        brain = chosen(question.brain or self._default, self._embedded, self._models).drawing(question.draw)
        return Asked(asked, _plan(asked), language(asked.asked), brain, stop, Progress())

    def _alone(self, this: Asked) -> Asked:
        """The same with the question as it is asked without the conversation."""
        text = rewritten(this.question, this.brain, self._prompts, this.stop)
        question = replace(this.question, text=text)
        return replace(this, question=question, plan=_plan(question))

    def _fixed(self, this: Asked) -> str | None:
        """Answers that need neither documents nor a model: nothing typed, a tier not to be had, small talk."""
        if not any(character.isalnum() for character in this.question.text):
            return say("blank", this.tongue)
        refused = refusal(this.question.tier, this.brain.has_model, this.tongue)
        if this.plan.kind == "smalltalk" and (refused or reads(this.question.tier)):
            return reply(this.plan.topic, this.tongue)
        return refused

    # --- the embedded brain: read, check, tell --------------------------------------------------------------------
    def _read(self, this: Asked) -> Iterator[Event]:
        found = self._found(this)
        yield Reading(found.hits)
        yield from self._told(this, found)

    def _work(self, this: Asked, retriever: Retriever | None = None) -> Work:
        def seen(hits: tuple[Hit, ...]) -> None:
            this.progress.hits = hits
            this.progress.time("retrieve")

        return Work(
            this.question,
            this.tongue,
            retriever or self._retriever,
            self._reader,
            self._store,
            this.stop,
            self._embedder,
            self._source,
            self._quote_words,
            self._hits,
            seen,
        )

    def _found(self, this: Asked, retriever: Retriever | None = None) -> Found:
        work = self._work(this, retriever)
        work.check()
        found = self._checked(KINDS[this.plan.kind](work, this.plan))
        this.progress.hits = found.hits
        this.progress.time("read")
        return found

    def _checked(self, found: Found) -> Found:
        """Without claims that do not stand in the passages they cite; where none is left, an abstention."""
        claims = found.draft.claims
        good = standing(claims, self._store, self._headers)
        kept = tuple(claim for claim, ok in zip(claims, good, strict=True) if ok)
        labels = tuple(label for label, ok in zip(found.labels, good, strict=True) if ok) if found.labels else ()
        details = found.draft.details | ({} if len(kept) == len(claims) else {"unverified": len(claims) - len(kept)})
        draft = replace(found.draft, claims=kept, details=details, abstained=found.draft.abstained or not kept)
        return replace(found, draft=draft, labels=labels)

    def _told(self, this: Asked, found: Found) -> Iterator[Event]:
        """The answer in pieces, a claim at a time, each after its citations."""
        claims = () if found.draft.abstained else found.draft.claims
        citations, marks = cite(claims, self._document)
        if claims:
            told = pieces(found, claims, marks, this.tongue)
        else:
            told = iter([(nothing(this.question, found, this.tongue, self._store), ())])
        given = 0
        for piece, numbers in told:
            if this.stop():
                raise Cancelled("Stopped.")
            for citation in citations[given : max(numbers, default=0)]:
                this.progress.citations += (citation,)
                yield Cited(citation)
            given = max(given, *numbers) if numbers else given
            this.progress.said += piece
            yield Delta(piece)
        this.progress.time("compose")
        yield Done(stored(self._store, this, found))

    # --- a model: ask, check as it speaks, take back what nothing bears out -----------------------------------------
    def _spoken(self, this: Asked) -> Iterator[Event]:
        """Tiers 1 and 2: the model's own words, without documents and unchecked."""
        prompted = self._prompted(this, Found(Draft()))
        told = yield from this.progress.watch(spoken(this.brain, prompted, this.stop))
        self._note(this, told)
        yield Done(
            stored(
                self._store, this, Found(Draft(details=prompted.details | {"unchecked": True, "ended": told.reason}))
            )
        )

    def _writes(self, this: Asked) -> bool:
        return this.brain.has_model and this.plan.kind in WRITTEN

    def _written(self, this: Asked) -> Iterator[Event]:
        """Tier 3: passages, gate, the model's checked sentences; the embedded reader's answer where none holds."""
        found = self._material(this)
        yield Reading(found.hits)
        if found.draft.abstained:
            yield from self._told(this, found)
            return
        prompted = self._prompted(this, found)
        writing = Checked(
            this.question.text,
            prompted.sent.passages,
            self._document,
            meanings(self._embedder),
            lambda claim: standing([claim], self._store)[0],
        )
        told = yield from this.progress.watch(
            checked(this.brain, prompted, this.stop, writing, say("otherwise", this.tongue))
        )
        self._note(this, told)
        draft = outcome(told, found.draft, prompted, this.question)
        if told.supported or (draft.abstained and not told.claims):
            yield Done(stored(self._store, this, replace(found, draft=draft)))
            return
        yield Revised()
        this.progress.take_back()
        instead = replace(found, draft=draft) if draft.abstained else self._instead(this, found)
        details = instead.draft.details | draft.details | {"taken_back": True}
        if not instead.draft.abstained:
            details |= {"fell_back": say("fell_back", this.tongue)}
        yield from self._told(this, replace(instead, draft=replace(instead.draft, details=details)))

    def _instead(self, this: Asked, found: Found) -> Found:
        """The embedded reader's answer from what was found for the model."""
        if this.plan.kind != "text":
            return found
        return self._found(this, Recalled(self._retriever, this.question, self._hits, found.hits))

    def _material(self, this: Asked) -> Found:
        """What the model is to write from. For plain questions a gate of the retriever's scores comes before it."""
        if this.plan.kind != "text":
            return self._found(this)
        work = self._work(this)
        hits = tuple(work.retrieve(this.question, self._hits))
        work.seen(hits)
        sure, limit = before_asking(this.question.text, hits)
        refused = not hits or (sure < limit and not this.question.always_answer)
        details = {"gate": sure, "threshold": limit, "read": len(hits)}
        return Found(Draft(confidence=sure, abstained=refused, details=details), hits)

    def _prompted(self, this: Asked, found: Found) -> Prompted:
        prompted = prepared(this.brain, this.question, found.hits, self._prompts, self._store.passages)
        this.progress.details = prompted.details
        return prompted

    def _note(self, this: Asked, told: Told) -> None:
        this.progress.usage = asdict(told.usage)
        this.progress.time("generate")

    # --- ends ---------------------------------------------------------------------------------------------------------
    def _say(self, this: Asked, sentence: str) -> Iterator[Event]:
        this.progress.said = sentence
        yield Delta(sentence)
        refused = this.plan.kind != "smalltalk"
        draft = Draft(confidence=0.0 if refused else 1.0, abstained=refused, route="text" if refused else "smalltalk")
        yield Done(stored(self._store, this, Found(draft)))

    def _stopped(self, this: Asked) -> Answer:
        """What was said before the person stopped, with the citations of just that."""
        draft = Draft(details=this.progress.details | {"stopped": True})
        answer = stored(self._store, this, Found(draft, this.progress.hits))
        return replace(answer, receipt=answer.receipt | {"stopped": True})

    def _document(self, corpus: str, name: str) -> Document:
        return self._store.document(corpus, name)

    def _headers(self, passage: Passage) -> str:
        tables = [] if passage.table is None else self._store.document(passage.corpus, passage.document).tables
        near = [table for table in tables if table.start < passage.end and table.end > passage.start]
        return " ".join(name for table in near for name in table.header)


@lru_cache(maxsize=256)
def _route(text: str) -> Plan:
    return route(text)


def _plan(question: Question) -> Plan:
    """Small talk by what was typed, everything else by the question that stands alone."""
    typed = _route(question.asked)
    return typed if typed.kind == "smalltalk" else _route(question.text)
