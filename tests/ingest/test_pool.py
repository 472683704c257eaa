from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import psutil
import pytest

from assistant.errors import Cancelled, LimitExceeded, UnreadableFile
from assistant.types import Block, Box, Cell, Document, Limits, Line, Report, Table
from ingest import codec
from ingest.builder import DocumentBuilder
from ingest.pool import ParserPool
from tests.machine import office

HERE = Path(__file__).resolve().parent


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes the child's text parser run the given statements: what a parser of damaged input may do."""

    def install(code: str) -> None:
        body = "".join(f"        {line}\n" for line in code.split("\n"))
        (tmp_path / "sitecustomize.py").write_text(
            "import sys, types\n"
            "class P:\n"
            "    def parse(self, path, limits, *, password=None, progress=None):\n"
            f"{body}"
            "m = types.ModuleType('ingest.parsers.text')\n"
            "m.TextParser = P\n"
            "sys.modules['ingest.parsers.text'] = m\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return install


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("A note.\n")
    return path


GOOD = """from ingest.builder import DocumentBuilder
b = DocumentBuilder('text')
b.add('paragraph', path.read_text())
return b.build()"""


def test_a_document_comes_back_whole(note: Path) -> None:
    with ParserPool(1) as pool:
        document = pool.parse(note, "text")
    assert document.text.strip() == "A note."
    assert document.report.seconds >= 0


def test_the_process_stays_warm(note: Path) -> None:
    with ParserPool(1) as pool:
        pool.parse(note, "text")
        first = pool.pids()
        pool.parse(note, "text")
        assert pool.pids() == first
    assert not psutil.pid_exists(first[0])


@pytest.mark.parametrize(
    ("code", "limits", "said"),
    [
        ("while True: pass", Limits(seconds=1), "took longer than 1 seconds"),
        ("import os; os._exit(3)", Limits(), "made its parser crash"),
        ("import os; os.kill(os.getpid(), 11)", Limits(), "made its parser crash"),
        ("x = [b'x' * (1 << 20) for _ in range(4000)]", Limits(memory_mb=150), "MB of memory"),
        ("x = bytes(1 << 40)", Limits(), "MB of memory"),
        ("raise KeyError('x')", Limits(), "damaged"),
        ("def f(): return f()\nf()", Limits(), "nested too deeply"),
        ("import nowhere_to_be_found", Limits(), "not installed"),
    ],
)
def test_what_a_bad_file_does_is_one_sentence(
    hostile: Callable[[str], None], note: Path, code: str, limits: Limits, said: str
) -> None:
    hostile(code)
    with ParserPool(1, limits) as pool, pytest.raises(UnreadableFile, match=said) as caught:
        pool.parse(note, "text")
    assert "\n" not in str(caught.value)


def test_after_a_kill_the_next_file_is_read(hostile: Callable[[str], None], note: Path, tmp_path: Path) -> None:
    hostile("if 'bad' in path.name:\n    while True: pass\n" + GOOD)
    bad = tmp_path / "bad.txt"
    bad.write_text("x")
    with ParserPool(1, Limits(seconds=1)) as pool:
        with pytest.raises(LimitExceeded):
            pool.parse(bad, "text")
        assert pool.parse(note, "text").text == "A note."


def test_printing_does_not_break_the_protocol(hostile: Callable[[str], None], note: Path) -> None:
    hostile("print('{\"done\": true}', flush=True)\n" + GOOD)
    with ParserPool(1) as pool:
        assert pool.parse(note, "text").text == "A note."


def test_pages_reported_extend_the_time(hostile: Callable[[str], None], note: Path) -> None:
    hostile("import time\nfor page in range(1, 6):\n    time.sleep(0.4)\n    progress(page, 5)\n" + GOOD)
    seen: list[tuple[int, int]] = []
    with ParserPool(1, Limits(seconds=1.5)) as pool:
        assert pool.parse(note, "text", progress=lambda page, pages: seen.append((page, pages))).text == "A note."
    assert seen[-1] == (5, 5)


def test_cancel_kills(hostile: Callable[[str], None], note: Path) -> None:
    hostile("while True: pass")
    end = time.monotonic() + 1
    with ParserPool(1) as pool:
        with pytest.raises(Cancelled):
            pool.parse(note, "text", cancelled=lambda: time.monotonic() > end)
        assert pool.pids() == []
    assert time.monotonic() < end + 5


def test_callers_share_the_processes(hostile: Callable[[str], None], note: Path) -> None:
    hostile("import time\ntime.sleep(0.2)\n" + GOOD)
    out: list[str] = []
    with ParserPool(2) as pool:
        threads = [threading.Thread(target=lambda: out.append(pool.parse(note, "text").text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(pool.pids()) == 2
    assert out == ["A note."] * 4


def gone(pid: int, seconds: float = 10.0) -> bool:
    """No process of this id is at work any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


PARSES_TEXT = """
import sys
from pathlib import Path
from ingest.pool import ParserPool
pool = ParserPool(1)
pool.parse(Path(sys.argv[1]), sys.argv[2])
print(pool.pids()[0], flush=True)
import time; time.sleep(60)
"""


def started(file: Path, format: str, code: str = PARSES_TEXT) -> subprocess.Popen[str]:
    """Another process that owns a pool and reads a file with it."""
    root = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(HERE.parents[1])])
    command = [sys.executable, "-c", code, str(file), format]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root})


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_children_die_with_their_parent(note: Path) -> None:
    with started(note, "text") as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    assert gone(child)


# --- programs that parsers start -----------------------------------------------------------------------------------
SLEEPS = """import subprocess, sys
outer = "import subprocess, sys; subprocess.run(['sleep', '60'])"
subprocess.Popen([sys.executable, '-c', outer])
import time; time.sleep({})
"""


def below_of(pid: int) -> list[int]:
    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


def programs_of(pid: int, count: int, others: Collection[int] = (), seconds: float = 15.0) -> list[int]:
    """Processes below this one but for `others`, as soon as there are so many."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        below = [number for number in below_of(pid) if number not in others]
        if len(below) >= count:
            return below
        time.sleep(0.02)
    raise AssertionError("nothing was started")


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
@pytest.mark.parametrize("how", ["cancel", "close", "crash", "parent"])
def test_what_a_parser_started_ends_with_it(hostile: Callable[[str], None], note: Path, how: str) -> None:
    hostile(SLEEPS.format(60))
    if how == "parent":
        with started(note, "text") as parent:
            below = programs_of(parent.pid, 3)
            os.kill(parent.pid, signal.SIGKILL)
        assert all(map(gone, below))
        return
    stop = threading.Event()
    others = below_of(os.getpid())  # of tests before this one
    with ParserPool(1) as pool:

        def parse() -> None:
            with pytest.raises((Cancelled, UnreadableFile)):
                pool.parse(note, "text", cancelled=stop.is_set)

        thread = threading.Thread(target=parse)
        thread.start()
        below = programs_of(os.getpid(), 3, others)
        if how == "cancel":
            stop.set()
        elif how == "close":
            pool.close()
        else:
            os.kill(pool.pids()[0], signal.SIGKILL)
        assert all(map(gone, below))
        thread.join()


@office
@pytest.mark.bench_data
@pytest.mark.parametrize("how", ["cancel", "parent"])
def test_no_libreoffice_stays(bench: Path, how: str) -> None:
    file = bench / "docs" / "legacy_sample.doc"

    def office(pid: int) -> list[int]:
        return [p.pid for p in psutil.Process(pid).children(recursive=True) if p.name().startswith("soffice")]

    if how == "parent":
        with started(file, "doc") as parent:
            end = time.monotonic() + 20
            while not (running := office(parent.pid)) and time.monotonic() < end:
                time.sleep(0.02)
            os.kill(parent.pid, signal.SIGKILL)
    else:
        with ParserPool(1) as pool:
            running = []

            def seen() -> bool:
                running.extend(office(os.getpid()))
                return len(running) > 5

            with pytest.raises((Cancelled, UnreadableFile)):
                pool.parse(file, "doc", cancelled=seen)
    assert running
    assert all(map(gone, set(running)))


# --- the codec -----------------------------------------------------------------------------------------------------
def test_a_document_survives_the_codec() -> None:
    builder = DocumentBuilder("xlsx", title="Duckś", date="2024-05-01", pages=2)
    builder.add("heading", "Ducks", level=1)
    builder.add_lines("paragraph", [("First line", (1.0, 2.0, 3.0, 4.0)), ("second", (1.0, 5.0, 3.0, 7.0))], page=1)
    builder.add_table(
        [["Year", "Ducks"], ["2023", "1,600"], ["2024", "yes"], ["", "—"]],
        name="T",
        values=[["Year", "Ducks"], [2023, 1600.5], ["2024", True], [None, None]],
        addresses=[["A1", "B1"], ["A2", "B2"], ["A3", None], ["A4", "B4"]],
        boxes=[[None, (1.0, 1.0, 2.0, 2.0)], [None, None], [None, None], [None, None]],
        page=1,
        sheet="S",
    )
    builder.warn("A warning.")
    document = builder.build()
    assert codec.loads(codec.dumps(document)) == document


def test_texts_that_differ_from_the_document_are_kept() -> None:
    box: Box = (0.0, 0.0, 1.0, 1.0)
    table = Table("", ("a",), (("elsewhere",),), (Cell(1, 1, "a"), Cell(2, 1, "elsewhere", 5)), 0, 3)
    document = Document(
        "text", "abc", (Block("table", 0, 3, table=0),), (table,), (Line(0, 3, 1, box),), Report(pages=1)
    )
    assert codec.loads(codec.dumps(document)) == document


def test_lone_surrogates_keep_their_place() -> None:
    document = codec.loads(codec.dumps(Document("text", "a\ud800b")))
    assert document.text == "a?b"


def test_a_large_table_is_compact() -> None:
    builder = DocumentBuilder("csv")
    builder.add_table([["name", "number"], *([f"row {i}", str(i)] for i in range(20_000))])
    document = builder.build()
    assert len(codec.dumps(document)) < 40 * len(document.tables[0].cells)
