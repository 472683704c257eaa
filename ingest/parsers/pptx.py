"""PowerPoint slides as pages: title, shapes top to bottom, tables, chart values, descriptions, notes, comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import UnreadableFile
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.drawings import chart_grid, diagram_texts
from ingest.parsers.omml import linear
from ingest.parsers.ooxml import (
    DAMAGED,
    Element,
    Package,
    Relation,
    attribute,
    child,
    descendants,
    elements,
    local,
    open_package,
    title_and_date,
    warn_of_damage,
)
from ingest.parsers.tables import MAX_SPAN, add_grid

_TITLES = {"title", "ctrTitle"}
_FURNITURE = {"dt", "sldNum", "ftr", "hdr"}
_DEPTH = 20


class PptxParser:
    types = frozenset({"pptx"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        package = open_package(path, limits, password)
        builder = DocumentBuilder("pptx", limits)
        title_and_date(builder, package)
        slides = list(_slides(package, builder))
        builder.pages = len(slides)
        footers: set[str] = set()
        for number, part in enumerate(slides, 1):
            _Slide(package, builder, part, number, footers).read()
            if progress:
                progress(number, len(slides))
        warn_of_damage(builder, package)
        return builder.build()


def _slides(package: Package, builder: DocumentBuilder) -> Iterator[str]:
    main = package.main("ppt/presentation.xml")
    root = package.xml(main)
    if root is None:
        raise UnreadableFile(DAMAGED)
    relations = package.relations(main)
    for entry in elements(child(root, "sldIdLst"), "sldId"):
        # The tag's own "id" comes before the relation's "r:id".
        id = next((str(v) for k, v in entry.attrib.items() if str(k).endswith("}id")), "")
        if id in relations and relations[id].target in package.names:
            yield relations[id].target
        else:
            builder.warn("A slide is missing from the file.")


class _Slide:
    def __init__(self, package: Package, builder: DocumentBuilder, part: str, number: int, footers: set[str]) -> None:
        self.package, self.builder, self.number, self.footers = package, builder, number, footers
        self.root = package.xml(part)
        self.relations = package.relations(part)

    def read(self) -> None:
        if self.root is None:
            self.builder.warn(f"Slide {self.number} is damaged and was left out.")
            return
        if attribute(self.root, "show") == "0":
            self.builder.warn(f"Slide {self.number} is hidden; it was read as well.")
        shapes = list(elements(child(self.root, "cSld", "spTree")))
        titles = [s for s in shapes if _placeholder(s) in _TITLES and _text(s)]
        self.builder.close_headings()
        for shape in titles:
            self.builder.add("heading", " ".join(_text(shape).split()), page=self.number, level=1)
        for shape in sorted((s for s in shapes if s not in titles), key=_place):
            self.shape(shape, 0)
        for relation in self.relations.values():
            if relation.type == "notesSlide":
                self._notes(relation)
            elif relation.type == "comments":
                for comment in descendants(self.package.xml(relation.target), "cm"):
                    text = " ".join(t.text or "" for t in descendants(comment, "text", "t")).strip()
                    self.builder.add("comment", f"Comment: {text}" if text else "", page=self.number)

    def shape(self, shape: Element, depth: int) -> None:
        match local(shape):
            case "sp" | "cxnSp":
                self._text_shape(shape)
            case "grpSp" if depth < _DEPTH:
                for inner in sorted(elements(shape), key=_place):
                    self.shape(inner, depth + 1)
            case "graphicFrame":
                self._frame(shape)
            case "pic":
                self._described(shape)
            case "AlternateContent":
                choice = child(shape, "Choice")
                for inner in elements(choice if choice is not None else shape):
                    self.shape(inner, depth + 1)

    def _text_shape(self, shape: Element) -> None:
        kind, text = _placeholder(shape), _text(shape)
        if kind in _FURNITURE:
            if kind in ("ftr", "hdr") and text and text not in self.footers:
                self.footers.add(text)
                self.builder.add("footer", text, page=self.number)
            return
        lines = [line for line in text.split("\n") if line.strip()]
        listed = len(lines) > 1 and kind in ("", "body", "obj", "subTitle") and kind is not None and _is_list(shape)
        self.builder.add("list" if listed else "paragraph", "\n".join(lines), page=self.number)
        if not lines:
            self._described(shape)

    def _frame(self, shape: Element) -> None:
        table = next(descendants(shape, "tbl"), None)
        if table is not None:
            grid = _table(table)
            add_grid(self.builder, grid, page=self.number)
            return
        ids = [attribute(c, "id") for c in descendants(shape, "chart")]
        ids += [attribute(c, "dm") for c in descendants(shape, "relIds")]
        for id in ids:
            relation = self.relations.get(id)
            root = self.package.xml(relation.target) if relation else None
            if relation and relation.type == "chart":
                name, grid = chart_grid(root)
                self.builder.add("paragraph", name, page=self.number)
                add_grid(self.builder, grid, name=name, header_rows=1, page=self.number)
            elif relation and relation.type == "diagramData":
                self.builder.add("list", "\n".join(diagram_texts(root)), page=self.number)
        if not ids:
            self._described(shape)

    def _described(self, shape: Element) -> None:
        for properties in descendants(shape, "cNvPr"):
            self.builder.add("picture", attribute(properties, "descr"), page=self.number)

    def _notes(self, relation: Relation) -> None:
        for shape in descendants(self.package.xml(relation.target), "sp"):
            if _placeholder(shape) == "body":
                self.builder.add("note", _text(shape), page=self.number)


def _placeholder(shape: Element) -> str:
    """Type of placeholder: "" for a shape of its own, "obj" for one without a type."""
    for properties in elements(shape):
        if local(properties).startswith("nv"):
            mark = child(properties, "nvPr", "ph")
            return attribute(mark, "type", "obj") if mark is not None else ""
    return ""


def _place(shape: Element) -> tuple[int, int]:
    """Row (of a centimetre) and left edge: shapes read row by row. Inherited places come first, in the file's order."""
    offset = next(descendants(shape, "off"), None)
    if offset is None or local(shape) not in ("sp", "pic", "graphicFrame", "grpSp", "cxnSp"):
        return (0, 0)
    x, y = attribute(offset, "x", "0"), attribute(offset, "y", "0")
    numbers = [int(v) if v.lstrip("-").isdigit() else 0 for v in (y, x)]
    return (numbers[0] // 360_000, numbers[1])


def _is_list(shape: Element) -> bool:
    """Several paragraphs count as a list unless bullets are switched off on all."""
    paragraphs = list(descendants(child(shape, "txBody"), "p"))
    return any(child(p, "pPr", "buNone") is None for p in paragraphs) and all(
        len(_paragraph(p)) < 200 for p in paragraphs
    )


def _text(shape: Element) -> str:
    """Paragraphs as lines, indented by their level."""
    lines = []
    for p in elements(child(shape, "txBody"), "p"):
        level = attribute(child(p, "pPr"), "lvl", "0")
        indent = "  " * (int(level) if level.isdigit() and len(level) < 2 else 0)
        if text := _paragraph(p).strip():
            lines.append(indent + text)
    return "\n".join(lines)


def _paragraph(p: Element) -> str:
    parts = []
    for each in elements(p):
        match local(each):
            case "r" | "fld":
                parts.append("".join(t.text or "" for t in elements(each, "t")))
            case "br":
                parts.append("\n")
            case "AlternateContent" | "m":
                parts += [linear(m) for m in descendants(each, "oMath")]
    return "".join(parts)


def _table(table: Element) -> list[list[str]]:
    """Texts of an a:tbl; merged cells repeat theirs."""
    grid: list[list[str]] = []
    for row in elements(table, "tr"):
        out: list[str] = []
        for cell in elements(row, "tc"):
            above = grid[-1] if grid else []
            if attribute(cell, "hMerge") in ("1", "true") and out:
                out.append(out[-1])
            elif attribute(cell, "vMerge") in ("1", "true") and len(out) < len(above):
                out.append(above[len(out)])
            else:
                out.append(_text(cell))
        grid.append(out[:MAX_SPAN])
    return grid
