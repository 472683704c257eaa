"""One question's path, from its words to a checked answer with its receipt. Read `Assistant.ask` from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from assistant import __version__
from assistant.answering.brains import Brain, chosen
from assistant.answering.citations import cite
from assistant.answering.language import Language, language
from assistant.answering.pieces import nothing, pieces
from assistant.answering.prompts import PromptLibrary
from assistant.answering.receipts import receipt, receipt_id
from assistant.answering.rewriting import rewritten
from assistant.answering.smalltalk import reply
from assistant.answering.suggesting import suggestions
from assistant.answering.telling import WRITTEN, Meanings, Prompted, Told, checked, outcome, prepared, spoken
from assistant.answering.tiers import reads, refusal
from assistant.answering.wording import say
from assistant.errors import Cancelled
from assistant.planning.router import Plan, route
from assistant.readers.confidence import before_asking
from assistant.readers.generative import Checked
from assistant.readers.kinds import KINDS, Found, Work
from assistant.readers.verify import standing
from assistant.types import (
    Answer,
    Citation,
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
    Route,
    Searching,
)

if TYPE_CHECKING:
    from assistant.readers.extractive import SpanSource
    from assistant.seams import Embedder, PassageStore, Reader, Retriever

__all__ = ["Assistant", "Brain"]

T = TypeVar("T")
Stop = Callable[[], bool]
ROUTES: dict[str, Route] = {"summary": "summary", "list": "list", "smalltalk": "smalltalk"}


def never() -> bool:
    return False


@dataclass(slots=True)
class _Progress:
    """What has been said so far: all of it is kept when the person stops."""

    started: float = field(default_factory=time.perf_counter)
    said: str = ""
    hits: tuple[Hit, ...] = ()
    citations: tuple[Citation, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)  # of the model's prompt
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)

    def time(self, name: str) -> None:
        so_far = (time.perf_counter() - self.started) * 1000
        self.timings[name] = round(so_far - sum(self.timings.values()), 1)

    def watch(self, events: Generator[Delta | Cited, None, T]) -> Generator[Delta | Cited, None, T]:
        """The same events, noted as they pass."""
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(event, Delta):
                self.said += event.text
            else:
                self.citations += (event.citation,)
            yield event


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question under way: as it stands alone, what it asks for, in which language, of whom."""

    question: Question
    plan: Plan
    tongue: Language
    brain: Brain
    stop: Stop
    progress: _Progress


NEAR = 6
"""Passages beside those quoted that may suggest a next question."""


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
    def _asked(self, question: Question, stop: Stop) -> _Asked:
        asked = replace(question, asked=question.asked or question.text)
        brain = chosen(question.brain or self._default, self._embedded, self._models())
        return _Asked(asked, _plan(asked), language(asked.asked), brain, stop, _Progress())

    def _alone(self, this: _Asked) -> _Asked:
        """The same with the question as it is asked without the conversation."""
        text = rewritten(this.question, this.brain, self._prompts, this.stop)
        question = replace(this.question, text=text)
        return replace(this, question=question, plan=_plan(question))

    def _fixed(self, this: _Asked) -> str | None:
        """Answers that need neither documents nor a model: nothing typed, a tier not to be had, small talk."""
        if not any(character.isalnum() for character in this.question.text):
            return say("blank", this.tongue)
        refused = refusal(this.question.tier, this.brain.has_model, this.tongue)
        if this.plan.kind == "smalltalk" and (refused or reads(this.question.tier)):
            return reply(this.plan.topic, this.tongue)
        return refused

    # --- the embedded brain: read, check, tell --------------------------------------------------------------------
    def _read(self, this: _Asked) -> Iterator[Event]:
        found = self._found(this)
        yield Reading(found.hits)
        yield from self._told(this, found)

    def _work(self, this: _Asked) -> Work:
        def seen(hits: tuple[Hit, ...]) -> None:
            this.progress.hits = hits
            this.progress.time("retrieve")

        return Work(
            this.question,
            this.tongue,
            self._retriever,
            self._reader,
            self._store,
            this.stop,
            self._embedder,
            self._source,
            self._quote_words,
            self._hits,
            seen,
        )

    def _found(self, this: _Asked) -> Found:
        work = self._work(this)
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

    def _told(self, this: _Asked, found: Found) -> Iterator[Event]:
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
        yield Done(self._done(this, found))

    # --- a model: ask, check as it speaks, take back what nothing bears out -----------------------------------------
    def _spoken(self, this: _Asked) -> Iterator[Event]:
        """Tiers 1 and 2: the model's own words, without documents and unchecked."""
        prompted = self._prompted(this, Found(Draft()))
        told = yield from this.progress.watch(spoken(this.brain, prompted, this.stop))
        self._note(this, told)
        yield Done(self._done(this, Found(Draft(details=prompted.details | {"unchecked": True, "ended": told.reason}))))

    def _writes(self, this: _Asked) -> bool:
        return this.brain.has_model and this.plan.kind in WRITTEN

    def _written(self, this: _Asked) -> Iterator[Event]:
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
            Meanings(self._embedder) if self._embedder else None,
            lambda claim: standing([claim], self._store)[0],
        )
        told = yield from this.progress.watch(checked(this.brain, prompted, this.stop, writing))
        self._note(this, told)
        draft = outcome(told, found.draft, prompted, this.question)
        if told.supported or (draft.abstained and not told.claims):
            yield Done(self._done(this, replace(found, draft=draft)))
            return
        yield Revised()
        this.progress.said, this.progress.citations = "", ()
        instead = replace(found, draft=draft) if draft.abstained else self._found(this)
        details = instead.draft.details | draft.details | {"taken_back": True}
        yield from self._told(this, replace(instead, draft=replace(instead.draft, details=details)))

    def _material(self, this: _Asked) -> Found:
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

    def _prompted(self, this: _Asked, found: Found) -> Prompted:
        prompted = prepared(this.brain, this.question, found.hits, self._prompts, self._store.passages)
        this.progress.details = prompted.details
        return prompted

    def _note(self, this: _Asked, told: Told) -> None:
        this.progress.usage = asdict(told.usage)
        this.progress.time("generate")

    # --- what is stored ---------------------------------------------------------------------------------------------
    def _done(self, this: _Asked, found: Found) -> Answer:
        made = self._receipt(this, found.hits, found.draft)
        draft, progress = found.draft, this.progress
        usage = {"usage": progress.usage} if progress.usage else {}  # beside what is hashed: caches come and go
        read = [] if draft.abstained else [span.passage for claim in draft.claims for span in claim.spans]
        near = [hit.passage for hit in found.hits[:NEAR]] if read else []
        return Answer(
            question=this.question.text,
            asked=this.question.asked,
            answer=progress.said,
            abstained=draft.abstained,
            confidence=draft.confidence,
            route=ROUTES.get(this.plan.kind, draft.route) if draft.route == "text" else draft.route,
            brain=this.brain.name,
            tier=this.question.tier,
            citations=progress.citations,
            hits=tuple(replace(hit, rank=n) for n, hit in enumerate(found.hits, 1)),
            value=draft.value,
            unit=draft.unit,
            scale=draft.scale,
            program=draft.program,
            followups=suggestions(read, this.question.text, this.tongue, near=near),
            receipt=made | usage,
            receipt_id=receipt_id(made),
            timings_ms=progress.timings | {"total": round((time.perf_counter() - progress.started) * 1000, 1)},
        )

    def _say(self, this: _Asked, sentence: str) -> Iterator[Event]:
        this.progress.said = sentence
        yield Delta(sentence)
        refused = this.plan.kind != "smalltalk"
        draft = Draft(confidence=0.0 if refused else 1.0, abstained=refused, route="text" if refused else "smalltalk")
        yield Done(self._done(this, Found(draft)))

    def _stopped(self, this: _Asked) -> Answer:
        """What was said before the person stopped, with the citations of just that."""
        draft = Draft(details=this.progress.details | {"stopped": True})
        answer = self._done(this, Found(draft, this.progress.hits))
        return replace(answer, receipt=answer.receipt | {"stopped": True})

    def _receipt(self, this: _Asked, hits: tuple[Hit, ...], draft: Draft) -> dict[str, Any]:
        documents = this.plan.kind != "smalltalk" and bool(hits)
        corpora = this.question.corpora
        return receipt(
            question=this.question,
            brain=this.brain.name,
            parts=this.brain.parts() if documents or this.progress.details else {},
            revisions={name: self._store.revision(name) for name in corpora} if documents else {},
            hits=hits,
            draft=draft,
            kind=f"{this.plan.kind}/{this.tongue}",
            version=__version__,
        )

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
