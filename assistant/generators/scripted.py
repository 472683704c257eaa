"""A model that says what it was told to say: for tests of everything that stands on the seam Generator."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assistant.errors import Cancelled, GeneratorUnavailable
from assistant.generators.shapes import fitting
from assistant.types import Delta, Finished, Message, ModelInfo, Sampling, Usage

Reply = str | Exception | Callable[[Sequence[Message]], str]
POLL_SECONDS = 0.02
_CJK = r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_WORD = re.compile(rf"\s*(?:{_CJK}|(?:(?!{_CJK})\S)+)|\s+$")


def never() -> bool:
    return False


class ScriptedGenerator:
    """Call n is answered by reply n, calls after the last by the last. The same calls give the same words.

    A reply is a text, a function of the messages, or an error to raise. `delay` seconds pass before each word. After
    `cut_after` words the stream breaks off with GeneratorUnavailable. `calls` keeps what was asked, `running` counts
    streams under way, `stopped` those that were stopped or left.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Reply,
        context: int = 4096,
        delay: float = 0.0,
        *,
        cut_after: int | None = None,
        cached: int | None = None,
        name: str = "scripted",
    ) -> None:
        self._replies = [replies] if isinstance(replies, str) or not isinstance(replies, Sequence) else list(replies)
        self._delay = delay
        self._cut_after = cut_after
        self._cached = cached
        self._info = ModelInfo(name, "scripted", context, revision="1")
        self._lock = threading.Lock()
        self.calls: list[tuple[Message, ...]] = []
        self.running = 0
        self.stopped = 0

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count(self, messages: Sequence[Message]) -> int:
        return sum(len(words(message.content)) for message in messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool] = never
    ) -> Iterator[Delta | Finished]:
        text = self._reply(messages)
        said = words(_before(text, sampling.stop))
        given = said[: sampling.max_tokens]
        with self._lock:
            self.running += 1
        whole = False
        try:
            for n, word in enumerate(given):
                self._wait(stop)
                if n == self._cut_after:
                    whole = True
                    raise GeneratorUnavailable("The model broke off before its answer was whole; ask again.")
                yield Delta(word)
            whole = True
        finally:
            with self._lock:
                self.running -= 1
                self.stopped += not whole
        usage = Usage(self.count(messages), len(given), self._cached)
        yield Finished("stop" if len(given) == len(said) else "length", usage)

    def structured(self, messages: Sequence[Message], schema: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
        return fitting(self._reply(messages), schema)

    def _reply(self, messages: Sequence[Message]) -> str:
        with self._lock:
            reply = self._replies[min(len(self.calls), len(self._replies) - 1)]
            self.calls.append(tuple(messages))
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, str) else reply(messages)

    def _wait(self, stop: Callable[[], bool]) -> None:
        until = time.monotonic() + self._delay
        while True:
            if stop():
                raise Cancelled("Stopped.")
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(left, POLL_SECONDS))


def words(text: str) -> list[str]:
    """A text in pieces that add up to it: words with the blanks before them, Chinese characters one by one.

    >>> words("Lyon has 2 rivers.")
    ['Lyon', ' has', ' 2', ' rivers.']
    >>> words("里昂 [1]")
    ['里', '昂', ' [1]']
    """
    return _WORD.findall(text)


def _before(text: str, ends: Sequence[str]) -> str:
    """The text up to the first of the ends."""
    return text[: min((at for end in ends if (at := text.find(end)) >= 0), default=len(text))]
