"""Measure how large inner values get on training texts (bench/SPLITS.md), of the encoder or the reader, for int8."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from evals.data import fitting_sets

if TYPE_CHECKING:
    from torch import Tensor

    from assistant.embedders.bert import Bert, Layer
    from evals.data import RetrievalSet

SIZE = 4
"""Passages, and questions, of each set."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="file to write (in place of the one that is used)")
    parser.add_argument("--reader", action="store_true", help="of the span reader, whose folder is $THICKSHELL_READER")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from safetensors.torch import save_file

    from assistant.embedders.int8 import FILE
    from assistant.readers.span import RANGES, reader_folder

    sets = fitting_sets(args.data, SIZE, args.seed)
    weights, bert, rows = reader(sets) if args.reader else encoder(sets)
    file = args.out or (reader_folder() / RANGES if args.reader else FILE)
    largest = observed(bert, rows)
    sources = ", ".join(data.name.removeprefix("fit-") for data in sets)
    metadata = {"weights_sha256": weights, "sources": sources, "seed": str(args.seed)}
    save_file({name: sizes.half() for name, sizes in largest.items()}, str(file), metadata)
    yield {"texts": len(rows), "sources": sources, "weights": weights, "file": str(file)}


def encoder(sets: Sequence[RetrievalSet]) -> tuple[str, Bert, list[list[int]]]:
    """SHA-256 of the encoder's source, the encoder in fp32, and token ids of passages and questions."""
    from assistant.embedders.sentence import BOS, EOS, MAX_TOKENS, PackagedBert
    from assistant.embedders.weights import encoder_folder, source_hash

    backend = PackagedBert(encoder_folder(), "fp32")
    texts = [backend.passage_prefix + text for data in sets for text in data.passages.values()]
    texts += [backend.query_prefix + text for data in sets for text in data.questions.values()]
    rows = [[BOS, *ids[: MAX_TOKENS - 2], EOS] for ids in backend.tokens(texts)]
    return source_hash(backend.folder) or "", backend.bert, rows


def reader(sets: Sequence[RetrievalSet]) -> tuple[str, Bert, list[list[int]]]:
    """The same of the span reader, whose texts are each question with its own passage and with the next question's."""
    from assistant.embedders.sentence import SentenceEmbedder
    from assistant.readers.span import SpanModel, read_config

    model = SpanModel(encoder=SentenceEmbedder(precision="fp32"))
    rows = []
    for data in sets:
        gold = [data.passages[next(iter(data.gold[key]))] for key in data.questions]
        for question, *pair in zip(data.questions.values(), gold, gold[1:] + gold[:1], strict=True):
            rows += model.rows(question, pair)
    return read_config(model.folder)["sha256"], model.heads.bert, rows


def observed(bert: Bert, rows: list[list[int]]) -> dict[str, Tensor]:
    """`assistant.embedders.int8.Ranges` over these token lists."""
    import torch
    from torch.nn import functional

    from assistant.embedders.attention import attended
    from assistant.embedders.bert import joined

    largest: dict[str, list[Any]] = {name: [0.0] * len(bert.layers) for name in ("mixed", "out", "wide", "narrow")}

    def see(name: str, index: int, states: Tensor) -> None:
        sizes = states.abs().amax(dim=0)
        largest[name][index] = torch.maximum(sizes, torch.as_tensor(largest[name][index]))

    with torch.inference_mode():
        for row in rows:
            ids, places, bounds = joined([row])
            states = bert.embeddings(ids, places)
            for index, layer in enumerate(cast("list[Layer]", list(bert.layers))):
                see("mixed", index, states)
                seen = attended(layer.mixed(states), bounds, layer.heads)
                see("out", index, seen)
                states = layer.norm(states + layer.out(seen))
                see("wide", index, states)
                inner = functional.gelu(layer.wide(states))
                see("narrow", index, inner.clamp_min(0))
                states = layer.last_norm(states + layer.narrow(inner))
    return {name: torch.stack(sizes) for name, sizes in largest.items()}
