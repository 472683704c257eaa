"""`thickshell corpora`: named collections of documents."""

from __future__ import annotations

from pathlib import Path

import typer

from assistant.cli.state import emit, say, show, show_table, state
from assistant.types import CorpusInfo, as_dict

app = typer.Typer(help="List, create, rename, delete, export and import corpora.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the corpora."""
    with state(context).house() as house:
        found = house.library.corpora()
    if state(context).json:
        for corpus in found:
            emit(as_dict(corpus))
    elif found:
        show_table(
            ("corpus", "documents", "passages", "failed", "MB"),
            [(c.name, c.documents, c.passages, c.failed, f"{c.bytes / 1e6:.1f}") for c in found],
        )
    else:
        show("No corpora yet. Add files with: thickshell ingest FILE... --corpus NAME")


@app.command()
def create(context: typer.Context, name: str) -> None:
    """Create an empty corpus."""
    with state(context).house() as house:
        _tell(context, house.library.create(name), "created")


@app.command()
def rename(context: typer.Context, name: str, new: str) -> None:
    """Rename a corpus."""
    with state(context).house() as house:
        house.library.rename(name, new)
        _tell(context, next(c for c in house.library.corpora(private=True) if c.name == new), "renamed")


@app.command()
def delete(
    context: typer.Context, name: str, yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask.")
) -> None:
    """Delete a corpus with all its documents."""
    with state(context).house() as house:
        info = next((c for c in house.library.corpora(private=True) if c.name == name), None)
        if info and not yes and not state(context).json:
            typer.confirm(
                f"Delete {name} with its {info.documents} documents? This cannot be undone.", abort=True, err=True
            )
        house.library.delete(name)
    if state(context).json:
        emit({"corpus": name, "deleted": True})
    else:
        show(f"{name}: deleted")


@app.command("export")
def export(context: typer.Context, name: str, target: Path) -> None:
    """Write a corpus, with its originals, into one archive."""
    with state(context).house() as house:
        house.library.export(name, target)
    if state(context).json:
        emit({"corpus": name, "file": str(target), "bytes": target.stat().st_size})
    else:
        show(f"{name}: written to {target}")


@app.command("import")
def import_(
    context: typer.Context, source: Path, name: str | None = typer.Option(None, "--name", help="Name to give it.")
) -> None:
    """Read a corpus from an archive that `export` wrote."""
    with state(context).house() as house:
        imported = house.library.import_(source, name)
        if waiting := [job.id for job in house.library.jobs(imported.name) if job.open]:
            say(f"{imported.name}: searchable by words; {len(waiting)} documents are being embedded.")
            house.library.wait(waiting)
        _tell(context, imported, "imported")


def _tell(context: typer.Context, info: CorpusInfo, done: str) -> None:
    if state(context).json:
        emit(as_dict(info))
    else:
        show(f"{info.name}: {done}, {info.documents} documents")
