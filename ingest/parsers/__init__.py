"""One module per format. `PARSERS` maps a format name (ingest.detect) to the module and class that reads it.

A new format: one module, one row here, one row in tests/ingest/parsers. Modules are imported on first use, inside the
parser process, so that a library loads only where its format is read.
"""

from __future__ import annotations

from importlib import import_module

from assistant.errors import UnreadableFile
from assistant.seams import Parser

PARSERS: dict[str, str] = {
    "pdf": "pdf:PdfParser",
    "png": "image:ImageParser",
    "jpeg": "image:ImageParser",
    "tiff": "image:ImageParser",
    "webp": "image:ImageParser",
    "docx": "docx:DocxParser",
    "odt": "odf:OdfTextParser",
    "odp": "odf:OdfSlidesParser",
    "pptx": "pptx:PptxParser",
    "xlsx": "sheets:SheetParser",
    "xls": "sheets:SheetParser",
    "ods": "sheets:SheetParser",
    "csv": "delimited:DelimitedParser",
    "tsv": "delimited:DelimitedParser",
    "html": "html:HtmlParser",
    "rtf": "rtf:RtfParser",
    "markdown": "markdown:MarkdownParser",
    "text": "text:TextParser",
    "epub": "epub:EpubParser",
    "eml": "mail:EmlParser",
    "msg": "mail:MsgParser",
    "doc": "legacy:LegacyParser",
    "ppt": "legacy:LegacyParser",
}


def parser_for(format: str) -> Parser:
    """The parser of a format name; UnreadableFile for one nobody reads."""
    try:
        module, name = PARSERS[format].split(":")
    except KeyError:
        kind = format or "unknown"
        raise UnreadableFile(f"Files of type {kind} cannot be read; save it as PDF, DOCX or text.") from None
    parser: Parser = getattr(import_module(f"ingest.parsers.{module}"), name)()
    return parser
