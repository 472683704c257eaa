"""`docs/hardening.md`: each promise with what ran, what failed, and what has not run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tests.hardening.promises import PROMISES

if TYPE_CHECKING:
    from tests.hardening.run import Result, Unit

HEAD = """# Hardening

Written by `make hardening`; do not edit. Each promise is a set of tests named after its number. "Full" tests count what
the last column of the first table says; the others are the quick forms that `make test` runs too. What has no result is
named as not run; a skipped test says why. A plus behind a commit: files differed from it.

Machine of this report: {machine}.
"""


def page(units: Sequence[Unit], results: Mapping[str, Result], machine: str) -> str:
    parts = [HEAD.format(machine=machine), *overview(units, results), "", "## Runs", *runs(units, results), ""]
    return "\n".join([*parts, *notes(units, results)])


def overview(units: Sequence[Unit], results: Mapping[str, Result]) -> Iterator[str]:
    yield "| promise | outcome | tests passed | failed | skipped | seconds | full form |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for number, (said, counts) in PROMISES.items():
        own = [unit for unit in units if unit.promise == number]
        ran = [results[unit.key] for unit in own if unit.key in results]
        sums = [sum(getattr(result, part) for result in ran) for part in ("passed", "failed", "skipped")]
        seconds = round(sum(result.seconds for result in ran))
        cells = (f"{number}. {said}", outcome(own, results), *sums, seconds, counts)
        yield f"| {' | '.join(map(str, cells))} |"


def outcome(own: Sequence[Unit], results: Mapping[str, Result]) -> str:
    ran = [results[unit.key] for unit in own if unit.key in results]
    missing = [unit for unit in own if unit.key not in results]
    if not ran:
        return "not run"
    if any(result.failed for result in ran):
        return "**failed**"
    if any(unit.full for unit in missing):
        done = sum(1 for unit in own if unit.full and unit.key in results)
        return f"quick form kept; full: {done} of {sum(unit.full for unit in own)} run"
    return "in part" if missing else "kept"


def runs(units: Sequence[Unit], results: Mapping[str, Result]) -> Iterator[str]:
    yield "| promise | tests | form | outcome | seconds | day | commit |"
    yield "|---:|---|---|---|---:|---|---|"
    for unit in units:
        form = "full" if unit.full else "quick"
        found = results.get(unit.key)
        if found is None:
            yield f"| {unit.promise} | `{unit.name}` | {form} | not run | | | |"
        else:
            said = ", ".join(f"{n} {what}" for what in ("passed", "failed", "skipped") if (n := getattr(found, what)))
            cells = (unit.promise, f"`{unit.name}`", form, said, found.seconds, found.day, found.commit)
            yield f"| {' | '.join(map(str, cells))} |"


def notes(units: Sequence[Unit], results: Mapping[str, Result]) -> Iterator[str]:
    found = [(unit, note) for unit in units if unit.key in results for note in results[unit.key].notes]
    if found:
        yield "## Failures, reasons for skips, measurements"
        yield from (f"- P{unit.promise}: {note}" for unit, note in found)
        yield ""
