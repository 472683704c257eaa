"""Full counts of the promises, one pytest process a unit: `python -m tests.hardening.run [--promise 13] [--fresh]`.

Results are kept in the user's cache after each unit, so a run that was broken off goes on where it was; once every
unit has a result, the next call begins anew. `docs/hardening.md` is written after each unit: what has no result yet is
named there as not run. Tests against a real model server run where a vLLM is at hand (`THICKSHELL_VLLM_PYTHON`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from assistant.embedders.weights import cache_folder
from assistant.errors import NotAvailable
from assistant.models.vllm_command import engine, interpreter
from tests.hardening.report import page

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "hardening.md"
SERVER = "tests/server/"
"""Tests that need a real model server."""
NUMBERED = re.compile(r"^def test_p\d\d_", re.MULTILINE)


@dataclass(frozen=True)
class Unit:
    """Tests of one promise that run as one process: a full count alone, the others of a file together. Where a model
    server has to be started, `ids` are all full counts of the file, or all others: those of the promise are counted."""

    promise: int
    full: bool
    ids: tuple[str, ...]

    @property
    def name(self) -> str:
        first = self.ids[0]
        return first if self.full and not self.served else first.split("::")[0]

    @property
    def key(self) -> str:
        return f"{self.promise:02d} {self.name}{' full' if self.full and self.served else ''}"

    @property
    def served(self) -> bool:
        return self.ids[0].startswith(SERVER)


@dataclass(frozen=True)
class Ran:
    """One process of pytest, with the cases of its report."""

    cases: tuple[ElementTree.Element, ...]
    code: int
    seconds: float


@dataclass(frozen=True)
class Result:
    passed: int
    failed: int
    skipped: int
    seconds: float
    day: str
    commit: str
    notes: tuple[str, ...] = ()  # names of failures, reasons of skips, what was measured


def mark_of(full: bool) -> str:
    return "hardening" if full else "not hardening"


def vllm_here() -> bool:
    try:
        return bool(engine(interpreter()))
    except NotAvailable:
        return False


def collected(marks: str) -> list[str]:
    """Ids of all tests that carry a promise's number; other files are not even imported."""
    files = [file for file in sorted((ROOT / "tests").rglob("test_*.py")) if NUMBERED.search(file.read_text("utf-8"))]
    options = ["-o", "addopts=", "--collect-only", "-q", "-m", marks, "-k", "_p"]
    command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if "::" in line and promises_of(line)]


def promises_of(test: str) -> list[int]:
    """The numbers in a test's name.

    >>> promises_of("tests/x.py::test_p06_p32_names[a]")
    [6, 32]
    """
    found = re.search(r"::test_((?:p\d\d_)+)", test)
    return [int(number) for number in re.findall(r"p(\d\d)_", found[1])] if found else []


def units(full: Sequence[str], others: Sequence[str]) -> list[Unit]:
    """In the order of the promises; quick tests before full counts."""
    others = list(dict.fromkeys(test.split("[")[0] for test in others))
    alone = [test for test in full if not test.startswith(SERVER)]
    made = [Unit(promise, True, (test,)) for test in alone for promise in promises_of(test)]
    files: dict[tuple[int, str], list[str]] = {}
    for test in others:
        for promise in promises_of(test):
            if not test.startswith(SERVER):
                files.setdefault((promise, test.split("::")[0]), []).append(test)
    made += [Unit(promise, False, tuple(tests)) for (promise, _), tests in files.items()]
    made += [*served(full, True), *served(others, False)]
    return sorted(made, key=lambda unit: (unit.promise, unit.full, unit.key))


def served(tests: Sequence[str], full: bool) -> Iterator[Unit]:
    """A start of a server takes long: all of a file run together, and stand under each of their promises."""
    files: dict[str, list[str]] = {}
    for test in tests:
        if test.startswith(SERVER):
            files.setdefault(test.split("::")[0], []).append(test)
    for ids in files.values():
        for promise in sorted({promise for test in ids for promise in promises_of(test)}):
            yield Unit(promise, full, tuple(ids))


def run(unit: Unit) -> Ran:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-m", mark_of(unit.full), f"--junitxml={report}", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *unit.ids], cwd=ROOT, capture_output=True, text=True
        )
        cases = tuple(ElementTree.parse(report).iter("testcase")) if report.is_file() else ()
    return Ran(cases, done.returncode, round(time.monotonic() - began, 1))


def result(ran: Ran, promise: int, commit: str) -> Result:
    """What came of the promise's tests among those that ran."""
    cases = [case for case in ran.cases if promise in promises_of(f"::{case.get('name')}")]
    notes = [note for case in cases for note in notes_of(case)]
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    if not cases:
        failed, notes = 1, [f"pytest ended with {ran.code} and ran nothing"]
    day = datetime.now(UTC).date().isoformat()
    passed = len(cases) - failed - skipped if cases else 0
    return Result(passed, failed, skipped, ran.seconds, day, commit, tuple(notes))


def notes_of(case: ElementTree.Element) -> list[str]:
    found = [f"{item.get('name')}: {item.get('value')}" for item in case.iter("property")]
    for kind in ("failure", "error", "skipped"):
        if (part := case.find(kind)) is not None:
            said = (part.get("message") or "").splitlines()
            found.append(f"{case.get('name')} {kind}: {said[0][:200] if said else ''}")
    return found


def commit() -> str:
    """Short id of the checkout's commit, with a plus where files differ from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    files = ["status", "--porcelain", "-uno", "--", ".", f":!{TARGET.relative_to(ROOT)}"]  # the report is written here
    changed = subprocess.run([*git, *files], capture_output=True, text=True).stdout.strip()
    return f"{head}{'+' if changed else ''}" or "unknown"


def machine() -> str:
    import psutil

    cores, memory = os.cpu_count(), round(psutil.virtual_memory().total / (1 << 30))
    return f"{platform.system()} {platform.machine()}, {cores} cores, {memory} GB, Python {platform.python_version()}"


def state_file() -> Path:
    return cache_folder() / "hardening.json"


def load(file: Path) -> dict[str, Result]:
    if not file.is_file():
        return {}
    kept = json.loads(file.read_text("utf-8"))
    return {key: Result(**{**value, "notes": tuple(value["notes"])}) for key, value in kept.items()}


def save(file: Path, results: dict[str, Result]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps({key: asdict(result) for key, result in results.items()}, indent=1), "utf-8")
    beside.replace(file)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hardening.run", description=__doc__)
    parser.add_argument("--promise", type=int, action="append", help="only this one (may be given several times)")
    parser.add_argument("--fresh", action="store_true", help="forget the results of an unfinished run")
    parser.add_argument("--again", action="store_true", help="run the chosen promises even where they have results")
    parser.add_argument("--quick", action="store_true", help="leave out the full counts; they stay named as not run")
    parser.add_argument("--full", action="store_true", help="run the full counts alone")
    parser.add_argument("--report", action="store_true", help="only write the report of what has run")
    args = parser.parse_args(arguments)
    wanted = units(collected(mark_of(True)), collected(mark_of(False)))
    known = {} if args.fresh else load(state_file())
    chosen = [unit for unit in wanted if not args.promise or unit.promise in args.promise]
    if all(unit.key in known for unit in chosen) and not args.report:
        known = {key: result for key, result in known.items() if key not in {unit.key for unit in chosen}}
    now: dict[tuple[str, ...], Ran] = {}  # one run of a test is for all the promises in its name
    there = vllm_here()
    for unit in chosen:
        if unit.served and not there:
            print(f"P{unit.key}: no vLLM here; set THICKSHELL_VLLM_PYTHON")
            continue
        kept = unit.key in known and not known[unit.key].failed  # what failed runs again
        if args.report or (args.quick if unit.full else args.full) or (kept and not args.again):
            continue
        print(f"P{unit.key} ...", end=" ", flush=True)
        ran = now[unit.ids] = now.get(unit.ids) or run(unit)
        found = result(ran, unit.promise, commit())
        print(f"{found.passed} passed, {found.failed} failed, {found.skipped} skipped, {found.seconds} s")
        known = known | load(state_file()) | {unit.key: found}
        save(state_file(), known)
        TARGET.write_text(page(wanted, known, machine()), "utf-8")
    TARGET.write_text(page(wanted, known, machine()), "utf-8")
    return 1 if any(known[unit.key].failed for unit in chosen if unit.key in known) else 0


if __name__ == "__main__":
    sys.exit(main())
