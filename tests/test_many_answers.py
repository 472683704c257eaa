"""Fifty answers stored at once, each as it comes: nobody waits for the catalog until their patience is over."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assistant.conversation_streams import FLUSH_SECONDS
from assistant.conversations import SqlChats
from ingest.catalog.database import Catalog

PIECES = ("The ", "mill ", "grinds ", "rye.")


def test_p17_fifty_answers_at_once_are_stored_whole(tmp_path: Path) -> None:
    chats = SqlChats(Catalog.open(tmp_path))

    def written(number: int) -> tuple[str, float]:
        question = chats.ask(chats.create(), f"question {number}")
        answer = chats.begin(question)
        longest = 0.0
        for piece in PIECES:
            began = time.monotonic()
            chats.append(answer, piece)
            longest = max(longest, time.monotonic() - began)
            time.sleep(FLUSH_SECONDS)
        chats.finish(answer, None)
        return answer, longest

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(written, range(50)))
    assert {chats.message(answer)["content"] for answer, _ in answers} == {"".join(PIECES)}
    assert max(longest for _, longest in answers) < 20
