"""One function for each kind of question: what it retrieves, reads and quotes. `ask.py` verifies, cites and frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant.answering.compose import one_line
from assistant.answering.language import Language
from assistant.answering.summaries import covered_share, summarise
from assistant.answering.terms import coverage, normal, terms
from assistant.answering.wording import say
from assistant.errors import Cancelled
from assistant.planning.calculation import needed, one_cell
from assistant.planning.router import Plan, is_here
from assistant.readers.across import column_across, look_up_across
from assistant.readers.cells import row_claim, table_heads, tables_near, tables_of
from assistant.readers.extractive import Reading, SpanSource
from assistant.readers.instructions import asks_about_instructions, instruction_ranges
from assistant.readers.listing import Find, columns, enumerated, patterned, things
from assistant.readers.span_input import as_written
from assistant.readers.uncomputed import refused
from assistant.readers.units import shorten, units
from assistant.seams import Embedder, PassageStore, Reader, Retriever
from assistant.types import Claim, DocumentInfo, Draft, Hit, Passage, Question, Span

if TYPE_CHECKING:
    from assistant.seams import F32

LIST_HITS, WHERE_HITS, WHERE_MOST, SCAN_PASSAGES, OVERVIEW_DOCUMENTS = 24, 10, 3, 400, 10
TABLES_READ = 20  # tables whose columns are compared with a topic in the other language
LIST_WORDS = 2  # times the words of a quote that a sentence may have which is itself the list


@dataclass(frozen=True, slots=True)
class Found:
    """What a kind of question came to. `labels`: words of ours before a claim, one a claim or none at all."""

    draft: Draft
    hits: tuple[Hit, ...] = ()
    head: str = ""
    labels: tuple[str, ...] = ()
    listed: bool = False
    tail: tuple[str, ...] = ()
    instead: str = ""  # said in place of "the documents do not say"


@dataclass(frozen=True, slots=True)
class Work:
    """One question at work and what it may use."""

    question: Question
    language: Language
    retriever: Retriever
    reader: Reader
    store: PassageStore
    stop: Callable[[], bool]
    embedder: Embedder | None = None
    source: Callable[[], SpanSource | None] = lambda: None
    quote_words: int = 40
    hits: int = 10
    seen: Callable[[tuple[Hit, ...]], None] = field(default=lambda _: None)

    def check(self) -> None:
        """Cancelled where the person asked to stop."""
        if self.stop():
            raise Cancelled("Stopped.")

    def retrieve(self, question: Question, k: int) -> list[Hit]:
        self.check()
        found = self.retriever.retrieve(question, k)
        self.check()
        return found


def text(work: Work, plan: Plan) -> Found:
    hits = work.retrieve(work.question, work.hits)
    work.seen(tuple(hits))
    draft = _read(work, work.question, hits)
    table_of = tables_of(work.store)
    if told := refused(work.question, draft, hits, table_of, work.language):
        return Found(told[0], told[1], instead=told[2])
    return Found(draft, tuple(hits))


def _read(work: Work, question: Question, hits: Sequence[Hit]) -> Draft:
    """The reader's draft, or the cell of a table in the other language whose row and column the question names."""
    draft = work.reader.read(question, hits)
    prose = draft.claims and not draft.abstained and draft.claims[0].spans[0].passage.table is None
    need = needed(question.text)
    if work.embedder is None or prose or draft.details.get("looked_up") or (need and not one_cell(question.text, need)):
        return draft
    named = look_up_across(question.text, hits, tables_of(work.store), work.embedder)
    if named is None:
        return draft
    passage = hits[named.hit].passage
    if instruction_ranges(passage.text) and not asks_about_instructions(question.text):
        return draft
    place = (named.cell.start, named.cell.end) if named.cell else None
    claim, value = row_claim(question.text, passage, named.row, place, named.table, work.quote_words, guess=False)
    sure = max(draft.confidence, float(draft.details.get("threshold", 0.0)))
    return Draft((claim,), sure, value=value or None, details=draft.details | {"looked_up": True, "across": True})


def where(work: Work, plan: Plan) -> Found:
    """The sentences nearest to the topic, each led by its document and page."""
    asked = replace(work.question, text=plan.topic)
    hits = work.retrieve(asked, WHERE_HITS)
    work.seen(tuple(hits))
    draft = work.reader.read(asked, hits)
    best = [(hit, *_nearest(plan.topic, hit.passage)) for hit in hits]
    shares = sorted((share for *_, share in best), reverse=True)
    kept = [row for row in best if row[3] >= max(0.5, 0.8 * shares[0])] if shares else []
    if not kept and draft.claims and not draft.abstained:
        kept = [
            (hit, s, e, share) for hit, s, e, share in best if hit.passage.id == draft.claims[0].spans[0].passage.id
        ]
    claims = tuple(_claim(hit.passage, s, e, work.quote_words) for hit, s, e, _ in kept[:WHERE_MOST])
    labels = tuple(_place(claim.spans[0].passage, work.language) for claim in claims)
    head = say("where_one" if len(claims) == 1 else "where_many", work.language, n=len(claims))
    sure = max(draft.confidence, shares[0] if kept and shares else 0.0)
    given_up = not claims and not work.question.always_answer
    return Found(replace(draft, claims=claims, abstained=given_up, confidence=sure), tuple(hits), head, labels, True)


def listing(work: Work, plan: Plan) -> Found:
    """Everything of one kind: over all passages where they are few, else over the nearest."""
    near = work.retrieve(work.question, work.hits)
    work.seen(tuple(near))
    whole = _all_passages(work)
    every = whole or work.retrieve(replace(work.question, text=plan.topic), LIST_HITS)
    claims = _column(work, plan.topic, every)
    if not claims and patterned(plan.topic):
        claims = things(plan.topic, work.question.text, every, None, work.quote_words)
    draft = work.reader.read(work.question, near)
    complete = bool(claims and whole)
    sure = max(draft.confidence, float(draft.details.get("threshold", 0.0))) if claims else draft.confidence
    if not claims and (said := enumerated(plan.topic, near, LIST_WORDS * work.quote_words)):
        return Found(replace(draft, claims=(said,), route="list", value=None, unit=None, abstained=False), tuple(near))
    if not claims and not draft.abstained:
        every = work.retrieve(work.question, LIST_HITS)
        claims = things(plan.topic, work.question.text, every, _stoppable(work), work.quote_words)
    values = [one_line(claim.text) for claim in claims]
    head = say("list" if complete else "list_partly", work.language, n=len(claims), read=len(every))
    made = replace(
        draft,
        claims=tuple(claims),
        confidence=sure,
        route="list",
        value=values or None,
        unit=None,
        abstained=not claims,
    )
    return Found(made, tuple(near), head, (), True)


def _column(work: Work, topic: str, hits: Sequence[Hit]) -> list[Claim]:
    """The cells of the column that is listed, also where its name is in the other language."""
    table_of = tables_of(work.store)
    claims = columns(topic, hits, table_of)
    if claims or work.embedder is None:
        return claims
    found = column_across(topic, tables_near(hits, table_of)[:TABLES_READ], work.embedder)
    return columns(found[1], hits, lambda p, at: t if (t := table_of(p, at)) == found[0] else None) if found else []


def compare(work: Work, plan: Plan) -> Found:
    """Each side on its own, its claims led by its name."""
    claims: list[Claim] = []
    labels: list[str] = []
    hits: list[Hit] = []
    missing: list[str] = []
    sure: list[float] = []
    for side, query in zip(plan.sides, side_questions(plan.sides, work.language), strict=True):
        draft, near = _side(work, side, query)
        hits += near
        sure.append(draft.confidence)
        if draft.abstained or not draft.claims:
            missing.append(say("compare_missing", work.language, side=side))
        else:
            claims += draft.claims
            labels += [side] * len(draft.claims)
    work.seen(tuple(hits[: work.hits]))
    best = tuple(replace(hit, rank=n) for n, hit in enumerate(_once(hits)[: work.hits], 1))
    draft = Draft(tuple(claims), min(sure, default=0.0), abstained=not claims, value=[c.text for c in claims] or None)
    return Found(draft, best, "", tuple(labels), True, tuple(missing) if claims else ())


def summary(work: Work, plan: Plan) -> Found:
    """A document in its central sentences; of several documents one sentence each; of a topic what text finds."""
    documents = scope(work.store, work.question, plan.topic)
    if plan.topic and not documents and is_here(plan.topic):
        return summary(work, Plan("summary"))
    if plan.topic and not documents:
        return text(work, plan)
    claims: list[Claim] = []
    labels: list[str] = []
    shares: list[float] = []
    shown = documents[:OVERVIEW_DOCUMENTS]
    for info in shown:
        said, share = _told_of(work, info, 5 if len(documents) == 1 else 1)
        claims += said
        labels += [info.name if len(documents) > 1 else ""] * len(said)
        shares.append(share)
    hits = tuple(Hit(c.spans[0].passage, 1.0, rank=n) for n, c in enumerate(claims, 1))
    work.seen(hits)
    tail = (say("overview_more", work.language, n=len(documents) - len(shown)),) if len(documents) > len(shown) else ()
    # no probability: how much of what the documents keep saying is said again
    covered = sum(shares) / len(documents) if documents else 0.0
    draft = Draft(tuple(claims), covered, abstained=not claims, route="summary", details={"covered": covered})
    return Found(
        draft,
        hits[: work.hits],
        _summary_head(documents, work.question, plan, work.language),
        tuple(labels),
        True,
        tail,
    )


def _told_of(work: Work, info: DocumentInfo, count: int) -> tuple[list[Claim], float]:
    """A document in at most `count` of its sentences, else the columns of its tables, else its first line; and how much
    of its recurring words these hold."""
    work.check()
    passages = [p for p in work.store.document_passages(info.corpus, info.name) if not instruction_ranges(p.text)]
    spans = summarise(passages, _vectors(work, info, passages), count)
    claims = [_claim(s.passage, s.start - s.passage.start, s.end - s.passage.start, work.quote_words) for s in spans]
    claims = claims or table_heads(passages, work.store.document(info.corpus, info.name).tables)[:count]
    claims = claims or [_claim(p, *units(p)[0], work.quote_words) for p in passages[:1] if units(p)]
    return claims, covered_share(passages, [span for claim in claims for span in claim.spans])


KINDS: dict[str, Callable[[Work, Plan], Found]] = {
    "text": text,
    "where": where,
    "list": listing,
    "compare": compare,
    "summary": summary,
}


def scope(store: PassageStore, question: Question, topic: str = "") -> list[DocumentInfo]:
    """The live documents that a question is about: those it is restricted to, those its topic names, else all."""
    every = [
        info
        for corpus in question.corpora
        for info in store.documents(corpus)
        if info.state in ("words", "ready")
        and (not question.only or info.name in question.only)
        and info.name not in question.without
        and (not question.formats or info.format in question.formats)
    ]
    return [info for info in every if _named(info.name, topic)] if topic else every


def _named(name: str, topic: str) -> bool:
    """Whether a topic is the name of a document, with or without its ending and words like "the document"."""
    stem = normal(re.sub(r"\.\w{1,5}$", "", name.rsplit("/", 1)[-1]))
    asked = normal(topic).strip(" 《》“”\"'「」")
    words = terms(re.sub(r"[_\-.]+", " ", stem))
    wanted = terms(topic) - {"document", "file", "report", "paper", "文档", "文件", "报告", "资料"}
    return normal(name) in asked or stem == asked or bool(wanted and words and wanted <= words)


def side_questions(sides: Sequence[str], language: Language) -> list[str]:
    """A question for each side; words before "of" in the first hold for all.

    >>> side_questions(("the revenue of Apple", "Google"), "en")
    ['What is the revenue of Apple?', 'What is the revenue of Google?']
    """
    shared = re.match(r"(.+ (?:of|in|for|at|between) )(?:the )?[^ ]", sides[0]) if language == "en" else None
    full = [sides[0]] + [
        shared[1] + side if shared and not re.search(r" (?:of|in|for|at) ", side) else side for side in sides[1:]
    ]
    if language == "zh" and (tail := re.search(r"的[^的]{1,8}$", sides[-1])):
        full = [side if side.endswith(tail[0]) else side + tail[0] for side in full]
    return [f"{side}是什么？" if language == "zh" else f"What is {side}?" for side in full]


def _side(work: Work, side: str, query: str) -> tuple[Draft, list[Hit]]:
    documents = scope(work.store, work.question, side)
    if len(documents) == 1:
        found = summary(work, Plan("summary", side))
        return replace(found.draft, claims=found.draft.claims[:2]), list(found.hits)
    asked = replace(work.question, text=query, always_answer=False)
    hits = work.retrieve(asked, work.hits)
    draft = _read(work, asked, hits)
    if draft.abstained and work.question.always_answer:
        draft = replace(draft, abstained=False)
    return draft, hits


def _nearest(topic: str, passage: Passage) -> tuple[int, int, float]:
    """The sentence of a passage that shares most words with the topic, and the share."""
    asked = terms(topic)
    banned = instruction_ranges(passage.text)
    allowed = [(s, e) for s, e in units(passage) if not any(s < b and e > a for a, b in banned)]
    ranked = [(coverage(asked, passage.text[s:e]), -s, e) for s, e in allowed]
    share, start, end = max(ranked, default=(0.0, 0, 0))
    return -start, end, share


def _claim(passage: Passage, start: int, end: int, words: int) -> Claim:
    start, end = shorten(passage.text, start, end, (start, start), words)
    span = Span(passage, passage.start + start, passage.start + end)
    return Claim(one_line(span.quote), (span,))


def _place(passage: Passage, language: Language) -> str:
    if passage.page is None:
        return passage.document
    return say("place", language, document=passage.document, page=passage.page)


def _all_passages(work: Work) -> list[Hit]:
    """Every passage in scope where there are at most SCAN_PASSAGES, else none."""
    documents = scope(work.store, work.question)
    if sum(info.report.passages for info in documents) > SCAN_PASSAGES:
        return []
    hits: list[Hit] = []
    for info in documents:
        work.check()
        hits += [Hit(passage, 0.0) for passage in work.store.document_passages(info.corpus, info.name)]
        if len(hits) > SCAN_PASSAGES:
            return []
    return hits


def _stoppable(work: Work) -> Find | None:
    """The span reader over a few passages at a time, so that stop is heard."""
    source = work.source()
    if source is None:
        return None

    def found(question: str, passages: Sequence[str]) -> list[Reading]:
        out: list[Reading] = []
        for piece in _pieces(passages, 8):
            work.check()
            out += source.predict(as_written(question), piece)
        return out

    return found


def _pieces(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _once(hits: Sequence[Hit]) -> list[Hit]:
    best: dict[int, Hit] = {}
    for hit in hits:
        if hit.passage.id not in best or hit.score > best[hit.passage.id].score:
            best[hit.passage.id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.passage.id))


def _vectors(work: Work, info: DocumentInfo, passages: Sequence[Passage]) -> F32 | None:
    """Stored vectors of a document's passages; None before they have arrived."""
    if work.embedder is None or info.state != "ready" or not passages:
        return None
    return work.store.vectors([passage.id for passage in passages], work.embedder.id)


def _summary_head(documents: Sequence[DocumentInfo], question: Question, plan: Plan, language: Language) -> str:
    if len(documents) == 1:
        key = "summary" if plan.topic or question.only else "overview_one"
        return say(key, language, document=documents[0].name)
    return say("overview", language, n=len(documents))
