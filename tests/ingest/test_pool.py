from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from assistant.errors import Cancelled, LimitExceeded, UnreadableFile
from assistant.types import Block, Box, Cell, Document, Limits, Line, Report, Table
from ingest import codec
from ingest.builder import DocumentBuilder
from ingest.pool import ParserPool

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


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_children_die_with_their_parent(note: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom ingest.pool import ParserPool\n"
        f"pool = ParserPool(1)\npool.parse(Path({str(note)!r}), 'text')\n"
        "print(pool.pids()[0], flush=True)\ntime.sleep(60)\n"
    )
    root = str(HERE.parents[1])
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 10
    while (
        psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE and time.monotonic() < end
    ):
        time.sleep(0.05)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


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
