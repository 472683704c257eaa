"""A model folder in this process, by transformers: for machines without any model server.

One answer at a time; others wait their turn. The weights are loaded when first asked for, from safetensors alone.
`structured` has no grammar to hold the model: the text is validated, and asked for again at most twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.errors import Cancelled, GeneratorUnavailable, NotAvailable
from assistant.generators.counting import load_tokenizer, prompt_ids
from assistant.generators.pump import POLL_SECONDS, Patience
from assistant.generators.shapes import fitting
from assistant.generators.thinking import Thoughts, opens
from assistant.types import Delta, Finished, Message, ModelInfo, Revised, Sampling, Usage, text_of

CONTEXT = 4096
TRIES = 3


def never() -> bool:
    return False


class LocalGenerator:
    """Seam Generator over a folder with config, tokenizer and *.safetensors.

    `threads` is what torch may take for it, 0 leaves torch's own number. `context` 0 takes the model's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "",
        context: int = 0,
        threads: int = 0,
        patience: Patience | None = None,
        provenance: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._folder = folder
        self._name = name or folder.name
        self._context = context
        self._threads = threads
        self._patience = patience or Patience(60.0, 300.0)
        self._provenance = provenance
        self._turn = threading.Lock()

    # --- the seam ---------------------------------------------------------------------------------------------------
    @cached_property
    def info(self) -> ModelInfo:
        config = self._config
        longest = int(getattr(config, "max_position_embeddings", 0) or CONTEXT)
        known = self._provenance()
        revision = str(known.get("revision") or known.get("sha256") or "")
        return ModelInfo(self._name, "local", min(self._context or longest, longest), revision, known)

    def count(self, messages: Sequence[Message]) -> int:
        return len(prompt_ids(self._tokenizer, messages))

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool] = never
    ) -> Iterator[Delta | Revised | Finished]:
        ids = prompt_ids(self._tokenizer, messages)
        room = self.info.context - len(ids)
        if room < 1:
            raise GeneratorUnavailable(
                f"The question with its passages is longer than the model “{self._name}” can read; "
                "ask a shorter one, or lower hits."
            )
        with self._slot(stop):
            yield from self._told(ids, min(sampling.max_tokens, room), sampling, stop)

    def structured(self, messages: Sequence[Message], schema: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
        asked = list(messages)
        for attempt in range(TRIES):
            text = text_of(self.stream(asked, sampling))
            try:
                return fitting(text, schema)
            except GeneratorUnavailable:
                if attempt == TRIES - 1:
                    raise
            asked = [*messages, Message("assistant", text), Message("user", "Answer again, as one JSON object alone.")]
        raise AssertionError("the last try returns or raises")

    def prepare(self) -> None:
        """Loads the weights."""
        assert self._model is not None

    # --- one answer -------------------------------------------------------------------------------------------------
    @contextmanager
    def _slot(self, stop: Callable[[], bool]) -> Iterator[None]:
        """The model for one answer. Waiting ends with `stop` or when the patience with one whole answer is over."""
        until = time.monotonic() + self._patience.whole
        while not self._turn.acquire(timeout=POLL_SECONDS):
            if stop():
                raise Cancelled("Stopped.")
            if time.monotonic() > until:
                raise GeneratorUnavailable("The model on this machine is busy; try again in a moment.")
        try:
            yield
        finally:
            self._turn.release()

    def _told(
        self, ids: list[int], most: int, sampling: Sampling, stop: Callable[[], bool]
    ) -> Iterator[Delta | Revised | Finished]:
        """The text of the tokens as far as it cannot change any more, without thoughts, up to the first stop text."""
        thoughts = Thoughts(opens(self._tokenizer.decode(ids[-TAG_TOKENS:])))
        written = _Written(self._tokenizer, sampling.stop)
        until = time.monotonic() + self._patience.whole
        ended = False
        for token in self._tokens(ids, most, sampling, stop):
            if time.monotonic() > until:
                raise GeneratorUnavailable(
                    f"The model's answer took longer than {self._patience.whole:g} seconds; "
                    "ask for less, or raise model_seconds."
                )
            if ended := token in self._ends:
                break
            yield from _heard(thoughts, written.add(token))
            if ended := written.stopped:
                break
        yield from _heard(thoughts, written.rest())
        if rest := thoughts.rest(cut=not ended):
            yield Delta(rest)
        yield Finished("stop" if ended else "length", Usage(len(ids), written.tokens))

    def _tokens(self, ids: list[int], most: int, sampling: Sampling, stop: Callable[[], bool]) -> Iterator[int]:
        """Token after token; the prompt is read in parts, so that a stop is seen within it too."""
        import torch

        from assistant.generators.drawing import draw, drawer

        random = drawer(sampling)
        model, cache, rest = self._model, None, torch.tensor([ids])
        with _threads(self._threads):
            for _ in range(most):
                for part in torch.split(rest, PART, dim=1):
                    if stop():
                        raise Cancelled("Stopped.")
                    with torch.inference_mode():
                        out = model(input_ids=part, past_key_values=cache, use_cache=True, logits_to_keep=1)
                    cache = out.past_key_values
                token = draw(out.logits[0, -1], sampling, random)
                yield token
                rest = torch.tensor([[token]])

    # --- what is loaded once ----------------------------------------------------------------------------------------
    @cached_property
    def _config(self) -> Any:
        from transformers import AutoConfig

        if not any(self._folder.glob("*.safetensors")):
            raise NotAvailable(
                f"There is no model in {self._folder}; name a folder with config.json and safetensors weights."
            )
        try:
            return AutoConfig.from_pretrained(self._folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise self._unusable(error) from error

    @cached_property
    def _tokenizer(self) -> Any:
        assert self._config is not None
        return load_tokenizer(self._folder)

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # standard error is for messages to people
        config = self._config
        try:
            model = AutoModelForCausalLM.from_pretrained(
                self._folder,
                config=config,
                dtype=torch.bfloat16 if _quick_bf16() else torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise self._unusable(error) from error
        return model.eval()  # type: ignore[no-untyped-call]

    @cached_property
    def _ends(self) -> frozenset[int]:
        """Tokens that end an answer: the tokenizer's and those of the folder's generation settings."""
        said = getattr(self._model.generation_config, "eos_token_id", None)
        ends = said if isinstance(said, list) else [said]
        return frozenset(end for end in (*ends, self._tokenizer.eos_token_id) if end is not None)

    def _unusable(self, error: Exception) -> NotAvailable:
        return NotAvailable(f"The model in {self._folder} cannot be loaded ({type(error).__name__}); check its files.")


PART = 256
"""Tokens of a prompt read at a time."""
TAG_TOKENS = 16
"""Tokens at the end of a prompt among which a template's tag stands."""


def _heard(thoughts: Thoughts, text: str) -> Iterator[Delta | Revised]:
    shown = thoughts.feed(text)
    if thoughts.astray:
        yield Revised()
    if shown:
        yield Delta(shown)


class _Written:
    """The text of tokens; what may still change (half a character) or begin a stop text waits."""

    def __init__(self, tokenizer: Any, stops: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._stops = [stop for stop in stops if stop]
        self._pending: list[int] = []
        self._before = ""
        self._held = ""
        self.tokens = 0
        self.stopped = False

    def add(self, token: int) -> str:
        self.tokens += 1
        self._pending.append(token)
        text = self._tokenizer.decode(self._pending, skip_special_tokens=True)
        if text.endswith("\ufffd"):
            return ""
        self._held += text[len(self._before) :]
        # The last token stays as the beginning of what follows: some tokenizers drop a blank at the start of a text.
        self._pending = self._pending[-1:]
        self._before = self._tokenizer.decode(self._pending, skip_special_tokens=True)
        return self._ready()

    def rest(self) -> str:
        held, self._held = self._held, ""
        return "" if self.stopped else held

    def _ready(self) -> str:
        for stop in self._stops:
            if stop in self._held:
                self.stopped = True
                self._held = self._held[: self._held.index(stop)]
                ready, self._held = self._held, ""
                return ready
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        waits = next(
            (
                n
                for n in range(min(longest, len(self._held)), 0, -1)
                if any(s.startswith(self._held[-n:]) for s in self._stops)
            ),
            0,
        )
        ready, self._held = self._held[: len(self._held) - waits], self._held[len(self._held) - waits :]
        return ready


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """torch's number of threads, where it is set; the one from before comes back."""
    import torch

    if not number or number == torch.get_num_threads():
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _quick_bf16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware."""
    import torch

    known = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(known and torch.ops.mkldnn._is_mkldnn_bf16_supported())
