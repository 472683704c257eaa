"""Workbooks (XLSX, XLS, ODS): every sheet, hidden ones too, as tables of displayed texts with values and addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.errors import Encrypted
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.odf import open_odf
from ingest.parsers.ooxml import decrypted, open_package, title_and_date
from ingest.parsers.regions import MAX_CELLS, add_sheet
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
        magic = file.read(4)
    if magic.startswith(b"PK"):
        package = open_package(path, limits)
        format = "ods" if "content.xml" in package.names else "xlsx"
    else:
        format = "xls" if _is_xls(path) else "xlsx"
    builder = DocumentBuilder(format, limits)
    if format == "ods":
        package = open_odf(path, limits, builder)
        sheets = read_ods(package, MAX_CELLS)
    elif format == "xlsx":
        package = open_package(path, limits, password)
        title_and_date(builder, package)
        sheets = read_xlsx(package, MAX_CELLS)
    else:
        sheets = read_xls(path if not _encrypted_xls(path) else decrypted(path, password), MAX_CELLS)
    left = MAX_CELLS
    for sheet in sheets:
        add_sheet(builder, sheet)
        left -= len(sheet.cells)
        if left <= 0:
            builder.warn(f"Only the first {MAX_CELLS:,} cells were read; split the workbook and add the parts.")
            break
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
