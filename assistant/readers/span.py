"""The span reader at work: where in these passages is the answer, and does each of them answer at all.

Weights are the packaged ones (assistant/readers/weights), or a folder that `python -m
assistant.tuning.span_reader` wrote. Word embeddings and frozen layers are the encoder's own, not copies.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.embedders.sentence import SentenceEmbedder, batches
from assistant.embedders.weights import source_hash
from assistant.errors import NotAvailable
from assistant.readers.span_input import EOS, Pieces, passage_pieces, prefix_ids, question_ids

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant.embedders.sentence import PackagedBert
    from assistant.readers.span_weights import SpanHeads

READER_VARIABLE = "THICKSHELL_READER"
PACKAGED = Path(__file__).parent / "weights"
CONFIG, WEIGHTS = "span.json", "span.safetensors"
RANGES = "int8.safetensors"
"""Beside the weights: what `python -m evals fit-ranges --reader` measured for them. Without it, or with that of other
weights, the reader stays in floating point."""
WINDOW, STRIDE = 230, 130
BATCH_TOKENS = 4096

Span = tuple[int, int, float]


@dataclass(frozen=True)
class PassageReading:
    """What the reader makes of one passage.

    `answerable` is the logit of "this passage answers the question" (0: even odds, before calibration).
    `spans` are (start, end, score), best first: code points of the passage, text[start:end] never empty and
    without blanks at its ends; score is the span's logit less that of "no answer", comparable across passages.
    """

    answerable: float
    spans: tuple[Span, ...]

    @property
    def best_score(self) -> float:
        """Score of the best span; minus infinity where the passage holds no words."""
        return self.spans[0][2] if self.spans else float("-inf")


@dataclass(frozen=True)
class Window:
    """Part of a passage as the network sees it: `low` is the passage token at position `at` of `ids`."""

    passage: int
    ids: list[int]
    at: int
    low: int


class SpanModel:
    """Reads passages in batches; loads on first use, once, whatever thread comes first.

    `folder` None: $THICKSHELL_READER, else the packaged weights. `encoder` is shared when given and packaged.
    NotAvailable on first use when there are no weights, or they were trained on another encoder.
    """

    def __init__(self, folder: Path | None = None, encoder: SentenceEmbedder | None = None) -> None:
        self.folder = folder or reader_folder()
        self._encoder = encoder
        self._lock = threading.Lock()
        self._loaded: tuple[PackagedBert, SpanHeads] | None = None
        self._hashed: tuple[int, str] | None = None

    @property
    def id(self) -> str:
        """Changes whenever the readings would (but for the processor's rounding)."""
        file = self.folder / WEIGHTS
        if not file.is_file():
            raise _missing(self.folder)
        written = file.stat().st_mtime_ns
        if self._hashed is None or self._hashed[0] != written:  # hashing takes tens of ms, and receipts ask each time
            self._hashed = written, f"span-{file_hash(file)[:12]}"
        return self._hashed[1]

    def predict(
        self, question: str, passages: Sequence[str], max_span_tokens: int = 30, top: int = 5
    ) -> list[PassageReading]:
        """One reading a passage, in their order. Passages over 230 tokens are read in overlapping windows."""
        base, heads = self._models()
        pieces = [passage_pieces(base.tokenizer, passage) for passage in passages]
        windows = list(self._windows(base, question, pieces))
        found: list[list[Span]] = [[] for _ in passages]
        logits: list[list[float]] = [[] for _ in passages]
        for group in batches([len(window.ids) for window in windows], BATCH_TOKENS):
            spans, answers = heads.run([windows[place].ids for place in group])
            for place, scores, answer in zip(group, spans, answers, strict=True):
                window = windows[place]
                logits[window.passage].append(float(answer))
                found[window.passage] += best_spans(scores, window, pieces[window.passage], max_span_tokens, top)
        return [_reading(lists, answers, top) for lists, answers in zip(found, logits, strict=True)]

    @property
    def heads(self) -> SpanHeads:
        """The loaded network."""
        return self._models()[1]

    def rows(self, question: str, passages: Sequence[str]) -> list[list[int]]:
        """Token ids of all windows of the passages, as the network gets them."""
        base, _ = self._models()
        pieces = [passage_pieces(base.tokenizer, passage) for passage in passages]
        return [window.ids for window in self._windows(base, question, pieces)]

    def _windows(self, base: PackagedBert, question: str, pieces: Sequence[Pieces]) -> Iterator[Window]:
        head = question_ids(base.tokenizer, question) + prefix_ids(base.tokenizer)
        for place, passage in enumerate(pieces):
            for low in window_starts(len(passage.ids)):
                yield Window(place, [*head, *passage.ids[low : low + WINDOW], EOS], len(head), low)

    def _models(self) -> tuple[PackagedBert, SpanHeads]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> tuple[PackagedBert, SpanHeads]:
        from assistant.embedders.int8 import load_ranges
        from assistant.readers.span_weights import load_heads

        config = read_config(self.folder)
        if file_hash(self.folder / WEIGHTS) != config.get("sha256"):
            raise NotAvailable(f"The span reader weights in {self.folder} are damaged: they are not those of {CONFIG}.")
        base = (self._encoder or SentenceEmbedder()).packaged_bert() or SentenceEmbedder().packaged_bert()
        if base is None or source_hash(base.folder) != config["encoder_sha256"]:
            raise NotAvailable(f"The span reader in {self.folder.name} was trained on another encoder; train it again.")
        ranges = load_ranges(config["sha256"], self.folder / RANGES) if base.precision == "int8" else None
        return base, load_heads(self.folder / WEIGHTS, base, config["frozen_layers"], ranges)


def reader_folder() -> Path:
    """Where the reader's weights are looked for: $THICKSHELL_READER, else in the package."""
    named = os.environ.get(READER_VARIABLE)
    return Path(named) if named else PACKAGED


def file_hash(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_config(folder: Path) -> dict[str, Any]:
    """span.json of a weights folder; NotAvailable when there is none."""
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _missing(folder) from error
    return config


def window_starts(tokens: int) -> list[int]:
    """First tokens of the windows that cover a passage; none for an empty one.

    >>> window_starts(200), window_starts(300), window_starts(0)
    ([0], [0, 70], [])
    """
    if tokens <= WINDOW:
        return [0] if tokens else []
    last = tokens - WINDOW
    return [*range(0, last, STRIDE), last]


def best_spans(
    scores: NDArray[np.float32], window: Window, pieces: Pieces, max_span_tokens: int, top: int
) -> list[Span]:
    """The `top` best spans of one window. `scores` (tokens, 2): start and end logits of every position, <s> first."""
    import numpy as np

    count = len(window.ids) - window.at - 1
    starts, ends = scores[window.at : window.at + count].T
    pairs = starts[:, None] + ends[None, :] - scores[0].sum()
    distance = np.arange(count)[None, :] - np.arange(count)[:, None]
    pairs = np.where((distance >= 0) & (distance < max_span_tokens), pairs, -np.inf).ravel()
    best = np.argpartition(-pairs, min(top, pairs.size) - 1)[:top]
    return [
        (*_characters(pieces, window.low + int(place) // count, window.low + int(place) % count), float(pairs[place]))
        for place in best[np.argsort(-pairs[best])]
        if np.isfinite(pairs[place])
    ]


def _characters(pieces: Pieces, first: int, last: int) -> tuple[int, int]:
    return pieces.spans[first][0], pieces.spans[last][1]


def _reading(spans: list[Span], answers: list[float], top: int) -> PassageReading:
    """Windows put together: each span once with its best score; the passage answers where its best window does."""
    best: dict[tuple[int, int], float] = {}
    for start, end, score in spans:
        best[start, end] = max(score, best.get((start, end), float("-inf")))
    ranked = sorted(((start, end, score) for (start, end), score in best.items()), key=lambda span: -span[2])
    return PassageReading(max(answers, default=float("-inf")), tuple(ranked[:top]))


def _missing(folder: Path) -> NotAvailable:
    return NotAvailable(
        f"There are no span reader weights in {folder}; reinstall thickshell or name a folder in the setting 'reader'."
    )
