"""The embedded reader: the sentences or cells that answer, in the documents' own words, or none.

Passages -> candidate spans (the span reader's, else whole sentences by words) -> log-probabilities that add
the reader's score and the retriever's -> the sentences that hold most of the probability -> quotes of a few
words with the answer in bold -> a calibrated confidence that decides whether to answer at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.answering.compose import one_line, quoted
from assistant.answering.language import count_words
from assistant.readers import confidence
from assistant.readers.candidates import Candidate, by_words, log_shares, normalised
from assistant.readers.cells import LookedUp, TableOf, body_start, is_title, look_up, no_table, row_claim, row_is_met
from assistant.readers.cues import number_in, wanted
from assistant.readers.instructions import asks_about_instructions, instruction_ranges
from assistant.readers.span_input import as_written
from assistant.readers.units import containing, shorten, units
from assistant.types import Claim, Draft, Hit, Passage, Question, Span

# chosen on held-out training questions (docs/decisions/0250-reading-and-abstaining.md)
ENOUGH = 0.9  # probability after which no further sentence is quoted
MOST_CLAIMS = 2
MOST_WORDS = 60  # of all quotes together; two Chinese characters count as a word
SHARE = 2.0  # weight of the retriever's log-share beside the reader's score
LEAST = 0.05  # probability below which a further sentence is not worth its words


class Reading(Protocol):
    """What a span reader says of one passage: does it answer (logit), and its best places with their score over "no
    answer" (start, end, score), best first."""

    @property
    def answerable(self) -> float: ...
    @property
    def spans(self) -> tuple[tuple[int, int, float], ...]: ...


class SpanSource(Protocol):
    """What reads passages: `assistant.readers.span.SpanModel`."""

    def predict(self, question: str, passages: Sequence[str]) -> Sequence[Reading]: ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or row of passage number `hit` (offsets in its text), its probability, and its best candidate."""

    hit: int
    start: int
    end: int
    mass: float
    best: Candidate


class ExtractiveReader:
    """Seam Reader. `source` gives the span reader, or None where its weights are not here (asked at each question)."""

    def __init__(
        self,
        source: Callable[[], SpanSource | None] = lambda: None,
        *,
        table_of: TableOf = no_table,
        quote_words: int = 40,
        abstain_below: float | None = None,
        depth: int = 6,
    ) -> None:
        self._source = source
        self._table_of = table_of
        self._words = quote_words
        self._abstain_below = abstain_below
        self._depth = depth

    def read(self, question: Question, hits: Sequence[Hit]) -> Draft:
        near = list(hits[: self._depth])
        flagged = [hit.passage.id for hit in near if instruction_ranges(hit.passage.text)]
        source = self._source()
        readings = read_passages(source, question.text, [hit.passage for hit in near]) if source and near else []
        every = by_spans(near, readings) if readings else by_words(question.text, near, self._header)
        candidates = self._allowed(question.text, near, every)
        named = look_up(question.text, near, self._table_of)
        if named and not self._orders(question.text, near[named.hit].passage, named.row):
            return self._named(question, list(hits), named, readings, flagged)
        if not candidates:
            return Draft(abstained=not question.always_answer, details={"instructions": flagged} if flagged else {})
        ranked = by_sentence(candidates, near)
        return self._draft(question, list(hits), ranked, readings, flagged)

    def _named(
        self, question: Question, hits: list[Hit], named: LookedUp, readings: list[Reading], flagged: list[int]
    ) -> Draft:
        """The answer of a row that the question names: never refused, since it was asked for by its label."""
        sure, limit, details = self._judged(question, hits, named.hit, readings, flagged)
        place = (named.cell.start, named.cell.end) if named.cell else None
        claim, value = row_claim(
            question.text, hits[named.hit].passage, named.row, place, named.table, self._words, guess=False
        )
        return Draft((claim,), max(sure, limit), value=value or None, details=details | {"looked_up": True})

    def _judged(
        self, question: Question, hits: list[Hit], first: int, readings: list[Reading], flagged: list[int]
    ) -> tuple[float, float, dict[str, Any]]:
        """Confidence, threshold and what goes into the receipt, for an answer from passage number `first`."""
        found = confidence.features(question.text, hits, first, [r.answerable for r in readings])
        measure = confidence.packaged()["spans" if readings else "words"]
        limit = measure.threshold if self._abstain_below is None else self._abstain_below
        details: dict[str, Any] = {
            "features": found,
            "threshold": limit,
            "reading": "spans" if readings else "words",
            "read": min(len(hits), self._depth),
        }
        return measure.probability(found), limit, details | ({"instructions": flagged} if flagged else {})

    def _draft(
        self, question: Question, hits: list[Hit], ranked: list[Sentence], readings: list[Reading], flagged: list[int]
    ) -> Draft:
        first = ranked[0]
        sure, limit, details = self._judged(question, hits, first.hit, readings, flagged)
        if confidence.is_stated(question.text, hits[first.hit].passage.text[first.start : first.end]):
            sure = max(sure, limit)
        made = [self._claim(question.text, hits[s.hit].passage, s, bool(readings)) for s in chosen(ranked, hits)]
        in_table = self._table_of(hits[first.hit].passage, hits[first.hit].passage.start + first.best.start) is not None
        value, unit = (made[0][1] or None, None) if in_table else valued(question.text, made[0][1])
        return Draft(
            claims=tuple(claim for claim, _ in made),
            confidence=sure,
            abstained=sure < limit and not question.always_answer,
            value=value,
            unit=unit,
            details=details,
        )

    def _claim(self, question: str, passage: Passage, sentence: Sentence, spans: bool) -> tuple[Claim, str]:
        """The claim and its short answer ("" where only a whole sentence is known)."""
        best, base = sentence.best, passage.start
        if table := self._table_of(passage, base + best.start):
            row = (base + sentence.start, base + sentence.end)
            bold = (base + best.start, base + best.end) if spans else None
            return row_claim(question, passage, row, bold, table, self._words)
        keep = (best.start, best.end) if spans else (sentence.start, sentence.start)
        start, end = shorten(passage.text, sentence.start, sentence.end, keep, self._words)
        span = Span(passage, base + start, base + end)
        if not spans:
            return Claim(one_line(span.quote), (span,)), ""
        return Claim(quoted(span, (base + best.start, base + best.end)), (span,)), passage.text[best.start : best.end]

    def _header(self, passage: Passage, offset: int) -> str:
        table = self._table_of(passage, passage.start + offset)
        return " ".join(table.header) if table else ""

    def _allowed(self, question: str, hits: Sequence[Hit], candidates: list[Candidate]) -> list[Candidate]:
        """Without table headers and rows beside the question, without rules and lines without words, and without what
        documents say to assistants (unless the question is about that)."""
        orders = [() if asks_about_instructions(question) else instruction_ranges(hit.passage.text) for hit in hits]
        kept = [
            c
            for c in candidates
            if not any(c.start < end and c.end > start for start, end in orders[c.hit])
            and re.search(r"\w", hits[c.hit].passage.text[c.start : c.end])
            and not in_heading(hits[c.hit].passage.text, c.start)
            and not self._off_table(question, hits[c.hit].passage, c)
        ]
        return kept if len(kept) == len(candidates) else normalised(kept)

    def _orders(self, question: str, passage: Passage, place: tuple[int, int]) -> bool:
        """Whether what stands there talks to an assistant (offsets in the document)."""
        if asks_about_instructions(question):
            return False
        start, end = place[0] - passage.start, place[1] - passage.start
        return any(low < end and high > start for low, high in instruction_ranges(passage.text))

    def _off_table(self, question: str, passage: Passage, found: Candidate) -> bool:
        """Partly outside its table, in its name or header, or in a row that says nothing of the question."""
        place = passage.start + found.start
        table = self._table_of(passage, place)
        if table is None:
            in_part = self._table_of(passage, passage.start + found.end - 1) is not None
            return in_part or is_title(passage, place, self._table_of)
        row = next((cell.row for cell in table.cells if cell.start <= place <= cell.end), 0)
        text = " ".join(cell.text for cell in table.cells if cell.row == row)
        return place < body_start(table) or not row_is_met(question, text)


@dataclass(frozen=True, slots=True)
class Seen:
    """A Reading whose places are in the passage's own text."""

    answerable: float
    spans: tuple[tuple[int, int, float], ...]


def read_passages(source: SpanSource, question: str, passages: Sequence[Passage]) -> list[Reading]:
    """Rows of a table are read under what is indexed with them (headings, column names), all else as it stands."""
    heads = [f"{p.context}\n" if p.table is not None and p.context else "" for p in passages]
    readings = source.predict(as_written(question), [head + p.text for head, p in zip(heads, passages, strict=True)])
    return [
        Seen(r.answerable, tuple((s - len(h), e - len(h), score) for s, e, score in r.spans if s >= len(h)))
        for h, r in zip(heads, readings, strict=True)
    ]


def by_spans(hits: Sequence[Hit], readings: Sequence[Reading]) -> list[Candidate]:
    """Spans of all passages, the reader's logit plus SHARE times the log-probability of the passage."""
    prior = log_shares(hits)
    return normalised(
        [
            Candidate(number, *trimmed(hits[number].passage.text, start, end), logit + SHARE * prior[number])
            for number, reading in enumerate(readings)
            for start, end, logit in reading.spans
            if start < end
        ]
    )


def in_heading(text: str, place: int) -> bool:
    """Whether the line of a place is a Markdown heading: headings name answers, they are none."""
    return re.match(r" {0,3}#{1,6}\s", text[text.rfind("\n", 0, place) + 1 :]) is not None


def _longest_paragraph(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a span that stays in one paragraph: a heading and what stands below it are not one answer."""
    parts = [(m.start() + start, m.end() + start) for m in re.finditer(r"(?:(?!\n\s*\n)[\s\S])+", text[start:end])]
    first, last = max(parts, key=lambda part: part[1] - part[0], default=(start, end))
    while first < last and text[first].isspace():
        first += 1
    return first, last


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span within one paragraph, without the marks that end its sentence or one half of a pair of brackets or quotes.

    >>> trimmed("on July 1, 2005. It", 3, 16), trimmed("(a boat", 0, 7), trimmed("Fee\\n\\n12 euros", 0, 13)
    ((3, 15), (1, 7), (5, 13))
    """
    first, last = _longest_paragraph(text, start, end)
    while first < last - 1 and text[last - 1] in " .,;:。，；：、":
        last -= 1
    piece = text[first:last]
    for left, right in ("()", "（）", "“”", "「」", "《》", "[]"):
        if piece.count(left) > piece.count(right):
            first += piece.startswith(left)
        elif piece.count(right) > piece.count(left):
            last -= piece.endswith(right)
    return (first, last) if first < last else (start, end)


def by_sentence(candidates: Sequence[Candidate], hits: Sequence[Hit]) -> list[Sentence]:
    """Candidates gathered by the sentence (or row) they stand in, by falling probability."""
    gathered: dict[tuple[int, int, int], list[Candidate]] = {}
    for candidate in candidates:
        start, end = containing(units(hits[candidate.hit].passage), candidate.start, candidate.end)
        gathered.setdefault((candidate.hit, start, end), []).append(candidate)
    made = [Sentence(*key, sum(math.exp(c.score) for c in group), group[0]) for key, group in gathered.items()]
    return sorted(made, key=lambda s: (-s.mass, s.hit, s.start))


def chosen(ranked: Sequence[Sentence], hits: Sequence[Hit]) -> list[Sentence]:
    """The first sentence, and further ones while the evidence is spread over several and the answer stays short."""
    kept = [ranked[0]]
    mass, words = ranked[0].mass, _words(ranked[0], hits)
    said = {_text(ranked[0], hits)}
    for sentence in ranked[1:]:
        if mass >= ENOUGH or len(kept) >= MOST_CLAIMS or sentence.mass < LEAST:
            break
        overlaps = any(sentence.hit == k.hit and sentence.start < k.end and sentence.end > k.start for k in kept)
        mass += sentence.mass
        if overlaps or _text(sentence, hits) in said or words + _words(sentence, hits) > MOST_WORDS:
            continue
        kept.append(sentence)
        words += _words(sentence, hits)
        said.add(_text(sentence, hits))
    return kept


def _text(sentence: Sentence, hits: Sequence[Hit]) -> str:
    return one_line(hits[sentence.hit].passage.text[sentence.start : sentence.end])


def _words(sentence: Sentence, hits: Sequence[Hit]) -> int:
    return count_words(_text(sentence, hits))


def valued(question: str, short: str) -> tuple[str | int | float | None, str | None]:
    """The short answer as looked up; as a number with its unit where a number was asked for and it is hardly more.

    >>> valued("How many people came?", "1,250 people"), valued("Who came?", "Ann")
    ((1250, 'people'), ('Ann', None))
    """
    text = one_line(short)
    if not text:
        return None, None
    number = number_in(text) if wanted(question) == "number" else None
    if number is None or count_words(text) > 3:
        return text, None
    unit = "".join(ch for ch in text if not (ch.isdigit() or ch in ",.-−")).strip()
    return number, unit or None
