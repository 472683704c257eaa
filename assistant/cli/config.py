"""`thickshell config`: the settings in force, where they come from, and which there are."""

from __future__ import annotations

import json
from typing import Any

import typer

from assistant.cli.state import emit, show, show_table, state

app = typer.Typer(help="Show the settings in force, their file, or all that there are.", no_args_is_help=True)


@app.command("show")
def show_(context: typer.Context) -> None:
    """Print the settings in force."""
    values = state(context).settings().model_dump(mode="json")
    if state(context).json:
        emit(values)
    else:
        show_table(("setting", "value"), values.items())


@app.command()
def path(context: typer.Context) -> None:
    """Print where the settings file is looked for."""
    from assistant.settings import config_path

    file = state(context).config or config_path()
    if state(context).json:
        emit({"path": str(file), "exists": file.is_file()})
    else:
        show(str(file))


@app.command()
def schema(context: typer.Context) -> None:
    """Print every setting with its type, default and meaning (JSON Schema)."""
    from assistant.settings import Settings

    described: dict[str, Any] = Settings.model_json_schema()
    if state(context).json:
        emit(described)
    else:
        show(json.dumps(described, indent=2, ensure_ascii=False))
