"""Opening, migrating and sharing the catalog; disks that are full or cannot be written; clocks and locales."""

from __future__ import annotations

import contextlib
import locale
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from assistant.conversations import SqlChats
from assistant.errors import StorageError
from ingest.catalog import migrate, residue
from ingest.catalog.database import Catalog
from ingest.catalog.passages import SqlPassages
from ingest.catalog.removal import remove_documents
from ingest.catalog.tables import Base, CorpusRow, DocumentRow, PassageRow
from tests.stored import Home

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).resolve().parents[1] / "fixtures" / "schemas"
NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{newest}", None, None

def upgrade():
    op.add_column("corpora", sa.Column("note", sa.Text(), nullable=False, server_default="from the test"))
    {more}
"""


def restored(schema: str, home: Path) -> Path:
    """A home with the data of a release's dump (a home of that release, written with sqlite3's iterdump)."""
    home.mkdir()
    raw = sqlite3.connect(home / "catalog.sqlite3")
    raw.executescript((SCHEMAS / f"{schema}.sql").read_text("utf-8"))
    raw.close()
    return home


def next_schema(folder: Path, more: str = "") -> Path:
    """Today's migrations and one more, as a later release would have it."""
    shutil.copytree(migrate.SCRIPTS / "versions", folder / "versions")
    shutil.copy(migrate.SCRIPTS / "env.py", folder / "env.py")
    text = NEXT.format(newest=migrate.revisions()[-1], more=more)
    (folder / "versions" / "9999_next.py").write_text(text, "utf-8")
    return folder


# --- opening ----------------------------------------------------------------------------------------------------------
def test_a_new_home_has_the_tables_of_the_code(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "deep" / "home")
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert (tmp_path / "deep" / "home").stat().st_mode & 0o077 == 0
    catalog.close()


def test_opening_a_current_catalog_needs_no_alembic(tmp_path: Path) -> None:
    Catalog.open(tmp_path).close()
    code = (
        "import sys, pathlib; from ingest.catalog.database import Catalog;"
        "Catalog.open(pathlib.Path(sys.argv[1])); print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.strip() == "False", ran.stderr


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path)

    def fails() -> None:
        with catalog.session() as session:
            session.add(CorpusRow(name="a", created=""))
            session.flush()
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fails()
    with catalog.read() as session:
        assert session.scalar(select(func.count(CorpusRow.id))) == 0
    catalog.close()


def test_threads_write_one_after_the_other(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path)

    def write(n: int) -> None:
        for k in range(10):
            with catalog.session() as session:
                session.add(CorpusRow(name=f"{n}-{k}", created=""))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.read() as session:
        assert session.scalar(select(func.count(CorpusRow.id))) == 60
    catalog.close()


@pytest.mark.parametrize("content", [b"not a database at all " * 300, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_catalog_is_said_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalog.sqlite3").write_bytes(content)
    with pytest.raises(StorageError, match="is damaged; restore a backup"):
        Catalog.open(tmp_path)


# --- promise 7: what SQLite leaves in its pages -----------------------------------------------------------------------
def page(content: bytes, *, cells: int = 0, kind: int = 13) -> bytes:
    """A b-tree page of 512 bytes whose gap holds `content` in front of the cells, which begin at byte 400."""
    head = bytes([kind, 0, 0, 0, cells, 400 >> 8, 400 & 255, 0])
    return head + b"\0\1" * cells + content.ljust(400 - len(head) - 2 * cells, b"\0") + b"c" * 112


def test_p07_gaps_of_pages_are_found(tmp_path: Path) -> None:
    first = bytearray(512)
    first[16:18] = (512).to_bytes(2, "big")
    first[100:108] = bytes([13, 0, 0, 0, 0, 2, 0, 0])
    first[200:206] = b"header"
    overflow = (7).to_bytes(4, "big") + b"o" * 508
    file = tmp_path / "db"
    file.write_bytes(bytes(first) + page(b"secret of many bytes", cells=3) + overflow + page(b""))
    found = residue.gaps(file)
    assert found == b"header\0secret of many bytes"
    assert residue.holds(found, [b"other", b"a secret of many bytes indeed"[2:]])
    assert residue.holds(found, [b"short", b"header"])
    assert not residue.holds(found, [b"something else altogether, and long"])
    assert not residue.holds(b"", [b"secret"])


def test_p07_deleted_rows_leave_no_trace_whatever_the_pages_do(tmp_path: Path) -> None:
    catalog, chance, live = Catalog.open(tmp_path), random.Random(5), {}
    with catalog.session() as session:
        session.add(CorpusRow(id=1, name="a", created=""))
    for step in range(60):
        gone: list[bytes] = []
        with catalog.session() as session:
            if live and chance.random() < 0.45:
                number = chance.choice(list(live))
                gone = live.pop(number)
                remove_documents(session, [number])
            else:
                texts = [
                    f"tok{step}q{k}z " + "w " * chance.randrange(0, 1500 if chance.random() < 0.1 else 100)
                    for k in range(chance.randrange(1, 30))
                ]
                row = DocumentRow(corpus_id=1, name=f"name{step}q", state="ready", live=True, sha256="", created="")
                session.add(row)
                session.flush()
                session.add_all(
                    PassageRow(document_id=row.id, ordinal=k, start=0, end=1, text=text, hash=f"{step:032}{k:032}")
                    for k, text in enumerate(texts)
                )
                live[row.id] = [f"name{step}q".encode(), *(text.encode() for text in texts)]
        assert catalog.scrub(gone)
        data = (tmp_path / "catalog.sqlite3").read_bytes()
        assert [text for text in gone if text.split(b" ")[0] in data] == []
    catalog.close()


# --- promise 10 -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("schema", sorted(file.stem for file in SCHEMAS.glob("*.sql")))
def test_p10_a_released_schema_opens_with_its_data(tmp_path: Path, schema: str) -> None:
    home = restored(schema, tmp_path / "home")
    catalog = Catalog.open(home)
    assert migrate.current(catalog.engine) == migrate.revisions()[-1]
    store, chats = SqlPassages(catalog), SqlChats(catalog)
    assert [p.text for p in store.document_passages("reports", "tea.txt")] == ["Tea grows in Yunnan.", "It is dried."]
    assert store.document("reports", "tea.txt").text == "Tea grows in Yunnan.\n\nIt is dried."
    assert len(store.vector_state("reports", "plain-4")[0]) == 2
    chat = chats.list()[0]
    messages = chats.get(chat["id"])["messages"]
    assert [(m["content"], m["state"]) for m in messages] == [
        ("Where does tea grow?", "done"),
        ("In Yunnan [1]", "done"),
        ("And when?", "done"),
        ("In sp", "partial"),
    ]
    assert messages[1]["feedback"] == {"rating": "up", "reason": "right"}
    catalog.close()


def test_p10_an_upgrade_keeps_the_data_and_a_backup_of_the_old(tmp_path: Path) -> None:
    home = restored("0.1.0", tmp_path / "home")
    catalog = Catalog.open(home, next_schema(tmp_path / "scripts"))
    assert migrate.current(catalog.engine) == "9999"
    with catalog.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, note FROM corpora WHERE NOT private").all()
    assert [tuple(row) for row in rows] == [("reports", "from the test")]
    kept = list((home / "backups").iterdir())
    assert len(kept) == 1
    old = sqlite3.connect(kept[0])
    assert old.execute("SELECT count(*) FROM passages").fetchone() == (2,)
    assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    old.close()
    catalog.close()


def test_p10_a_failed_upgrade_changes_nothing(tmp_path: Path) -> None:
    home = restored("0.1.0", tmp_path / "home")
    with pytest.raises(ZeroDivisionError):
        Catalog.open(home, next_schema(tmp_path / "scripts", more="1 / 0"))
    with contextlib.closing(sqlite3.connect(home / "catalog.sqlite3")) as left:
        assert left.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    catalog = Catalog.open(home)
    assert migrate.current(catalog.engine) == migrate.revisions()[-1]
    with catalog.engine.connect() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(corpora)")]
    assert "note" not in columns
    catalog.close()


def test_p10_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Catalog.open(tmp_path / "home", next_schema(tmp_path / "scripts")).close()
    with pytest.raises(StorageError, match="written by a newer thickshell"):
        Catalog.open(tmp_path / "home")


def test_p11_several_processes_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from ingest.catalog.database import Catalog\n"
        "from ingest.catalog.tables import CorpusRow\n"
        "c = Catalog.open(pathlib.Path(sys.argv[1]))\n"
        "for k in range(20):\n"
        "    with c.session() as s: s.add(CorpusRow(name=f'{sys.argv[2]}-{k}', created=''))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "home"), str(n)], cwd=ROOT) for n in range(3)
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    catalog = Catalog.open(tmp_path / "home")
    with catalog.read() as session:
        assert session.scalar(select(func.count(CorpusRow.id))) == 60
    catalog.close()


# --- promises 8 and 40: disks -----------------------------------------------------------------------------------------
def on_small_disk(mode: str, folder: Path, *, size: str = "6m", read_only: bool = False) -> None:
    """Runs tests.ingest.small_disk on a file system in memory, in a namespace of its own: no rights needed."""
    lock = f" && mount -o remount,ro {folder}" if read_only else ""
    program = f"{sys.executable} -m tests.ingest.small_disk {mode} {folder}"
    script = f"mount -t tmpfs -o size={size} tmpfs {folder}{lock} && exec {program}"
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*namespace, "mount -t tmpfs t /tmp"]).returncode:
        pytest.skip("this system gives no mount namespaces, so a small disk cannot be made")
    ran = subprocess.run([*namespace, script], capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert ran.stdout.strip().endswith("fine"), ran.stdout + ran.stderr


def test_p08_a_full_disk_is_said_and_work_goes_on_when_there_is_space(tmp_path: Path) -> None:
    on_small_disk("full", tmp_path)


def test_p40_a_read_only_home_is_said_in_one_sentence(tmp_path: Path) -> None:
    on_small_disk("readonly", tmp_path, read_only=True)


def test_p08_a_limit_on_file_sizes_is_said_like_a_full_disk(tmp_path: Path) -> None:
    code = (
        "import resource, sys, pathlib; from tests.stored import Home; from assistant.errors import StorageError\n"
        "folder = pathlib.Path(sys.argv[1]); home = Home(folder / 'home'); home.library.create('a')\n"
        "(folder / 'big').write_bytes(b'x' * 5_000_000)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))\n"
        "try: home.library.submit('a', folder / 'big')\n"
        "except StorageError as error: print(error, home.library.documents('a'), list(home.library.files.stored()))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert "is full; free some space and try again. [] []" in ran.stdout, ran.stderr


def test_p40_a_file_in_place_of_the_home_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(StorageError, match="is not a folder"):
        Catalog.open(tmp_path / "home")


# --- promise 40: clocks and locales -----------------------------------------------------------------------------------
def test_p40_a_clock_that_goes_back_disturbs_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.library.create("a")
    home.put("a", "tea.txt", "Old tea.")
    for module in ("ingest.entry", "assistant.conversations", "ingest.library"):
        monkeypatch.setattr(f"{module}.now", lambda: "1999-01-01T00:00:00+00:00")
    home.put("a", "tea.txt", "New tea.")
    assert home.library.document("a", "tea.txt").text == "New tea."
    chats = SqlChats(home.catalog)
    chat = chats.create()
    asked = chats.ask(chat, "q")
    answers = [chats.begin(asked) for _ in range(3)]
    assert chats.message(asked)["content"] == "q"
    assert chats.message(answers[0])["siblings"] == answers
    home.close()


@pytest.mark.parametrize(("zone", "spoken"), [("Asia/Kathmandu", "C"), ("America/St_Johns", "tr_TR.UTF-8")])
def test_p40_another_time_zone_and_locale_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, spoken: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    before = locale.setlocale(locale.LC_ALL)
    with contextlib.suppress(locale.Error):  # not installed: the time zone is still another
        locale.setlocale(locale.LC_ALL, spoken)
    try:
        home = Home(tmp_path / "家 home")
        home.library.create("报告")
        home.put("报告", "ÜBER İstanbul.txt", "Text — 文本")
        assert home.library.info("报告", "ÜBER İstanbul.txt").created.endswith("+00:00")
        assert home.store.document_passages("报告", "ÜBER İstanbul.txt")[0].text == "Text — 文本"
        home.close()
    finally:
        locale.setlocale(locale.LC_ALL, before)
        monkeypatch.undo()
        time.tzset()
