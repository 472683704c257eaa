"""Summaries in a document's own words: its central sentences, spread over its sections.

A passage is central when its vector is near the document's mean (or, without vectors, when its words are the
document's commonest); sections take turns, so that a long one does not fill the summary; within a passage
the sentence with the most of the document's own words is taken, early ones first.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.answering.language import count_words
from assistant.answering.terms import terms
from assistant.textual import sentences
from assistant.types import Passage, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

NEAR_REPEAT = 0.6  # share of words above which a sentence repeats another
EARLY, EARLY_ALONE = 0.5, 2.0  # worth of coming first; a single sentence is best the one that introduces the document
FEW, MANY = 5, 45  # words of a sentence worth quoting


def summarise(passages: Sequence[Passage], vectors: F32 | None = None, count: int = 5) -> list[Span]:
    """At most `count` sentences in the order of the document; vectors: one row a passage, or None."""
    usable = [i for i, passage in enumerate(passages) if passage.table is None or _prose(passage)]
    if not usable:
        return []
    common = _common([passages[i] for i in usable])
    early = EARLY if count > 1 else EARLY_ALONE
    central = _centrality([passages[i] for i in usable], None if vectors is None else vectors[usable], common, early)
    picked: list[Span] = []
    order = [passages[usable[place]] for place in _in_turns([passages[i] for i in usable], central)]
    for _ in range(count):  # rounds: short documents give several sentences of one passage
        before = len(picked)
        for passage in order:
            span = _best_sentence(passage, common, picked, early) if len(picked) < count else None
            picked += [span] if span is not None else []
        if len(picked) in (before, count):
            break
    return sorted(picked, key=lambda span: span.start)


def covered_share(passages: Sequence[Passage], spans: Sequence[Span]) -> float:
    """How much of what a document keeps saying stands in a few of its words: 0 to 1, each word by its weight."""
    common = _common(passages)
    said = frozenset[str]().union(*(terms(span.quote) for span in spans))
    whole = sum(common.values())
    return sum(weight for word, weight in common.items() if word in said) / whole if whole else 0.0


def _common(passages: Sequence[Passage]) -> dict[str, float]:
    """Weight of each word: in how many sentences it stands, damped."""
    counts = Counter(w for p in passages for start, end in _sentences(p) for w in terms(p.text[start:end]))
    return {word: math.log1p(n) for word, n in counts.items()}


def _centrality(
    passages: Sequence[Passage], vectors: F32 | None, common: dict[str, float], early: float
) -> list[float]:
    """Nearness to the document as a whole, with `early` for coming first."""
    if vectors is not None and len(vectors) == len(passages):
        mean = vectors.mean(axis=0)
        near = [float(score) for score in vectors @ (mean / max(float((mean @ mean) ** 0.5), 1e-9))]
    else:
        near = [_weight(terms(passage.text), common) for passage in passages]
    low, high = min(near), max(near)
    spread = (high - low) or 1.0
    return [(score - low) / spread + early / (1 + place) for place, score in enumerate(near)]


def _weight(words: frozenset[str], common: dict[str, float]) -> float:
    return sum(common.get(word, 0.0) for word in words) / (len(words) + 5)


def _in_turns(passages: Sequence[Passage], central: Sequence[float]) -> list[int]:
    """Places of passages: the best of each section first, then the second best of each."""
    sections: dict[str, list[int]] = {}
    for place in sorted(range(len(passages)), key=lambda i: (-central[i], i)):
        sections.setdefault(passages[place].context.partition("\n")[0], []).append(place)
    ranked = [(round_, -central[place], place) for section in sections.values() for round_, place in enumerate(section)]
    return [place for *_, place in sorted(ranked)]


def _best_sentence(passage: Passage, common: dict[str, float], picked: Sequence[Span], early: float) -> Span | None:
    best: tuple[float, Span] | None = None
    for place, (start, end) in enumerate(_sentences(passage)):
        span = Span(passage, passage.start + start, passage.start + end)
        words = terms(span.quote)
        if not _sayable(span.quote) or _repeats(words, picked):
            continue
        score = _weight(words, common) * (1 + 0.6 * early / (1 + place))
        if best is None or score > best[0]:
            best = (score, span)
    return best[1] if best else None


def _sentences(passage: Passage) -> list[tuple[int, int]]:
    return sentences(passage.text, lines=passage.table is not None)


def _prose(passage: Passage) -> bool:
    """Whether a passage with a table also holds sentences."""
    return any(_sayable(passage.text[start:end]) for start, end in _sentences(passage))


def _sayable(text: str) -> bool:
    return FEW <= count_words(text) <= MANY and not _heading(text)


def _heading(text: str) -> bool:
    """Headings, rows of links and questions say little: a sentence ends like one."""
    return "|" in text or not re.search(r"[.。！!；;：:…][\"'”’」』）)]*$", text)


def _repeats(words: frozenset[str], picked: Sequence[Span]) -> bool:
    return any(len(words & terms(span.quote)) > NEAR_REPEAT * max(len(words), 1) for span in picked)
