"""Work of another process, to be killed: many chats at once with a model behind them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from assistant.api.answers import Answers, Wish
from assistant.api.metrics import Metrics
from assistant.api.turns import Turns
from assistant.settings import Settings
from assistant.wiring import House, build

BRAIN = "small"
ALONE = Wish((), tier=1, brain=BRAIN)


def opened(home: Path, url: str, streams: int) -> House:
    """A house with the model at an address."""
    home.mkdir(exist_ok=True)
    (home / "sample.offered").touch()
    return build(Settings(home=home, encoder="hashed", model=BRAIN, model_url=url, model_streams=streams))


def talk(started: Any, home: Path, url: str, chats: int, seed: int) -> None:
    """Asks in all chats again and again, for ever; says on disk what was confirmed to it. Three times in four it has
    begun once words have come."""
    house = opened(home, url, chats)
    turns = Turns(chats, 0)
    answers = Answers(house, turns, Metrics(lambda: turns.taken))
    known = [row["id"] for row in house.chats.list()] or [house.chats.create() for _ in range(chats)]
    with (home / "confirmed.txt").open("a", buffering=1) as confirmed:
        for n in range(10**6):
            for conversation in known:
                if (now := answers.running(conversation)) is not None:
                    if now.now.text:
                        started.set()
                else:
                    text = f"question {seed}-{n}"
                    question, answer = answers.ask(conversation, text, None, ALONE)
                    confirmed.write(f"{conversation} {question} {answer} {text}\n")
            if seed % 4 == 0:
                started.set()
            time.sleep(0.01)
