"""How well a span reader reads: `python -m assistant.tuning.reading_scores --data DIR --set dev [--limit N]`.

`dev` is the held-out tenth of the training sets (for choosing); `squad2`, `cmrc2018`, `drcd` and `squad_zh` are
reported sets: look at them once, choose nothing by them. Each question is asked of its own passage.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.readers.span import SpanModel
from assistant.tuning.negatives import add_negatives, seeded
from assistant.tuning.reading_data import dev_rows
from assistant.tuning.reading_sets import Row, squad

log = logging.getLogger(__name__)
REPORTED = {
    "squad2": ("squad2/dev-v2.0.part.json.gz", "en"),
    "cmrc2018": ("cmrc2018/cmrc2018_dev.json.gz", "zh"),
    "drcd": ("drcd/DRCD_dev.json.gz", "zh"),
    "squad_zh": ("squad_zh/dev-v2.0-zh.part.json.gz", "zh"),
}
ARTICLES = re.compile(r"\b(a|an|the)\b")
UNIT = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


@dataclass(frozen=True)
class Reading:
    """What the reader said of one row."""

    row: Row
    text: str
    answerable: float
    best_score: float


def units(text: str) -> list[str]:
    """Words without case, articles and punctuation; Chinese by character (as CMRC 2018's own script counts).

    >>> units("The 2nd 中国, U.S.")
    ['2nd', '中', '国', 'u', 's']
    """
    return UNIT.findall(ARTICLES.sub(" ", unicodedata.normalize("NFKC", text).lower()))


def f1(prediction: str, answer: str) -> float:
    """Harmonic mean of the shares of common units.

    >>> round(f1("in the late 1990s", "1990s"), 2)
    0.5
    """
    said, right = units(prediction), units(answer)
    common = sum((Counter(said) & Counter(right)).values())
    return 2 * common / (len(said) + len(right)) if common else float(said == right)


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a positive's score beats a negative's, ties half; not-a-number without both kinds.

    >>> auc([3.0, 1.0, 2.0], [True, False, False])
    1.0
    """
    places = np.argsort(np.argsort(np.array(scores), kind="stable")) + 1.0
    values, back = np.unique(np.array(scores), return_inverse=True)
    means = np.array([places[back == i].mean() for i in range(len(values))])[back]
    yes = np.array(labels)
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return float("nan")
    return float((means[yes].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def scores(readings: Sequence[Reading]) -> dict[str, float]:
    """n, em and f1 over the answerable rows with known places, and AUC of both "does it answer" scores over all."""
    placed = [reading for reading in readings if reading.row.start is not None]
    exact = [max(float(units(r.text) == units(answer)) for answer in r.row.answers) for r in placed]
    partial = [max(f1(r.text, answer) for answer in r.row.answers) for r in placed]
    labels = [reading.row.answerable for reading in readings]
    return {
        "n": len(readings),
        "answerable": sum(labels),
        "em": float(np.mean(exact)) if exact else float("nan"),
        "f1": float(np.mean(partial)) if partial else float("nan"),
        "auc_answerable": auc([r.answerable for r in readings], labels),
        "auc_span": auc([r.best_score for r in readings], labels),
    }


def read_rows(model: SpanModel, rows: Iterable[Row]) -> list[Reading]:
    """Ask every row of its passage."""
    found = []
    for row in rows:
        reading = model.predict(row.question, [row.passage], top=1)[0]
        start, end = reading.spans[0][:2] if reading.spans else (0, 0)
        found.append(Reading(row, row.passage[start:end], reading.answerable, reading.best_score))
    return found


def sample(data: Path, name: str, limit: int) -> list[Row]:
    """`limit` rows of a set, drawn with seed 0 (0: all of them); dev comes with half as many negatives added."""
    chosen = seeded(0)
    if name == "dev":
        rows = add_negatives(dev_rows(data), 0.5, chosen)
    else:
        file, language = REPORTED[name]
        rows = list(squad(data / file, name, language))
    return chosen.sample(rows, min(limit, len(rows))) if limit else rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--set", choices=["dev", *REPORTED], default="dev")
    parser.add_argument("--reader", type=Path, help="weights folder; default: the packaged ones")
    parser.add_argument("--limit", type=int, default=300, help="rows, drawn with seed 0; 0 for all")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    readings = read_rows(SpanModel(given.reader), sample(given.data, given.set, given.limit))
    table = {"all": scores(readings)}
    for key in sorted({f"{r.row.source} {r.row.language}" for r in readings}):
        table[key] = scores([r for r in readings if f"{r.row.source} {r.row.language}" == key])
    for name, line in table.items():
        log.info("%s", json.dumps({"part": name} | {key: round(value, 3) for key, value in line.items()}))


if __name__ == "__main__":
    main()
