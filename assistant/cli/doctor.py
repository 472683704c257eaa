"""`thickshell doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assistant.cli import doctor_models
from assistant.cli.doctor_models import Check
from assistant.cli.state import emit, show, state
from assistant.errors import ThickshellError

if TYPE_CHECKING:
    from assistant.settings import Settings


def doctor(context: typer.Context) -> None:
    """Check this machine: packages, models, folders, optional programs."""
    settings = state(context).settings()
    checks = [check(settings) for check in CHECKS]
    if state(context).json:
        emit(
            {
                "ok": all(ok for _, ok, _ in checks),
                "checks": [{"name": n, "ok": ok, "detail": d} for n, ok, d in checks],
            }
        )
    else:
        for name, ok, detail in checks:
            show(f"{'ok  ' if ok else 'LOOK'}  {name}: {detail}")
    if not all(ok for _, ok, _ in checks):
        raise typer.Exit(1)


def _python(_: Settings) -> Check:
    return (
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )


def _packages(_: Settings) -> Check:
    found, missing = [], []
    for name in ("torch", "transformers", "sentence-transformers", "faiss-cpu", "tantivy", "gradio", "sqlalchemy"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    return (
        "packages",
        not missing,
        ", ".join(found) if not missing else f"missing {', '.join(missing)}; run make install",
    )


def _home(settings: Settings) -> Check:
    folder = settings.home
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        return "home", False, f"{settings.home} cannot be written; choose another with --home"
    return "home", free > 1, f"{settings.home}, {free:.0f} GB free" + ("" if free > 1 else "; make room")


def _log(settings: Settings) -> Check:
    from assistant.logs import FOLDER, NAME

    file = settings.home / FOLDER / NAME
    if not file.is_file():
        return "log", True, f"{file}, nothing written yet"
    written = datetime.fromtimestamp(file.stat().st_mtime).isoformat(" ", "minutes")
    return (
        "log",
        True,
        f"{file}, {file.stat().st_size / 1000:.0f} kB, last written {written}; it holds no document text",
    )


def _encoder(settings: Settings) -> Check:
    if settings.encoder != "packaged":
        return "encoder", True, f"{settings.encoder} (by settings)"
    try:
        from assistant.embedders.weights import encoder_folder

        return "encoder", True, f"multilingual-e5-small at {encoder_folder()}"
    except ThickshellError as error:
        return "encoder", False, str(error)


def _reader(settings: Settings) -> Check:
    folder = (
        Path(settings.reader) if settings.reader != "packaged" else Path(__file__).parents[1] / "readers" / "weights"
    )
    there = any(folder.glob("*.safetensors"))
    return (
        "reader",
        there,
        f"span reader at {folder}" if there else f"no span reader at {folder}; quotes are whole sentences",
    )


def _processor(settings: Settings) -> Check:
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    known = [name for name in ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx2") if name in flags]
    return "processor", True, f"{os.cpu_count()} cores, {', '.join(known) or 'no known vector extensions'}"


def _ocr(settings: Settings) -> Check:
    there = util.find_spec("rapidocr") is not None
    return (
        "ocr",
        there or not settings.ocr,
        "rapidocr" if there else "rapidocr is missing; run make install, or set ocr = false",
    )


def _office(_: Settings) -> Check:
    program = shutil.which("soffice")
    return (
        "legacy office",
        True,
        program or "LibreOffice is not installed; .doc and .ppt files are refused, all else works",
    )


def _database(settings: Settings) -> Check:
    return "sqlite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    _python,
    _packages,
    _processor,
    *doctor_models.CHECKS,
    _home,
    _database,
    _log,
    _encoder,
    _reader,
    _ocr,
    _office,
)
