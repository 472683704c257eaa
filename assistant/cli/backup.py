"""`thickshell backup` and `thickshell restore`: a whole home in one file."""

from __future__ import annotations

from pathlib import Path

import typer

from assistant.cli.state import emit, show, state


def backup(context: typer.Context, file: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Write everything into one file, also while others work."""
    from ingest.backup import backup as write

    write(state(context).settings().home, file)
    if state(context).json:
        emit({"file": str(file), "bytes": file.stat().st_size})
    else:
        show(f"{file}: written, {file.stat().st_size / 1e6:.1f} MB")


def restore(context: typer.Context, file: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Read everything back from a backup; an old home is set aside, not lost."""
    from ingest.backup import restore as read

    home = state(context).settings().home
    aside = read(file, home)
    if state(context).json:
        emit({"file": str(file), "home": str(home), "set_aside": str(aside) if aside else None})
    else:
        show(f"{home}: restored" + (f"; what was there lies in {aside}" if aside else ""))
