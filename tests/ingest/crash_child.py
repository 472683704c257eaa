"""Ingests files into a home until idle: `python crash_child.py HOME FILE...`. Meant to be killed at any moment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from homes import home_at  # noqa: E402 - found beside this file


def main(home: str, *files: str) -> None:
    with home_at(Path(home)) as parts:
        print("open", flush=True)
        if "c" not in {info.name for info in parts.library.corpora()}:
            parts.library.create("c")
        parts.library.submit_all("c", [Path(file) for file in files])
        parts.worker.run_until_idle()


if __name__ == "__main__":
    main(*sys.argv[1:])
