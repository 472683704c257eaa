"""Markdown (CommonMark and pipe tables): its source is the stored text; markdown-it-py says which lines are what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.types import BlockKind, Cell, Document, Limits, Table
from ingest.parsers.numbers import typed
from ingest.parsers.textfile import Spans, read_text

_FRONT = re.compile(r"---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.S)
_FIELD = re.compile(r"^(title|date):[^\S\n]*[\"']?(.+?)[\"']?[^\S\n]*$", re.M | re.I)
_CELL = re.compile(r"(?:\\.|`[^`\n]*`|[^|\\`\n]|[`\\])+")
_COMMENT = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "blockquote_open": "paragraph",
    "fence": "paragraph",
    "code_block": "paragraph",
}


class MarkdownParser:
    types = frozenset({"markdown"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        return from_markdown(read_text(path, limits))


def from_markdown(text: str) -> Document:
    spans = Spans("markdown", text)
    skipped = _front_matter(spans)
    body = text[skipped:]
    starts = [skipped] + [skipped + m.end() for m in re.finditer("\n", body)] + [len(text)]
    blocks_only = ["inline", "text_join"]
    reader = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").disable(blocks_only)
    tokens = reader.parse(body)
    for i, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        if token.type == "heading_open":
            _heading(spans, token, tokens[i + 1], start, end)
        elif token.type == "table_open":
            spans.add_table(_table(text, starts, token))
        elif token.type == "html_block":
            if _COMMENT.sub("", text[start:end]).strip():
                spans.add("paragraph", start, end)
        elif token.type in _KINDS:
            spans.add(_KINDS[token.type], start, end)
    return spans.build()


def _front_matter(spans: Spans) -> int:
    """Takes title and date from YAML between --- lines; returns where the text proper starts."""
    match = _FRONT.match(spans.text)
    if not match:
        return 0
    for name, value in _FIELD.findall(match[1]):
        if name.lower() == "title":
            spans.title = value
        elif re.match(r"\d{4}-\d\d-\d\d", value):
            spans.date = value[:10]
    spans.add("paragraph", match.start(1), match.end(1))
    return match.end()


def _heading(spans: Spans, token: Token, inline: Token, start: int, end: int) -> None:
    """The block is the words of the heading, without its marks."""
    level, source = int(token.tag[1]), inline.content
    at = spans.text.find(source, start, end)
    if not source.strip() or at < 0:
        return
    name = shown(source) or source
    spans.add("heading", at, at + len(source), level=level, name=name)
    if level == 1 and not spans.title:
        spans.title = name


def _table(text: str, starts: list[int], token: Token) -> Table:
    assert token.map is not None
    first, last = token.map
    lines = [first, *range(first + 2, last)]  # without the line of dashes
    rows = [list(_cells(text, starts[line], starts[min(line + 1, len(starts) - 1)])) for line in lines]
    width = len(rows[0])
    rows = [row[:width] for row in rows if row]
    grid = [[shown(text[a:b]) for a, b in row] + [""] * (width - len(row)) for row in rows]
    values = typed(grid, 1)
    cells = tuple(
        Cell(r + 1, c + 1, grid[r][c], values[r][c], a, b) for r, row in enumerate(rows) for c, (a, b) in enumerate(row)
    )
    end = starts[min(last, len(starts) - 1)]
    end = starts[first] + len(text[starts[first] : end].rstrip())
    return Table("", tuple(grid[0]), tuple(tuple(row) for row in grid[1:]), cells, starts[first], end)


def _cells(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the cells of one line, without their blanks."""
    line = text[start:end].rstrip("\n")
    inner = line.strip()
    at = start + line.find(inner)
    if inner.startswith("|"):
        at, inner = at + 1, inner[1:]
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    position = 0
    while position <= len(inner):
        match = _CELL.match(inner, position)
        stop = match.end() if match else position
        piece = inner[position:stop]
        lead = len(piece) - len(piece.lstrip())
        yield at + position + lead, at + position + lead + len(piece.strip())
        position = stop + 1


def shown(source: str) -> str:
    """A cell's words without emphasis, code marks, links and escapes."""
    source = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", source)
    source = re.sub(r"(\*\*|__|~~|`|(?<!\w)\*|(?<!\w)_)(?=\S)(.+?)(?<=\S)\1", r"\2", source)
    return " ".join(re.sub(r"\\([|*_`\\\[\]])", r"\1", source).split())
