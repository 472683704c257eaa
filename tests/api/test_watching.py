"""Who watches an answer sees it whole at every look, however quickly its pieces come."""

from __future__ import annotations

import asyncio
import threading

from assistant.api.answers import Progress, Running, Wish

PIECES = 500


def test_quick_pieces_come_as_few_looks_and_the_last_one_is_the_end() -> None:
    running = Running("talk", Wish(("c",)).question("Q"), Progress("m", "waiting"))

    def written() -> None:
        for n in range(PIECES):
            running.show("writing", text=f"{running.now.text}{n} ")
        running.show("done")

    async def watched() -> list[Progress]:
        seen = []
        async for progress in running.watch():
            seen.append(progress)
            if len(seen) == 1:
                threading.Thread(target=written).start()
        return seen

    seen = asyncio.run(watched())
    assert [progress.stage for progress in (seen[0], seen[-1])] == ["waiting", "done"]
    assert seen[-1].text.split() == [str(n) for n in range(PIECES)]
    assert len(seen) < PIECES / 10
