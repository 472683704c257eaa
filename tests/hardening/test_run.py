"""The runner of full counts: which tests are which promise's, and what the report says of what did not run."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.hardening.promises import PROMISES
from tests.hardening.report import outcome, page
from tests.hardening.run import Ran, Result, load, promises_of, result, save, units

FULL = ["tests/a.py::test_p13_full[csv]", "tests/a.py::test_p13_full[md]"]
OTHERS = ["tests/a.py::test_p13_few[csv]", "tests/a.py::test_p13_few[md]", "tests/b.py::test_p06_p32_names"]
GOOD = Result(2, 0, 0, 1.5, "2030-01-02", "abc1234")
BAD = Result(1, 1, 0, 1.5, "2030-01-02", "abc1234", ("test_p13_few[md] failure: it hung",))


def test_numbers_in_names() -> None:
    assert promises_of("tests/x.py::test_p06_p32_names[p99_]") == [6, 32]
    assert promises_of("tests/x.py::test_page_of_p13_") == []


def test_a_full_count_is_a_unit_and_the_others_of_a_file_are_one() -> None:
    found = units(FULL, OTHERS)
    assert [(unit.promise, unit.full, unit.ids) for unit in found] == [
        (6, False, ("tests/b.py::test_p06_p32_names",)),
        (13, False, ("tests/a.py::test_p13_few",)),
        (13, True, (FULL[0],)),
        (13, True, (FULL[1],)),
        (32, False, ("tests/b.py::test_p06_p32_names",)),
    ]


def test_a_full_count_of_two_promises_is_one_run() -> None:
    first, second = units(["tests/a.py::test_p34_p39_suite"], [])
    assert (first.promise, second.promise, first.ids) == (34, 39, second.ids)


def test_tests_against_a_model_server_run_a_file_at_a_time() -> None:
    full = ["tests/server/a.py::test_p21_kill[50]", "tests/server/a.py::test_p22_leave[100]"]
    stop, one, kill, two, leave = units(full, ["tests/a.py::test_p18_stop", *full])
    assert [unit.served for unit in (stop, one, kill, two, leave)] == [False, True, True, True, True]
    assert one.ids == two.ids == ("tests/server/a.py::test_p21_kill", "tests/server/a.py::test_p22_leave")
    assert kill.ids == leave.ids == tuple(full)
    assert len({unit.key for unit in (one, kill, two, leave)}) == 4


def test_of_a_run_the_tests_of_the_promise_are_counted() -> None:
    took = '<properties><property name="took" value="3 s"/></properties>'
    hung = '<failure message="it hung"/>'
    text = (
        f'<s><testcase name="test_p21_kill[50]">{took}</testcase>'
        f'<testcase name="test_p22_leave[100]">{hung}</testcase></s>'
    )
    ran = Ran(tuple(ElementTree.fromstring(text).iter("testcase")), 1, 9.0)
    killed, left = result(ran, 21, "abc"), result(ran, 22, "abc")
    assert (killed.passed, killed.failed, killed.notes) == (1, 0, ("took: 3 s",))
    assert (left.passed, left.failed, left.notes) == (0, 1, ("test_p22_leave[100] failure: it hung",))


def test_what_did_not_run_is_said() -> None:
    quick, csv, md = (unit for unit in units(FULL, OTHERS) if unit.promise == 13)
    own = [quick, csv, md]
    assert outcome(own, {}) == "not run"
    assert outcome(own, {quick.key: GOOD}) == "quick form kept; full: 0 of 2 run"
    assert outcome(own, {quick.key: GOOD, csv.key: GOOD}) == "quick form kept; full: 1 of 2 run"
    assert outcome(own, {unit.key: GOOD for unit in own}) == "kept"
    assert outcome(own, {quick.key: BAD, csv.key: GOOD, md.key: GOOD}) == "**failed**"
    text = page(own, {quick.key: BAD, csv.key: GOOD}, "a machine")
    assert "| 13 | `tests/a.py::test_p13_full[md]` | full | not run | | | |" in text
    assert "| 13 | `tests/a.py` | quick | 1 passed, 1 failed | 1.5 | 2030-01-02 | abc1234 |" in text
    assert "- P13: test_p13_few[md] failure: it hung" in text
    assert "| 1. A crash loses nothing | not run | 0 |" in text


def test_results_outlive_the_process(tmp_path: Path) -> None:
    save(tmp_path / "cache" / "state.json", {"13 x": BAD})
    assert load(tmp_path / "cache" / "state.json") == {"13 x": BAD}
    assert load(tmp_path / "none.json") == {}


def test_every_promise_of_the_list_has_tests() -> None:
    sources = [file.read_text("utf-8") for file in Path(__file__).parents[1].rglob("test_*.py")]
    lines = [
        f"x::{line.removeprefix('def ')}" for text in sources for line in text.splitlines() if "def test_p" in line
    ]
    tested = {promise for line in lines for promise in promises_of(line)}
    assert set(PROMISES) <= tested
