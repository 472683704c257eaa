"""Promises 2, 11, 12 and 17: kill -9 in the middle, several processes at once, backups under way."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.conversations import SqlChats
from assistant.errors import Conflict, NotFound, StorageError, UnreadableFile
from ingest.backup import backup, restore
from ingest.catalog.database import Catalog
from ingest.recovery import recover
from tests.ingest import killing
from tests.stored import Home, files_with

QUICK, FULL = 5, 50
COUNTS = [pytest.param(QUICK, id="quick"), pytest.param(FULL, id="full", marks=pytest.mark.hardening)]


def text(n: int, version: str = "old") -> str:
    return "\n\n".join(f"passage {version}{n}x{k} of the document" for k in range(30))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with corpus "a" of four documents, and its archive beside it."""
    folder = tmp_path_factory.mktemp("template")
    home = Home(folder / "home")
    home.library.create("a")
    for n in range(4):
        home.put("a", f"doc-{n}.txt", text(n))
    home.library.export("a", folder / "a.zip")
    home.close()
    return folder


def killed_homes(
    template: Path, tmp_path: Path, count: int, longest: float, work: Callable[..., None], *args: Any
) -> Iterator[Home]:
    """Copies of the template in which `work` was killed, opened again; half of the time also after a recovery."""
    for n, after in enumerate(killing.moments(count, longest, seed=count)):
        folder = tmp_path / f"home-{n}"
        shutil.copytree(template / "home", folder)
        killing.run_and_kill(work, folder, *args, after=after)
        home = Home(folder)
        recover(home.catalog, home.words)
        killing.check_sound(home)
        yield home
        home.close()
        shutil.rmtree(folder)


def kept(home: Home, corpus: str, *numbers: int) -> None:
    """These documents are whole, in every place."""
    for n in numbers:
        passages = home.store.document_passages(corpus, f"doc-{n}.txt")
        assert [p.text for p in passages] == text(n).split("\n\n")
        assert home.library.original(corpus, f"doc-{n}.txt").read_text("utf-8") == text(n)


@pytest.mark.parametrize("kills", COUNTS)
def test_p02_a_killed_delete_is_done_or_undone(template: Path, tmp_path: Path, kills: int) -> None:
    for home in killed_homes(template, tmp_path, kills, 0.15, killing.delete, "doc-1.txt"):
        kept(home, "a", 0, 2, 3)
        if any(d.name == "doc-1.txt" for d in home.library.documents("a")):
            kept(home, "a", 1)
        else:
            assert files_with(home.folder, ["old1x", "doc-1.txt"]) == []


@pytest.mark.parametrize("kills", COUNTS)
def test_p02_a_killed_rename_has_one_name(template: Path, tmp_path: Path, kills: int) -> None:
    for home in killed_homes(template, tmp_path, kills, 0.1, killing.rename):
        names = [corpus.name for corpus in home.library.corpora()]
        assert names in (["a"], ["b"])
        kept(home, names[0], 0, 1, 2, 3)


@pytest.mark.parametrize("kills", COUNTS)
def test_p02_a_killed_replacement_shows_one_version(template: Path, tmp_path: Path, kills: int) -> None:
    for home in killed_homes(template, tmp_path, kills, 0.3, killing.replace, "doc-1.txt", text(1, "new")):
        kept(home, "a", 0, 2, 3)
        got = [p.text for p in home.store.document_passages("a", "doc-1.txt")]
        assert got in (text(1).split("\n\n"), text(1, "new").split("\n\n"))
        assert home.library.document("a", "doc-1.txt").text.split("\n\n") == got


@pytest.mark.parametrize("kills", COUNTS)
def test_p02_a_killed_import_is_there_wholly_or_not_at_all(template: Path, tmp_path: Path, kills: int) -> None:
    for home in killed_homes(template, tmp_path, kills, 0.5, killing.import_, template / "a.zip"):
        kept(home, "a", 0, 1, 2, 3)
        if any(corpus.name == "imported" for corpus in home.library.corpora(private=True)):
            kept(home, "imported", 0, 1, 2, 3)
            home.library.delete("imported")
        again = home.library.import_(template / "a.zip", "imported")
        assert (again.documents, again.passages) == (4, 120)
        killing.check_sound(home)


@pytest.mark.parametrize("kills", COUNTS)
def test_p17_messages_survive_a_kill(tmp_path: Path, kills: int) -> None:
    for n, after in enumerate(killing.moments(kills, 0.8, seed=17)):
        killing.run_and_kill(killing.chat, tmp_path, 20, n, after=after)
    chats = SqlChats(Catalog.open(tmp_path))
    lines = (tmp_path / "confirmed.txt").read_text().splitlines()
    asked = dict(line.split(" ", 1) for line in lines if not line.endswith(" done"))
    done = {line.split(" ")[0] for line in lines if line.endswith(" done")}
    assert asked
    stored = [m for row in chats.list() for m in exported(chats, row["id"])]
    ids = [m["id"] for m in stored]
    assert len(ids) == len(set(ids))
    by_id = {m["id"]: m for m in stored}
    assert {i: by_id[i]["content"] for i in asked} == asked
    contents = [m["content"] for m in stored if m["role"] == "user"]
    assert len(contents) == len(set(contents))
    answers = [m for m in stored if m["role"] == "assistant"]
    for answer in answers:
        words = answer["content"].split()
        assert words == [f"w{k}" for k in range(len(words))]  # in order, nothing twice
    assert {m["id"] for m in answers if m["state"] == "done"} >= done
    partial = [m for m in answers if m["state"] == "partial"]
    assert len(partial) <= kills
    assert len(answers) - len(done) - len(partial) <= kills  # finished, and killed before it could be confirmed


def exported(chats: SqlChats, conversation: str) -> list[dict[str, Any]]:
    import json

    messages: list[dict[str, Any]] = json.loads(chats.export(conversation, "json"))["messages"]
    return messages


# --- promise 11 -------------------------------------------------------------------------------------------------------
def test_p11_two_processes_delete_and_add_in_one_home(template: Path, tmp_path: Path) -> None:
    """A deletes what B brings back with the same bytes; neither ever loses the other's file."""
    shutil.copytree(template / "home", tmp_path / "home")
    here, there = Home(tmp_path / "home"), Home(tmp_path / "home")
    problems: list[BaseException] = []

    def brings() -> None:
        try:
            for n in range(12):
                file = tmp_path / f"copy-{n}.txt"
                file.write_text(text(1), "utf-8")
                there.library.submit("a", file)
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=brings)
    thread.start()
    for n in range(12):
        for name in ("doc-1.txt", f"copy-{n}.txt"):
            try:
                here.library.delete_document("a", name)
            except NotFound:
                continue
    thread.join()
    assert problems == []
    for info in here.library.documents("a"):
        assert there.library.original("a", info.name).stat().st_size == info.bytes
    with pytest.raises(NotFound):
        there.library.info("a", "doc-1.txt")
    here.close()
    there.close()


# --- promise 12 -------------------------------------------------------------------------------------------------------
def test_p12_a_backup_while_writing_restores_to_a_consistent_state(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template / "home", tmp_path / "home")
    home, stop = Home(tmp_path / "home"), threading.Event()

    def writes() -> None:
        n = 0
        while not stop.is_set():
            home.put("a", f"more-{n}.txt", text(n, "more"))
            if n % 2:
                home.library.delete_document("a", f"more-{n - 1}.txt")
            n += 1

    thread = threading.Thread(target=writes)
    thread.start()
    try:
        for n in range(3):
            backup(home.folder, tmp_path / f"{n}.backup")
    finally:
        stop.set()
        thread.join()
    home.close()
    for n in range(3):
        assert restore(tmp_path / f"{n}.backup", tmp_path / f"restored-{n}") is None
        back = Home(tmp_path / f"restored-{n}")
        recover(back.catalog, back.words)
        killing.check_sound(back)
        kept(back, "a", 0, 1, 2, 3)
        for info in back.library.documents("a"):
            if info.searchable:
                texts = [p.text for p in back.store.document_passages("a", info.name)]
                assert texts == back.library.original("a", info.name).read_text("utf-8").split("\n\n")
        back.close()


def test_p12_a_restore_sets_the_old_home_aside(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template / "home", tmp_path / "home")
    backup(tmp_path / "home", tmp_path / "b.backup")
    with pytest.raises(Conflict, match=r"b\.backup exists"):
        backup(tmp_path / "home", tmp_path / "b.backup")
    home = Home(tmp_path / "home")
    home.library.delete_document("a", "doc-0.txt")
    home.close()
    aside = restore(tmp_path / "b.backup", tmp_path / "home")
    assert aside is not None
    back, old = Home(tmp_path / "home"), Home(aside)
    recover(back.catalog, back.words)
    kept(back, "a", 0, 1, 2, 3)
    assert [d.name for d in old.library.documents("a")] == ["doc-1.txt", "doc-2.txt", "doc-3.txt"]
    back.close()
    old.close()


def test_p12_a_damaged_backup_is_refused_and_nothing_is_touched(template: Path, tmp_path: Path) -> None:
    from tests.ingest.test_library import tampered

    good = tmp_path / "good.backup"
    backup(template / "home", good)
    home = Home(tmp_path / "home")
    home.library.create("mine")
    home.close()
    cut = tmp_path / "cut.backup"
    cut.write_bytes(good.read_bytes()[:-100])
    other = tampered(
        good, tmp_path / "other.backup", "catalog.sqlite3", b"SQLite format 3\0" + b"\xff" * 5000, fix=True
    )
    wrong = tampered(good, tmp_path / "wrong.backup", "catalog.sqlite3", b"x")
    for bad in (cut, other, wrong, template / "a.zip"):
        with pytest.raises((UnreadableFile, StorageError)):
            restore(bad, tmp_path / "home")
    with pytest.raises(NotFound):
        restore(tmp_path / "none", tmp_path / "home")
    again = Home(tmp_path / "home")
    assert [c.name for c in again.library.corpora()] == ["mine"]
    again.close()
    assert [p.name for p in tmp_path.iterdir() if "restor" in p.name] == []
