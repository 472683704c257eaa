"""One question's path, from its words to a checked answer with its receipt. Read `Assistant.ask` from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assistant import __version__
from assistant.answering.citations import cite
from assistant.answering.compose import marked
from assistant.answering.followups import stand_alone
from assistant.answering.language import Language, language
from assistant.answering.receipts import receipt, receipt_id
from assistant.answering.smalltalk import reply
from assistant.answering.suggesting import suggestions
from assistant.answering.tiers import refusal
from assistant.answering.wording import say
from assistant.errors import Cancelled
from assistant.planning.router import Plan, route
from assistant.readers.kinds import KINDS, Found, Work, scope
from assistant.readers.verify import standing
from assistant.types import (
    Answer,
    Citation,
    Cited,
    Claim,
    Delta,
    Document,
    Done,
    Draft,
    Event,
    Hit,
    Passage,
    Question,
    Reading,
    Route,
    Searching,
)

if TYPE_CHECKING:
    from assistant.readers.extractive import SpanSource
    from assistant.seams import Embedder, PassageStore, Reader, Retriever

Stop = Callable[[], bool]
ROUTES: dict[str, Route] = {"summary": "summary", "list": "list", "smalltalk": "smalltalk"}


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Brain:
    """What answers. `parts` names what it is made of (encoder, reader, ...) with their hashes; asked at each answer."""

    name: str = "embedded"
    parts: Callable[[], Mapping[str, str]] = dict
    has_model: bool = False


@dataclass(slots=True)
class _Progress:
    """What has been said so far: all of it is kept when the person stops."""

    started: float = field(default_factory=time.perf_counter)
    said: str = ""
    hits: tuple[Hit, ...] = ()
    citations: tuple[Citation, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def time(self, name: str) -> None:
        so_far = (time.perf_counter() - self.started) * 1000
        self.timings[name] = round(so_far - sum(self.timings.values()), 1)


NEAR = 6
"""Passages beside those quoted that may suggest a next question."""


class Assistant:
    """Seam Asker. Holds no state of its own between questions, so threads may share it."""

    def __init__(
        self,
        retriever: Retriever,
        reader: Reader,
        store: PassageStore,
        brain: Brain | None = None,
        *,
        embedder: Embedder | None = None,
        source: Callable[[], SpanSource | None] = lambda: None,
        hits: int = 10,
        quote_words: int = 40,
    ) -> None:
        self._retriever = retriever
        self._reader = reader
        self._store = store
        self._brain = brain or Brain()
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

        `stop` is asked between steps; once it says yes, Done comes with what was said so far (`receipt["stopped"]`).
        """
        progress = _Progress()
        asked = replace(
            question, text=stand_alone(question.text, question.history), asked=question.asked or question.text
        )
        tongue = language(asked.asked)
        plan = _plan(asked)
        if sentence := self._fixed(asked, plan, tongue):
            yield from self._say(asked, plan, tongue, sentence, progress)
            return
        yield Searching(asked.text)
        try:
            found = self._found(asked, plan, tongue, stop, progress)
            yield Reading(found.hits)
            yield from self._told(asked, plan, tongue, found, stop, progress)
        except Cancelled:
            yield Done(self._stopped(asked, plan, tongue, progress))

    def _fixed(self, question: Question, plan: Plan, tongue: Language) -> str | None:
        """Answers that need no documents: nothing typed, a tier that is not to be had, small talk."""
        if not question.text.strip():
            return say("blank", tongue)
        if plan.kind == "smalltalk":
            return reply(plan.topic, tongue)
        return refusal(question.tier, self._brain.has_model, tongue)

    def _found(self, question: Question, plan: Plan, tongue: Language, stop: Stop, progress: _Progress) -> Found:
        def seen(hits: tuple[Hit, ...]) -> None:
            progress.hits = hits
            progress.time("retrieve")

        work = Work(
            question,
            tongue,
            self._retriever,
            self._reader,
            self._store,
            stop,
            self._embedder,
            self._source,
            self._quote_words,
            self._hits,
            seen,
        )
        work.check()
        found = self._checked(KINDS[plan.kind](work, plan))
        progress.hits = found.hits
        progress.time("read")
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

    def _told(
        self, question: Question, plan: Plan, tongue: Language, found: Found, stop: Stop, progress: _Progress
    ) -> Iterator[Event]:
        """The answer in pieces, a claim at a time, each after its citations."""
        abstained = found.draft.abstained
        claims = () if abstained else found.draft.claims
        citations, marks = cite(claims, self._document)
        given = 0
        for piece, numbers in self._pieces(question, found, claims, marks, tongue):
            if stop():
                raise Cancelled("Stopped.")
            for citation in citations[given : max(numbers, default=0)]:
                progress.citations += (citation,)
                yield Cited(citation)
            given = max(given, *numbers) if numbers else given
            progress.said += piece
            yield Delta(piece)
        progress.time("compose")
        yield Done(self._done(question, plan, tongue, found, progress))

    def _pieces(
        self,
        question: Question,
        found: Found,
        claims: tuple[Claim, ...],
        marks: list[tuple[int, ...]],
        tongue: Language,
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        if not claims:
            yield self._nothing(question, found, tongue), ()
            return
        if found.head:
            yield f"{found.head}\n\n", ()
        labels = found.labels or ("",) * len(claims)
        for n, (claim, numbers, label) in enumerate(zip(claims, marks, labels, strict=True)):
            line = (f"{label}: " if label and tongue == "en" else f"{label}：" if label else "") + marked(
                claim, numbers
            )
            before = ("\n" if found.listed else " ") if n else ""
            yield before + (f"- {line}" if found.listed else line), numbers
        for line in found.tail:
            yield f"\n\n{line}", ()

    def _nothing(self, question: Question, found: Found, tongue: Language) -> str:
        if found.draft.details.get("unverified"):
            return say("unverified", tongue)
        if not found.hits:
            return say("nothing_near" if scope(self._store, question) else "empty", tongue)
        read = int(found.draft.details.get("read", len(found.hits)))
        return say("abstain" if read > 1 else "abstain_one", tongue, n=read)

    def _done(self, question: Question, plan: Plan, tongue: Language, found: Found, progress: _Progress) -> Answer:
        made = self._receipt(question, plan, tongue, found.hits, found.draft)
        draft = found.draft
        read = [] if draft.abstained else [span.passage for claim in draft.claims for span in claim.spans]
        near = [hit.passage for hit in found.hits[:NEAR]] if read else []
        return Answer(
            question=question.text,
            asked=question.asked,
            answer=progress.said,
            abstained=draft.abstained,
            confidence=draft.confidence,
            route=ROUTES.get(plan.kind, draft.route) if draft.route == "text" else draft.route,
            brain=self._brain.name,
            tier=question.tier,
            citations=progress.citations,
            hits=tuple(replace(hit, rank=n) for n, hit in enumerate(found.hits, 1)),
            value=draft.value,
            unit=draft.unit,
            scale=draft.scale,
            program=draft.program,
            followups=suggestions(read, question.text, tongue, near=near),
            receipt=made,
            receipt_id=receipt_id(made),
            timings_ms=_timings(progress),
        )

    def _say(
        self, question: Question, plan: Plan, tongue: Language, sentence: str, progress: _Progress
    ) -> Iterator[Event]:
        progress.said = sentence
        yield Delta(sentence)
        refused = plan.kind != "smalltalk"
        draft = Draft(confidence=0.0 if refused else 1.0, abstained=refused, route="text" if refused else "smalltalk")
        yield Done(self._done(question, plan, tongue, Found(draft), progress))

    def _stopped(self, question: Question, plan: Plan, tongue: Language, progress: _Progress) -> Answer:
        """What was said before the person stopped, with the citations of just that."""
        draft = Draft(details={"stopped": True})
        answer = self._done(question, plan, tongue, Found(draft, progress.hits), progress)
        return replace(answer, receipt=answer.receipt | {"stopped": True})

    def _receipt(
        self, question: Question, plan: Plan, tongue: Language, hits: tuple[Hit, ...], draft: Draft
    ) -> dict[str, Any]:
        documents = plan.kind != "smalltalk" and bool(hits)
        return receipt(
            question=question,
            brain=self._brain.name,
            parts=self._brain.parts() if documents else {},
            revisions={name: self._store.revision(name) for name in question.corpora} if documents else {},
            hits=hits,
            draft=draft,
            kind=f"{plan.kind}/{tongue}",
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


def _timings(progress: _Progress) -> dict[str, float]:
    return progress.timings | {"total": round((time.perf_counter() - progress.started) * 1000, 1)}
