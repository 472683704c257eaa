"""Text to unit vectors: the packaged multilingual-e5-small by default, any sentence-transformers model by name.

Models load on first use, once, whatever thread comes first. Texts go through in batches of similar length
whose padded size is bounded in tokens, so that short texts are not padded to long ones and memory stays flat.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assistant.embedders.arithmetic import Precision, chosen, floating
from assistant.embedders.safe_loading import only_safetensors
from assistant.embedders.weights import MISSING, encoder_folder, source_hash
from assistant.errors import NotAvailable

if TYPE_CHECKING:
    from assistant.embedders.bert import Bert
    from assistant.seams import F32

PACKAGED = "packaged"
BATCH_TOKENS = 4096
MAX_TOKENS = 512
BOS, EOS = 0, 2
CPU = "cpu"


class Backend(Protocol):
    """A loaded model: `encode` takes what `tokens` gave, in any order, rows (n, dim) of unit length.

    `many`: speed matters more than the last digits (passages).
    """

    dim: int
    query_prefix: str
    passage_prefix: str

    def tokens(self, texts: Sequence[str]) -> list[list[int]]: ...
    def encode(self, texts: Sequence[str], tokens: Sequence[list[int]], *, many: bool = False) -> F32: ...


class SentenceEmbedder:
    """Embedder (seams). `model` is "packaged", a folder, or a name that sentence-transformers knows.

    `threads` 0 leaves torch's choice; `device` is torch's name of where to compute. NotAvailable on first use when the
    model or the device is not to be had.
    """

    def __init__(
        self,
        model: str = PACKAGED,
        *,
        threads: int = 0,
        precision: Precision = "auto",
        allow_downloads: bool = False,
        batch_tokens: int = BATCH_TOKENS,
        device: str = CPU,
    ) -> None:
        self.model = model
        self.precision = precision
        self._threads = threads
        self._allow_downloads = allow_downloads
        self._batch_tokens = batch_tokens
        self._device = device
        self._lock = threading.Lock()
        self._loaded: Backend | None = None

    @cached_property
    def id(self) -> str:
        """Model and hash of its weights; precision is left out, for its vectors agree to 0.999."""
        if self.model != PACKAGED:
            return f"{Path(self.model).name}-{_folder_hash(Path(self.model)) or 'named'}"
        folder = encoder_folder()
        converted = source_hash(folder)
        return f"{folder.name}-{converted[:12] if converted else _folder_hash(folder)}"

    @property
    def dim(self) -> int:
        return self.backend.dim

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without prefix and special tokens."""
        return [len(ids) for ids in self.backend.tokens(texts)]

    def embed_queries(self, texts: Sequence[str]) -> F32:
        """(n, dim), unit rows; the model's query prefix is added here."""
        return self._embed(texts, self.backend.query_prefix, many=False)

    def embed_passages(self, texts: Sequence[str]) -> F32:
        """(n, dim), unit rows; the model's passage prefix is added here. Text beyond 512 tokens is cut off."""
        return self._embed(texts, self.backend.passage_prefix, many=True)

    @property
    def backend(self) -> Backend:
        """The loaded model. Other rooms use `packaged_bert` to share it."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def packaged_bert(self) -> PackagedBert | None:
        """The packaged encoder itself, for a reader to share; None for another model."""
        backend = self.backend
        return backend if isinstance(backend, PackagedBert) else None

    def _load(self) -> Backend:
        import torch

        if self._threads:
            torch.set_num_threads(self._threads)
        check_device(self._device)
        folder = encoder_folder() if self.model == PACKAGED else Path(self.model)
        if source_hash(folder):
            return PackagedBert(folder, self.precision, self._device)
        return NamedModel(str(folder) if folder.is_dir() else self.model, self._allow_downloads, self._device)

    def _embed(self, texts: Sequence[str], prefix: str, many: bool) -> F32:
        rows = np.empty((len(texts), self.dim), dtype=np.float32)
        prefixed = [prefix + text for text in texts]
        tokens = self.backend.tokens(prefixed)
        for places in batches([min(len(ids), MAX_TOKENS) for ids in tokens], self._batch_tokens):
            part = [prefixed[i] for i in places], [tokens[i] for i in places]
            rows[places] = self.backend.encode(*part, many=many)
        return rows


def check_device(device: str) -> None:
    """NotAvailable where torch cannot compute on it."""
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        raise NotAvailable(f"The encoder cannot compute on “{device}” here; set encoder_device to cpu.") from error


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Places of `lengths` in groups of similar length, longest first; a group's padded size stays within `budget`.

    >>> list(batches([5, 1, 4], 10))
    [[0, 2], [1]]
    """
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if group and lengths[group[0]] * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


class PackagedBert:
    """Backend of the converted multilingual-e5-small: torch and tokenizers only, mean of the last states."""

    query_prefix, passage_prefix = "query: ", "passage: "

    def __init__(self, folder: Path, precision: Precision = "auto", device: str = CPU) -> None:
        from tokenizers import Tokenizer

        from assistant.embedders.bert import BertConfig

        self.folder = folder
        self.floating = floating(precision)
        self.tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.precision = chosen(precision)
        self.device = device
        self.dim = BertConfig.read(folder).hidden

    @cached_property
    def elsewhere(self) -> Bert | None:
        """The encoder on a device of its own; None where that is the processor. The span reader stays there."""
        if self.device == CPU:
            return None
        import torch

        from assistant.embedders.bert import load_bert

        return load_bert(self.folder, torch.float32 if self.precision == "fp32" else torch.bfloat16, self.device)

    @cached_property
    def bert(self) -> Bert:
        """The encoder in floating point, for questions and the span reader; loaded when first asked for."""
        import torch

        from assistant.embedders.bert import load_bert

        return load_bert(self.folder, torch.bfloat16 if self.floating == "bf16" else torch.float32)

    @cached_property
    def int8(self) -> Bert | None:
        """The encoder in whole numbers, for passages; None where another is set, or for an encoder without ranges.

        Questions stay in floating point: one takes as long either way, and rounding both sides costs more recall.
        """
        if self.precision != "int8":
            return None
        from assistant.embedders.int8 import load_int8, load_ranges

        ranges = load_ranges(source_hash(self.folder) or "")
        return load_int8(self.folder, ranges) if ranges else None

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [coded.ids for coded in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def encode(self, texts: Sequence[str], tokens: Sequence[list[int]], *, many: bool = False) -> F32:
        import torch

        rows = [[BOS, *row[: MAX_TOKENS - 2], EOS] for row in tokens]
        with torch.inference_mode():
            bert = self.elsewhere or (self.int8 if many else None) or self.bert
            return torch.nn.functional.normalize(bert.means(rows), dim=1).cpu().numpy()


class NamedModel:
    """Backend of any sentence-transformers model; prefixes are its own "query" and "document" or "passage" prompts."""

    def __init__(self, model: str, allow_downloads: bool = False, device: str = CPU) -> None:
        if not allow_downloads:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer

        try:
            with only_safetensors(model):
                self.model = SentenceTransformer(
                    model,
                    device=device,
                    local_files_only=not allow_downloads,
                    model_kwargs={"use_safetensors": True},
                )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise NotAvailable(f"The embedding model {model} cannot be loaded ({reason}). {MISSING}") from error
        prompts = self.model.prompts or {}
        self.query_prefix: str = prompts.get("query") or ""
        self.passage_prefix: str = prompts.get("document") or prompts.get("passage") or ""
        self.dim = int(self.model.get_embedding_dimension() or 0)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        coded = self.model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return list(coded["input_ids"])

    def encode(self, texts: Sequence[str], tokens: Sequence[list[int]], *, many: bool = False) -> F32:
        rows = self.model.encode(
            list(texts), prompt="", batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(rows, dtype=np.float32)


def _folder_hash(folder: Path) -> str:
    """12 hexadecimal digits over names and contents of a model folder; empty for a name that is no folder.

    Weights of any size are read once (about 1 s per GB).
    """
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".json", ".safetensors", ".txt", ".model"):
            digest.update(path.relative_to(folder).as_posix().encode("utf-8"))
            with path.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:12]
