"""Kills processes in the middle of things. Children come from a fork server that has the heavy imports behind it."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.stored import Home

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.ingest.killing", "assistant.conversations", "assistant.retrieval.lexical"])


def run_and_kill(work: Callable[..., None], *args: Any, after: float) -> bool:
    """Runs `work(started, *args)` in a process and kills it `after` seconds past `started.set()`; True where it had
    ended by itself before."""
    started = _context.Event()
    process = _context.Process(target=work, args=(started, *args), daemon=True)
    process.start()
    assert started.wait(60), "the process did not begin"
    process.join(after)
    ended = process.exitcode is not None
    if not ended and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL), f"the process failed by itself: {process.exitcode}"
    return ended


def moments(count: int, longest: float, seed: int) -> list[float]:
    """Random waits in seconds, from at once to `longest`."""
    chance = random.Random(seed)
    return [chance.uniform(0, longest) for _ in range(count)]


def check_sound(home: Home) -> None:
    """What holds in every home at rest: the database is whole, files, words and vectors are those of its documents."""
    from sqlalchemy import select

    from ingest.catalog.tables import DocumentRow, PassageRow, VectorRow

    with home.catalog.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with home.catalog.read() as session:
        rows = list(session.scalars(select(DocumentRow)))
        passages = set(session.scalars(select(PassageRow.hash)))
        vectors = set(session.scalars(select(VectorRow.hash)))
    stored = set(home.library.files.stored())
    assert stored == {row.sha256 for row in rows}
    assert all(home.library.files.path(row.sha256).stat().st_size == row.bytes for row in rows)
    assert not list((home.folder / "files" / "incoming").glob("*"))
    assert home.words.documents() == {row.id for row in rows if row.live}
    assert vectors <= passages
    names = [(row.corpus_id, row.name) for row in rows if row.live]
    assert len(names) == len(set(names))


# --- the work that is killed ------------------------------------------------------------------------------------------
def delete(started: Any, folder: Path, name: str) -> None:
    home = Home(folder)
    started.set()
    home.library.delete_document("a", name)


def rename(started: Any, folder: Path) -> None:
    home = Home(folder)
    started.set()
    while True:
        home.library.rename("a", "b")
        home.library.rename("b", "a")


def replace(started: Any, folder: Path, name: str, text: str) -> None:
    home = Home(folder)
    started.set()
    home.put("a", name, text)


def import_(started: Any, folder: Path, archive: Path) -> None:
    home = Home(folder)
    started.set()
    home.library.import_(archive, "imported")


def chat(started: Any, folder: Path, chats: int, seed: int) -> None:
    """Asks and answers in many chats for ever; says on disk what was confirmed to it."""
    from assistant.conversations import SqlChats
    from ingest.catalog.database import Catalog

    store = SqlChats(Catalog.open(folder))
    chance = random.Random(seed)
    known = [row["id"] for row in store.list()] or [store.create() for _ in range(chats)]
    with (folder / "confirmed.txt").open("a", buffering=1) as confirmed:
        started.set()
        for n in range(10**6):
            conversation = chance.choice(known)
            asked = store.ask(conversation, f"question {seed}-{n}")
            confirmed.write(f"{asked} question {seed}-{n}\n")
            answer = store.begin(asked)
            for k in range(chance.randrange(5, 40)):
                store.append(answer, f"w{k} ")
                time.sleep(0.002)
            store.finish(answer, None)
            confirmed.write(f"{answer} done\n")
