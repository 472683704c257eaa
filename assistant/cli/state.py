"""What the commands share: the global options, printing, and the house they work on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.wiring import House


@dataclass(frozen=True)
class State:
    home: Path | None = None
    config: Path | None = None
    json: bool = False

    def settings(self, **flags: Any) -> Settings:
        from assistant.settings import load

        return load({"home": self.home, **flags}, self.config)

    @contextmanager
    def house(self, **flags: Any) -> Iterator[House]:
        from assistant.logs import kept
        from assistant.wiring import build

        settings = self.settings(**flags)
        with kept(settings.home, settings.log_level):
            house = build(settings)
            try:
                yield house
            finally:
                house.close()


def state(context: typer.Context) -> State:
    found = context.find_object(State)
    return found if found is not None else State()


def say(text: str) -> None:
    """A message for the person, on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def emit(row: dict[str, Any]) -> None:
    """One JSON object on one line of standard output, in UTF-8 whatever the locale."""
    sys.stdout.buffer.write(
        (json.dumps(row, ensure_ascii=False, separators=(", ", ": ")) + "\n").encode("utf-8", "replace")
    )
    sys.stdout.buffer.flush()


def show(text: str = "") -> None:
    """A line for people on standard output."""
    print(text)  # noqa: T201


def show_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    Console().print(table)
