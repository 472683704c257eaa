"""Real texts to measure with: paragraphs of the public sets, and passages mixed from their sentences."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from assistant.textual import sentences
from evals.data import cmrc2018, qed, squad_pairs


def paragraphs(data: Path) -> list[str]:
    """Different paragraphs, three English ones to a Chinese one, in a fixed random order."""
    english = {text for _, _, text in squad_pairs(data / "squad_more/train-v1.1.parts.json.gz")}
    english |= set(qed(data).passages.values())
    chinese = sorted(cmrc2018(data).passages.values())
    chance = random.Random(0)
    texts = chance.sample(sorted(english), min(len(english), 3 * len(chinese))) + chinese
    chance.shuffle(texts)
    return texts


def mixed(texts: list[str], count: int, seed: int = 0) -> Iterator[tuple[str, ...]]:
    """The texts, each alone, then three sentences drawn from them, again and again: real words, no real passages."""
    yield from ((text,) for text in texts[:count])
    chance = random.Random(seed)
    pieces = [text[start:end] for text in texts for start, end in sentences(text)]
    for _ in range(count - len(texts)):
        yield tuple(chance.sample(pieces, 3))
