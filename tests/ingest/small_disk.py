"""Run by test_catalog on a file system of a few megabytes: `python -m tests.ingest.small_disk MODE FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assistant.conversations import SqlChats
from assistant.errors import StorageError
from ingest.catalog.database import Catalog
from tests.stored import Home


def full(folder: Path) -> None:
    """Files come in until the disk is full: one sentence, nothing damaged, and work goes on when there is space."""
    filler = folder / "filler"
    filler.write_bytes(b"\0" * (1 << 20))
    home = Home(folder / "home")
    home.library.create("a")
    home.put("a", "first.txt", "Tea grows in Yunnan.")
    chats = SqlChats(home.catalog)
    chat = chats.create()
    taken, said = fill(home, folder)
    assert "is full; free some space" in said, said
    assert not list((home.folder / "files" / "incoming").iterdir())
    names = {d.name for d in home.library.documents("a")}
    assert names == {"first.txt", *taken}, names
    for name in names:
        assert home.library.original("a", name).stat().st_size == home.library.info("a", name).bytes
    said = squeeze(chats, chat, folder)
    assert "is full; free some space" in said, said
    filler.unlink()
    (folder / "rest").unlink()
    check(home)
    chats.ask(chat, "there is space again")
    assert chats.get(chat)["messages"][-1]["content"] == "there is space again"
    home.library.delete_document("a", sorted(taken)[0])
    home.put("a", "last.txt", "Oil comes from Norway.")
    assert home.library.show("a", "last.txt")["state"] == "ready"
    home.close()
    check(Home(folder / "home"))


def fill(home: Home, folder: Path) -> tuple[set[str], str]:
    taken: set[str] = set()
    for n in range(100):
        name = f"file-{n:03}.bin"
        upload = folder / "upload"
        try:
            upload.write_bytes(n.to_bytes(2, "big") * 100_000)
            home.library.submit("a", upload, name, move=True)
            taken.add(name)
        except (StorageError, OSError) as error:
            upload.unlink(missing_ok=True)
            if isinstance(error, StorageError):
                return taken, str(error)
            home_is_next = folder / "rest"  # the upload itself did not fit: leave it just a little less
            home_is_next.write_bytes(b"\0" * 1000)
            upload.write_bytes(b"z" * 20_000)
    return taken, "never full"


def squeeze(chats: SqlChats, chat: str, folder: Path) -> str:
    """Fills the last bytes, then writes to the catalog until that fails."""
    with (folder / "rest").open("ab", buffering=0) as rest:
        try:
            while rest.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    try:
        for n in range(2000):
            chats.ask(chat, f"question {n} " * 50)
    except StorageError as error:
        return str(error)
    return "never full"


def check(home: Home) -> None:
    with home.catalog.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert home.store.document_passages("a", "first.txt")[0].text == "Tea grows in Yunnan."


def readonly(folder: Path) -> None:
    """A home that cannot be written says so in one sentence."""
    with pytest.raises(StorageError, match="cannot be written; change its permissions or choose another with --home"):
        Catalog.open(folder / "home")


if __name__ == "__main__":
    {"full": full, "readonly": readonly}[sys.argv[1]](Path(sys.argv[2]))
    print("fine")
