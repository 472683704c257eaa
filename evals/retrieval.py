"""How well passages are found: recall@1 or nDCG@10 of the dense ranker, of the lexical one, and of both fused."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.retrieval.hybrid import order
from assistant.retrieval.word_queries import Scope
from assistant.types import Question
from evals.data import REPORTED, RetrievalSet
from evals.fusion_sets import pieces
from evals.pool import Scored, pooled, product_embedder, worded
from evals.statistics import mean
from ingest.units import Count

Ranking = dict[str, float]
"""Passage name -> score."""
DEPTH = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", default="all", choices=[*REPORTED, "all"], help="which public set")
    parser.add_argument("--through-product", action="store_true", help="ingest one file per paragraph, then search")
    parser.add_argument(
        "--cut", action="store_true", help="cut passages as the product does; a document counts by its best"
    )
    parser.add_argument(
        "--titles", action="store_true", help="with --cut: documents' titles are headings, as in Markdown"
    )
    parser.add_argument("--words-only", action="store_true", help="BM25 alone, without vectors")
    parser.add_argument("--home", type=Path, help="home that keeps what was ingested between runs")
    parser.add_argument("--encoder", default="packaged", help="embedding model, as in the settings")
    parser.add_argument(
        "--precision", default="auto", choices=["auto", "fp32", "bf16", "int8"], help="as in the settings"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in REPORTED if args.set == "all" else [args.set]:
        data = REPORTED[name](args.data).head(args.limit)
        start = time.perf_counter()
        rankings = _measured(data, args)
        metrics = {
            f"{data.metric}" + (f"/{ranker}" if ranker != "fused" else ""): mean(
                values(data, ranked), args.seed
            ).as_json()
            for ranker, ranked in rankings.items()
        }
        yield {
            "task": name,
            "split": "train" if name == "scifact" else "dev",
            "tier": 3,
            "brain": "embedded",
            "n": len(data.questions),
            "seed": args.seed,
            "metrics": metrics,
            "seconds": round(time.perf_counter() - start, 1),
            "log": None,
            "mode": "product" if args.through_product else f"cut{', titles' * args.titles}" if args.cut else "quick",
        }


def values(data: RetrievalSet, rankings: dict[str, Ranking]) -> list[float]:
    """The set's metric for each question, in the set's order."""
    if data.metric == "recall@1":
        return [float(_first(rankings[q]) in data.gold[q]) for q in data.questions]
    import ir_measures
    from ir_measures import nDCG

    gold = {q: dict(rows) for q, rows in data.gold.items()}
    found = {m.query_id: float(m.value) for m in ir_measures.iter_calc([nDCG @ DEPTH], gold, rankings)}
    return [found.get(q, 0.0) for q in data.questions]


def _first(ranking: Ranking) -> str | None:
    return max(ranking, key=lambda name: ranking[name]) if ranking else None


def _measured(data: RetrievalSet, args: argparse.Namespace) -> dict[str, dict[str, Ranking]]:
    """{ranker: {question: ranking}}"""
    if args.words_only:
        return {"lexical": _words(data)}
    return _through_product(data, args) if args.through_product else _quick(data, args)


def _words(data: RetrievalSet) -> dict[str, Ranking]:
    names = list(data.passages)
    with worded(data) as words:
        found = {q: words.search(text, Scope([1]), DEPTH) for q, text in data.questions.items()}
    return {q: as_ranking([names[i] for i, _ in rows]) for q, rows in found.items()}


def _quick(data: RetrievalSet, args: argparse.Namespace) -> dict[str, dict[str, Ranking]]:
    rankings: dict[str, dict[str, Ranking]] = {"fused": {}, "dense": {}, "lexical": {}}
    embedder = product_embedder(args.encoder, args.precision)
    searched, documents = (
        cut(data, embedder.count, data.titles if args.titles else {})
        if args.cut
        else (data, {name: name for name in data.passages})
    )
    with pooled(searched, embedder, args.cache) as pool:
        for row in pool.scored():
            for ranker, ids in ranked(row, 3 * DEPTH if args.cut else DEPTH).items():
                rankings[ranker][row.question] = as_ranking([documents[pool.names[i]] for i in ids])
    return rankings


def cut(data: RetrievalSet, count: Count, titles: Mapping[str, str]) -> tuple[RetrievalSet, dict[str, str]]:
    """The set over passages as the product cuts them, and the document of each: {passage name: document name}.

    A document that has one of the `titles` is cut as if the title stood above it as a heading, not in its text.
    """
    parts = {
        f"{name}#{n}": (name, text)
        for name, whole in data.passages.items()
        if whole  # two records of Cranfield are empty, and the product takes no file without text
        for n, text in enumerate(pieces(whole.removeprefix(titles.get(name, "")), count, title=titles.get(name, "")))
    }
    passages = {part: text for part, (_, text) in parts.items()}
    cut_set = RetrievalSet(data.name, data.metric, passages, data.questions, data.gold)
    return cut_set, {part: name for part, (name, _) in parts.items()}


def ranked(row: Scored, depth: int = DEPTH) -> dict[str, list[int]]:
    """The best candidates by each ranker alone and by both."""
    alone = {"dense": row.dense, "lexical": {i: score.bm25 for i, score in row.words.items()}}
    best = {name: sorted(scores, key=lambda i: (-scores[i], i))[:depth] for name, scores in alone.items()}
    return best | {"fused": [i for i, *_ in order(row.dense, row.words)[:depth]]}


def as_ranking(names: Sequence[str]) -> Ranking:
    """Scores that only say the order; a document's first place counts."""
    return {name: float(-place) for place, name in reversed(list(enumerate(names)))}


def _through_product(data: RetrievalSet, args: argparse.Namespace) -> dict[str, dict[str, Ranking]]:
    """One text file for each passage, ingested and searched as users do; a document counts by its best passage."""
    from evals.homes import ensure, house_at

    names = {f"{name}.txt": name for name, text in data.passages.items() if text}
    with tempfile.TemporaryDirectory(prefix="thickshell-evals-") as folder:
        house = house_at(args.home or Path(folder), encoder=args.encoder)
        try:
            ensure(house, data.name, {file: data.passages[name] for file, name in names.items()})
            found = {
                q: house.assistant.search(Question(text, (data.name,)), 3 * DEPTH) for q, text in data.questions.items()
            }
        finally:
            house.close()
    return {"fused": {q: as_ranking([names[hit.passage.document] for hit in hits]) for q, hits in found.items()}}
