"""Ingests files into a home until idle: `python crash_child.py HOME FILE...`. Meant to be killed at any moment."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from homes import home_at  # noqa: E402 - found beside this file

from assistant.errors import Conflict  # noqa: E402


def main(home: str, *files: str) -> None:
    with home_at(Path(home)) as parts:
        print("open", flush=True)
        with contextlib.suppress(Conflict):
            parts.library.create("c")
        jobs = parts.library.submit_all("c", [Path(file) for file in files])
        parts.library.wait([job for job in jobs if isinstance(job, int)])


if __name__ == "__main__":
    main(*sys.argv[1:])
