"""How much of a conversation's prompts its model's server had read before: five turns on one corpus at tier 3.

    python -m bench prefix [--model-url URL --model NAME]

The corpus is the guide that is offered at the first start. Every token of every prompt counts, also those of requests
that make a follow-up stand alone; both counts are the server's own (`prefix_cache_queries`, `prefix_cache_hits`), so
nothing else may ask it meanwhile. Without --model-url the packaged model is served by vLLM for the time of the run.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import NotAvailable
from assistant.types import Question, Turn
from bench.arms import counters
from bench.serving import Served, house_of, packaged

if TYPE_CHECKING:
    from assistant.wiring import House

QUESTIONS = (
    "Which file formats can be added to a corpus?",
    "What happens to scanned pages without any text?",
    "And how long does it take?",
    "Where are my documents stored on the disk?",
    "How do I make a backup of them?",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model-url", default="", help="address of a vLLM server, ending in /v1")
    parser.add_argument("--model", default="", help="the model's name there")
    parser.add_argument("--model-folder", default="", help="folder with its tokenizer, where it lies here")
    parser.add_argument("--tokens", type=int, default=64, help="most tokens of an answer")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if args.model_url:
            key = os.environ.get("THICKSHELL_MODEL_KEY", "")
            yield measured(Served(args.model_url, args.model, key, args.model_folder), home, args)
            return
        try:
            with packaged(Path(folder) / "server") as model:
                yield measured(model, home, args)
        except NotAvailable as error:
            yield {"left_out": str(error)}


def measured(model: Served, home: Path, args: argparse.Namespace) -> dict[str, Any]:
    from assistant.sample import CORPUS, add

    args.streams, args.threads = 1, 1
    house = house_of(model, home, args)
    try:
        add(house.library)
        house.worker.run_until_idle()
        return {"model": model.name} | conversation(house, CORPUS, model, QUESTIONS)
    finally:
        house.close()


def conversation(house: House, corpus: str, model: Served, questions: Sequence[str]) -> dict[str, Any]:
    """The turns of one conversation, each with what stood in the cache, and the share over all of them."""
    from assistant.conversations import stored_answer, turn

    talk: list[Turn] = []
    turns = []
    for text in questions:
        before = counters(model.address)
        answer = house.assistant.answer(Question(text, (corpus,), history=tuple(talk), always_answer=True))
        after = counters(model.address)
        talk += [Turn("user", text), turn("assistant", answer.answer, json.dumps(stored_answer(answer)))]
        new = {name: int(after[name] - before[name]) for name in before}
        turns.append(
            {
                "prompt": new["prefix_cache_queries_total"],
                "cached": new["prefix_cache_hits_total"],
                "answer_prompt": answer.receipt["scores"].get("prompt", {}).get("tokens", 0),
                "start": answer.receipt["scores"].get("prompt", {}).get("start", 0),
                "ended": answer.receipt["scores"].get("ended", ""),
            }
        )
    share = sum(row["cached"] for row in turns) / max(sum(row["prompt"] for row in turns), 1)
    return {"turns": turns, "cached_share": round(share, 4)}
