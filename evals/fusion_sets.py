"""Training questions to fit the fusion on: pools of the size of a user's corpus, cut into passages as the product does.

Four kinds of questions, because their wording decides how far words can be trusted: typed by people who did not know
the passage (nqswap, clapnq; dureader), or written by people who looked at it (squad; cmrc2018), in two languages.
Nothing here stands in a reported set (bench/SPLITS.md). multireqa, qamr and policyqa are left out: their passages are
single sentences, or their questions the same for every passage.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.data import RetrievalSet
from evals.fitting import Apart, fitting_set

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {"typed": ("nqswap", "clapnq"), "written": ("squad2", "squad_more")},
    "zh": {"typed": ("dureader_robust", "dureader_checklist"), "written": ("cmrc2018",)},
}
ADDED = {"en": "clapnq", "zh": "cmrc2018"}
"""Sources whose paragraphs all join the pool: `fitting_set` has few of them."""
MOST = 600
"""Questions of a kind."""


@dataclass(frozen=True)
class FusionSet:
    """A pool, and its questions by kind: {kind: question ids}."""

    data: RetrievalSet
    kinds: Mapping[str, Sequence[str]]


def fusion_set(
    data: Path,
    language: str,
    count: Callable[[Sequence[str]], list[int]],
    seed: int = 0,
    most: int = MOST,
    about: Callable[[str], bool] = lambda paragraph: True,
) -> FusionSet:
    """The pool of a language, and questions `about` such paragraphs; `count` gives the encoder's tokens of texts."""
    from assistant.tuning.reading_data import allowed_rows

    rows = [row for row in allowed_rows(data) if row.answerable]
    added = [row.passage for row in allowed_rows(data) if row.source == ADDED[language]]
    texts = apart([*fitting_set(data, language, seed).paragraphs.values(), *added])
    passages = {f"{n}.{part}": cut for n, text in enumerate(texts) for part, cut in enumerate(pieces(text, count))}
    of_text: dict[str, list[str]] = defaultdict(list)
    for name in passages:
        of_text[texts[int(name.split(".")[0])]].append(name)
    gold: dict[str, dict[str, int]] = defaultdict(dict)
    asked: dict[str, list[str]] = {}
    for kind, sources in KINDS[language].items():
        chosen = [row for row in rows if row.source in sources and about(row.passage)]
        mine = [(row.question.strip(), row.passage.strip()) for row in chosen]
        for question, text in mine:
            gold[question] |= dict.fromkeys(of_text.get(text, ()), 1)
        found = sorted({question for question, _ in mine if gold[question]})
        asked[kind] = random.Random(seed).sample(found, min(most, len(found)))
    questions = {text: text for kind in asked.values() for text in kind}
    whole = RetrievalSet(f"fusion-{language}", "recall@1", passages, questions, {q: gold[q] for q in questions})
    return FusionSet(whole, asked)


def apart(texts: Iterable[str]) -> list[str]:
    """The texts in order without near copies, which would make a right passage wrong."""
    kept = Apart()
    return [text.strip() for text in texts if kept.add(text)]


def pieces(text: str, count: Callable[[Sequence[str]], list[int]], aim: int = 200, title: str = "") -> list[str]:
    """What the product would search by if the text was a file of its own: plain text, or Markdown below a title."""
    from ingest.parsers.markdown import from_markdown
    from ingest.parsers.text import from_text
    from ingest.prepare import prepare, searched_text

    document = from_markdown(f"# {title}\n\n{text}") if title else from_text(text)
    prepared = prepare(document, count, aim)
    return [searched_text(p.context, prepared.document.text[p.start : p.end]) for p in prepared.pieces]
