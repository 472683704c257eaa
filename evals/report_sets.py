"""Questions about financial reports: TAT-QA (tables with text around them) and 10-Q filings (PDF).

They are asked of the documents they were written about (`Item.only`): "total sales in 2019" means nothing among
hundreds of reports. Answers in sentences are judged, not TAT-QA's pairs of answer and scale, so the official scorer
does not apply; its rules of numbers do: two decimals, the sign counts, a percentage must be called one.
"""

from __future__ import annotations

import csv
import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evals.answer_sets import AnswerSet, Item, holds, plain
from evals.data import read_json

SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<minus>[-−]\s?)?(?P<open>\()?(?P<sign>[-−])?[$€£¥]?\s?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)(?!\w)\)?"
    r"\s?(?P<percent>%|per ?cent\b|percentage points?\b)?\)?\s?(?P<scale>thousand|million|billion|trillion)?",
    re.I,
)
_LESS = re.compile(r"\b(decreas|declin|fell|fall|drop|lower|less|reduc|down|shr[aiu]nk|loss|negative)", re.I)
_SOURCE = re.compile(r"\(?\bSOURCES?(?:\(S\))?:.*", re.I)
STOP = frozenset(
    re.findall(
        r"\w+", "a an and are as at by for from had has have in is it its of on or that the their this to was were"
    )
)


@dataclass(frozen=True)
class Figure:
    """A number as it is written, and what stands behind it: "", "percent", "thousand" ..."""

    value: float
    scale: str = ""

    def near(self, other: Figure) -> bool:
        """Equal to two decimals in this figure's scale. A number without a scale is in the document's own."""
        if "percent" in (self.scale, other.scale) and self.scale != other.scale:
            return False
        if not other.scale or not self.scale or self.scale == other.scale:
            return round(other.value, 2) == round(self.value, 2)
        return round(other.value * SCALES[other.scale] / SCALES[self.scale], 2) == round(self.value, 2)


def figures(text: str) -> list[Figure]:
    """All numbers of a text.

    >>> figures("Sales fell by $1,234.5 million (or (2.5)%) in 2019.")
    [Figure(value=1234.5, scale='million'), Figure(value=-2.5, scale='percent'), Figure(value=2019.0, scale='')]
    """
    found = []
    for match in _NUMBER.finditer(re.sub(r"\[\d+\]", " ", text)):
        value = float(match["digits"].replace(",", ""))
        negative = match["minus"] or match["sign"] or (match["open"] and ")" in match[0])
        scale = "percent" if match["percent"] else (match["scale"] or "").lower()
        found.append(Figure(-value if negative else value, scale))
    return found


def states(answer: str, gold: Figure) -> bool:
    """Whether a number of the answer is this one. A negative one may be said by a word ("fell by 12")."""
    less = bool(_LESS.search(answer))
    for figure in figures(answer):
        if gold.near(figure) or (less and gold.value < 0 and gold.near(Figure(-figure.value, figure.scale))):
            return True
    return False


# --- TAT-QA -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ReportItem(Item):
    """All `numbers` and all strings of the one gold must be there."""

    numbers: tuple[Figure, ...] = ()

    def score(self, answer: str) -> float:
        words = tuple(part for gold in self.golds for part in gold)
        return float(all(states(answer, n) for n in self.numbers) and (not words or holds(answer, [words])))


def tatqa(data: Path) -> AnswerSet:
    """Dev: each table with its paragraphs is a Markdown document, and each question is asked of its own."""
    contexts = read_json(data / "tatqa/tatqa_dataset_dev.json.gz")
    documents = {f"{n}.md": report(context) for n, context in enumerate(contexts)}
    items = [_asked(q, f"{n}.md") for n, context in enumerate(contexts) for q in context["questions"]]
    return AnswerSet("tatqa", "en", documents, tuple(items))


def report(context: dict[str, Any]) -> str:
    """The paragraphs in their order, and the table as Markdown after the first."""
    texts = [p["text"].strip() for p in sorted(context["paragraphs"], key=lambda p: p["order"])]
    return "\n\n".join([*texts[:1], markdown(context["table"]["table"]), *texts[1:]]) + "\n"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """
    >>> markdown([["", "2019"], ["Net sales", "$  5"]]).splitlines()
    ['|  | 2019 |', '|---|---|', '| Net sales | $ 5 |']
    """
    lines = ["| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _asked(row: dict[str, Any], document: str) -> ReportItem:
    given = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
    numbers, words = [], []
    for part in map(str, given):
        alone = _alone(part)
        if alone is not None and not (row["scale"] == "" and _year(alone, part)):
            numbers.append(Figure(alone.value, alone.scale or row["scale"]))
        elif part.strip():
            words.append(part.strip())
    golds = (tuple(words),) if words else ()
    return ReportItem(row["uid"], row["question"].strip(), golds, document, (document,), numbers=tuple(numbers))


def _alone(text: str) -> Figure | None:
    """The number that a gold answer is; None where it is more than that."""
    match = _NUMBER.fullmatch(text.strip())
    return figures(text.strip())[0] if match else None


def _year(figure: Figure, text: str) -> bool:
    return text.strip().isdigit() and 1900 <= figure.value <= 2100


# --- filings ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class FilingItem(Item):
    """The gold is a text of several sentences: counted is what share of its figures, or of its words, is there."""

    numbers: tuple[Figure, ...] = ()
    words: frozenset[str] = frozenset()

    def score(self, answer: str) -> float:
        if self.numbers:
            return sum(states(answer, number) for number in self.numbers) / len(self.numbers)
        return len(self.words & content(answer)) / len(self.words) if self.words else 0.0


def filings(data: Path) -> AnswerSet:
    """All questions over the PDF files of their "Source Docs" pattern. A share is no judgement of an answer."""
    folder = data / "filings"
    files = {file.name: file for file in sorted(folder.glob("*.pdf"))}
    with (folder / "qna_data.part.csv").open(encoding="utf-8-sig", newline="") as rows:
        items = tuple(_filing(n, row, tuple(files)) for n, row in enumerate(csv.DictReader(rows)))
    return AnswerSet("filings", "en", {}, items, files)


def _filing(number: int, row: dict[str, str], files: tuple[str, ...]) -> FilingItem:
    text = _SOURCE.sub("", row["Answer"])
    only = tuple(fnmatch.filter(files, row["Source Docs"]))
    sources = [name for name in files if name in row["Answer"]] or list(only)
    numbers = tuple(dict.fromkeys(_telling(text)))
    measure = "figures of the gold" if numbers else "words of the gold"
    question = row["Question"].strip()
    return FilingItem(str(number), question, ((text.strip(),),), sources[0], only, measure, numbers, content(text))


def _telling(text: str) -> Iterator[Figure]:
    """Amounts and percentages; not years, days, and numbers of a list."""
    for figure in figures(text):
        if figure.scale or not float(figure.value).is_integer() or abs(figure.value) > 9999:
            yield figure


@cache
def content(text: str) -> frozenset[str]:
    """Words that mean something by themselves, in small letters."""
    return frozenset(word for word in plain(text).split() if word not in STOP and len(word) > 1)
