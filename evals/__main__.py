"""`python -m evals NAME [--data DIR] [--limit N]`: measure, and print one JSON object a line."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

TASKS = {
    "retrieval": "evals.retrieval",
    "fit-centres": "evals.fit_centres",
    "fit-ranges": "evals.fit_ranges",
    "fit-fusion": "evals.fit_fusion",
    "rerank": "evals.rerank",
    "answers": "evals.answers",
    "tiers": "evals.tiers",
    "fit-abstention": "evals.abstention",
    "fit-support": "evals.support",
    "small-files": "evals.small_files",
    "big-pdf": "evals.big_pdf",
    "latency": "evals.latency",
    "load": "evals.load",
}
"""Task -> module with `arguments(parser)` and `run(args)`, which yields results."""


def bench_folder() -> Path:
    """Where the public sets lie: THICKSHELL_BENCH, else `shared/bench` beside the checkout."""
    named = os.environ.get("THICKSHELL_BENCH")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "bench"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    tasks = top.add_subparsers(dest="task", required=True)
    for name, module in TASKS.items():
        task = tasks.add_parser(name, help=(importlib.import_module(module).__doc__ or "").splitlines()[0])
        task.add_argument("--data", type=Path, default=bench_folder(), help="folder of the public sets")
        task.add_argument("--limit", type=int, help="at most so many questions")
        task.add_argument("--seed", type=int, default=0, help="of resampling")
        importlib.import_module(module).arguments(task)
    return top


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    if not args.data.is_dir():
        print(f"There is no folder {args.data}; name the public sets' with --data.", file=sys.stderr)
        return 4
    for result in importlib.import_module(TASKS[args.task]).run(args):
        print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
