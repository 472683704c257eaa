"""Does a passage bear out a sentence that a model wrote? Exact facts first, then words; no further model.

A sentence is supported where its own words stand in a passage, or where every number (with its unit) stands in the
places chosen, every name in their passage, heading or document name, and a logistic regression over the words that are
met and over denial is above its threshold (support.json, made by `python -m evals fit-support`). Between two
languages, where no word is met, the encoder's cosine takes their place (docs/decisions/0310).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from assistant.answering.language import HAN, language
from assistant.answering.terms import terms
from assistant.readers.confidence import Calibration, calibration
from assistant.readers.facts import Number, denials, exact_words, limits, named_in, names, numbers
from assistant.readers.instructions import instruction_ranges
from assistant.readers.units import containing, units
from assistant.readers.verify import bare
from assistant.types import Passage, Span

Cosines = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosine of a sentence with each of some texts."""
NEAREST, COMPARED = 6, 40
"""Places that evidence is chosen from, and those whose meaning is compared across languages."""
MOST_SPANS = 3
FEW, FEW_ZH = 2, 3
"""Words (pairs of Chinese characters) of a sentence that says too little by itself, like an item of a list."""
ABOUT = 0.5
"""Share of the words of what it belongs to that the passage behind such a sentence must hold."""
LEAST_QUOTE = 8
"""Characters from which a sentence that stands in a passage counts as quoted."""
_PLAIN = re.compile(r"\*\*|__|`|^\s*(?:[-*•>#]+\s+|\d{1,2}[.)]\s+)")
_NAMED_PASSAGE = re.compile(
    r"\b(?:passages?|sources?)\s+#?\d{1,3}(?:\s*(?:,|and|&)\s*\d{1,3})*|(?:段落|来源)\s*\d{1,3}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence or row of a passage (offsets in its text) and how near it is."""

    passage: Passage
    start: int
    end: int
    met: float
    cosine: float = 0.0

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]

    @property
    def span(self) -> Span:
        return Span(self.passage, self.passage.start + self.start, self.passage.start + self.end)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`spans`: what bears the sentence out, best first; `lacking`: what was not found ("number 331", "name berlin")."""

    supported: bool
    spans: tuple[Span, ...] = ()
    quoted: bool = False
    probability: float = 0.0
    lacking: tuple[str, ...] = ()


def check(
    sentence: str,
    passages: Sequence[Passage],
    cosines: Cosines | None = None,
    *,
    orders: bool = False,
    about: Sequence[str] = (),
) -> Verdict:
    """Whether these passages bear out the sentence. `orders`: what talks to assistants may be evidence too. `about`:
    what a sentence of few words belongs to (the lead of its list, the question): only passages about that count."""
    said = plain_sentence(sentence)
    if about and len(terms(said)) <= (FEW_ZH if language(said) == "zh" else FEW):
        passages = [passage for passage in passages if is_about(passage, about)]
    there = {passage.id: passage for passage in passages}
    verdict = _checked(said, passages if orders else [without_orders(passage) for passage in passages], cosines)
    spans = tuple(Span(there[span.passage.id], span.start, span.end) for span in verdict.spans)
    return replace(verdict, spans=spans)


def _checked(said: str, passages: Sequence[Passage], cosines: Cosines | None) -> Verdict:
    if quote := quoted_in(said, passages):
        return Verdict(True, (quote,), quoted=True, probability=1.0)
    tongue = language(said)
    own = [passage for passage in passages if language(passage.text) == tongue]
    verdict = _judged(said, by_words(said, own), "same")
    foreign = [passage for passage in passages if language(passage.text) != tongue]
    if verdict.supported or cosines is None or not foreign:
        return verdict
    across = _judged(said, by_meaning(said, foreign, cosines), "across")
    return across if across.supported or not own else verdict


def is_about(passage: Passage, about: Sequence[str]) -> bool:
    """Whether a passage holds most of the words of one of these texts; one in another language always does.

    >>> formats = Passage(1, "c", "files.md", 0, 38, "These file types can be read: PDF, HTML.")
    >>> is_about(formats, ["Which file types are read?"]), is_about(formats, ["Who painted the bridge?"])
    (True, False)
    """
    text = f"{head(passage)} {passage.text}"
    tongue = language(passage.text)
    return any(language(one) != tongue or met_share(terms(one), text) >= ABOUT for one in about)


def without_orders(passage: Passage) -> Passage:
    """The passage with blanks in place of what talks to an assistant, also in its headings and its document's name."""
    return replace(
        passage, text=_blanked(passage.text), context=_blanked(passage.context), document=_blanked(passage.document)
    )


def _blanked(text: str) -> str:
    for start, end in instruction_ranges(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _judged(said: str, near: Sequence[Evidence], kind: str) -> Verdict:
    if not near:
        return Verdict(False, lacking=("words",))
    chosen = covering(said, near)
    measure = packaged()[kind]
    sure = measure.probability(scores(said, chosen))
    lacking = (*missing_numbers(said, chosen), *missing_names(said, chosen))
    if sure < measure.threshold:
        lacking = (*lacking, "words")
    return Verdict(not lacking, tuple(e.span for e in chosen), False, sure, lacking)


@lru_cache(maxsize=1)
def packaged() -> dict[str, Calibration]:
    """`same`: sentence and evidence in one language, `across`: in two."""
    return {kind: calibration(_stored()[kind]) for kind in ("same", "across")}


def fitted_encoder() -> str:
    """The id of the embedder whose cosines `across` is of; those of another one mean something else."""
    return str(_stored()["encoder"])


@lru_cache(maxsize=1)
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(files("assistant.readers").joinpath("support.json").read_text("utf-8"))
    return stored


def plain_sentence(sentence: str) -> str:
    """Without Markdown's marks and without the names of passages ("Passage 2 says")."""
    return _NAMED_PASSAGE.sub("", _PLAIN.sub("", sentence)).strip()


def quoted_in(sentence: str, passages: Sequence[Passage]) -> Span | None:
    """The exact place of a sentence's own words, where they stand in a passage one after another."""
    words = bare(sentence).strip('.。!！"“”')
    if len(words) < LEAST_QUOTE:
        return None
    for passage in passages:
        places = [at for at, c in enumerate(passage.text) if not c.isspace()]
        at = "".join(passage.text[i] for i in places).find(words)
        if at < 0:
            continue
        start, end = places[at], places[at + len(words) - 1] + 1
        end += passage.text[end : end + 1] in tuple(".。!！") and bare(sentence)[-1:] == passage.text[end : end + 1]
        whole = not re.match(r"\w", passage.text[end : end + 1]) and not re.search(
            r"\w$", passage.text[max(start - 1, 0) : start]
        )
        low, high = containing(units(passage), start, end)
        same = denials(passage.text[low:high]) == denials(
            passage.text[start:end]
        )  # not half of "it is not so that ..."
        if same and (whole or re.search(f"[{HAN}]", words)):
            return Span(passage, passage.start + start, passage.start + end)
    return None


def by_words(sentence: str, passages: Sequence[Passage]) -> list[Evidence]:
    """The sentences and rows that hold most of a sentence's words, best first."""
    asked = terms(sentence)
    every = [
        Evidence(passage, start, end, met_share(asked, f"{head(passage)} {passage.text[start:end]}"))
        for passage, start, end in _places(passages)
    ]
    return sorted(every, key=lambda e: -e.met)[:NEAREST]


def by_meaning(sentence: str, passages: Sequence[Passage], cosines: Cosines) -> list[Evidence]:
    """The sentences and rows nearest in meaning, best first; of the first COMPARED places."""
    places = _places(passages)[:COMPARED]
    if not places:
        return []
    near = cosines(sentence, [passage.text[start:end] for passage, start, end in places])
    every = [Evidence(*place, 0.0, cosine) for place, cosine in zip(places, near, strict=True)]
    return sorted(every, key=lambda e: -e.cosine)[:NEAREST]


def _places(passages: Sequence[Passage]) -> list[tuple[Passage, int, int]]:
    return [(passage, start, end) for passage in passages for start, end in units(passage)]


def covering(sentence: str, near: Sequence[Evidence]) -> list[Evidence]:
    """The best piece of evidence, and further ones only while they bring numbers, names or words that were missing."""
    chosen = [near[0]]
    for _ in range(MOST_SPANS - 1):
        lacking = _lacking(sentence, chosen)
        gains = [(lacking - _lacking(sentence, [*chosen, e]), -n, e) for n, e in enumerate(near) if e not in chosen]
        best = max(gains, key=lambda gain: gain[:2], default=None)
        if best is None or best[0] < 0.2:
            break
        chosen.append(best[2])
    for e in tuple(chosen):  # what a later place says too needs no mark
        rest = [other for other in chosen if other is not e]
        if rest and _lacking(sentence, rest) <= _lacking(sentence, chosen):
            chosen = rest
    return chosen


def _lacking(sentence: str, chosen: Sequence[Evidence]) -> float:
    """How much of a sentence is not met: numbers and names count 1 each, all words together 1. Words may stand anywhere
    in the passages: "It is 330 metres tall" needs no second place that says what it is."""
    gone = len(missing_numbers(sentence, chosen)) + len(missing_names(sentence, chosen))
    around = " ".join(f"{head(e.passage)} {e.passage.text}" for e in chosen)
    return gone + 1.0 - met_share(terms(sentence), around)


def scores(sentence: str, chosen: Sequence[Evidence]) -> dict[str, float]:
    """What the regressions read. Names count as met anywhere in the passage, since sentences there say "it"; numbers
    and units always, since they are compared by themselves."""
    asked = terms(sentence)
    around = terms(" ".join(e.passage.text for e in chosen)) & names(sentence)
    there = terms(_text(chosen)) | around | exact_words(sentence)
    met = len(asked & there) / len(asked) if asked else 0.0
    return {
        "met": met,
        "denial": float(_denies(sentence) != _denies(chosen[0].text)),
        "only": float(limits(sentence) > 0 and not any(limits(e.text) for e in chosen)),
        "cosine": max(e.cosine for e in chosen),
    }


def missing_numbers(sentence: str, chosen: Sequence[Evidence]) -> tuple[str, ...]:
    """Numbers of the sentence that the evidence does not hold; a table "in millions" is read as such."""
    there = set[Number]().union(*(numbers(e.text) | numbers(head(e.passage)) for e in chosen))
    scale = re.search(r"\b(thousand|million|billion)s?\b|(百万|[万亿])元?", _context(chosen), re.IGNORECASE)
    if scale:
        times = numbers(f"1 {scale[1] or ''}{scale[2] or ''}")
        there |= {Number(n.value * t.value, n.unit) for n in there for t in times}
    return tuple(sorted(f"number {n.value:f}" for n in numbers(sentence) if not any(n.equals(o) for o in there)))


def missing_names(sentence: str, chosen: Sequence[Evidence]) -> tuple[str, ...]:
    """Names of the sentence that stand neither in the passages of the evidence nor over them."""
    there = " ".join(f"{e.passage.text} {head(e.passage)}" for e in chosen)
    return tuple(sorted(f"name {name}" for name in names(sentence) if not named_in(name, there)))


def met_share(asked: frozenset[str], text: str) -> float:
    """Share of the words that stand in a text; 0 where there are none."""
    there = terms(text)
    return sum(word in there for word in asked) / len(asked) if asked else 0.0


def head(passage: Passage) -> str:
    """What stands over a passage: headings, column names, the document's name."""
    return f"{passage.context} {re.sub(r'[_.]', ' ', passage.document)}"


def _text(chosen: Sequence[Evidence]) -> str:
    return " ".join(f"{head(e.passage)} {e.text}" for e in chosen)


def _context(chosen: Sequence[Evidence]) -> str:
    return " ".join(head(e.passage) for e in chosen)


def _denies(text: str) -> bool:
    return denials(text) % 2 == 1
