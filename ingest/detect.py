"""Which format a file is, by its content. The name only decides between text, Markdown, CSV and TSV, which
share their bytes."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path, PurePath

import olefile

from assistant.errors import UnreadableFile
from ingest.encoding import decode

_HEAD = 65_536
_MAX_MEMBERS = 50_000
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"{\\rtf", "rtf"),
)
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa", "a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"GIF8", "a GIF picture; save it as PNG"),
    (b"BM", "a BMP picture; save it as PNG"),
    (b"8BPS", "a Photoshop picture; save it as PNG"),
    (b"SQLite format 3\x00", "a database"),
    (b"OggS", "sound or video"),
    (b"ID3", "sound"),
    (b"fLaC", "sound"),
    (b"RIFF", "sound or video"),
    (b"\x1aE\xdf\xa3", "a video"),
)
_ZIP_KINDS = (
    (b"wordprocessingml.", "docx"),
    (b"ms-word.document", "docx"),
    (b"presentationml.", "pptx"),
    (b"ms-powerpoint.", "pptx"),
    (b"spreadsheetml.sheet.main", "xlsx"),
    (b"spreadsheetml.template.main", "xlsx"),
    (b"ms-excel.sheet.macroEnabled", "xlsx"),
    (b"ms-excel.template.macroEnabled", "xlsx"),
)
_MIMETYPES = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/epub+zip": "epub",
}
_OLE_STREAMS = (
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("PowerPoint Document", "ppt"),
    ("__properties_version1.0", "msg"),
)
_BY_NAME = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
}
_MAIL_HEADER = re.compile(
    r"^(from|to|cc|subject|date|received|message-id|mime-version|return-path|delivered-to|reply-to|sender|content-type"
    r"|content-transfer-encoding|x-[\w-]+|dkim-signature|authentication-results|arc-[\w-]+|list-[\w-]+|in-reply-to|references"
    r"|user-agent|thread-[\w-]+|importance|precedence|auto-submitted):",
    re.IGNORECASE,
)
_MAIL_SURE = re.compile(
    r"^(received|message-id|mime-version|return-path|delivered-to|from|date|subject|to):", re.IGNORECASE
)
_HTML_START = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_HTML_TAG = re.compile(
    r"</?(html|head|body|title|meta|div|p|table|tr|td|span|a|br|h[1-6]|ul|ol|li|b|i|img)\b[^<>]*>", re.IGNORECASE
)
_MARKDOWN = re.compile(
    r"^(#{1,6} \S|```|\|? *:?-{3,}:? *\||[*-] \S.*\n[*-] \S|> \S)|\[[^\]\n]+\]\([^)\n]+\)|\*\*\S[^*\n]*\*\*",
    re.MULTILINE,
)


def detect(path: Path, name: str = "") -> str:
    """The format name (a key of ingest.parsers.PARSERS) of a file shown as `name`; UnreadableFile says why
    there is none."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\x00 \t\r\n"):
        raise UnreadableFile(
            "The file is empty; add one with text in it."
            if not head
            else "The file holds nothing but blanks; add one with text in it."
        )
    for magic, format in _MAGIC:
        if head.startswith(magic):
            return format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _zip(path)
    if head.startswith(olefile.MAGIC):
        return _ole(path, name or path.name)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    return _text(head, name or path.name)


def _zip(path: Path) -> str:
    """OOXML by its content types, OpenDocument and EPUB by their mimetype member."""
    _refuse_crowds(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime = _member(archive, "mimetype", names).strip()
            types = _member(archive, "[Content_Types].xml", names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, struct.error):
        raise UnreadableFile(
            "The file is a damaged or cut-off archive (DOCX, XLSX, ... are such); save it anew."
        ) from None
    for prefix, format in _MIMETYPES.items():
        if mime == prefix or mime.startswith(prefix + b"-template"):
            return format
    for part, format in _ZIP_KINDS:
        if part in types:
            return format
    for folder, format in (
        ("word/document.xml", "docx"),
        ("ppt/presentation.xml", "pptx"),
        ("xl/workbook.xml", "xlsx"),
    ):
        if folder in names:
            return format
    if "META-INF/container.xml" in names:
        return "epub"
    if "xl/workbook.bin" in names:
        raise UnreadableFile("The file is a binary workbook (XLSB); save it as XLSX.")
    raise UnreadableFile("The file is a ZIP archive; unpack it and add the files in it.")


def _refuse_crowds(path: Path) -> None:
    """A central directory of millions of members would fill the memory of whoever lists it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        return
    members, directory = (
        struct.unpack("<H", tail[at + 10 : at + 12])[0],
        struct.unpack("<I", tail[at + 12 : at + 16])[0],
    )
    if members > _MAX_MEMBERS or directory > 20_000_000:
        raise UnreadableFile(
            "The file is an archive of too many parts to be a document; unpack it and add the files in it."
        )


def _member(archive: zipfile.ZipFile, name: str, names: set[str]) -> bytes:
    """At most 1 MB of a member: the rest does not matter for the type, and may be a bomb."""
    if name not in names:
        return b""
    with archive.open(name) as file:
        return file.read(1_000_000)


def _ole(path: Path, name: str) -> str:
    """The old Office formats, Outlook messages, and encrypted new ones (a container of the same kind)."""
    try:
        with olefile.OleFileIO(path) as ole:
            streams = {entry[0].lower() for entry in ole.listdir(streams=True, storages=True)}
    except (OSError, ValueError, IndexError, struct.error, TypeError, AttributeError, KeyError, RecursionError):
        raise UnreadableFile("The file is a damaged or cut-off Office file; save it anew.") from None
    if "encryptedpackage" in streams:
        return {".xlsx": "xlsx", ".xlsm": "xlsx", ".pptx": "pptx", ".pptm": "pptx"}.get(_suffix(name), "docx")
    for stream, format in _OLE_STREAMS:
        if stream.lower() in streams:
            return format
    raise UnreadableFile("The file is an Office container of an unknown kind; save it as DOCX, XLSX or PDF.")


def _text(head: bytes, name: str) -> str:
    text, encoding = decode(head)
    wide = encoding.startswith(("utf-16", "utf-32"))
    controls = sum(head.count(c) for c in _CONTROLS)
    if not wide and (b"\x00" in head or controls * 50 > len(head)):
        raise UnreadableFile(_stranger(head))
    if text.count("\ufffd") * 10 > len(text):
        raise UnreadableFile(_stranger(head))
    start = text.lstrip("\ufeff")
    if _HTML_START.match(start) or _looks_html(start):
        return "html"
    if start.lstrip().startswith("{\\rtf"):
        return "rtf"
    if _looks_mail(start):
        return "eml"
    return _BY_NAME.get(_suffix(name)) or _plain(start)


_CONTROLS = [bytes([c]) for c in range(1, 32) if c not in (7, 8, 9, 10, 11, 12, 13, 26, 27)]


def _stranger(head: bytes) -> str:
    for magic, what in _STRANGERS:
        if head.startswith(magic):
            return f"The file is {what}; it cannot be read as a document; add its text as PDF, DOCX or TXT."
    if head[4:8] == b"ftyp":
        return "The file is a video or HEIC picture; save pictures as JPEG."
    return "The file is of a type that cannot be read; save it as PDF, DOCX or text."


def _looks_html(text: str) -> bool:
    """A page without a proper head: starts with a tag and is full of them."""
    sample = text[:20_000]
    return sample.lstrip().startswith("<") and len(_HTML_TAG.findall(sample)) >= 3


def _looks_mail(text: str) -> bool:
    """At least two known header lines, one of them of every mail, before the first line that is none."""
    known = sure = 0
    lines = text.lstrip("\n").split("\n")
    if lines and lines[0].startswith("From ") and len(lines) > 1:
        lines = lines[1:]
    for line in lines[:60]:
        if not line.strip():
            break
        if line[0] in " \t":
            continue
        if not re.match(r"^[A-Za-z][A-Za-z0-9-]*:", line):
            return False
        known += bool(_MAIL_HEADER.match(line))
        sure += bool(_MAIL_SURE.match(line))
    return (
        known >= 2
        and sure >= 1
        and bool(re.search(r"^(from|received|return-path|message-id|mime-version):", text[:5000], re.I | re.M))
    )


def _plain(text: str) -> str:
    """Text, Markdown, CSV or TSV of a name that does not tell."""
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    for mark, format in (("\t", "tsv"), (",", "csv"), (";", "csv")):
        counts = [line.count(mark) for line in lines[: max(2, len(lines) - 1)]]
        if len(counts) >= 2 and min(counts) >= 1 and len(set(counts)) == 1 and (mark != "," or not _prose(lines)):
            return format
    return "markdown" if len(_MARKDOWN.findall(text[:20_000])) >= 2 else "text"


def _prose(lines: list[str]) -> bool:
    return sum(line.rstrip().endswith((".", "!", "?", ":")) or ", " in line for line in lines) * 2 > len(lines)


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
