"""Promise 14 over the public sets: every quote stands in its document, and every citation leads to its passage."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evals.answer_sets import SETS, AnswerSet
from evals.answers import Row, measured
from evals.homes import house_at

QUICK = 12
HOMES = os.environ.get("ANSWER_HOMES")
"""A folder with a home for each set that lasts between runs (`evals answers --home`): a passage that the same weights
have read for the same question is not read again; everything after the reading runs anew."""


def small(data: AnswerSet) -> AnswerSet:
    """A few questions over their own paragraphs."""
    items = data.items[:QUICK]
    names = {item.paragraph for item in items}
    return replace(data, items=items, paragraphs={name: data.paragraphs[name] for name in names})


def check(rows: list[Row], asked: int) -> int:
    """All quotes stand; their number."""
    assert len(rows) == asked
    assert [row.item.id for row in rows if row.verified != row.quotes] == []
    for row in rows:
        passages = {hit.passage.id: hit.passage for hit in row.answer.hits}
        for cited in row.answer.citations:
            passage = passages[cited.passage_id]
            assert (cited.corpus, cited.document, cited.page) == (passage.corpus, passage.document, passage.page)
            inside = passage.text[cited.start - passage.start : cited.end - passage.start]
            assert inside == cited.quote
    return sum(row.quotes for row in rows)


@pytest.mark.bench_data
@pytest.mark.parametrize("name", ["qed", "cmrc2018"])
def test_p14_every_quote_stands(name: str, bench: Path, tmp_path: Path) -> None:
    data = small(SETS[name](bench))
    house = house_at(tmp_path / "home", encoder="hashed")
    try:
        assert check(measured(house, data, twins=False), QUICK) > QUICK / 2
    finally:
        house.close()


@pytest.mark.hardening
@pytest.mark.bench_data
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("name", ["qed", "cmrc2018"])
def test_p14_every_quote_of_a_whole_set_stands(
    name: str, bench: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = SETS[name](bench)
    house = house_at(Path(HOMES or tmp_path) / name)
    try:
        quotes = check(measured(house, data, twins=False), len(data.items))
        record_property(f"quotes of {name}", f"{quotes} for {len(data.items)} questions")
        assert quotes > len(data.items) / 2
    finally:
        house.close()
