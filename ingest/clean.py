"""What passages leave out: page furniture that says nothing or says it again. The stored text keeps everything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.types import Block, Document

EDGE = 2
"""Blocks at the top and at the bottom of a page that may be page furniture."""
REPEATS = 3
"""Pages on which the same text must stand at an edge to be taken for a running header or footer."""
LONGEST_HEADER = 200
"""Characters; a longer block is content even where it repeats."""
AFTER_CONTENTS = 4
"""Blocks that may stand between the heading of a contents list and its lines, or among these (page furniture)."""

_DIGITS = re.compile(r"\d{1,9}")
_LABEL = re.compile(
    r"\W*(?:(?:page|p\.|第)\s*(?:\d{1,4}|[ivxlc]{1,7})|\d{1,4}(?=\s*(?:of|/|页|頁)))"
    r"\s*(?:页|頁)?\s*(?:(?:of|/|von|共)\s*\d{1,4}\s*(?:页|頁)?)?\W*",
    re.IGNORECASE,
)
_LONE = re.compile(r"\W*(?:(\d{1,4})|[ivxlc]{1,7}|[A-Z]-\d{1,3})\W*")
_LEADER = re.compile(r"(?:\.\s?){4,}\s*[\divxlc]+\s*$|[…·⋯]{2,}\s*[\divxlc]+\s*$", re.IGNORECASE)
_CONTENTS = re.compile(r"\W*(?:table of contents|contents|index|inhalt\w*|目\s*录|目\s*錄|目\s*次)\W*", re.IGNORECASE)
_BLANK_PAGE = re.compile(
    r"\W*(?:this page (?:is |was |has been )?(?:intentionally )?left blank|此页无正文|本页空白|此頁空白)\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The blocks that passages are made of, and how many were left out for which reason."""

    blocks: tuple[Block, ...]
    reasons: dict[str, int]


def clean(document: Document) -> Cleaned:
    """Leaves out running headers and footers (but the first), page numbers, contents lists and blank-page notes.

    A document of nothing else keeps all its blocks: nothing becomes silently empty.
    """
    edges = _edges(document.blocks)
    running = _running(document, edges)
    numbers = _page_numbers(document, edges)
    contents = _contents(document)
    reasons: Counter[str] = Counter()
    kept: list[Block] = []
    seen: set[str] = set()
    for index, block in enumerate(document.blocks):
        if block.kind in {"table", "picture", "form", "comment"}:
            reason = ""
        elif index in numbers:
            reason = "page number"
        elif index in contents:
            reason = "table of contents"
        else:
            reason = _reason(document.text[block.start : block.end], block, index in edges, running, seen)
        if reason:
            reasons[reason] += 1
        else:
            kept.append(block)
    if not kept:
        return Cleaned(document.blocks, {})
    return Cleaned(tuple(kept), dict(reasons))


def _reason(text: str, block: Block, edge: bool, running: set[str], seen: set[str]) -> str:
    """Why a block is left out; empty where it is kept. `seen` remembers the running texts met so far."""
    forms = _forms(text[: 2 * LONGEST_HEADER], block.page)
    if block.kind in {"header", "footer"} or (edge and not running.isdisjoint(forms)):
        if not seen.isdisjoint(forms):
            return "repeated header or footer"
        seen.update(forms)
        return ""
    return "blank page note" if _BLANK_PAGE.fullmatch(text) else ""


def _page_numbers(document: Document, edges: set[int]) -> set[int]:
    """Blocks that are page numbers: labelled ("Page 3 of 9"), or lone and in step with the pages on REPEATS of them."""
    found: set[int] = set()
    steps: dict[int, list[int]] = {}
    for index, block in enumerate(document.blocks):
        furniture = block.kind in {"header", "footer"}
        if (index not in edges and not furniture) or block.end - block.start > 40:
            continue
        text = document.text[block.start : block.end]
        lone = _LONE.fullmatch(text)
        if _LABEL.fullmatch(text) or (lone and furniture):
            found.add(index)
        elif lone and lone[1] and block.page is not None:
            steps.setdefault(int(lone[1]) - block.page, []).append(index)
    return found.union(*(indices for indices in steps.values() if len(indices) >= REPEATS))


def _edges(blocks: Sequence[Block]) -> set[int]:
    """Indices of the first and last blocks of each page; none in formats without pages or with one page only."""
    found: set[int] = set()
    pages = 0
    for page, group in groupby(range(len(blocks)), key=lambda index: blocks[index].page):
        indices = list(group)
        if page is not None:
            pages += 1
            found.update(indices[:EDGE] + indices[-EDGE:])
    return found if pages > 1 else set()


def _running(document: Document, edges: Iterable[int]) -> set[str]:
    """Forms of the short texts that stand at the edge of at least REPEATS pages."""
    pages: dict[str, set[int]] = {}
    for index in edges:
        block = document.blocks[index]
        if block.end - block.start <= LONGEST_HEADER and block.page is not None:
            for form in _forms(document.text[block.start : block.end], block.page):
                pages.setdefault(form, set()).add(block.page)
    return {form for form, where in pages.items() if len(where) >= REPEATS}


def _forms(text: str, page: int | None) -> tuple[str, str]:
    """A text as it is, and with its numbers relative to the page: equal forms are the same header on several pages."""
    same = " ".join(text.casefold().split())
    return same, _DIGITS.sub(lambda number: f"#{int(number[0]) - (page or 0)}", same)


def _contents(document: Document) -> set[int]:
    """Blocks of dot leaders and page numbers after a heading "Contents"; forms have such lines too, without it."""
    found: set[int] = set()
    inside = 0  # how many more blocks may pass until the next such block
    for index, block in enumerate(document.blocks):
        text = document.text[block.start : block.end]
        if _CONTENTS.fullmatch(text):
            inside = AFTER_CONTENTS
        elif inside and _leaders(text):
            found.add(index)
            inside = AFTER_CONTENTS
        else:
            inside = max(0, inside - 1)
    return found


def _leaders(text: str) -> bool:
    """Whether at least half of the lines end with dot leaders and a page number."""
    lines = text.splitlines()
    leaders = sum(1 for line in lines if _LEADER.search(line))
    return leaders > 0 and 2 * leaders >= len(lines)
