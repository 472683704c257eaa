"""Rows to padded batches of the span reader: windows around the answer, similar lengths together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from assistant.readers.span_input import EOS, PAD, Pieces, covering, passage_pieces, prefix_ids, question_ids
from assistant.tuning.reading_sets import Row

WINDOW = 230  # tokens of a passage; the product's passages have 150 to 250
POOL = 1024  # rows that are sorted by length at a time
NO_PLACE = -100  # what cross_entropy ignores


@dataclass(frozen=True)
class Coded:
    """One input; `passage_at` is where the window begins; start, end are positions in `ids` (0: no answer)."""

    ids: list[int]
    passage_at: int
    start: int
    end: int
    answerable: bool


@dataclass(frozen=True)
class Batch:
    ids: Tensor
    mask: Tensor
    allowed: Tensor  # (rows, tokens): positions that may start or end a span, <s> included
    starts: Tensor
    ends: Tensor
    answerable: Tensor


class Coder:
    """Tokenises rows; passages are asked about several times, so their tokens are kept."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.prefix = prefix_ids(tokenizer)
        self.kept: dict[str, Pieces] = {}

    def pieces(self, passage: str) -> Pieces:
        if passage not in self.kept:
            self.kept[passage] = passage_pieces(self.tokenizer, passage)
        return self.kept[passage]

    def coded(self, row: Row, chosen: random.Random) -> Coded | None:
        """None for a row that cannot be used: no tokens, or an answer that fits no window or has no known place."""
        pieces = self.pieces(row.passage)
        place = None
        if row.start is not None:
            place = covering(pieces, row.start, row.start + len(row.answers[0]))
        unusable = row.answerable and place is None and (row.start is not None or len(pieces.ids) > WINDOW)
        if unusable or not pieces.ids or (place and place[1] - place[0] >= WINDOW):
            return None
        low = _window_start(len(pieces.ids), place, chosen)
        head = question_ids(self.tokenizer, row.question) + self.prefix
        ids = [*head, *pieces.ids[low : low + WINDOW], EOS]
        start, end = (place[0] - low + len(head), place[1] - low + len(head)) if place else (0, 0)
        if row.answerable and not place:
            start = end = NO_PLACE
        return Coded(ids, len(head), start, end, row.answerable)


def _window_start(tokens: int, place: tuple[int, int] | None, chosen: random.Random) -> int:
    """A random start such that the window is full and holds the answer."""
    last = max(tokens - WINDOW, 0)
    if place is None:
        return chosen.randint(0, last)
    return chosen.randint(min(max(place[1] - WINDOW + 1, 0), last), min(place[0], last))


def batches(rows: Sequence[Row], coder: Coder, tokens: int, chosen: random.Random) -> Iterator[Batch]:
    """Batches of at most `tokens` padded tokens, in random order within each pool of POOL rows."""
    for low in range(0, len(rows), POOL):
        coded = [item for row in rows[low : low + POOL] if (item := coder.coded(row, chosen))]
        groups = packed(sorted(coded, key=lambda item: len(item.ids)), tokens)
        chosen.shuffle(groups)
        yield from (collated(group) for group in groups)


def packed(items: Sequence[Coded], tokens: int) -> list[list[Coded]]:
    """Cut items, sorted by length, into groups whose padded size stays within `tokens` (or holds one item)."""
    groups: list[list[Coded]] = []
    for item in items:
        if groups and len(item.ids) * (len(groups[-1]) + 1) <= tokens:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def collated(items: Sequence[Coded]) -> Batch:
    width = max(len(item.ids) for item in items)
    ids = torch.full((len(items), width), PAD, dtype=torch.long)
    allowed = torch.zeros((len(items), width), dtype=torch.bool)
    for line, item in enumerate(items):
        ids[line, : len(item.ids)] = torch.tensor(item.ids)
        allowed[line, 0] = True
        allowed[line, item.passage_at : len(item.ids) - 1] = True
    return Batch(
        ids,
        (ids != PAD).long(),
        allowed,
        torch.tensor([item.start for item in items]),
        torch.tensor([item.end for item in items]),
        torch.tensor([float(item.answerable) for item in items]),
    )
