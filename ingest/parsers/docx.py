"""Word documents in the order of the body: numbered headings, lists, tables, text boxes, notes, comments, equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import UnreadableFile
from assistant.types import BlockKind, Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.docx_inline import Inline, InlineReader
from ingest.parsers.docx_numbering import Numbering, read_numbering
from ingest.parsers.docx_styles import Style, heading_level, read_styles
from ingest.parsers.drawings import chart_grid, diagram_texts
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

_THROUGH = {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "body", "txbxContent", "hdr", "ftr"}
_DEPTH = 40


class DocxParser:
    types = frozenset({"docx"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        builder = DocumentBuilder("docx", limits)
        package = open_package(path, limits, password)
        _Reader(package, builder).read()
        warn_of_damage(builder, package)
        return builder.build()


class _Reader:
    def __init__(self, package: Package, builder: DocumentBuilder) -> None:
        self.package, self.builder = package, builder
        self.main = package.main("word/document.xml")
        self.relations = package.relations(self.main)
        self.styles = read_styles(self._part("styles"))
        self.numbering: Numbering = read_numbering(self._part("numbering"))
        self.notes = {
            kind: {attribute(n, "id"): n for n in elements(self._part(kind + "s"), kind)}
            for kind in ("footnote", "endnote")
        }
        self.comments = {attribute(c, "id"): c for c in elements(self._part("comments"), "comment")}
        self.inline = InlineReader(builder.warn)
        self.items: list[str] = []  # of the list being read
        self.depth = 0

    def _part(self, type: str) -> Element | None:
        return next((self.package.xml(r.target) for r in self.relations.values() if r.type == type), None)

    def read(self) -> None:
        root = self.package.xml(self.main)
        body = child(root, "body")
        if body is None:
            raise UnreadableFile(DAMAGED)
        title_and_date(self.builder, self.package)
        self._margins(root, "headerReference", "header")
        self.walk(body)
        for comment in list(self.comments):  # those that no text refers to
            self._comment(comment)
        self._margins(root, "footerReference", "footer")

    def _margins(self, root: Element | None, tag: str, kind: BlockKind) -> None:
        """Page headers or footers, each different one once."""
        seen: set[str] = set()
        for reference in descendants(root, tag):
            relation = self.relations.get(attribute(reference, "id"))
            part = self.package.xml(relation.target) if relation and relation.target not in seen else None
            text = "".join(t.text or "" for t in descendants(part, "t"))
            if relation and part is not None and text not in seen:
                seen |= {relation.target, text}
                main, self.relations = self.relations, self.package.relations(relation.target)
                self.walk(part, kind)
                self.relations = main

    def walk(self, parent: Element, kind: BlockKind = "paragraph") -> None:
        """The block-level children of an element, into the builder."""
        if self.depth > _DEPTH:
            self.builder.warn("Parts nested too deeply were left out.")
            return
        self.depth += 1
        for element in elements(parent):
            match local(element):
                case "p":
                    self.paragraph(element, kind)
                case "tbl":
                    self.table(element)
                case "del" | "moveFrom":
                    self.inline.note_deleted()
                case "altChunk":
                    self.builder.warn("A document embedded in this one was not read; add it as a file of its own.")
                case "AlternateContent":
                    chosen = child(element, "Choice")
                    self.walk(chosen if chosen is not None else element, kind)
                case name if name in _THROUGH:
                    self.walk(element, kind)
        self._flush()
        self.depth -= 1

    def paragraph(self, p: Element, kind: BlockKind) -> None:
        found = self.inline.read(p)
        style = self.styles.get(attribute(child(p, "pPr", "pStyle"), "val"), Style())
        label = self._label(p, style) if found.text.strip() or found.asides else None
        level = heading_level(p, style)
        if level and found.text.strip() and kind == "paragraph":
            self._flush()
            text = " ".join(part for part in (label if label != "-" else None, found.text) if part)
            self.builder.add("heading", text, level=level)
            self.builder.title = self.builder.title or (" ".join(found.text.split()) if level == 1 else "")
        elif label is not None and found.text.strip() and kind == "paragraph":
            self.items.append(f"{label} {found.text.strip()}".strip())
        else:
            self._flush()
            self.builder.add(kind, found.text)
        if found.asides:
            self._flush()
            self.asides(found, kind)

    def _flush(self) -> None:
        if self.items:
            self.builder.add("list", "\n".join(self.items))
            self.items = []

    def _label(self, p: Element, style: Style) -> str | None:
        number = child(p, "pPr", "numPr")
        if number is not None and child(number, "numId") is not None:
            level = attribute(child(number, "ilvl"), "val", str(style.level))
            return self.numbering.label(attribute(child(number, "numId"), "val"), int(level) if level.isdigit() else 0)
        if style.number:
            return self.numbering.label(style.number, style.level)
        return "-" if style.name.startswith("list bullet") else None

    def asides(self, found: Inline, kind: BlockKind) -> None:
        """What a paragraph refers to: text boxes, pictures, charts, notes, comments; each its own block."""
        for box in found.boxes:
            self.walk(box, kind)
        for picture in found.pictures:
            self.builder.add("picture", picture)
        for id in found.charts:
            self._chart(self.relations.get(id))
        for note_kind, id in found.notes:
            note = self.notes[note_kind].pop(id, None)
            if note is not None:
                self.builder.add("note", self.flat(note))
        for id in found.comments:
            self._comment(id)

    def _chart(self, relation: Relation | None) -> None:
        root = self.package.xml(relation.target) if relation else None
        if relation and relation.type == "chart":
            name, grid = chart_grid(root)
            add_grid(self.builder, grid, name=name, header_rows=1)
        elif relation and relation.type == "diagramData":
            self.builder.add("list", "\n".join(diagram_texts(root)))

    def _comment(self, id: str) -> None:
        comment = self.comments.pop(id, None)
        if comment is not None and (text := self.flat(comment)):
            author = attribute(comment, "author").strip()
            self.builder.add("comment", f"Comment by {author}: {text}" if author else f"Comment: {text}")

    def flat(self, element: Element) -> str:
        """All paragraphs below an element as lines, tables included."""
        return "\n".join(t for t in (self.inline.read(p).text.strip() for p in descendants(element, "p")) if t)

    def table(self, tbl: Element) -> None:
        self._flush()
        rows = list(_rows(tbl))
        if len(rows) == 1 and len(cells := list(_cells(rows[0]))) == 1:
            self.walk(cells[0])  # a frame around text
            return
        asides: list[Inline] = []
        nested: list[Element] = []
        grid: list[list[str]] = []
        for row in rows:
            grid.append(self._row(row, grid[-1] if grid else [], asides, nested))
        headers = sum(1 for row in rows if _on(child(row, "trPr", "tblHeader")))
        add_grid(self.builder, grid, header_rows=headers if 0 < headers < len(rows) else None)
        for inner in nested:
            if self.depth < _DEPTH:
                self.depth += 1
                self.table(inner)
                self.depth -= 1
        for found in asides:
            self.asides(found, "paragraph")

    def _row(self, row: Element, above: list[str], asides: list[Inline], nested: list[Element]) -> list[str]:
        before = attribute(child(row, "trPr", "gridBefore"), "val", "0")
        out = [""] * (min(int(before), MAX_SPAN) if before.isdigit() else 0)
        for cell in _cells(row):
            properties = child(cell, "tcPr")
            span = attribute(child(properties, "gridSpan"), "val", "1")
            merge = child(properties, "vMerge")
            if merge is not None and attribute(merge, "val", "continue") == "continue":
                text = above[len(out)] if len(out) < len(above) else ""
            else:
                text = self._cell(cell, asides, nested)
            out += [text] * (max(1, min(int(span), MAX_SPAN)) if span.isdigit() else 1)
        return out

    def _cell(self, cell: Element, asides: list[Inline], nested: list[Element]) -> str:
        lines = []
        for element in _blocks(cell):
            if local(element) == "tbl":
                nested.append(element)
                continue
            found = self.inline.read(element)
            style = self.styles.get(attribute(child(element, "pPr", "pStyle"), "val"), Style())
            label = self._label(element, style) if found.text.strip() else None
            lines.append(f"{label} {found.text.strip()}" if label else found.text.strip())
            if found.asides:
                asides.append(found)
        return "\n".join(line for line in lines if line)


def _rows(tbl: Element) -> Iterator[Element]:
    for element in elements(tbl):
        if local(element) == "tr":
            if child(element, "trPr", "del") is None:
                yield element
        elif local(element) in _THROUGH:
            yield from _rows(element)


def _cells(row: Element) -> Iterator[Element]:
    for element in elements(row):
        if local(element) == "tc":
            yield element
        elif local(element) in _THROUGH:
            yield from _cells(element)


def _blocks(parent: Element) -> Iterator[Element]:
    for element in elements(parent):
        if local(element) in ("p", "tbl"):
            yield element
        elif local(element) in _THROUGH:
            yield from _blocks(element)


def _on(element: Element | None) -> bool:
    return element is not None and attribute(element, "val", "1") not in ("0", "false", "off")
