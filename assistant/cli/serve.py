"""`thickshell serve`: the page and its routes."""

from __future__ import annotations

import typer

from assistant.cli.state import say, state


def serve(
    context: typer.Context,
    host: str | None = typer.Option(None, "--host", help="Address to listen on (default 127.0.0.1)."),
    port: int | None = typer.Option(None, "--port", help="Port (default 7860); 0 picks a free one."),
) -> None:
    """Open the page on this machine."""
    from assistant.api import serve as run

    with state(context).house(host=host, port=port) as house:
        run(house, say)
