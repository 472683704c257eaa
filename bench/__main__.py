"""`python -m bench [NAME]`: measure speed; one JSON object a line. Without a name: all, small."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from evals.__main__ import bench_folder

BENCHES = {
    "ingest": "bench.ingest",
    "query": "bench.query",
    "scale": "bench.scale",
    "serving": "bench.serving",
    "prefix": "bench.prefix",
    "card": "bench.card",
}
"""Name -> module with `arguments(parser)` and `run(args)`, which yields results."""


def main(arguments: list[str] | None = None) -> int:
    top = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = top.add_subparsers(dest="name")
    for name, module in BENCHES.items():
        one = names.add_parser(name, help=(importlib.import_module(module).__doc__ or "").splitlines()[0])
        one.add_argument("--data", type=Path, default=bench_folder(), help="folder of the public sets")
        one.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
        importlib.import_module(module).arguments(one)
    args = top.parse_args(arguments)
    for name in [args.name] if args.name else BENCHES:
        chosen = args if args.name else top.parse_args([name])
        for result in importlib.import_module(BENCHES[name]).run(chosen):
            print(json.dumps({"bench": name} | result, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
