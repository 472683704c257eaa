"""The folder of the word index: its schema, how it is opened, and how damage is noticed."""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from pathlib import Path
from typing import Any

from assistant.errors import StorageError

log = logging.getLogger(__name__)

VERSION = 1
"""Raise it when `analysis.words` or the schema changes: folders of another version are made anew."""
FOOTER_MAGIC = 1337
SEGMENT_NAME = 32  # hexadecimal digits that begin the name of every file of a segment


def opened(folder: Path) -> Any:
    """The tantivy index of a folder, empty where there is none that can be used. Call it under the writers' lock."""
    if folder.exists() and any(folder.iterdir()) and not sound(folder):
        log.warning("The word index is damaged or of another version; it is made anew from the catalog.")
        shutil.rmtree(folder)
    try:
        return _open(folder)
    except ValueError:
        log.warning("The word index cannot be read; it is made anew from the catalog.")
        shutil.rmtree(folder)
        return _open(folder)


def sound(folder: Path) -> bool:
    """Whether the folder is of this version and every file's bytes have the CRC-32 of its own footer."""
    try:
        if json.loads((folder / "version.json").read_text("utf-8")) != VERSION:
            return False
        json.loads((folder / "meta.json").read_text("utf-8"))
        return all(_intact(path) for path in folder.iterdir() if len(path.name) > SEGMENT_NAME)
    except (OSError, ValueError, KeyError):
        return False


def _intact(path: Path) -> bool:
    """tantivy ends its files with a JSON footer, its length and a magic number (two u32, little-endian)."""
    raw = path.read_bytes()
    size, magic = int.from_bytes(raw[-8:-4], "little"), int.from_bytes(raw[-4:], "little")
    body = len(raw) - 8 - size
    if magic != FOOTER_MAGIC or body < 0:
        return False
    return bool(json.loads(raw[body:-8])["crc"] == zlib.crc32(memoryview(raw)[:body]))


def _open(folder: Path) -> Any:
    import tantivy

    try:
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(), str(folder))
        (folder / "version.json").write_text(json.dumps(VERSION), "utf-8")
    except OSError as error:
        raise StorageError(f"The word index cannot be opened: {error}.") from error
    index.register_tokenizer("blanks", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader("manual")
    return index


def _schema() -> Any:
    """Words come cut, so tantivy only splits them at blanks; they are stored so that segments can be written anew."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", stored=True, tokenizer_name="blanks", index_option="freq")
    for name in ("passage", "document", "corpus"):
        builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()
