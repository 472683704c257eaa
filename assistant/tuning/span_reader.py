"""Train the span reader: `python -m assistant.tuning.span_reader --data DIR --out DIR --minutes N`.

Starts from the packaged encoder; word embeddings and the lowest layers stay frozen, so only the upper
layers and two small heads are learned and stored. The learning rate follows the share of the time budget
that has passed, so that a run ends on time however busy the processor is. `--out/current` always points at
the newest complete checkpoint (a symbolic link, exchanged in one step).
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from assistant.embedders.weights import encoder_folder, source_hash
from assistant.readers.span_network import SpanNetwork, load_encoder
from assistant.tuning.negatives import add_negatives, seeded
from assistant.tuning.reading_data import dev_rows, training_mix
from assistant.tuning.span_batches import Batch, Coder, batches

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """Settings of a run; times in minutes, sizes in padded tokens."""

    minutes: float
    frozen_layers: int = 4
    rate: float = 2e-4
    head_rate: float = 1e-3
    tokens: int = 3600
    weight_decay: float = 0.01
    clip: float = 1.0
    warm_up: float = 0.03
    steady: float = 0.6
    save_every: float = 8.0
    dev_examples: int = 200
    seed: int = 1


def rate_factor(share: float, recipe: Recipe) -> float:
    """Part of the full learning rate when `share` of the time has passed: up, level, down to nothing.

    >>> [rate_factor(share, Recipe(1, warm_up=0.1, steady=0.5)) for share in (0.05, 0.3, 0.75, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if share < recipe.warm_up:
        return share / recipe.warm_up
    if share < recipe.steady:
        return 1.0
    return max(0.0, (1.0 - share) / (1.0 - recipe.steady))


def losses(spans: Tensor, answers: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(span loss, answerable loss). Positions outside the passage cannot win, except <s>, which means no answer."""
    spans = spans.masked_fill(~batch.allowed.unsqueeze(-1), -1e4)
    placed = (batch.starts >= 0).sum().clamp(min=1)
    sums = [
        nn.functional.cross_entropy(spans[..., side], target, ignore_index=-100, reduction="sum")
        for side, target in enumerate((batch.starts, batch.ends))
    ]
    return (sums[0] + sums[1]) / (2 * placed), nn.functional.binary_cross_entropy_with_logits(answers, batch.answerable)


def forward(network: SpanNetwork, batch: Batch) -> tuple[Tensor, Tensor]:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return network(batch.ids, batch.mask)  # type: ignore[no-any-return]


def train(data: Path, out: Path, recipe: Recipe) -> Path:
    """Run the recipe on the sets below `data`; returns the folder of the last checkpoint."""
    torch.manual_seed(recipe.seed)
    base = encoder_folder()
    # eager attention: its backward pass took 20% less of a step than the fused kernel on two cores at 230 tokens
    network = frozen(SpanNetwork(load_encoder(base, attn_implementation="eager"), recipe.frozen_layers))
    coder = Coder(_tokenizer(base))
    held_out = _dev_batches(data, coder, recipe)
    optimiser = _optimiser(network, recipe)
    state = Progress(recipe)
    for batch in _endless(data, coder, recipe):
        if state.share() >= 1:
            break
        _step(network, batch, optimiser, state)
        if state.due():
            state.note(evaluate(network, held_out))
            save(network, out, recipe, state, source_hash(base))
    state.note(evaluate(network, held_out))
    return save(network, out, recipe, state, source_hash(base))


def frozen(network: SpanNetwork) -> SpanNetwork:
    """The network with word embeddings and its lowest layers fixed."""
    encoder: Any = network.encoder
    encoder.embeddings.requires_grad_(False)
    for layer in encoder.encoder.layer[: network.frozen_layers]:
        layer.requires_grad_(False)
    return network


class Progress:
    """Counts, times and running losses of one run."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.began = self.saved = time.monotonic()
        self.steps = self.examples = 0
        self.loss = [0.0, 0.0]
        self.measured: dict[str, float] = {}

    def share(self) -> float:
        return (time.monotonic() - self.began) / (self.recipe.minutes * 60)

    def due(self) -> bool:
        """True once every `save_every` minutes."""
        if time.monotonic() - self.saved < self.recipe.save_every * 60:
            return False
        self.saved = time.monotonic()
        return True

    def add(self, count: int, span: float, answer: float) -> None:
        self.steps += 1
        self.examples += count
        keep = 0.98 if self.steps > 50 else 0.9
        self.loss = [keep * old + (1 - keep) * new for old, new in zip(self.loss, (span, answer), strict=True)]
        if self.steps % 25 == 0:
            speed = self.examples / (time.monotonic() - self.began)
            log.info(
                "%4.1f%% step %d, %d examples, %.1f/s, loss span %.3f answerable %.3f",
                100 * self.share(), self.steps, self.examples, speed, *self.loss,
            )  # fmt: skip

    def note(self, measured: dict[str, float]) -> None:
        self.measured = measured
        log.info("dev: %s", json.dumps({name: round(value, 4) for name, value in measured.items()}))


def _step(network: SpanNetwork, batch: Batch, optimiser: torch.optim.Optimizer, state: Progress) -> None:
    factor = rate_factor(state.share(), state.recipe)
    for group in optimiser.param_groups:
        group["lr"] = group["full"] * factor
    span, answer = losses(*forward(network, batch), batch)
    (span + answer).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), state.recipe.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    state.add(len(batch.ids), span.item(), answer.item())


def _optimiser(network: SpanNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    heads = [*network.span.parameters(), *network.answers.parameters()]
    body = [weight for weight in network.encoder.parameters() if weight.requires_grad]
    groups = [{"params": body, "full": recipe.rate}, {"params": heads, "full": recipe.head_rate}]
    return torch.optim.AdamW(groups, lr=recipe.rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))


def _endless(data: Path, coder: Coder, recipe: Recipe) -> Iterator[Batch]:
    for epoch in itertools.count():
        seed = recipe.seed * 1000 + epoch
        rows = training_mix(data, seed)
        answerable = sum(row.answerable for row in rows)
        log.info("epoch %d: %d rows, %.0f%% answerable", epoch, len(rows), 100 * answerable / len(rows))
        yield from batches(rows, coder, recipe.tokens, seeded(seed))


def _dev_batches(data: Path, coder: Coder, recipe: Recipe) -> list[Batch]:
    """A fixed sample of the held-out part, half as many negatives added."""
    chosen = seeded(0)
    rows = [row for row in dev_rows(data) if row.source not in ("qamr", "multireqa", "policyqa")]
    rows = chosen.sample(add_negatives(rows, 0.5, chosen), recipe.dev_examples)
    return list(batches(rows, coder, recipe.tokens, chosen))


@torch.inference_mode()
def evaluate(network: SpanNetwork, held_out: list[Batch]) -> dict[str, float]:
    """Losses, exact place of the span (answerable rows) and AUC of the answerable logit, on dev batches."""
    network.eval()
    sums = torch.zeros(2)
    right = placed = 0
    yes: list[float] = []
    no: list[float] = []
    for batch in held_out:
        spans, answers = forward(network, batch)
        sums += torch.stack(losses(spans, answers, batch)) * len(answers)
        spans = spans.masked_fill(~batch.allowed.unsqueeze(-1), -1e4)[:, 1:]
        has = batch.starts > 0
        best = spans.argmax(dim=1) + 1
        right += int(((best[:, 0] == batch.starts) & (best[:, 1] == batch.ends))[has].sum())
        placed += int(has.sum())
        yes += answers[batch.answerable > 0].tolist()
        no += answers[batch.answerable == 0].tolist()
    network.train()
    total = len(yes) + len(no)
    wins = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    return {
        "span_loss": float(sums[0]) / total,
        "answerable_loss": float(sums[1]) / total,
        "exact_place": right / max(placed, 1),
        "answerable_auc": wins / max(len(yes) * len(no), 1),
    }


def save(network: SpanNetwork, out: Path, recipe: Recipe, state: Progress, source: str | None) -> Path:
    """Write a checkpoint folder and point `out/current` at it; the one before it is kept, older ones go."""
    from safetensors.torch import save_file

    folder = out / f"step-{state.steps:06d}"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.half().contiguous() for name, value in network.stored().items()}
    save_file(tensors, folder / "span.safetensors")
    config = {
        "format": 1,
        "frozen_layers": recipe.frozen_layers,
        "encoder_sha256": source,
        "recipe": asdict(recipe),
        "steps": state.steps,
        "examples": state.examples,
        "minutes": round((time.monotonic() - state.began) / 60, 1),
        "dev": state.measured,
    }
    (folder / "span.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    link = out / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    os.replace(link, out / "current")
    for old in sorted(out.glob("step-*"))[:-2]:
        shutil.rmtree(old)
    return folder


def _tokenizer(folder: Path) -> object:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--minutes", type=float, required=True, help="time budget")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    log.info("done: %s", train(given.data, given.out, Recipe(given.minutes, seed=given.seed)))


if __name__ == "__main__":
    main()
