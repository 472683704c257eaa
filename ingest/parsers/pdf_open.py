"""Opening PDF files: passwords, damage, in one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from assistant.errors import Encrypted, UnreadableFile


def open_pdf(path: Path, password: str | None = None) -> Any:
    """A pypdfium2 document; tries without the password first, as files without one refuse any."""
    error = _try(path, None)
    if not isinstance(error, pypdfium2.PdfiumError):
        return error
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        opened = _try(path, password) if password else error
        if isinstance(opened, pypdfium2.PdfiumError):
            wrong = "The password does not open the PDF" if password else "The PDF is encrypted"
            raise Encrypted(f"{wrong}; give its password and try again.")
        return opened
    if error.err_code == raw.FPDF_ERR_SECURITY:
        raise Encrypted("The PDF is encrypted in a way that cannot be opened; save it without protection.")
    raise UnreadableFile("The PDF is damaged and cannot be repaired; save or print it to PDF anew.")


def _try(path: Path, password: str | None) -> Any:
    try:
        return pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        return error
