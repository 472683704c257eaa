"""A language model's answers at tiers 1, 2 and 3: right, short, what nothing bears out always marked, and at what cost?

    python -m evals tiers --set qed --limit 200 --model NAME [--model-url URL] [--home DIR] [--predictions FOLDER]

Every paragraph is ingested as a file of its own through the product; questions go through `Assistant.ask`. The key of
the server is THICKSHELL_MODEL_KEY. With `--predictions` each answer is written as it comes, and a run that broke off
goes on behind the last.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from assistant.readers.framing import claims_nothing, says_no_answer
from assistant.textual import sentences
from assistant.types import Answer, Delta, Done, Question, Revised
from evals.answer_sets import SETS, AnswerSet, Item, length
from evals.answers import stands
from evals.homes import ensure, house_at
from evals.statistics import Metric, mean, proportion, share

if TYPE_CHECKING:
    from assistant.wiring import House

_MARKS = re.compile(r"(?:\[\d+\])+|\[\?\]")
_ROW_REST = re.compile(r"^[^\n]*")


@dataclass(frozen=True)
class Row:
    """One answer. `said`: the model's own text with its marks, also where it was taken back; `wrote`: it was asked.

    `supported`, `unsupported`: sentences by the receipt; `unmarked`: sentences of `said` that claim something and carry
    no mark, or unsupported ones that have none.
    """

    id: str
    tier: int
    question: str
    answer: str
    said: str
    right: float
    said_right: float
    words: int
    wrote: bool
    abstained: bool
    fell_back: bool
    supported: int
    unsupported: int
    unmarked: int
    quotes: int
    verified: int
    ended: str
    prompt: int
    completion: int
    cached: int
    seconds: float


def asked(house: House, questions: AnswerSet, item: Item, tier: int) -> Row:
    said, revised = "", False
    answer: Answer | None = None
    for event in house.assistant.ask(Question(item.question, (questions.name,), only=item.only, tier=tier)):
        if isinstance(event, Delta) and not revised:
            said += event.text
        elif isinstance(event, Revised):
            revised = True
        elif isinstance(event, Done):
            answer = event.answer
    assert answer is not None
    return row_of(house, questions, item, answer, said)


def row_of(house: House, questions: AnswerSet, item: Item, answer: Answer, said: str) -> Row:
    scores, usage = answer.receipt["scores"], answer.receipt.get("usage") or {}
    wrote = "ended" in scores
    said = said if wrote else ""
    unsupported = int(scores.get("unsupported", 0))
    bare = len(unmarked(said, item.question)) if answer.tier > 2 else 0
    return Row(
        item.id,
        answer.tier,
        item.question,
        answer.answer,
        said,
        0.0 if answer.abstained else item.score(answer.answer),
        item.score(said),
        length(answer.answer, questions.language),
        wrote,
        answer.abstained,
        "fell_back" in scores,
        int(scores.get("supported", 0)),
        unsupported,
        max(bare, unsupported - said.count("[?]")),
        len(answer.citations),
        sum(stands(house, c.corpus, c.document, c.start, c.end, c.quote) for c in answer.citations),
        str(scores.get("ended", "")),
        int(usage.get("prompt", 0)),
        int(usage.get("completion", 0)),
        int(usage.get("cached") or 0),
        round(answer.timings_ms["total"] / 1000, 3),
    )


def unmarked(text: str, question: str) -> list[str]:
    """Sentences of a checked answer that claim something and carry no mark; read from the text alone, as it is shown.

    >>> unmarked("Sure! It is blue. [?] It has 3 legs. It flies [1]. And swims.", "What is it?")
    ['It has 3 legs.', 'And swims.']
    """
    found, at = [], 0
    for mark in _MARKS.finditer(text):
        part = _sentences(text[at : mark.start()])
        found += part[:-1]
        at = mark.end()
        row = text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        if row.lstrip().startswith("|"):  # a row of a table is marked in its first cell
            at += len(_ROW_REST.match(text[at:])[0])  # type: ignore[index]
    return [s for s in found + _sentences(text[at:]) if not claims_nothing(s, question) and not says_no_answer(s)]


def _sentences(text: str) -> list[str]:
    found = [text[start:end] for start, end in sentences(text, lines=True)]
    return [sentence for sentence in found if any(c.isalnum() for c in sentence)]


# --- many questions ---------------------------------------------------------------------------------------------------
def measured(
    house: House, questions: AnswerSet, tier: int, streams: int, kept: Sequence[Row], out: IO[str] | None
) -> list[Row]:
    """Answers to all questions, `streams` at a time; those in `kept` are not asked again."""
    done = {row.id: row for row in kept}
    lock = threading.Lock()

    def one(item: Item) -> None:
        row = asked(house, questions, item, tier)
        with lock:
            done[item.id] = row
            if out:
                print(json.dumps(asdict(row), ensure_ascii=False), file=out, flush=True)
            if len(done) % 20 == 0:
                print(f"tier {tier}: {len(done)} of {len(questions.items)}", file=sys.stderr)

    with ThreadPoolExecutor(streams) as pool:
        list(pool.map(one, [item for item in questions.items if item.id not in done]))
    return [done[item.id] for item in questions.items]


def metrics(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """Means over questions with their intervals; of sentences, over the answers that the model wrote."""
    wrote = [row for row in rows if row.wrote]
    claims = [row.supported + row.unsupported for row in wrote]
    found = {
        "gold_in_answer": mean([row.right for row in rows], seed),
        "gold_in_model_text": mean([row.said_right for row in wrote], seed),
        "words": mean([row.words for row in rows], seed),
        "abstained": mean([row.abstained for row in rows], seed),
        "fell_back": mean([row.fell_back for row in rows], seed),
    }
    if sum(claims):
        found["sentences_unsupported"] = share([row.unsupported for row in wrote], claims, seed)
    counts = {
        "written_by_model": len(wrote),
        "sentences": sum(claims),
        "unsupported": sum(row.unsupported for row in wrote),
        "unmarked": sum(row.unmarked for row in rows),
        "quotes": sum(row.quotes for row in rows),
        "quotes_verified": sum(row.verified for row in rows),
        "ended": {reason: sum(row.ended == reason for row in wrote) for reason in sorted({row.ended for row in wrote})},
    }
    tokens = {name: sum(getattr(row, name) for row in rows) for name in ("prompt", "cached", "completion")}
    return {name: metric.as_json() for name, metric in found.items()} | counts | {"tokens": tokens}


def measures(rows: Sequence[Row], by_id: Mapping[str, str], seed: int = 0) -> dict[str, Any]:
    """Means apart for each thing that a set's items count (`Item.measure`); of what is right or wrong with Wilson's
    interval, of shares with a resampled one."""
    names = dict.fromkeys(by_id.values())
    apart = {name: [row.right for row in rows if by_id[row.id] == name] for name in names}
    return {name: _counted(values, seed).as_json() | {"n": len(values)} for name, values in apart.items()}


def _counted(values: Sequence[float], seed: int) -> Metric:
    if all(value in (0.0, 1.0) for value in values):
        return proportion(sum(value == 1.0 for value in values), len(values))
    return mean(values, seed)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", choices=sorted(SETS), help="which set (qed when left out)")
    parser.add_argument("--tiers", nargs="+", type=int, default=[1, 2, 3], choices=(1, 2, 3))
    parser.add_argument("--model", default="packaged", help="its name on the server, packaged, or a model folder")
    parser.add_argument("--model-url", default="", help="address of an OpenAI-compatible server, ending in /v1")
    parser.add_argument("--tokens", type=int, default=512, help="most tokens of an answer")
    parser.add_argument("--streams", type=int, default=8, help="questions asked at the same time")
    parser.add_argument("--home", type=Path, help="a home that keeps the ingested paragraphs between runs")
    parser.add_argument("--predictions", type=Path, help="folder for a JSON lines file of each tier")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in args.set or ["qed"]:
        questions = SETS[name](args.data).head(args.limit)
        with tempfile.TemporaryDirectory() as folder:
            settings = {"model": args.model, "model_url": args.model_url, "model_tokens": args.tokens}
            house = house_at(args.home or Path(folder), **settings)
            try:
                ensure(house, name, questions.paragraphs, questions.files)
                for tier in args.tiers:
                    yield _tier(house, questions, tier, args)
            finally:
                house.close()


def _tier(house: House, questions: AnswerSet, tier: int, args: argparse.Namespace) -> dict[str, Any]:
    model = house.brains[1]
    name = f"tiers-{questions.name}-{model.replace('/', '_')}-{args.tokens}-{tier}.jsonl"
    file = args.predictions / name if args.predictions else None
    ids = {item.id for item in questions.items}
    kept = [row for row in _kept(file) if row.id in ids] if file and file.is_file() else []
    began = time.perf_counter()
    with file.open("a", encoding="utf-8") if file else nullcontext() as out:
        rows = measured(house, questions, tier, args.streams, kept, out)
    return {
        "task": f"tiers/{questions.name}/{tier}",
        "n": len(rows),
        "kept": len(kept),
        "model": asdict(house.generator(model).info),
        "most_tokens": args.tokens,
        "metrics": metrics(rows, args.seed),
        "measures": measures(rows, {item.id: item.measure for item in questions.items}, args.seed),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _kept(file: Path) -> list[Row]:
    return [Row(**json.loads(line)) for line in file.read_text("utf-8").splitlines() if line.endswith("}")]
