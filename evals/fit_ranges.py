"""Measure how large the encoder's inner values get on training texts (bench/SPLITS.md): for `embedders.int8`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assistant.embedders.int8 import FILE
from evals.data import fitting_sets

if TYPE_CHECKING:
    from torch import Tensor

    from assistant.embedders.bert import Bert, Layer

SIZE = 4
"""Passages, and questions, of each set."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=FILE, help="file to write")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    import torch
    from safetensors.torch import save_file

    from assistant.embedders.sentence import BOS, EOS, MAX_TOKENS, PackagedBert
    from assistant.embedders.weights import encoder_folder, source_hash

    backend = PackagedBert(encoder_folder(), "fp32")
    sets = fitting_sets(args.data, SIZE, args.seed)
    texts = [backend.passage_prefix + text for data in sets for text in data.passages.values()]
    texts += [backend.query_prefix + text for data in sets for text in data.questions.values()]
    rows = [[BOS, *ids[: MAX_TOKENS - 2], EOS] for ids in backend.tokens(texts)]
    largest = observed(backend.bert, rows)
    sources = ", ".join(data.name.removeprefix("fit-") for data in sets)
    metadata = {"weights_sha256": source_hash(backend.folder) or "", "sources": sources, "seed": str(args.seed)}
    save_file({name: sizes.to(torch.float16) for name, sizes in largest.items()}, str(args.out), metadata)
    yield {"texts": len(texts), "sources": sources, "file": str(args.out)}


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
