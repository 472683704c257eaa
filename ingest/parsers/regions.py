"""One sheet into its tables: split at blank rows and columns, titles above, notes below, several header rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from assistant.types import Scalar
from ingest.builder import DocumentBuilder
from ingest.parsers.grids import layout
from ingest.parsers.numbers import MISSING, is_datum, is_year

At = tuple[int, int]
"""Row and column, from 0."""
Shown = tuple[str, Scalar]
"""Displayed text and typed value."""
Cells = dict[At, Shown]

SEARCHABLE_ROWS = 2000
READ_ROWS = SEARCHABLE_ROWS + 50  # titles and headers included
MAX_CELLS = 600_000  # of a whole workbook
_MAX_MERGE = 20_000
_LONG = 60  # a title is shorter
_NOTE = re.compile(r"\(?\w\)|\*|[Nn]otes?\b|[Ss]ources?\b|.*[.。:：]$|[-—–]$")


@dataclass
class Sheet:
    """The first rows of a sheet as read; `rows` counts all that hold something."""

    name: str
    cells: Cells = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(
        default_factory=list
    )  # first row, first column, last row, last column
    hidden: bool = False
    rows: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)  # address, text of a comment
    texts: list[str] = field(default_factory=list)  # of drawn boxes


def add_sheet(builder: DocumentBuilder, sheet: Sheet) -> None:
    """The sheet's tables, titles and comments as blocks under a heading of its name."""
    if not (sheet.cells or sheet.notes or sheet.texts):
        return
    builder.add("heading", f"{sheet.name} (hidden sheet)" if sheet.hidden else sheet.name, level=1)
    if sheet.hidden:
        builder.warn(f"The sheet {sheet.name!r} is hidden; it was read as well.")
    _repeat_merged(sheet)
    found = regions({at: shown for at, shown in sheet.cells.items() if shown[0].strip()})
    tables = [i for i, region in enumerate(found) if not _lines_only(region)]
    level = 2
    for i, region in enumerate(found):
        level = _add_region(builder, sheet, region, level, titled=bool(tables) and i <= tables[-1])
    for place, text in sheet.notes:
        builder.add("comment", f"Comment on {place}: {text}")
    for text in sheet.texts:
        builder.add("paragraph", text)
    if sheet.rows > READ_ROWS:
        builder.warn(
            f"{sheet.name!r} has {sheet.rows:,} rows; the first {SEARCHABLE_ROWS:,} are searchable row by row."
        )


def address(at: At) -> str:
    """(6, 1) is "B7"."""
    row, column = at
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def _repeat_merged(sheet: Sheet) -> None:
    for top, left, bottom, right in sheet.merges:
        shown = sheet.cells.get((top, left))
        if not shown or (bottom - top + 1) * (right - left + 1) > _MAX_MERGE:
            continue
        for row in range(top, min(bottom, READ_ROWS) + 1):
            for column in range(left, right + 1):
                sheet.cells[row, column] = shown


# --- splitting -----------------------------------------------------------------------------------------------------
def regions(cells: Cells) -> list[Cells]:
    """Separate tables and notes, top to bottom, left to right."""
    bands = _join_headers(_bands(cells))
    found: list[Cells] = []
    for band in bands:
        parts = _columns_apart(band)
        found += [part for each in parts for part in regions(each)] if len(parts) > 1 else [band]
    return found


def _bands(cells: Cells) -> list[Cells]:
    """Runs of rows without a blank one between."""
    bands: list[Cells] = []
    last = -2
    for at in sorted(cells):
        if at[0] > last + 1:
            bands.append({})
        bands[-1][at] = cells[at]
        last = at[0]
    return bands


def _join_headers(bands: list[Cells]) -> list[Cells]:
    """A header set off from its data by one blank row belongs to it."""
    out: list[Cells] = []
    for band in bands:
        top = min(band)[0]
        if out and top - max(out[-1])[0] == 2 and _heads_only(out[-1]) and _starts_with_data(band):
            out[-1] = out[-1] | band
        else:
            out.append(band)
    return out


def _heads_only(band: Cells) -> bool:
    last = max(band)[0]
    ends_wide = len({text for (row, _), (text, _) in band.items() if row == last}) > 1
    return ends_wide and not any(is_datum(text) and not is_year(text) for text, _ in band.values())


def _starts_with_data(band: Cells) -> bool:
    first = min(band)[0]
    return any(is_datum(text) for (row, _), (text, _) in band.items() if row == first)


def _columns_apart(band: Cells) -> list[Cells]:
    """Tables side by side. A blank column alone does not part a table: many print one for the looks."""
    columns = sorted({column for _, column in band})
    groups = [[columns[0]]]
    for column in columns[1:]:
        if column == groups[-1][-1] + 1:
            groups[-1].append(column)
        else:
            groups.append([column])
    if len(groups) == 1:
        return [band]
    by_column: dict[int, Cells] = {}
    for at, shown in band.items():
        by_column.setdefault(at[1], {})[at] = shown
    parts = [_gather(by_column, groups[0])]
    for group in groups[1:]:
        right = _gather(by_column, group)
        if _apart(parts[-1], right):
            parts.append(right)
        else:
            parts[-1] = parts[-1] | right
    return parts


def _gather(by_column: dict[int, Cells], columns: list[int]) -> Cells:
    return {at: shown for column in columns for at, shown in by_column[column].items()}


def _apart(left: Cells, right: Cells) -> bool:
    rows = [sorted({row for row, _ in part}) for part in (left, right)]
    widths = [len({column for _, column in part}) for part in (left, right)]
    gap = min(c for _, c in right) - max(c for _, c in left)
    shifted = abs(rows[0][0] - rows[1][0]) >= 2 or abs(rows[0][-1] - rows[1][-1]) >= 2
    if shifted and (min(widths) > 1 or gap > 2):
        return True
    return min(widths) > 1 and _has_labels(left) and _has_labels(right)


def _has_labels(part: Cells) -> bool:
    """Its first column names rows and another holds numbers: a table that stands by itself."""
    first, top = min(column for _, column in part), min(part)[0]
    rows = {row for row, _ in part}
    column = [text for (row, at), (text, _) in part.items() if at == first and row > top]
    labels = {text for text in column if text.strip().lower() not in MISSING}
    others = [text for (row, at), (text, _) in part.items() if at != first and row > top]
    named = len(labels) >= max(2, len(rows) // 2) and not any(map(is_datum, labels))
    return named and any(map(is_datum, others))


# --- into blocks ---------------------------------------------------------------------------------------------------
def _lines_only(region: Cells) -> bool:
    """Rows that say one thing each: titles and notes, no table."""
    said: dict[int, set[str]] = {}
    for (row, _), (text, _) in region.items():
        said.setdefault(row, set()).add(text.strip())
    narrow = len({column for _, column in region}) == 1
    return all(len(texts) == 1 for texts in said.values()) and not (
        narrow and len(said) > 1 and any(is_datum(text) for text, _ in region.values())
    )


def _add_region(builder: DocumentBuilder, sheet: Sheet, region: Cells, level: int, titled: bool) -> int:
    """Adds one region; returns the level for the next title: titles nest until a table has come."""
    rows = sorted({row for row, _ in region})
    columns = sorted({column for _, column in region})
    alone = [_only([region.get((row, column), ("", None))[0].strip() for column in columns]) for row in rows]
    if _lines_only(region):
        for text in dict.fromkeys(alone):
            level = _add_line(builder, text, level, titled)
        return level
    first = 0 if len(columns) == 1 else layout(_values(region, rows, columns)).first
    for text in dict.fromkeys(text for text in alone[:first] if text):
        level = _add_line(builder, text, level, True)
    last = len(rows)
    while last > first + 2 and len(columns) > 2 and len(alone[last - 1]) > 40:
        last -= 1
    _add_table(builder, sheet, region, rows[first:last], columns)
    for text in dict.fromkeys(alone[last:]):
        builder.add("paragraph", text)
    return 2


def _values(region: Cells, rows: list[int], columns: list[int]) -> list[list[str]]:
    """The grid with numbers and dates in plain forms, so that a format never hides what a cell is."""
    blank: Shown = ("", None)
    return [[_plain(*region.get((row, column), blank)) for column in columns] for row in rows]


def _plain(text: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return "1"
    return text.strip() if value is None else str(value).strip()


def _only(row: list[str]) -> str:
    """What a row says where it says one thing only (a merged cell may say it several times)."""
    said = dict.fromkeys(cell for cell in row if cell)
    return next(iter(said)) if len(said) == 1 else ""


def _add_line(builder: DocumentBuilder, text: str, level: int, titled: bool) -> int:
    text = " ".join(text.split())
    if not titled or len(text) > _LONG or is_datum(text) or _NOTE.match(text):
        builder.add("paragraph", text)
        return level
    builder.add("heading", text, level=level)
    return min(level + 1, 6)


def _add_table(builder: DocumentBuilder, sheet: Sheet, region: Cells, rows: list[int], columns: list[int]) -> None:
    blank: Shown = ("", None)
    shown = [[region.get((row, column), blank) for column in columns] for row in rows]
    head = layout(_values(region, rows, columns)).header_rows
    stop = head + SEARCHABLE_ROWS
    builder.add_table(
        [[text for text, _ in row] for row in shown[:stop]],
        name=sheet.name,
        header_rows=head,
        values=[[value for _, value in row] for row in shown[:stop]],
        addresses=[[address((row, column)) for column in columns] for row in rows[:stop]],
        sheet=sheet.name,
    )
