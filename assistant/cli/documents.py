"""`thickshell documents`: what is in a corpus."""

from __future__ import annotations

import typer

from assistant.cli.state import emit, show, show_table, state
from assistant.types import as_dict

app = typer.Typer(help="List, show and delete documents.", no_args_is_help=True)
CORPUS = typer.Option(..., "--corpus", help="Corpus of the document.")


@app.command("list")
def list_(context: typer.Context, corpus: str = CORPUS) -> None:
    """List a corpus's documents."""
    with state(context).house() as house:
        found = house.library.documents(corpus)
    if state(context).json:
        for info in found:
            row = as_dict(info)
            emit({"document": row.pop("name"), **row})
    elif found:
        rows = [(d.name, d.state, d.format, d.report.pages or "", d.report.passages, d.error or "") for d in found]
        show_table(("document", "state", "format", "pages", "passages", "error"), rows)
    else:
        show(f"{corpus} holds no documents. Add some with: thickshell ingest FILE... --corpus {corpus}")


@app.command("show")
def show_(context: typer.Context, name: str, corpus: str = CORPUS) -> None:
    """Show a document as it was read: state, report, text, tables."""
    with state(context).house() as house:
        row = house.library.show(corpus, name)
    if state(context).json:
        emit(row)
        return
    show(f"{row['document']} ({row['state']})")
    if row["error"]:
        show(f"  {row['error']}")
    report = row["report"]
    show("  " + ", ".join(f"{key} {value}" for key, value in report.items() if value and key != "warnings"))
    for warning in report.get("warnings", ()):
        show(f"  note: {warning}")
    show()
    show(row["text"])


@app.command()
def delete(context: typer.Context, name: str, corpus: str = CORPUS) -> None:
    """Delete a document: gone from answers, exports and the disk."""
    with state(context).house() as house:
        house.library.delete_document(corpus, name)
    if state(context).json:
        emit({"document": name, "corpus": corpus, "deleted": True})
    else:
        show(f"{name}: deleted")
