"""Encoder and model server side by side: what each does alone, and what each does while the other works.

    python -m bench card --model-url URL --model NAME [--streams 8]

The encoder computes where THICKSHELL_ENCODER_DEVICE says. The key of the server is THICKSHELL_MODEL_KEY.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from assistant.models.gpu import gpus
from assistant.settings import load
from bench.arms import Address, passed
from bench.machine import described
from evals.answer_sets import qed

if TYPE_CHECKING:
    from assistant.seams import Embedder

BATCH = 64
MB = 1_000_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model-url", default="", help="address of an OpenAI-compatible server, ending in /v1")
    parser.add_argument("--model", default="", help="the model's name there")
    parser.add_argument("--streams", type=int, default=8, help="answers at the same time")
    parser.add_argument("--tokens", type=int, default=128, help="tokens of an answer")
    parser.add_argument("--passages", type=int, default=512, help="that the encoder is given")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if not args.model_url:
        yield {"left_out": "It needs a model server; name one with --model-url and --model."}
        return
    settings = load()
    at = Address(args.model_url, os.environ.get("THICKSHELL_MODEL_KEY", ""))
    texts = list(qed(args.data).paragraphs.values())[: args.passages]
    bodies = [_body(args.model, text, args.tokens) for text in texts[: 2 * args.streams]]
    before = free_mb()
    embedder = encoder(settings)
    embedder.embed_passages(texts[:BATCH])
    after = free_mb()

    def stream() -> float:
        arm = passed(at, bodies, args.streams, at)
        return arm.tokens / arm.seconds

    stream()  # its caches are warm
    passages, tokens = embedded(embedder, texts), stream()
    beside, while_embedding = both(embedder, texts, stream)
    yield {
        "encoder_device": settings.encoder_device,
        "passages_per_second": {"alone": round(passages, 1), "beside_the_model": round(beside, 1)},
        "tokens_per_second": {"alone": round(tokens, 1), "beside_the_encoder": round(while_embedding, 1)},
        "gpu_memory_mb": None if after is None or before is None else {"encoder": before - after, "free": after},
        "streams": args.streams,
        "passages": len(texts),
        "machine": described(),
    }


def encoder(settings: Any) -> Embedder:
    from assistant.wiring import House

    return House(settings).embedder


def free_mb() -> int | None:
    """Free memory of all cards together; None without a GPU."""
    cards = gpus()
    return sum(card.free for card in cards) // MB if cards else None


def embedded(embedder: Embedder, texts: Sequence[str]) -> float:
    """Passages a second, once over all."""
    began = time.perf_counter()
    for at in range(0, len(texts), BATCH):
        embedder.embed_passages(texts[at : at + BATCH])
    return len(texts) / (time.perf_counter() - began)


def both(embedder: Embedder, texts: Sequence[str], stream: Callable[[], float]) -> tuple[float, float]:
    """(passages a second, tokens a second): the encoder goes on for as long as the model writes."""
    over = threading.Event()
    done: list[int] = []
    spent: list[float] = []

    def embed() -> None:
        began = time.perf_counter()
        for at in cycle(range(0, len(texts), BATCH)):
            part = texts[at : at + BATCH]
            embedder.embed_passages(part)
            done.append(len(part))
            if over.is_set():
                break
        spent.append(time.perf_counter() - began)

    worker = threading.Thread(target=embed)
    worker.start()
    try:
        tokens = stream()
    finally:
        over.set()
        worker.join()
    return sum(done) / spent[0], tokens


def _body(model: str, text: str, tokens: int) -> dict[str, Any]:
    """A request whose answer has a known length, whatever the weights (`ignore_eos` is vLLM's)."""
    words = [{"role": "user", "content": f"Tell this again in other words:\n\n{text}"}]
    more = {"stream_options": {"include_usage": True}, "max_tokens": tokens, "ignore_eos": True, "temperature": 0}
    return {"model": model, "messages": words, "stream": True} | more
