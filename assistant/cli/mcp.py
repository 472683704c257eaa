"""`thickshell mcp`: the documents as tools of other assistants, over standard input and output."""

from __future__ import annotations

import typer

from assistant.cli.state import state


def mcp(context: typer.Context) -> None:
    """Serve search and answers to an assistant that speaks the Model Context Protocol and starts this command."""
    with state(context).house() as house:
        from assistant.api.mcp_server import run_stdio

        run_stdio(house)
