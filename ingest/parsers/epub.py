"""EPUB books: the chapters of the spine in their order, each through the reader of web pages."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from assistant.errors import Encrypted, LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.encoding import decode
from ingest.parsers.html import add_html, parse_html
from ingest.parsers.html_clean import clean
from ingest.parsers.ooxml import DAMAGED, Element, Package, attribute, child, descendants, elements, local

_PAGES = {"application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml"}


class EpubParser:
    types = frozenset({"epub"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        package = Package(path, limits)
        _refuse_locked(package)
        opf = attribute(next(descendants(package.xml("META-INF/container.xml"), "rootfile"), None), "full-path")
        root = package.xml(opf)
        if root is None:
            raise UnreadableFile(DAMAGED)
        builder = DocumentBuilder("epub", limits)
        builder.title, builder.date = _metadata(root)
        chapters = _spine(root, posixpath.dirname(opf))
        if len(chapters) > limits.pages:
            raise LimitExceeded(f"The book has more than {limits.pages:,} parts; split it and add those.")
        for number, name in enumerate(chapters, 1):
            _chapter(builder, package, name)
            if progress:
                progress(number, len(chapters))
        return builder.build()


def _refuse_locked(package: Package) -> None:
    """Only fonts may be scrambled in a book that anybody may read."""
    for reference in descendants(package.xml("META-INF/encryption.xml"), "CipherReference"):
        if attribute(reference, "URI").lower().endswith((".xhtml", ".html", ".htm", ".xml", ".opf")):
            raise Encrypted("The book is protected against copying and cannot be read here; use an unprotected copy.")


def _metadata(root: Element) -> tuple[str, str | None]:
    title, date = "", None
    for each in elements(child(root, "metadata")):
        text = (each.text or "").strip()
        if local(each) == "title":
            title = title or text
        elif local(each) == "date" and len(text) >= 10 and attribute(each, "event") in ("", "publication"):
            date = date or text[:10]
    return title, date


def _spine(root: Element, folder: str) -> list[str]:
    """Member names of the pages in reading order, without the navigation page."""
    pages = {}
    for item in elements(child(root, "manifest"), "item"):
        if attribute(item, "media-type") in _PAGES and "nav" not in attribute(item, "properties").split():
            name = posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href"))))
            pages[attribute(item, "id")] = name
    found = [pages[id] for ref in elements(child(root, "spine"), "itemref") if (id := attribute(ref, "idref")) in pages]
    return list(dict.fromkeys(found)) or list(pages.values())


def _chapter(builder: DocumentBuilder, package: Package, name: str) -> None:
    data = package.read(name)
    if data is None:
        builder.warn("A chapter is missing from the book.")
        return
    page = parse_html(decode(data)[0])
    if page is not None:
        add_html(builder, clean(page, builder.warn))
