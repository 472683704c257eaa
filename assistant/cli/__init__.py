"""The command line. One file per noun; heavy parts load inside the commands, so that `--help` answers at once.

`--home`, `--config` and `--json` stand before or after the command's words. With `--json` standard output carries JSON
lines and nothing else; progress and messages go to standard error. Exit codes:
0 done, 1 part failed, 2 usage, 3 not found, 4 not available here, 130 interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from assistant.cli import backup, chat, config, corpora, doctor, documents, keys, mcp, models, questions, replay, serve
from assistant.cli import ingest as ingest_command
from assistant.cli.state import State, say
from assistant.errors import ThickshellError

GLOBAL_VALUES = ("--home", "--config")

app = typer.Typer(
    name="thickshell",
    help="An assistant for your own documents: add files, ask, and check every claim at its source.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("ingest")(ingest_command.ingest)
app.add_typer(corpora.app, name="corpora")
app.add_typer(documents.app, name="documents")
app.command("search")(questions.search)
app.command("ask")(questions.ask)
app.command("chat")(chat.chat)
app.command("replay")(replay.replay)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.command("mcp")(mcp.mcp)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("doctor")(doctor.doctor)
app.add_typer(config.app, name="config")


@app.callback()
def root(
    context: typer.Context,
    home: Path | None = typer.Option(None, "--home", help="Folder of all data."),
    config_file: Path | None = typer.Option(None, "--config", help="Settings file (TOML)."),
    json_lines: bool = typer.Option(False, "--json", help="Print JSON lines on standard output, nothing else."),
) -> None:
    context.obj = State(home=home, config=config_file, json=json_lines)


def reordered(words: list[str]) -> list[str]:
    """The command line with the global options first, wherever they stood before a bare `--`."""
    front: list[str] = []
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            return front + rest + [word, *queue]
        if word == "--json":
            front.append(word)
        elif word in GLOBAL_VALUES and queue:
            front += [word, queue.pop(0)]
        elif word.startswith(tuple(f"{name}=" for name in GLOBAL_VALUES)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def main(words: list[str] | None = None) -> None:
    """Entry point of the `thickshell` command; ends the process with the exit codes above."""
    try:
        app(reordered(sys.argv[1:] if words is None else words))
    except ThickshellError as error:
        say(str(error))
        sys.exit(error.exit_code)
