"""Web pages: headings, paragraphs, lists, tables with spans, infoboxes, in the tree's order. Nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.encoding import decode
from ingest.parsers.html_clean import clean
from ingest.parsers.html_tables import HtmlTable, is_layout, rows
from ingest.parsers.numbers import is_datum
from ingest.parsers.ooxml import Element
from ingest.parsers.tables import add_grid

_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "nobr", "q", "rp", "ruby", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr", "img", "input", "button", "select", "textarea", "output",
    "meter", "progress", "picture", "map", "area", "center-inline",
}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_DATE_NAMES = {
    "article:published_time",
    "date",
    "dc.date",
    "dcterms.date",
    "dcterms.created",
    "pubdate",
    "publish-date",
}
_MAX_DEPTH = 250


class HtmlParser:
    types = frozenset({"html"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        if path.stat().st_size > limits.characters * 4:
            raise LimitExceeded(
                f"The file holds more than {limits.characters:,} characters; split it and add the parts."
            )
        builder = DocumentBuilder("html", limits)
        root = parse_html(decode(path.read_bytes())[0])
        if root is None:
            raise UnreadableFile("The page is empty; save it again in the browser.")
        builder.title, builder.date = head(root)
        add_html(builder, clean(root, builder.warn))
        return builder.build()


def parse_html(text: str) -> Element | None:
    """The tree of a page or of a piece of one; None for nothing at all."""
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""))
    try:
        return etree.fromstring(text, etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True))
    except (etree.XMLSyntaxError, ValueError):
        return None


def head(root: Element) -> tuple[str, str | None]:
    """(title, ISO date) as the page states them."""
    title = " ".join("".join(t.itertext()) for t in root.iter("title") if isinstance(t.tag, str))
    date = None
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name in _DATE_NAMES and re.match(r"\d{4}-\d\d-\d\d", meta.get("content") or ""):
            date = date or (meta.get("content") or "")[:10]
    return " ".join(title.split()), date


def add_html(builder: DocumentBuilder, root: Element) -> None:
    """All blocks of a cleaned tree."""
    walker = _Walker(builder)
    walker.walk(root, 0)
    walker.flush()


class _Walker:
    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.parts: list[str] = []  # inline text of the open paragraph

    def text(self, text: str | None) -> None:
        if text:
            self.parts.append(re.sub(r"[ \t\r\n\f\xa0]+", " ", text))

    def flush(self) -> None:
        lines = (line.strip() for line in re.sub(r" +", " ", "".join(self.parts)).split("\n"))
        self.parts = []
        self.builder.add("paragraph", "\n".join(line for line in lines if line))

    def walk(self, element: Element, depth: int) -> None:
        self.text(element.text)
        for child in element:
            if isinstance(child.tag, str) and depth < _MAX_DEPTH:
                self.element(child, depth + 1)
            self.text(child.tail)

    def element(self, element: Element, depth: int) -> None:
        tag = str(element.tag)
        if tag == "br":
            self.parts.append("\n")
        elif tag == "img":
            self.picture(element)
        elif tag == "input":
            self.text(_field(element))
        elif tag in ("select", "datalist"):
            self.text(" ".join(" ".join(o.itertext()) for o in element.iter("option") if o.get("selected") is not None))
        elif tag in _INLINE or ":" in tag:  # inline XBRL and other foreign marks are transparent
            self.walk(element, depth)
        else:
            self.flush()
            self.block(element, tag, depth)
            self.flush()

    def block(self, element: Element, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self.builder.add("heading", inline(element), level=int(tag[1]))
            self._pictures(element)
        elif tag == "table":
            self.table(element, depth)
        elif tag in ("ul", "ol", "menu") and not _holds_blocks(element):
            self.builder.add("list", "\n".join(list_lines(element, 0)))
        elif tag == "dl" and not _holds_blocks(element):
            self.builder.add("list", "\n".join(_definitions(element)))
        elif tag in ("pre", "listing", "xmp", "plaintext"):
            self.builder.add("paragraph", "".join(element.itertext()).strip("\n"))
        elif tag == "hr":
            pass
        else:
            self.walk(element, depth)

    def picture(self, element: Element) -> None:
        """Descriptions of some length; short ones name icons. Inside a sentence (an emoji, a formula) they are text."""
        described = " ".join((element.get("alt") or "").split())
        if "".join(self.parts).strip():
            self.text(f" {described} " if described else "")
        elif len(described.split()) > 2 or len(described) > 20:
            self.builder.add("picture", described)

    def _pictures(self, element: Element) -> None:
        for image in element.iter("img"):
            self.picture(image)

    def table(self, element: Element, depth: int) -> None:
        if is_layout(element):
            for row in rows(element):
                for cell in row.iterchildren("td", "th"):  # cells of a page, one after the other
                    self.walk(cell, depth + 1)
                    self.flush()
            return
        table = HtmlTable(element, lambda cell: inline(cell, skip_tables=True))
        if len(table.grid) == 1 and not any(map(is_datum, table.grid[0])):
            self.builder.add("paragraph", " ".join(filter(None, table.grid[0])))  # an aligned line
        else:
            add_grid(self.builder, table.grid, name=table.name, header_rows=table.header_rows)
        for nested in table.nested:
            if depth < _MAX_DEPTH:
                self.table(nested, depth + 10)


def _field(element: Element) -> str:
    kind = (element.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return " [x] " if element.get("checked") is not None else " [ ] "
    return (
        f" {element.get('value') or ''} " if kind in ("text", "email", "number", "date", "tel", "url", "search") else ""
    )


def _holds_blocks(element: Element) -> bool:
    """Lists of cards, with headings or tables inside, are walked like any other part."""
    return next(element.iter("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre"), None) is not None


def list_lines(element: Element, depth: int) -> list[str]:
    """Items of a list as lines, numbered where they are, inner lists indented."""
    lines: list[str] = []
    start = element.get("start") or "1"
    number = int(start) if start.isdigit() and len(start) < 7 else 1
    for item in element:
        if item.tag in ("ul", "ol", "menu"):
            lines += list_lines(item, depth + 1) if depth < 20 else []
        elif isinstance(item.tag, str):
            mark = f"{number}." if element.tag == "ol" else "-"
            text = inline(item, skip_lists=True).strip()
            if text:
                lines.append(f"{'  ' * depth}{mark} {text}")
            number += 1
            for inner in _inner_lists(item):
                lines += list_lines(inner, depth + 1) if depth < 20 else []
    return lines


def _inner_lists(item: Element) -> Iterator[Element]:
    for child in item:
        if child.tag in ("ul", "ol", "menu"):
            yield child
        elif isinstance(child.tag, str):
            yield from _inner_lists(child)


def _definitions(element: Element) -> list[str]:
    lines: list[str] = []
    for item in element.iter("dt", "dd"):
        text = inline(item)
        if item.tag == "dd" and lines and lines[-1].endswith(":"):
            lines[-1] += f" {text}"
        elif text:
            lines.append(f"{text.rstrip(':')}:" if item.tag == "dt" else text)
    return lines


def inline(element: Element, *, skip_tables: bool = False, skip_lists: bool = False) -> str:
    """The text of an element on one line; lists inside as "- a - b"."""
    parts: list[str] = []

    def collect(node: Element, depth: int) -> None:
        parts.append(node.text or "")
        for child in node:
            tag = child.tag if isinstance(child.tag, str) else ""
            if (
                tag
                and depth < _MAX_DEPTH
                and not (skip_tables and tag == "table")
                and not (skip_lists and tag in ("ul", "ol", "menu"))
            ):
                block = tag not in _INLINE and ":" not in tag
                parts.append(" - " if tag == "li" else " " if block else "")
                parts.append(child.get("alt") or "" if tag == "img" else _field(child) if tag == "input" else "")
                collect(child, depth + 1)
                parts.append(" " if block else "")
            parts.append(child.tail or "")

    collect(element, 0)
    return " ".join("".join(parts).split())
