"""Train the span reader: `python -m assistant.tuning.span_reader --data DIR --out DIR --minutes N`.

Starts from the packaged encoder, or from an earlier reader (`--start`); word embeddings and the lowest layers
stay frozen, so only the upper layers and two small heads are learned and stored. The learning rate follows the
share of the time budget that has passed, so that a run ends on time however busy the processor is.
`DIR/current` always points at the newest complete checkpoint.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from assistant.embedders.arithmetic import quick_int8
from assistant.embedders.centred import CentredEmbedder
from assistant.embedders.sentence import SentenceEmbedder
from assistant.embedders.weights import encoder_folder, source_hash
from assistant.readers.span_network import SpanNetwork, load_encoder
from assistant.tuning.mining import Near, NearByBoth, near_by_words
from assistant.tuning.negatives import add_negatives, seeded
from assistant.tuning.reading_data import PLAIN, Mix, dev_rows, training_mix
from assistant.tuning.reading_scores import auc
from assistant.tuning.reading_sets import SETS, Row
from assistant.tuning.span_batches import Batch, Coder, batches
from assistant.tuning.span_checkpoint import blend, restore, save
from assistant.tuning.span_recipe import Progress, Recipe, rate_factor

log = logging.getLogger(__name__)
FAR = -1e4  # logit of a place that may not be chosen
EASY = ("qamr", "multireqa", "policyqa")  # one-sentence or generic rows say little about progress


def train(
    epoch: Callable[[int], Sequence[Row]], held_out: Sequence[Row], out: Path, recipe: Recipe, start: Path | None = None
) -> Path:
    """Learn from the rows of epoch(0), epoch(1), ... until the time is up; the folder of the last checkpoint."""
    torch.manual_seed(recipe.seed)
    base = encoder_folder()
    # eager attention: its backward pass took 20% less of a step than the fused kernel on two cores at 230 tokens
    network = frozen(SpanNetwork(load_encoder(base, attn_implementation="eager"), recipe.frozen_layers))
    if start:
        restore(network, start, source_hash(base))
    coder = Coder(_tokenizer(base))
    checked = list(batches(held_out, coder, recipe.tokens, seeded(0)))
    optimiser = _optimiser(network, recipe)
    stream = _endless(epoch, coder, recipe)
    first = next(stream)  # negatives are looked for here: minutes that are not the training's
    state = Progress(recipe)
    for batch in itertools.chain([first], stream):
        if state.share() >= 1:
            break
        _step(network, batch, optimiser, state)
        if state.due():
            state.note(evaluate(network, checked))
            save(network, out, state, source_hash(base))
    state.note(evaluate(network, checked))
    return save(network, out, state, source_hash(base))


def frozen(network: SpanNetwork) -> SpanNetwork:
    """The network with word embeddings and its lowest layers fixed."""
    encoder: Any = network.encoder
    encoder.embeddings.requires_grad_(False)
    for layer in encoder.encoder.layer[: network.frozen_layers]:
        layer.requires_grad_(False)
    return network


def losses(spans: Tensor, answers: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(span loss, answerable loss). Positions outside the passage cannot win, except <s>, which means no answer."""
    spans = spans.masked_fill(~batch.allowed.unsqueeze(-1), FAR)
    placed = (batch.starts >= 0).sum().clamp(min=1)
    sums = [
        nn.functional.cross_entropy(spans[..., side], target, ignore_index=-100, reduction="sum")
        for side, target in enumerate((batch.starts, batch.ends))
    ]
    return (sums[0] + sums[1]) / (2 * placed), nn.functional.binary_cross_entropy_with_logits(answers, batch.answerable)


def forward(network: SpanNetwork, batch: Batch) -> tuple[Tensor, Tensor]:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return network(batch.ids, batch.mask)  # type: ignore[no-any-return]


@torch.inference_mode()
def evaluate(network: SpanNetwork, checked: Sequence[Batch]) -> dict[str, float]:
    """Losses, exact place of the span (answerable rows) and AUC of the answerable logit, on held-out batches."""
    network.eval()
    sums = torch.zeros(2)
    right = placed = 0
    logits: list[float] = []
    labels: list[bool] = []
    for batch in checked:
        spans, answers = forward(network, batch)
        sums += torch.stack(losses(spans, answers, batch)) * len(answers)
        best = spans.masked_fill(~batch.allowed.unsqueeze(-1), FAR)[:, 1:].argmax(dim=1) + 1
        has = batch.starts > 0
        right += int(((best[:, 0] == batch.starts) & (best[:, 1] == batch.ends))[has].sum())
        placed += int(has.sum())
        logits += answers.tolist()
        labels += (batch.answerable > 0).tolist()
    network.train()
    return {
        "span_loss": float(sums[0]) / len(labels),
        "answerable_loss": float(sums[1]) / len(labels),
        "exact_place": right / max(placed, 1),
        "answerable_auc": auc(logits, labels),
    }


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


def _endless(epoch: Callable[[int], Sequence[Row]], coder: Coder, recipe: Recipe) -> Iterator[Batch]:
    for number in itertools.count():
        rows = epoch(number)
        answerable = sum(row.answerable for row in rows)
        log.info("epoch %d: %d rows, %.0f%% answerable", number, len(rows), 100 * answerable / len(rows))
        yield from batches(rows, coder, recipe.tokens, seeded(1000 * recipe.seed + number))


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def public_run(
    data: Path,
    out: Path,
    recipe: Recipe,
    start: Path | None = None,
    mix: Mix = PLAIN,
) -> Path:
    """Train on the public sets below `data`, watched on a fixed sample of their held-out part with negatives."""
    chosen = seeded(0)
    watched = [row for row in dev_rows(data) if row.source not in EASY]
    watched = chosen.sample(add_negatives(watched, 0.5, chosen), recipe.dev_examples)

    def epoch(number: int) -> list[Row]:
        return training_mix(data, 1000 * recipe.seed + number, mix)

    return train(epoch, watched, out, recipe, start)


def quick_encoder() -> CentredEmbedder:
    """The packaged encoder in the quickest arithmetic at hand: which passages are near needs no more digits."""
    return CentredEmbedder(SentenceEmbedder(precision="int8" if quick_int8() else "auto"))


def _share(text: str) -> tuple[str, float]:
    """`SET=N` as a pair, for argparse."""
    name, _, number = text.partition("=")
    if name not in SETS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SETS)}")
    return name, float(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--minutes", type=float, required=True, help="time budget")
    parser.add_argument("--start", type=Path, help="weights folder to go on from; default: the bare encoder")
    parser.add_argument("--rate", type=float, default=Recipe.rate, help="highest learning rate of the layers")
    parser.add_argument("--negatives", type=float, default=0.35, help="added for that part of the answered questions")
    parser.add_argument("--near", choices=["words", "both"], default="words", help="how near passages are found")
    parser.add_argument("--typed", type=float, default=0.0, help="part of the English questions without capitals")
    parser.add_argument("--share", type=_share, action="append", default=[], help="SET=N: how often its rows come")
    parser.add_argument("--blend", type=float, default=1.0, help="share of the new weights in a mean with the start's")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    recipe = Recipe(given.minutes, rate=given.rate, seed=given.seed)
    near: Near = near_by_words if given.near == "words" else NearByBoth(quick_encoder())
    mix = Mix(given.negatives, near, given.typed, dict(given.share))
    done = public_run(given.data, given.out, recipe, given.start, mix)
    if given.start and given.blend < 1:
        done = blend(given.start, done, given.blend, given.out / "blended")
    log.info("done: %s", done)


if __name__ == "__main__":
    main()
