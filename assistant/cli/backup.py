"""`thickshell backup` and `thickshell restore`: a whole home in one file."""

from __future__ import annotations

from pathlib import Path

import typer

from assistant.cli.state import emit, show, state


def backup(context: typer.Context, file: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Write everything into one file, also while others work."""
    from ingest.backup import backup as write

    counts = write(state(context).settings().home, file)
    _tell(context, file, counts, "written")


def restore(context: typer.Context, file: Path = typer.Argument(..., metavar="FILE")) -> None:
    """Read everything back from a backup; an old home is set aside, not lost."""
    from ingest.backup import restore as read

    counts = read(file, state(context).settings().home)
    _tell(context, file, counts, "restored")


def _tell(context: typer.Context, file: Path, counts: dict[str, int], done: str) -> None:
    if state(context).json:
        emit({"file": str(file), **counts})
    else:
        show(f"{file}: {done}, " + ", ".join(f"{value} {key}" for key, value in counts.items()))
