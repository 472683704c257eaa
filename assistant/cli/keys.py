"""`thickshell keys`: keys of programs that talk to the HTTP API."""

from __future__ import annotations

from typing import Literal

import typer

from assistant.cli.state import emit, say, show, show_table, state

app = typer.Typer(help="Keys of programs that talk to the HTTP API.", no_args_is_help=True)


@app.command()
def create(
    context: typer.Context,
    name: str = typer.Argument(..., help="What will use it."),
    scope: Literal["read", "write"] = typer.Option("read", "--scope", help="read: ask and search; write: change too."),
    corpora: list[str] = typer.Option([], "--corpus", help="Only this corpus (may be given several times)."),
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    with state(context).house() as house:
        secret, key = house.keys.create(name, write=scope == "write", corpora=corpora)
    if state(context).json:
        emit({"key": secret, **key.as_json()})
    else:
        show(secret)
        say("Keep it now: it is not shown again.")


@app.command("list")
def list_(context: typer.Context) -> None:
    """List keys, without the keys themselves."""
    with state(context).house() as house:
        rows = [key.as_json() for key in house.keys.list()]
    if state(context).json:
        for row in rows:
            emit(row)
        return
    columns = ("id", "name", "scope", "corpora", "created", "revoked")
    shown = [row | {"corpora": "all" if row["corpora"] is None else ", ".join(row["corpora"])} for row in rows]
    show_table(columns, ([row[column] or "" for column in columns] for row in shown))


@app.command()
def revoke(context: typer.Context, key: str = typer.Argument(..., help="Its id, or its name.")) -> None:
    """End a key; programs that use it are refused from now on."""
    with state(context).house() as house:
        ended = house.keys.revoke(key)
    if state(context).json:
        emit(ended.as_json())
    else:
        say(f"The key {ended.name} ({ended.id}) is revoked.")
