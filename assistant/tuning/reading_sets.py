"""Public reading sets as rows of (question, passage, answers), one small loader a set.

Only sets whose licence lets shipped weights learn from them are here; docs/models/span-reader.md lists
licences and sources. Files are read as they were published (gzip or plain), nothing is downloaded.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NO_ANSWER_ZH = "无答案"
MARKUP = re.compile(r"</?[A-Z][A-Za-z0-9]*>")


@dataclass(frozen=True)
class Row:
    """One question about one passage.

    `answers` are texts that stand in the passage; none means that it does not answer. `start` is the
    code-point offset of answers[0], or None where only "it answers" is known, not where.
    """

    source: str
    language: str
    question: str
    passage: str
    answers: tuple[str, ...] = ()
    start: int | None = None

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, unpacked when its name ends in .gz."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            return handle.read()
    return path.read_text("utf-8")


def read_json(path: Path) -> Any:
    """A JSON file, or a list where the file holds one value a line."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def squad(path: Path, source: str, language: str = "en") -> Iterator[Row]:
    """SQuAD 1.1 and 2.0 layout. Answers that do not stand where the file says are looked for in the text."""
    for article in read_json(path)["data"]:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                row = _squad_row(asked, paragraph["context"], source, language)
                if row:
                    yield row


def _squad_row(asked: dict[str, Any], passage: str, source: str, language: str) -> Row | None:
    answers = [answer["text"] for answer in asked["answers"]]
    if not answers:
        return Row(source, language, asked["question"], passage)
    return located(source, language, asked["question"], passage, answers, asked["answers"][0].get("answer_start"))


def located(
    source: str, language: str, question: str, passage: str, answers: list[str], start: int | None = None
) -> Row | None:
    """A row whose first answer is found in the passage, at `start` when it stands there; else None."""
    first = answers[0].strip()
    if not first:
        return None
    if start is None or passage[start : start + len(first)] != first:
        start = passage.find(first)
    if start < 0:
        return None
    unique = dict.fromkeys([first, *(answer.strip() for answer in answers)])
    return Row(source, language, question.strip(), passage, tuple(answer for answer in unique if answer), start)


def squad2(data: Path) -> Iterator[Row]:
    yield from squad(data / "squad2/train-v2.0.part.json.gz", "squad2")
    yield from squad(data / "squad2/train-v1.1.part.json.gz", "squad2")


def squad_more(data: Path) -> Iterator[Row]:
    yield from squad(data / "squad_more/train-v1.1.parts.json.gz", "squad_more")


def policyqa(data: Path) -> Iterator[Row]:
    for name in ("dev", "test"):
        yield from squad(data / f"policyqa/{name}.json.gz", "policyqa")


def nqswap(data: Path) -> Iterator[Row]:
    """Natural Questions passages with an exchanged answer; the marks of paragraphs and tables are taken out."""
    for name in ("train", "dev"):
        for record in read_json(data / f"nqswap/{name}.json.gz"):
            passage = " ".join(MARKUP.sub(" ", record["context"]).split())
            row = located("nqswap", "en", record["question"], passage, [" ".join(record["answer"].split())])
            if row:
                yield row


def clapnq(data: Path) -> Iterator[Row]:
    """Answers are several sentences, so they count only as "answers", without a place."""
    for name in ("answerable", "unanswerable"):
        for record in read_json(data / f"clapnq/clapnq_dev_{name}.first.jsonl.gz"):
            passage = record["passages"][0]["text"].strip()
            given = [output["answer"] for output in record.get("output", []) if output.get("answer")]
            answers = tuple(given) if name == "answerable" else ()
            yield Row("clapnq", "en", record["input"], passage, answers)


def qamr(data: Path) -> Iterator[Row]:
    """One row for each different question of a sentence that no validator called invalid."""
    lines = read_text(data / "qamr/wiki-sentences.part.tsv").splitlines()
    sentences = dict(line.split("\t", 1) for line in lines if "\t" in line)
    seen: set[tuple[str, str]] = set()
    for name in ("dev", "test"):
        for line in read_text(data / f"qamr/full.{name}.tsv.gz").splitlines():
            fields = line.split("\t")
            sentence = sentences.get(fields[0])
            if sentence is None or len(fields) < 8 or (fields[0], fields[5]) in seen:
                continue
            seen.add((fields[0], fields[5]))
            row = None if "Invalid" in line else _qamr_row(sentence, fields)
            if row:
                yield row


def _qamr_row(sentence: str, fields: list[str]) -> Row | None:
    places = sorted(int(place) for place in fields[6].split())
    if not places or places[-1] - places[0] + 1 != len(places):
        return None  # the answer is not one piece of the sentence
    words = sentence.split(" ")
    start = sum(len(word) + 1 for word in words[: places[0]])
    return located("qamr", "en", fields[5], sentence, [" ".join(words[places[0] : places[-1] + 1])], start)


def multireqa(data: Path) -> Iterator[Row]:
    """Question and the sentence that answers it; where in the sentence is not given."""
    for line in read_text(data / "multireqa/squad_train.part.tsv.gz").splitlines():
        question, _, sentence = line.partition("\t")
        if sentence.strip():
            yield Row("multireqa", "en", question.strip(), sentence.strip(), (sentence.strip(),))


def dureader_robust(data: Path) -> Iterator[Row]:
    yield from _dureader(data / "dureader_robust/dev.json.gz", "dureader_robust")


def dureader_checklist(data: Path) -> Iterator[Row]:
    yield from _dureader(data / "dureader_checklist/train.json.gz", "dureader_checklist")


def _dureader(path: Path, source: str) -> Iterator[Row]:
    for record in read_json(path):
        question, passage, label = record["text_b"].strip(), record["text_a"].strip(), record["label"].strip()
        if label == NO_ANSWER_ZH:
            yield Row(source, "zh", question, passage)
            continue
        row = located(source, "zh", question, passage, [label])
        if row:
            yield row


def cmrc2018(data: Path) -> Iterator[Row]:
    yield from squad(data / "cmrc2018/cmrc2018_train.part.json", "cmrc2018", "zh")


SETS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "squad2": squad2,
    "squad_more": squad_more,
    "nqswap": nqswap,
    "clapnq": clapnq,
    "policyqa": policyqa,
    "qamr": qamr,
    "multireqa": multireqa,
    "dureader_robust": dureader_robust,
    "dureader_checklist": dureader_checklist,
    "cmrc2018": cmrc2018,
}
