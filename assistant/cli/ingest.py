"""`thickshell ingest`: files and folders into a corpus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assistant.cli.state import emit, say, show, state
from assistant.errors import NotAvailable, NotFound, ThickshellError

if TYPE_CHECKING:
    from assistant.types import JobInfo
    from assistant.wiring import House


def ingest(
    context: typer.Context,
    paths: list[Path] = typer.Argument(..., metavar="PATH...", help="Files and folders; hidden files are passed over."),
    corpus: str = typer.Option(..., "--corpus", help="Corpus to add to; created when it is new."),
    watch: bool = typer.Option(False, "--watch", help="Stay and keep the corpus in step with one folder."),
    workers: int | None = typer.Option(None, "--workers", min=1, help="Parser processes."),
    engine: str = typer.Option("local", "--engine", help="local, or ray for many machines."),
    password: str | None = typer.Option(None, "--password", help="Password of protected files."),
) -> None:
    """Add files and folders to a corpus; returns when they are ready."""
    if engine != "local":
        raise NotAvailable(f"The engine {engine} is not available in this version; use --engine local.")
    for path in paths:
        if not path.exists():
            raise NotFound(f"{path} does not exist; check the path.")
    with state(context).house(workers=workers) as house:
        if corpus not in {c.name for c in house.library.corpora(private=True)}:
            house.library.create(corpus)
        found = list(files(paths))
        if not found:
            say("No files were found there. Hidden ones, and links that lead out of a folder, are left out; name them.")
        summary = add(house, corpus, found, password)
        if state(context).json:
            emit(summary)
        else:
            _tell(summary)
        if watch:
            _watch(house, corpus, paths)
        if summary["failed"]:
            raise typer.Exit(1)


def files(paths: list[Path]) -> Iterator[Path]:
    """Every file below the paths, in a stable order; hidden ones only when named, no links out of a folder."""
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                parts = file.relative_to(path).parts
                inside = not file.is_symlink() or file.resolve().is_relative_to(path.resolve())
                if file.is_file() and inside and not any(p.startswith((".", "~$")) for p in parts):
                    yield file
        else:
            yield path


def add(house: House, corpus: str, found: list[Path], password: str | None = None) -> dict[str, Any]:
    """Submits the files, waits until all are ready or failed, and sums up in the command line's JSON form."""
    started = time.monotonic()
    failed: list[dict[str, str]] = []
    sources: dict[int, Path] = {}
    for file, outcome in zip(found, house.library.submit_all(corpus, found, password=password)):
        if isinstance(outcome, ThickshellError):
            failed.append({"file": str(file), "error": str(outcome)})
        else:
            sources[outcome] = file
    with _Progress(len(sources)) as progress:
        closed = house.library.wait(list(sources), progress.update)
    failed += [
        {"file": str(sources[job.id]), "error": job.error or "The file was cancelled."}
        for job in closed
        if job.state != "done"
    ]
    info = next(c for c in house.library.corpora(private=True) if c.name == corpus)
    return {
        "corpus": corpus,
        "documents": info.documents,
        "passages": info.passages,
        "seconds": round(time.monotonic() - started, 3),
        "failed": failed,
    }


class _Progress:
    """A bar over all files on standard error; silent when it is not a terminal."""

    def __init__(self, files: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("Reading", total=files)

    def __enter__(self) -> _Progress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, jobs: list[JobInfo]) -> None:
        from rich.markup import escape

        active = next((j.document for j in jobs if j.open and j.state != "queued"), "")
        self.bar.update(
            self.task, completed=sum(not j.open for j in jobs), description=escape(f"Reading {active}"[:48])
        )


def _watch(house: House, corpus: str, paths: list[Path]) -> None:
    from ingest.watch import watch_folder

    folders = [path for path in paths if path.is_dir()]
    if len(folders) != 1:
        raise NotFound("--watch needs exactly one folder among the paths.")
    say(f"Watching {folders[0]}; Ctrl+C ends.")
    watch_folder(house.library, corpus, folders[0])


def _tell(summary: dict[str, Any]) -> None:
    show(
        f"{summary['corpus']}: {summary['documents']} documents, {summary['passages']} passages, "
        f"{summary['seconds']:.1f} s"
    )
    for row in summary["failed"]:
        show(f"  failed: {row['file']}: {row['error']}")
