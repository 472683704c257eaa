"""Zipped XML documents (Office, OpenDocument, EPUB): opened within limits, decrypted, parsed without entities."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import unquote

from lxml import etree

from assistant.errors import Encrypted, LimitExceeded, UnreadableFile
from assistant.types import Limits
from ingest.builder import DocumentBuilder

Element: TypeAlias = Any  # lxml.etree._Element; lxml brings no types

DAMAGED = "The file is damaged or cut off; open it in the program that made it, save it again and add that."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MEMBERS = 100_000
READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error
)  # fmt: skip
"""What reading a damaged archive raises."""
# ISO "strict" files say the same under other names.
_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (b"http://purl.oclc.org/ooxml/presentationml/main", b"http://schemas.openxmlformats.org/presentationml/2006/main"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
)


@dataclass(frozen=True, slots=True)
class Relation:
    type: str  # last part of the type's address: "image", "footnotes"
    target: str  # member name inside the package


class Package:
    """The members of one file. Sizes are checked before anything is read; external relations are left out."""

    def __init__(self, source: Path | IO[bytes], limits: Limits) -> None:
        self.damaged = False  # some part could only be read up to a fault
        try:
            self._zip = zipfile.ZipFile(source)
            self._sizes = {info.filename: info.file_size for info in self._zip.infolist()}
        except READ_ERRORS as error:
            raise UnreadableFile(DAMAGED) from error
        check_expanded(self._zip, limits)

    @property
    def names(self) -> set[str]:
        return set(self._sizes)

    def read(self, name: str) -> bytes | None:
        """A member's bytes, as many as can be read; None where there is none of that name."""
        if name not in self._sizes:
            return None
        parts = []
        try:
            with self._zip.open(name) as stream:
                while chunk := stream.read(1 << 20):
                    parts.append(chunk)
        except READ_ERRORS:
            self.damaged = True
        return b"".join(parts)

    def open(self, name: str) -> IO[bytes]:
        """A member as a stream, for what is too big to hold; an empty one where it is missing."""
        try:
            return self._zip.open(name) if name in self._sizes else io.BytesIO()
        except READ_ERRORS as error:
            raise UnreadableFile(DAMAGED) from error

    def xml(self, name: str) -> Element | None:
        """A member parsed; None where it is missing or not XML at all."""
        data = self.read(name)
        if data is None:
            return None
        if b"http://purl.oclc.org/ooxml/" in data[:8192]:
            for strict, usual in _STRICT:
                data = data.replace(strict, usual)
        root, faults = parse_xml(data)
        self.damaged = self.damaged or faults
        return root

    def relations(self, part: str) -> dict[str, Relation]:
        """By id; targets resolved against the part's folder."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", name + ".rels"))
        found = {}
        for child in elements(root):
            if child.get("TargetMode") != "External" and child.get("Id"):
                target = unquote(child.get("Target", ""))
                full = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[child.get("Id", "")] = Relation(child.get("Type", "").rsplit("/", 1)[-1], full)
        return found

    def main(self, default: str) -> str:
        """The main part, by the package's own relations."""
        targets = [r.target for r in self.relations("").values() if r.type == "officeDocument"]
        return next((t for t in targets if t in self._sizes), default)

    def properties(self) -> tuple[str, str | None]:
        """(title, ISO date last changed) of the core properties."""
        root = self.xml("docProps/core.xml")
        title, date = "", None
        for child in elements(root):
            name, text = local(child), (child.text or "").strip()
            if name == "title":
                title = text
            elif name == "modified" and len(text) >= 10:
                date = text[:10]
        return title, date


def check_expanded(archive: zipfile.ZipFile, limits: Limits) -> None:
    """LimitExceeded where the members would expand to more than allowed; Encrypted where they have a ZIP password."""
    infos = archive.infolist()
    if len(infos) > _MEMBERS or sum(info.file_size for info in infos) > limits.expanded_mb * 1_000_000:
        raise LimitExceeded(f"The file expands to more than {limits.expanded_mb:,} MB; split it and add the parts.")
    if any(info.flag_bits & 1 for info in infos):
        raise Encrypted("The file is encrypted in a way that cannot be opened here; save it without a password.")


def open_package(path: Path, limits: Limits, password: str | None = None) -> Package:
    """An Office file as a package, decrypted where it must be."""
    return Package(decrypted(path, password) if holds_package(path) else path, limits)


def holds_package(path: Path) -> bool:
    """Whether a file is a compound file around an encrypted package: a DOCX, XLSX or PPTX with a password."""
    import olefile

    with path.open("rb") as file:
        if file.read(8) != _OLE:
            return False
    try:
        with olefile.OleFileIO(path) as ole:
            return bool(ole.exists("EncryptedPackage"))
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError, RecursionError, struct.error):
        return False  # whoever reads it next will say that it is damaged


def decrypted(path: Path, password: str | None) -> IO[bytes]:
    """The plain bytes of a password-protected Office file (new or legacy)."""
    import msoffcrypto

    if password is None:
        raise Encrypted("The file is protected with a password; give it to read the file.")
    out = io.BytesIO()
    with path.open("rb") as file:
        try:
            office = msoffcrypto.OfficeFile(file)
            office.load_key(password=password)
            office.decrypt(out)
        except Exception as error:  # the library raises whatever its many sub-parsers raise
            if "password" in str(error).lower() or "verif" in str(error).lower() or "key" in str(error).lower():
                raise Encrypted("The password does not open this file; try another one.") from error
            raise UnreadableFile(DAMAGED) from error
    out.seek(0)
    return out


def is_encrypted(path: Path) -> bool:
    """Whether a legacy Office file (DOC, XLS, PPT) needs a password."""
    import msoffcrypto

    with path.open("rb") as file:
        try:
            return bool(msoffcrypto.OfficeFile(file).is_encrypted())
        except Exception:  # a file the library does not know is not known to be encrypted
            return False


def parse_xml(data: bytes) -> tuple[Element | None, bool]:
    """(a tree, as much of it as can be read, whether it had faults); no entities, no network."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
        return root, any(fault.level >= etree.ErrorLevels.FATAL for fault in parser.error_log)
    except (etree.XMLSyntaxError, ValueError):
        return None, True


def local(element: Element) -> str:
    """The tag without its namespace; "" for processing instructions and entities."""
    tag: Any = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def elements(root: Element | None, *names: str) -> Iterator[Element]:
    """Children of root that are elements, of these local names if any are given."""
    for child in root if root is not None else ():
        name = local(child)
        if name and (not names or name in names):
            yield child


def descendants(root: Element | None, *names: str) -> Iterator[Element]:
    for child in root.iter() if root is not None else ():
        if local(child) in names:
            yield child


def child(root: Element | None, *path: str) -> Element | None:
    """The first element down a path of local names."""
    for name in path:
        root = next(elements(root, name), None)
    return root


def attribute(element: Element | None, name: str, default: str = "") -> str:
    """An attribute by its local name, whatever its namespace."""
    if element is None:
        return default
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return default


def warn_of_damage(builder: DocumentBuilder, package: Package) -> None:
    if package.damaged:
        builder.warn("Part of the file is damaged; what could be read of it was.")


def title_and_date(builder: DocumentBuilder, package: Package) -> None:
    builder.title, builder.date = package.properties()
