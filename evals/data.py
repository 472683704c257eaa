"""Readers of the public sets in `bench`: passages, questions, and which passage answers which question.

Nothing is downloaded and nothing is changed but white space at the ends of texts. `REPORTED` sets are only measured;
`fitting_sets` come from training data (bench/SPLITS.md) and share no question or passage with a reported set.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RetrievalSet:
    """Questions over a pool of passages. `gold`: question id -> {passage id: gain}, gains over 0 only.

    `titles` of passages that begin with one, where the set keeps it apart.
    """

    name: str
    metric: str  # "recall@1" or "ndcg@10"
    passages: Mapping[str, str]
    questions: Mapping[str, str]
    gold: Mapping[str, Mapping[str, int]]
    titles: Mapping[str, str] = field(default_factory=dict)

    def head(self, limit: int | None) -> RetrievalSet:
        """The first `limit` questions over all passages."""
        kept = dict(list(self.questions.items())[:limit])
        return replace(self, questions=kept, gold={q: self.gold[q] for q in kept})


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a UTF-8 file, unpacked when its name ends in .gz."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as packed:
            yield from packed
    else:
        with path.open(encoding="utf-8") as handle:
            yield from handle


def read_json(path: Path) -> Any:
    return json.loads("".join(read_lines(path)))


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in read_lines(path) if line.strip())


def from_pairs(name: str, pairs: Iterable[tuple[str, str, str]]) -> RetrievalSet:
    """A set from (question id, question, paragraph); equal paragraphs are one passage."""
    ids: dict[str, str] = {}
    questions: dict[str, str] = {}
    gold: dict[str, dict[str, int]] = {}
    for key, question, paragraph in pairs:
        passage = ids.setdefault(paragraph, str(len(ids)))
        questions[key] = question
        gold[key] = {passage: 1}
    return RetrievalSet(name, "recall@1", {i: text for text, i in ids.items()}, questions, gold)


def squad_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    """(id, question, context) of a file in SQuAD layout."""
    for article in read_json(path)["data"]:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                yield str(asked["id"]), asked["question"].strip(), paragraph["context"].strip()


def cmrc2018(data: Path) -> RetrievalSet:
    return from_pairs("cmrc2018", squad_pairs(data / "cmrc2018/cmrc2018_dev.json.gz"))


def drcd(data: Path) -> RetrievalSet:
    return from_pairs("drcd", squad_pairs(data / "drcd/DRCD_dev.json.gz"))


def qed(data: Path) -> RetrievalSet:
    rows = read_jsonl(data / "qed/qed-dev.jsonlines.gz")
    return from_pairs(
        "qed", ((str(r["example_id"]), r["question_text"].strip(), r["paragraph_text"].strip()) for r in rows)
    )


def scifact(data: Path) -> RetrievalSet:
    folder = data / "scifact"
    rows = {str(row["doc_id"]): row for row in read_jsonl(folder / "corpus.jsonl.gz")}
    passages = {
        key: f"{row['title']} {' '.join(s.strip() for s in row['abstract'])}".strip() for key, row in rows.items()
    }
    titles = {key: row["title"].strip() for key, row in rows.items()}
    gold: dict[str, dict[str, int]] = defaultdict(dict)
    for line in list(read_lines(folder / "qrels/train.tsv"))[1:]:
        question, passage, gain = line.split("\t")
        gold[question][passage] = int(gain)
    texts = {str(row["_id"]): row["text"] for row in read_jsonl(folder / "queries.train.jsonl")}
    return RetrievalSet("scifact", "ndcg@10", passages, {q: texts[q] for q in gold}, dict(gold), titles)


def nfcorpus(data: Path) -> RetrievalSet:
    """Dev titles with the three-grade judgements of the corpus's authors (direct link 3, link of a link 2, topic 1)."""
    folder = data / "nfcorpus"
    gold: dict[str, dict[str, int]] = defaultdict(dict)
    for line in read_lines(folder / "dev.3-2-1.qrel"):
        question, _, passage, gain = line.split()
        gold[question][passage] = int(gain)
    queries = dict(_tabbed(folder / "dev.titles.queries"))
    return RetrievalSet(
        "nfcorpus", "ndcg@10", dict(_tabbed(folder / "dev.docs.gz")), queries, {q: gold[q] for q in queries}
    )


def _tabbed(path: Path) -> Iterator[tuple[str, str]]:
    for line in read_lines(path):
        key, text = line.rstrip("\n").split("\t", 1)
        yield key, text.strip()


def cranfield(data: Path) -> RetrievalSet:
    """Question numbers of the judgements count the questions in file order, not by their .I numbers."""
    folder = data / "cranfield"
    documents = dict(_smart(folder / "cran.all.1400.gz"))
    passages = {key: f"{f['T']} {f['W']}".strip() for key, f in documents.items()}
    titles = {key: f["T"] for key, f in documents.items()}
    questions = {str(n): f["W"] for n, (_, f) in enumerate(_smart(folder / "cran.qry"), start=1)}
    gold: dict[str, dict[str, int]] = {q: {} for q in questions}
    for line in read_lines(folder / "cranqrel_corrected"):
        question, _, passage, gain = line.split()
        if int(gain) > 0:
            gold[question][passage] = int(gain)
    return RetrievalSet("cranfield", "ndcg@10", passages, questions, gold, titles)


def _smart(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(number, {mark: text}) of each record of a SMART file."""
    for record in re.split(r"^\.I ", "".join(read_lines(path)), flags=re.M)[1:]:
        number, _, rest = record.partition("\n")
        parts = re.split(r"^\.([TABW])\s*$", rest, flags=re.M)
        fields = {mark: " ".join(text.split()) for mark, text in zip(parts[1::2], parts[2::2])}
        yield number.strip(), {"T": "", "W": ""} | fields


ARTICLES = {
    "天空_（英国）": "Sky_(United_Kingdom)",
    "维多利亚（澳大利亚）": "Victoria_(Australia)",
    "蒸汽机": "Steam_engine",
    "1973_oil_crisis": "1973_oil_crisis",
    "分组交换": "Packet_switching",
    "哈佛大学": "Harvard_University",
    "苏格兰议会": "Scottish_Parliament",
    "帝国主义": "Imperialism",
    "华沙": "Warsaw",
    "法印战争": "French_and_Indian_War",
}
"""Articles of squad_zh and their English originals in squad2, paragraph by paragraph."""


def squad_zh(data: Path) -> RetrievalSet:
    """Ten articles, half of them in English and half in Chinese, each asked about in the other language."""
    chinese = _articles(data / "squad_zh/dev-v2.0-zh.part.json.gz")
    english = _articles(data / "squad2/dev-v2.0.part.json.gz")
    pairs = []
    for number, (zh, en) in enumerate(ARTICLES.items()):
        stored, asked = (english[en], chinese[zh]) if number % 2 else (chinese[zh], english[en])
        for paragraph, other in zip(stored, asked, strict=True):
            questions = [q for q in other["qas"] if not q.get("is_impossible")][:2]
            pairs += [(str(q["id"]), q["question"].strip(), paragraph["context"].strip()) for q in questions]
    return from_pairs("squad_zh", pairs)


def _articles(path: Path) -> dict[str, list[dict[str, Any]]]:
    return {article["title"]: article["paragraphs"] for article in read_json(path)["data"]}


REPORTED: dict[str, Callable[[Path], RetrievalSet]] = {
    "cmrc2018": cmrc2018,
    "drcd": drcd,
    "qed": qed,
    "scifact": scifact,
    "cranfield": cranfield,
    "nfcorpus": nfcorpus,
    "squad_zh": squad_zh,
}


FITTING = ("squad_more", "clapnq", "nqswap", "cmrc2018", "dureader_robust", "dureader_checklist")
"""Training sources whose questions can be told apart: policyqa, say, asks the same questions of every site."""
CHINESE = ("fit-cmrc2018", "fit-dureader_robust", "fit-dureader_checklist")


def fitting_sets(data: Path, size: int = 600, seed: int = 0) -> list[RetrievalSet]:
    """Answerable training questions, a set for each source: at most `size` passages and questions about them."""
    from assistant.tuning.reading_data import allowed_rows

    by_source: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in FITTING}
    for row in allowed_rows(data):
        if row.source in by_source:
            asked = [row.question.strip()] if row.answerable else []
            by_source[row.source][row.passage.strip()].extend(asked)
    return [_fitting(f"fit-{name}", rows, size, seed) for name, rows in by_source.items()]


def _fitting(name: str, rows: dict[str, list[str]], size: int, seed: int) -> RetrievalSet:
    chance = random.Random(seed)
    kept = chance.sample(sorted(rows), min(size, len(rows)))
    passages = {str(n): text for n, text in enumerate(kept)}
    gold: dict[str, dict[str, int]] = defaultdict(dict)
    for key, text in passages.items():
        for question in rows[text]:
            gold[question][key] = 1
    asked = sorted(gold)
    chosen = dict(enumerate(chance.sample(asked, min(size, len(asked)))))
    questions = {str(n): text for n, text in chosen.items()}
    return RetrievalSet(name, "recall@1", passages, questions, {n: gold[text] for n, text in questions.items()})
