"""DOC and PPT of Office 97 to 2003, converted by LibreOffice where it is installed: no macros, a profile of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.parsers.docx import DocxParser
from ingest.parsers.ooxml import DAMAGED, decrypted, is_encrypted
from ingest.parsers.pptx import PptxParser

_MACROS_OFF = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value>
</prop></item>
</oor:items>
"""


class LegacyParser:
    types = frozenset({"doc", "ppt"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        format, target = ("ppt", "pptx") if _is_ppt(path) else ("doc", "docx")
        program = shutil.which("soffice") or shutil.which("libreoffice")
        if program is None:
            raise UnreadableFile(
                f"Old {format.upper()} files are read through LibreOffice, which is not installed here; "
                f"install it, or save the file as {target.upper()}."
            )
        with tempfile.TemporaryDirectory(prefix="thickshell-office-") as folder:
            source = Path(folder) / f"source.{format}"
            if is_encrypted(path):
                source.write_bytes(decrypted(path, password).read())
            else:
                shutil.copyfile(path, source)
            converted = convert(program, source, target, Path(folder), limits.seconds * 0.8)
            parser = PptxParser() if target == "pptx" else DocxParser()
            document = parser.parse(converted, limits, progress=progress)
        return replace(document, format=format)


def convert(program: str, source: Path, target: str, folder: Path, seconds: float) -> Path:
    """The converted file; the program and its children are killed after so many seconds.

    They stay in the process group of the caller: whoever kills a parser process kills its group, LibreOffice with it.
    """
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(_MACROS_OFF, encoding="utf-8")
    command = [
        program,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--convert-to",
        target,
        "--outdir",
        str(folder / "out"),
        str(source),
    ]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - a fixed program and our own file names, no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise LimitExceeded(
            f"LibreOffice took more than {seconds:.0f} s for the file; save it as {target.upper()}."
        ) from None
    finally:
        _end(process)
    result = folder / "out" / f"{source.stem}.{target}"
    if not result.is_file():
        raise UnreadableFile(DAMAGED)
    return result


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started: soffice is a script whose grandchild does the work."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for descendant in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                descendant.kill()
    process.kill()
    process.wait()


def _is_ppt(path: Path) -> bool:
    import olefile

    try:
        with olefile.OleFileIO(path) as ole:
            return bool(ole.exists("PowerPoint Document"))
    except (OSError, ValueError, IndexError, TypeError, AttributeError, KeyError, RecursionError, struct.error):
        raise UnreadableFile(DAMAGED) from None
