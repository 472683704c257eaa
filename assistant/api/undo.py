"""Taking back a deletion for a few seconds.

What is deleted is gone from answers, lists, pages and exports when the request returns, as without undo. What could
bring it back is kept aside: of a document its original in `home/incoming`, of a corpus its rows under a name that
nothing lists or searches, of a conversation its messages in memory. When the time is over, when the server stops, or at
the next start after a crash, that goes too.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.api.house import House, private_corpus
from assistant.api.problems import record
from assistant.errors import NotFound

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Offer:
    """`back` brings what was deleted back and says what it is; `end` makes the deletion final."""

    back: Callable[[], dict[str, Any]]
    end: Callable[[], None]
    timer: threading.Timer


class Undos:
    """Deletions that can still be taken back, each by a token that is used once."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._offers: dict[str, Offer] = {}
        self._lock = threading.Lock()

    def offer(self, back: Callable[[], dict[str, Any]], end: Callable[[], None]) -> dict[str, Any]:
        """What the page is told: the token, and for how many seconds it holds."""
        token = secrets.token_urlsafe(16)
        timer = threading.Timer(self._seconds, self._end, (token,))
        timer.daemon = True
        with self._lock:
            self._offers[token] = Offer(back, end, timer)
        timer.start()
        return {"undo": token, "seconds": self._seconds}

    def back(self, token: str) -> dict[str, Any]:
        """NotFound when the time is over."""
        offer = self._taken(token)
        if offer is None:
            raise NotFound("It is too late to undo this; add it again.")
        offer.timer.cancel()
        try:
            return offer.back()
        except BaseException:
            offer.end()  # its place is taken (a corpus of the same name, say): nothing half stays
            raise

    def close(self) -> None:
        for token in list(self._offers):
            self._end(token)

    def _taken(self, token: str) -> Offer | None:
        with self._lock:
            return self._offers.pop(token, None)

    def _end(self, token: str) -> None:
        if (offer := self._taken(token)) is None:
            return
        offer.timer.cancel()
        try:
            offer.end()
        except Exception as error:  # nobody waits for it; what stays is swept at the next start
            record(error, "the end of a deletion")


def delete_document(house: House, undos: Undos, corpus: str, name: str) -> dict[str, Any]:
    """Deletes a document; undone, its original is added again and read anew."""
    try:
        kept = _kept(house, house.library.original(corpus, name))
    except NotFound:  # there is nothing that could bring it back
        house.library.delete_document(corpus, name)
        return {"undo": "", "seconds": 0}
    try:
        house.library.delete_document(corpus, name)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise

    def back() -> dict[str, Any]:
        job = house.library.submit(corpus, kept, name, move=True)
        return {"corpus": corpus, "document": name, "job": job}

    return undos.offer(back, lambda: kept.unlink(missing_ok=True))


def delete_corpus(house: House, undos: Undos, corpus: str) -> dict[str, Any]:
    hidden = house.library.hide(corpus)

    def back() -> dict[str, Any]:
        house.library.unhide(hidden, corpus)
        return {"corpus": corpus}

    return undos.offer(back, lambda: house.library.delete(hidden))


def delete_conversation(house: House, undos: Undos, conversation: str) -> dict[str, Any]:
    """With its attached files; undone, it is as it was."""
    kept = house.chats.kept(conversation)
    files = private_corpus(conversation)
    hidden = ""
    with contextlib.suppress(NotFound):  # nothing was attached
        hidden = house.library.hide(files)
    house.chats.delete(conversation)

    def back() -> dict[str, Any]:
        house.chats.restore(kept)
        if hidden:
            house.library.unhide(hidden, files)
        return {"conversation": conversation}

    return undos.offer(back, lambda: house.library.delete(hidden) if hidden else None)


def _kept(house: House, original: Path) -> Path:
    """The original once more, under a name of our own that a later start sweeps. A link where the disk has them."""
    folder = house.settings.home / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{os.getpid()}-undo-{secrets.token_hex(8)}"
    try:
        os.link(original, kept)
    except OSError:
        shutil.copyfile(original, kept)
    return kept
