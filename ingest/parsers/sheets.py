"""Workbooks (XLSX, XLS, ODS): every sheet, hidden ones too, as tables of displayed texts with values and addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import Encrypted
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.odf import open_odf
from ingest.parsers.ooxml import Package, decrypted, open_package, title_and_date, warn_of_damage
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
    if not zipped and _is_xls(path):
        builder = DocumentBuilder("xls", limits)
        source = decrypted(path, password) if _encrypted_xls(path) else path
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


def _is_xls(path: Path) -> bool:
    import olefile

    with path.open("rb") as file:
        if not olefile.isOleFile(file):
            return True  # the oldest files are bare streams
    with olefile.OleFileIO(path) as ole:
        return bool(ole.exists("Workbook") or ole.exists("Book"))


def _encrypted_xls(path: Path) -> bool:
    import msoffcrypto

    with path.open("rb") as file:
        try:
            return bool(msoffcrypto.OfficeFile(file).is_encrypted())
        except Encrypted:
            raise
        except Exception:  # a file it does not know is not known to be encrypted
            return False
