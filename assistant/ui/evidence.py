"""What the evidence panel shows of an answer: each source in its place, its page, its table, and the receipt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.errors import ThickshellError
from assistant.seams import Library
from assistant.types import Document, Table

AROUND = 320
"""Characters of context shown on each side of a quote."""
AROUND_HAN = 130
"""The same of Chinese text, which says more in fewer."""
ROWS_AROUND = 6
ROWS_IN_CARD = 1
PREVIEW_ROWS, MOSTLY = 6, 0.6
NEAREST = 3
NEAR_SHOWN = 420


@dataclass(frozen=True, slots=True)
class Source:
    """One card. `state`: quoted, inferred, near; `place`: here, changed or gone, as the document stands now."""

    n: int
    corpus: str
    document: str
    page: int | None
    start: int
    end: int
    quote: str
    boxes: tuple[tuple[float, ...], ...]
    state: str
    place: str = "here"
    before: str = ""
    after: str = ""
    heading: str = ""
    tabular: bool = False
    passage: str = ""
    instructs: bool = False  # the passage talks to an assistant (promise 16)
    said: str = ""  # the part of the answer that stands on it
    sheet: Sheet | None = None  # the quoted row with its neighbours


@dataclass(frozen=True, slots=True)
class Sheet:
    """A window of a table. Places are (row, column) from 1 with the header; `letters` name columns in sheets.

    `answering`: the one cell that was looked up; its row is then marked quietly (`row`), else `marked` is all there is.
    """

    name: str
    letters: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    marked: frozenset[tuple[int, int]]
    answering: frozenset[tuple[int, int]]
    addresses: tuple[str, ...]
    first: int
    last: int
    total: int


def sources(library: Library, answer: Mapping[str, Any]) -> list[Source]:
    """Citations, or the nearest passages where the answer abstains."""
    text = str(answer.get("answer") or "")
    found = [cited(row, said_for(text, row["n"])) for row in answer.get("citations") or ()]
    if not found and answer.get("abstained"):
        found = [near(n, row) for n, row in enumerate((answer.get("hits") or ())[:NEAREST], 1)]
    documents: dict[tuple[str, str], Document | None] = {}
    for source in found:
        key = (source.corpus, source.document)
        if key not in documents:
            documents[key] = document_of(library, *key)
    orders = instructing(answer)
    placed = [in_place(source, documents[source.corpus, source.document]) for source in found]
    return [replace(source, instructs=source.passage in orders) for source in placed]


def instructing(answer: Mapping[str, Any]) -> frozenset[str]:
    """Ids of passages that hold instructions to an assistant, as the reader noted them."""
    scores = (answer.get("receipt") or {}).get("scores") or {}
    return frozenset(str(passage) for passage in scores.get("instructions") or ())


def said_for(answer: str, n: int) -> str:
    """The part of an answer that ends at the mark `[n]`.

    >>> said_for("One [1]. June, Cars: **2731** [2]", 2)
    '. June, Cars: **2731** '
    """
    found = re.search(rf"(?:^|\]|\n)([^\]\n]*)(?:\[\d+\])*\[{n}\]", answer)
    return found[1] if found else ""


def cited(row: Mapping[str, Any], said: str = "") -> Source:
    state = "quoted" if row.get("quoted", True) else "inferred"
    boxes = tuple(tuple(box) for box in row.get("boxes") or ())
    place = (row["corpus"], row["document"], row["page"], row["start"], row["end"])
    return Source(row["n"], *place, row["quote"], boxes, state, passage=str(row.get("passage_id", "")), said=said)


def near(n: int, row: Mapping[str, Any]) -> Source:
    """A passage that was read; its text is the document's own, looked up when it is shown."""
    start, end = row.get("start", 0), row.get("end", 0)
    place = (row.get("corpus", ""), row["document"], row.get("page"), start, end)
    return Source(n, *place, "", (), "near", passage=str(row.get("passage_id", "")))


def document_of(library: Library, corpus: str, name: str) -> Document | None:
    try:
        return library.document(corpus, name)
    except ThickshellError:
        return None


def in_place(source: Source, document: Document | None) -> Source:
    """The source with the text around it, as the document stands now."""
    if document is None:
        return replace(source, place="gone")
    text = document.text[source.start : source.end]
    heading = heading_of(document, source.start)
    table = table_of(document, source.start, source.end)
    tabular = table is not None
    if source.state == "near":
        shown = text if len(text) <= NEAR_SHOWN else text[:NEAR_SHOWN].rsplit(maxsplit=1)[0] + "…"
        card = preview(table, source.start, source.end) if table else None
        return replace(source, quote=bare(shown, document), heading=heading, tabular=tabular, sheet=card)
    if text != source.quote:
        return replace(source, place="changed")
    before, after = around(document.text, source.start, source.end)
    before, after = bare(before, document), bare(after, document)
    card = sheet(table, source.start, source.end, source.said, ROWS_IN_CARD) if table else None
    if card is not None and not card.marked:
        card = None  # cells of unknown place: the text says more
    return replace(source, before=before, after=after, heading=heading, tabular=tabular, sheet=card)


def preview(table: Table, start: int, end: int) -> Sheet | None:
    """The first rows that a passage holds of a table, none marked; None where most of the passage is other text."""
    if min(end, table.end) - max(start, table.start) < MOSTLY * (end - start):
        return None
    card = sheet(table, start, end, rows_around=0)
    return replace(card, rows=card.rows[:PREVIEW_ROWS], marked=frozenset(), answering=frozenset(), addresses=())


def bare(text: str, document: Document) -> str:
    """Context without the signs of headings where the file is Markdown; quotes keep every character."""
    return re.sub(r"(?m)^#{1,6}[ \t]+", "", text) if document.format == "markdown" else text


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """Neighbouring text, cut at a space or a line, with an ellipsis where it is cut.

    >>> around("one two three", 4, 7)
    ('one ', ' three')
    """
    near = text[max(0, start - AROUND) : end + AROUND]
    width = AROUND_HAN if sum("\u4e00" <= c <= "\u9fff" for c in near) * 3 > len(near) else AROUND
    left, right = max(0, start - width), min(len(text), end + width)
    before, after = text[left:start], text[end:right]
    if left:
        cut = next((i for i, c in enumerate(before[:60]) if c.isspace() or c in "。；"), -1)
        before = "…" + before[cut + 1 :]
    if right < len(text):
        cut = next((i for i, c in enumerate(reversed(after[-60:])) if c.isspace() or c in "。；"), 0)
        after = after[: len(after) - cut].rstrip() + "…"
    return before, after


def heading_of(document: Document, place: int) -> str:
    """The nearest heading above a place, with its parents."""
    for block in document.blocks:
        if block.start <= place < max(block.end, block.start + 1):
            return " › ".join(block.heading_path)
    return ""


def table_of(document: Document, start: int, end: int) -> Table | None:
    return next((table for table in document.tables if table.start < end and start < table.end), None)


def sheet(table: Table, start: int, end: int, said: str = "", rows_around: int = ROWS_AROUND) -> Sheet:
    """The rows around the cells that lie in text[start:end]; `said`: what the answer says of them."""
    marked = frozenset((c.row, c.column) for c in table.cells if c.end > c.start and c.start < end and start < c.end)
    answering = looked_up(table, marked, said)
    touched = sorted({row for row, _ in marked if row > table.header_rows}) or [table.header_rows + 1]
    total = len(table.rows)
    first = max(1, touched[0] - table.header_rows - rows_around)
    last = min(total, touched[-1] - table.header_rows + rows_around, first + 60)
    addresses = {(c.row, c.column): c.address for c in table.cells if c.address}
    rows = tuple((n + table.header_rows, table.rows[n - 1]) for n in range(first, last + 1))
    return Sheet(
        name=" › ".join(dict.fromkeys(part for part in (table.sheet, table.name) if part)),
        letters=tuple(column_letters(addresses, len(table.header))),
        header=table.header,
        rows=rows,
        marked=marked,
        answering=answering,
        addresses=tuple(sorted(address for place, address in addresses.items() if place in (answering or marked))),
        first=first,
        last=last,
        total=total,
    )


def looked_up(table: Table, marked: frozenset[tuple[int, int]], said: str) -> frozenset[tuple[int, int]]:
    """The one marked cell that the answer shows in bold; of several alike, the one whose column it names. Else none."""
    bold = {text.strip() for text in re.findall(r"\*\*(.+?)\*\*", said)}
    body = {place for place in marked if place[0] > table.header_rows}
    found = {(c.row, c.column) for c in table.cells if (c.row, c.column) in body and c.text.strip() in bold}
    if len(found) > 1:
        names = {place: table.header[place[1] - 1] for place in found if place[1] <= len(table.header)}
        found = {place for place, name in names.items() if name and name in said}
    return frozenset(found) if len(found) == 1 else frozenset()


def column_letters(addresses: Mapping[tuple[int, int], str], width: int) -> list[str]:
    """The sheet's own column letters, empty where the table is not of a sheet."""
    letters = {column: address.rstrip("0123456789") for (_, column), address in addresses.items()}
    return [letters.get(column, "") for column in range(1, width + 1)] if letters else []


def receipt_rows(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested receipt data as lines of (name, text)."""
    if isinstance(value, Mapping):
        return [
            line
            for key, inner in value.items()
            for line in receipt_rows(inner, f"{prefix}.{key}" if prefix else str(key))
        ]
    if isinstance(value, list | tuple):
        if all(not isinstance(item, Mapping | list | tuple) for item in value):
            return [(prefix, ", ".join(shown(item) for item in value))]
        return [line for n, inner in enumerate(value, 1) for line in receipt_rows(inner, f"{prefix}.{n}")]
    return [(prefix, shown(value))]


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "–" if value is None else str(value)
