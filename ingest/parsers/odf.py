"""OpenDocument text and slides: headings, lists, tables, notes, from content.xml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.errors import Encrypted, UnreadableFile
from assistant.types import BlockKind, Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.drawings import chart_grid
from ingest.parsers.odf_text import anchored, cell_text, count, flat, list_items, paragraph_text, table_rows
from ingest.parsers.ooxml import (
    DAMAGED,
    Element,
    Package,
    attribute,
    child,
    descendants,
    elements,
    local,
    warn_of_damage,
)
from ingest.parsers.tables import GridFiller, add_grid

_THROUGH = {
    "section", "index-body", "table-of-content", "alphabetical-index", "bibliography", "g", "a", "text-box",
    "index-title", "illustration-index", "table-index", "user-index", "object-index", "change-end",
    "soft-page-break", "numbered-paragraph",
}  # fmt: skip
_DEPTH = 40
_MAX_REPEAT = 200


class OdfTextParser:
    types = frozenset({"odt"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        builder = DocumentBuilder("odt", limits)
        package = open_odf(path, limits, builder)
        reader = _Reader(package, builder)
        reader.margins("header", "header")
        reader.walk(_body(package, "text"))
        reader.margins("footer", "footer")
        warn_of_damage(builder, package)
        return builder.build()


class OdfSlidesParser:
    types = frozenset({"odp"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        builder = DocumentBuilder("odp", limits)
        package = open_odf(path, limits, builder)
        reader = _Reader(package, builder)
        slides = list(elements(_body(package, "presentation"), "page"))
        builder.pages = len(slides)
        for number, slide in enumerate(slides, 1):
            reader.slide(slide, number)
            if progress:
                progress(number, len(slides))
        warn_of_damage(builder, package)
        return builder.build()


def open_odf(path: Path, limits: Limits, builder: DocumentBuilder) -> Package:
    """The package, with title and date into the builder; Encrypted where its manifest says so."""
    package = Package(path, limits)
    manifest = package.xml("META-INF/manifest.xml")
    if next(descendants(manifest, "encryption-data"), None) is not None:
        raise Encrypted(
            "The file is protected with a password; save it without one, or as DOCX, XLSX or PDF, and add that."
        )
    meta = child(package.xml("meta.xml"), "meta")
    title, date = child(meta, "title"), child(meta, "date")
    builder.title = ((title.text if title is not None else "") or "").strip()
    builder.date = (date.text or "")[:10] or None if date is not None else None
    return package


def _body(package: Package, kind: str) -> Element:
    body = child(package.xml("content.xml"), "body", kind)
    if body is None:
        raise UnreadableFile(DAMAGED)
    return body


class _Reader:
    def __init__(self, package: Package, builder: DocumentBuilder) -> None:
        self.package, self.builder = package, builder
        self.page: int | None = None
        self.depth = 0
        automatic = child(package.xml("content.xml"), "automatic-styles")
        self.parents = {attribute(s, "name"): attribute(s, "parent-style-name") for s in elements(automatic, "style")}

    def margins(self, tag: str, kind: BlockKind) -> None:
        """Page headers or footers of the master pages, each different one once."""
        seen = set()
        for master in descendants(
            child(self.package.xml("styles.xml"), "master-styles"), tag, tag + "-left", tag + "-first"
        ):
            text = flat(master)
            if text and text not in seen:
                seen.add(text)
                self.builder.add(kind, text)

    def slide(self, slide: Element, number: int) -> None:
        """Title first, as people read it, then the rest in the file's order, then the notes."""
        self.page = number
        frames = [e for e in elements(slide) if local(e) not in ("notes", "forms")]
        titles = [f for f in frames if attribute(f, "class") == "title" and flat(f)]
        self.builder.close_headings()
        for frame in titles:
            self.builder.add("heading", " ".join(flat(frame).split()), page=number, level=1)
        for frame in frames:
            if frame not in titles:
                self.block(frame)
        for frame in elements(child(slide, "notes"), "frame"):
            if attribute(frame, "class") == "notes":
                self.builder.add("note", flat(frame), page=number)

    def walk(self, parent: Element | None, kind: BlockKind = "paragraph") -> None:
        if self.depth > _DEPTH:
            self.builder.warn("Parts nested too deeply were left out.")
            return
        self.depth += 1
        for element in elements(parent):
            self.block(element, kind)
        self.depth -= 1

    def block(self, element: Element, kind: BlockKind = "paragraph") -> None:
        match local(element):
            case "h":
                level = attribute(element, "outline-level", "1")
                self.builder.add(
                    "heading", paragraph_text(element), page=self.page, level=int(level) if level.isdigit() else 1
                )
                self._asides(element)
            case "p":
                style = attribute(element, "style-name")
                if self.page is None and "Title" in (style, self.parents.get(style)):
                    self.builder.add("heading", paragraph_text(element), level=1)
                else:
                    self.builder.add(kind, paragraph_text(element), page=self.page)
                self._asides(element)
            case "list":
                self.builder.add("list", "\n".join(list_items(element, 0, "" if self.page else "- ")), page=self.page)
                self._asides(element)
            case "table":
                self.table(element)
            case "frame" | "custom-shape" | "rect" | "ellipse" | "line" | "connector" | "polygon" | "path" | "caption":
                self.frame(element)
            case "tracked-changes":
                if next(descendants(element, "deletion"), None) is not None:
                    self.builder.warn("The document holds tracked changes; deleted text was left out.")
            case name if name in _THROUGH:
                self.walk(element, kind)

    def frame(self, frame: Element) -> None:
        """Text boxes, tables, charts, or the description of a picture."""
        spoken = False
        for each in elements(frame):
            match local(each):
                case "text-box" | "p" | "list":
                    spoken = True
                    self.block(each) if local(each) != "text-box" else self.walk(each)
                case "table":
                    spoken = True
                    self.table(each)
                case "object":
                    spoken = self._object(attribute(each, "href")) or spoken
        described = [child(frame, "title"), child(frame, "desc")]
        text = "\n".join(d.text.strip() for d in described if d is not None and d.text and d.text.strip())
        if text and not spoken:
            self.builder.add("picture", text, page=self.page)

    def _object(self, href: str) -> bool:
        """An embedded chart or sheet: its table."""
        root = self.package.xml(href.removeprefix("./").strip("/") + "/content.xml")
        tables = list(descendants(root, "table"))
        for table in tables:
            self.table(table)
        if not tables:
            name, grid = chart_grid(root)
            add_grid(self.builder, grid, name=name, page=self.page)
        return bool(tables)

    def _asides(self, element: Element) -> None:
        """Notes, comments, frames anchored in a paragraph."""
        for each in anchored(element):
            match local(each):
                case "note":
                    self.builder.add("note", flat(child(each, "note-body")), page=self.page)
                case "annotation":
                    author = child(each, "creator")
                    by = f" by {author.text.strip()}" if author is not None and (author.text or "").strip() else ""
                    self.builder.add("comment", f"Comment{by}: {flat(each)}", page=self.page)
                case _:
                    self.depth += 1
                    if self.depth <= _DEPTH:
                        self.frame(each)
                    self.depth -= 1

    def table(self, table: Element) -> None:
        filler, nested = GridFiller(), []
        rows = list(table_rows(table))
        for row in rows[:100_000]:
            cells = []
            for cell in elements(row, "table-cell"):
                nested += list(_nested(cell))
                repeat = min(count(cell, "number-columns-repeated"), _MAX_REPEAT)
                spans = (count(cell, "number-columns-spanned"), count(cell, "number-rows-spanned"))
                cells += [(cell_text(cell, "" if self.page else "- "), *spans)] * repeat
            for _ in range(min(count(row, "number-rows-repeated"), _MAX_REPEAT)):
                filler.row(cells)
        headers = sum(len(list(table_rows(each))) for each in elements(table, "table-header-rows"))
        name = attribute(table, "name") if self.page is None else ""
        known = 0 < headers < len(rows)
        add_grid(self.builder, filler.rows, name=_own(name), header_rows=headers if known else None, page=self.page)
        for inner in nested:
            self.depth += 1
            if self.depth <= _DEPTH:
                self.table(inner)
            self.depth -= 1


def _own(name: str) -> str:
    """A table's name unless the program made it up."""
    return (
        ""
        if name.rstrip("0123456789").lower() in ("table", "tabelle", "tableau", "local-table", "表格", "表")
        else name
    )


def _nested(cell: Element) -> list[Element]:
    return [e for e in elements(cell, "table") if attribute(e, "is-sub-table") != "true"]
