"""Questions with gold answers over the documents of a public set, and how much of the gold an answer holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals.data import read_json, read_jsonl

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


@dataclass(frozen=True)
class Item:
    """`golds`: one is enough; each is a tuple of strings that must all be there. `paragraph`: name of the gold one.

    `only`: documents that the question is asked of, where it makes no sense without naming them; () is all.
    `measure`: what `score` counts.
    """

    id: str
    question: str
    golds: tuple[tuple[str, ...], ...]
    paragraph: str
    only: tuple[str, ...] = ()
    measure: str = "gold in answer"

    def score(self, answer: str) -> float:
        """0 to 1."""
        return float(holds(answer, self.golds))


@dataclass(frozen=True)
class AnswerSet:
    """`paragraphs`: documents to be written, by name; `files`: documents that lie in the set's folder, by name."""

    name: str
    language: str
    paragraphs: dict[str, str]
    items: tuple[Item, ...]
    files: dict[str, Path] = field(default_factory=dict)

    def head(self, limit: int | None) -> AnswerSet:
        """The first `limit` questions over all documents."""
        return replace(self, items=self.items[:limit])


def qed(data: Path) -> AnswerSet:
    rows = list(read_jsonl(data / "qed/qed-dev.jsonlines.gz"))
    return assembled(
        "qed",
        "en",
        (
            (str(r["example_id"]), r["question_text"], r["paragraph_text"], tuple(dict.fromkeys(_qed_golds(r))))
            for r in rows
        ),
    )


def _qed_golds(row: dict) -> Iterator[tuple[str, ...]]:  # type: ignore[type-arg]
    for spans in row["original_nq_answers"]:
        yield tuple(span["string"] for span in spans)
    if answers := row["annotation"].get("answer"):
        yield tuple(answer["paragraph_reference"]["string"] for answer in answers)


def cmrc2018(data: Path) -> AnswerSet:
    return squad_layout("cmrc2018", "zh", data / "cmrc2018/cmrc2018_dev.json.gz")


def squad_layout(name: str, language: str, path: Path) -> AnswerSet:
    rows = (
        (str(q["id"]), q["question"], p["context"], tuple((a["text"],) for a in q["answers"]))
        for article in read_json(path)["data"]
        for p in article["paragraphs"]
        for q in p["qas"]
    )
    return assembled(name, language, rows)


def tatqa(data: Path) -> AnswerSet:
    from evals.report_sets import tatqa as read

    return read(data)


def filings(data: Path) -> AnswerSet:
    from evals.report_sets import filings as read

    return read(data)


SETS = {"qed": qed, "cmrc2018": cmrc2018, "tatqa": tatqa, "filings": filings}


def assembled(name: str, language: str, rows: Iterable[tuple[str, str, str, tuple[tuple[str, ...], ...]]]) -> AnswerSet:
    """A set from (id, question, paragraph, golds); equal paragraphs are one document (named as in evals.data)."""
    names: dict[str, str] = {}
    items = []
    for key, question, paragraph, golds in rows:
        document = names.setdefault(paragraph.strip(), f"{len(names)}.txt")
        items.append(Item(key, question.strip(), golds, document))
    return AnswerSet(name, language, {n: text for text, n in names.items()}, tuple(items))


def holds(answer: str, golds: Iterable[tuple[str, ...]]) -> bool:
    """Whether all strings of one gold stand in the answer: as whole words, or as characters where they are Chinese.

    >>> holds("It has **330** metres [1]", [("330 metres",)]), holds("In 1977 [1]", [("7",)])
    (True, False)
    """
    text = plain(answer)
    return any(gold and all(_in(part, text) for part in gold) for gold in golds)


def _in(gold: str, text: str) -> bool:
    words = plain(gold)
    if not words.strip():
        return False
    if re.search(f"[{HAN}]", words):
        return words.replace(" ", "") in text.replace(" ", "")
    return f" {words.strip()} " in f" {text.strip()} " or bool(
        re.search(rf"(?<![a-z0-9]){re.escape(words.strip())}(?![a-z0-9])", text)
    )


def plain(text: str) -> str:
    """Lower case, compatible width, without marks of citation and emphasis and without punctuation."""
    text = re.sub(r"\[\d+\]", " ", text)
    return " ".join(re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).split())


def length(answer: str, language: str) -> int:
    """Words (English) or characters without blanks (Chinese) of an answer, citation marks and emphasis left out."""
    text = re.sub(r"\s*\[\d+\]", "", answer).replace("**", "")
    if language == "zh":
        return len("".join(text.split()))
    return sum(bool(re.search(r"\w", word)) for word in text.split())
