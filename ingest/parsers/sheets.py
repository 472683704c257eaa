"""Workbooks (XLSX, XLS, ODS): every sheet, hidden ones too, as tables of displayed texts with values and addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.odf import open_odf
from ingest.parsers.ooxml import (
    Package,
    decrypted,
    holds_package,
    is_encrypted,
    open_package,
    title_and_date,
    warn_of_damage,
)
from ingest.parsers.regions import MAX_CELLS, Sheet, add_sheet
from ingest.parsers.sheets_ods import read_ods
from ingest.parsers.sheets_xls import read_xls
from ingest.parsers.sheets_xlsx import read_xlsx


class SheetParser:
    types = frozenset({"xlsx", "xls", "ods"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        return build(path, limits, password)


def build(path: Path, limits: Limits, password: str | None) -> Document:
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if not zipped and not holds_package(path):
        builder = DocumentBuilder("xls", limits)
        source = decrypted(path, password) if is_encrypted(path) else path
        return _built(builder, read_xls(source, MAX_CELLS))
    package = open_package(path, limits, password)
    builder = DocumentBuilder("ods" if "content.xml" in package.names else "xlsx", limits)
    if builder.format == "ods":
        sheets = read_ods(open_odf(path, limits, builder), MAX_CELLS)
    else:
        title_and_date(builder, package)
        sheets = read_xlsx(package, MAX_CELLS)
    return _built(builder, sheets, package)


def _built(builder: DocumentBuilder, sheets: Iterator[Sheet], package: Package | None = None) -> Document:
    left = MAX_CELLS
    for sheet in sheets:
        add_sheet(builder, sheet)
        left -= len(sheet.cells)
        if left <= 0:
            builder.warn(f"Only the first {MAX_CELLS:,} cells were read; split the workbook and add the parts.")
            break
    if package is not None:
        warn_of_damage(builder, package)
    return builder.build()
