"""Promise 38: many people chat with one real server; none waits for nothing, and memory does not grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.settings import Settings
from assistant.wiring import build
from evals.load import measured, percentiles, server

PLACES = {
    f"place{n}.txt": f"In {1900 + n} the town of Place{n} had {n * 37} people.\n\nIt has a mill." for n in range(40)
}
QUESTIONS = [f"How many people did Place{n} have in {1900 + n}?" for n in range(40)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    house = build(Settings(home=tmp_path / "home", encoder="hashed"))
    house.library.create("towns")
    (tmp_path / "in").mkdir()
    for name, text in PLACES.items():
        (tmp_path / "in" / name).write_text(text)
    house.library.submit_all("towns", sorted((tmp_path / "in").iterdir()))
    house.worker.run_until_idle()
    house.close()
    return tmp_path / "home"


def test_p38_five_people_chat(home: Path) -> None:
    with server(home, {"THICKSHELL_ENCODER": "hashed"}) as (address, pid):
        found = measured(address, pid, QUESTIONS, people=5, seconds=8, pause=0.3)
    assert (found["failed"], found["failures"]) == (0, [])
    assert found["questions"] >= 5
    assert found["chat"]["p50_ms"] > 0


@pytest.mark.hardening
@pytest.mark.timeout(7200)
def test_p38_fifty_people_for_ten_minutes(home: Path, record_property: Callable[[str, object], None]) -> None:
    """With the span reader; the encoder is the hashed one: `python -m evals load` measures with the packaged one, over
    more passages."""
    with server(home, {"THICKSHELL_ENCODER": "hashed"}) as (address, pid):
        found = measured(address, pid, QUESTIONS, people=50, seconds=600, pause=5)
    record_property("measured", f"{found}")
    assert (found["failed"], found["failures"]) == (0, [])
    assert found["questions"] >= 1000


@pytest.mark.hardening
@pytest.mark.timeout(14_400)
def test_p38_memory_after_ten_thousand_questions(home: Path, record_property: Callable[[str, object], None]) -> None:
    """Asked by ten people without pauses: about 25 minutes on two cores."""
    with server(home, {"THICKSHELL_ENCODER": "hashed"}) as (address, pid):
        found = measured(address, pid, QUESTIONS, people=10, seconds=0, pause=0, total=10_000)
    record_property("measured", f"{found}")
    assert (found["failed"], found["failures"]) == (0, [])
    assert found["questions"] >= 10_000
    assert found["memory_growth"] < 0.05


def test_percentiles() -> None:
    assert percentiles([0.1] * 99 + [2.0]) == {"p50_ms": 100.0, "p95_ms": 100.0, "p100_ms": 2000.0}
    assert percentiles([]) == {}
