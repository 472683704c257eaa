"""A model on a server, over LangChain's chat models: any OpenAI-compatible address, or any LangChain provider."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import Cancelled, GeneratorUnavailable, NotAvailable
from assistant.generators.counting import bound, folder_counter
from assistant.generators.endpoint import Endpoint, Served
from assistant.generators.failures import Cut, passing, sentence, unknown_model
from assistant.generators.pump import POLL_SECONDS, Patience, drained
from assistant.generators.shapes import fitting
from assistant.generators.thinking import Thoughts
from assistant.types import Delta, Finished, Message, ModelInfo, Revised, Sampling, Usage, joined, text_of

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

log = logging.getLogger(__name__)
CONTEXT = 4096
"""Tokens taken for a model whose server, folder and settings do not say its length."""
BACK_OFF = (0.5, 1.5)
"""Seconds before the second and the third try of a request that brought no token."""
KNOWN_SECONDS = 60.0
"""How long what a server said of its models is believed."""
CONNECT_SECONDS = 5.0
REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason")
"""Where LangChain's providers say why an answer ended."""
LENGTH, BROKEN = frozenset({"length", "max_tokens"}), frozenset({"abort", "error"})
"""How they say that it was cut at its most tokens, or broke off."""
SAY_SO = frozenset({"ChatOpenAI", "AzureChatOpenAI"})
"""Providers that always say it: without a reason the answer broke off. Others may say nothing, and raise instead."""
PATIENCE = Patience(60.0, 300.0)


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Which model, where. `name` "" takes the only one there; `folder` holds its tokenizer; `context` 0 asks."""

    endpoint: Endpoint
    name: str = ""
    provider: str = "openai"
    folder: Path | None = None
    context: int = 0
    patience: Patience = PATIENCE
    streams: int = 16


class ServerGenerator:
    """Seam Generator over a served model. `provenance` describes it where a folder of it is at hand."""

    def __init__(self, model: ServedModel, provenance: Callable[[], dict[str, Any]] = dict) -> None:
        self._model = model
        self._provenance = provenance
        self._slots = threading.BoundedSemaphore(model.streams)
        self._known: tuple[float, ModelInfo] | None = None
        self._lock = threading.Lock()
        self._thinks = False  # its template opens thoughts whose end comes in the text: seen at an earlier answer

    # --- the seam ---------------------------------------------------------------------------------------------------
    @property
    def info(self) -> ModelInfo:
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > KNOWN_SECONDS:
                self._known = (time.monotonic(), self._ask_info())
            return self._known[1]

    def count(self, messages: Sequence[Message]) -> int:
        if self._counter is not None:
            return self._counter(messages)
        return self._asked_count(tuple(messages)) or bound(messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool] = never
    ) -> Iterator[Delta | Revised | Finished]:
        return self._streamed(messages, sampling, stop, {})

    def structured(self, messages: Sequence[Message], schema: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
        """By the server's own structured outputs; what comes is validated all the same."""
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}
        parts = self._streamed(messages, sampling, never, {"response_format": form})
        return fitting(text_of(parts), schema)

    def prepare(self) -> None:
        """Loads what the first answer needs; the server is asked which model it has."""
        self._chat(self.info.name, Sampling())

    # --- one answer -------------------------------------------------------------------------------------------------
    def _streamed(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool], extra: dict[str, Any]
    ) -> Iterator[Delta | Revised | Finished]:
        name = self.info.name
        chat = self._chat(name, sampling)
        begun = False
        thoughts = Thoughts(self._thinks)
        with self._slot(stop):
            try:
                come = drained(
                    lambda: _tried(chat, _foreign(messages), self._options(sampling, extra), thoughts),
                    stop,
                    self._model.patience,
                )
                # A model may write faster than its words are stored and shown: what came meanwhile is one piece.
                for parts in come:
                    for part in joined(parts):
                        if isinstance(part, Finished) and part.reason == "stop":
                            self._thinks = thoughts.unopened
                        begun = begun or isinstance(part, Delta)
                        yield part
            except Exception as error:
                failed = sentence(error, self._model.endpoint, name, begun=begun)
                log.warning("model stream ended by %s, words had come: %s", type(error).__name__, begun)
                raise failed from error

    @contextmanager
    def _slot(self, stop: Callable[[], bool]) -> Iterator[None]:
        """One of the streams that may run at the same time; waiting ends with `stop` or the patience."""
        until = time.monotonic() + self._model.patience.silence
        while not self._slots.acquire(timeout=POLL_SECONDS):
            if stop():
                raise Cancelled("Stopped.")
            if time.monotonic() > until:
                raise GeneratorUnavailable(
                    f"The model server at {self._model.endpoint.url} is busy; try again in a moment."
                )
        try:
            yield
        finally:
            self._slots.release()

    def _options(self, sampling: Sampling, extra: dict[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {"stop": list(sampling.stop)} if sampling.stop else {}
        if self._model.provider == "openai":
            # LangChain renames max_tokens for OpenAI's newest models; other servers know the old name.
            body = extra | ({} if self._official else {"max_tokens": sampling.max_tokens})
            options |= {"extra_body": body} if body else {}
        return options

    # --- what is made once ------------------------------------------------------------------------------------------
    @property
    def _official(self) -> bool:
        return self._model.endpoint.url.startswith("https://api.openai.com/")

    @cached_property
    def _counter(self) -> Callable[[Sequence[Message]], int] | None:
        if self._model.folder is None:
            return None
        try:
            return folder_counter(self._model.folder)
        except NotAvailable as error:
            log.warning("%s Prompts are counted generously.", error)
            return None

    @cached_property
    def _asked_count(self) -> Callable[[tuple[Message, ...]], int | None]:
        """By the server's tokenizer where it is on this machine: the way to others takes too long."""
        endpoint = self._model.endpoint
        if not endpoint.local or self._model.provider != "openai":
            return lambda messages: None
        return lru_cache(maxsize=256)(lambda messages: endpoint.tokens(self.info.name, messages))

    @cached_property
    def _chat(self) -> Callable[[str, Sampling], BaseChatModel]:
        return lru_cache(maxsize=8)(self._build)

    def _build(self, name: str, sampling: Sampling) -> BaseChatModel:
        model = self._model
        if model.provider != "openai":
            return _of_provider(model, name, sampling)
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        return ChatOpenAI(
            model=name,
            base_url=model.endpoint.url,
            api_key=SecretStr(model.endpoint.key or "none"),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=sampling.seed,
            max_completion_tokens=sampling.max_tokens,
            max_retries=0,
            stream_usage=True,
            stream_chunk_timeout=None,
            use_responses_api=False,
            http_async_client=self._client,
        )

    @cached_property
    def _client(self) -> Any:
        import httpx2

        return httpx2.AsyncClient(
            timeout=httpx2.Timeout(self._model.patience.whole, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=self._model.streams),
            trust_env=not self._model.endpoint.local,
            follow_redirects=False,
        )

    def _ask_info(self) -> ModelInfo:
        model = self._model
        if model.provider != "openai":
            return ModelInfo(model.name, "server", model.context or CONTEXT, provenance=self._provenance())
        served = self._served()
        root = "" if served.root.startswith(("/", "~", ".")) else served.root  # a place on a disk is no revision
        context = model.context or served.context
        if not context:
            log.warning("The model server does not say its model's length; %d tokens are taken.", CONTEXT)
        described = self._provenance()
        root = str(described.get("sha256") or root)
        known = described | ({} if context else {"context": "assumed"})
        known |= {"base": served.parent} if served.parent else {}
        return ModelInfo(served.name, "server", context or CONTEXT, root, known)

    def _served(self) -> Served:
        endpoint, name = self._model.endpoint, self._model.name
        there = endpoint.models()
        if name:
            found = [served for served in there if served.name == name]
            if not found:
                raise unknown_model(endpoint, name)
            return found[0]
        if len(there) == 1:
            return there[0]
        if not there:
            raise GeneratorUnavailable(f"The model server at {endpoint.url} has no model; start it with one.")
        names = ", ".join(f"“{served.name}”" for served in there)
        raise GeneratorUnavailable(
            f"The model server at {endpoint.url} has several models; set model to one of these: {names}."
        )


async def _tried(
    chat: BaseChatModel, messages: list[BaseMessage], options: dict[str, Any], thoughts: Thoughts
) -> AsyncGenerator[Delta | Revised | Finished, None]:
    """One answer; tried again only as long as nothing of it has come."""
    for pause in (*BACK_OFF, None):
        begun = False
        try:
            async with aclosing(_once(chat, messages, options, thoughts)) as parts:
                async for part in parts:
                    begun = True
                    yield part
            return
        except Exception as error:
            if begun or pause is None or not passing(error):
                raise
            await asyncio.sleep(pause)


async def _once(
    chat: BaseChatModel, messages: list[BaseMessage], options: dict[str, Any], thoughts: Thoughts
) -> AsyncGenerator[Delta | Revised | Finished, None]:
    """Text as it comes, thoughts left out; "" while a model thinks. Cut: it did not say that it is whole."""
    from langsmith.run_helpers import tracing_context

    reason, usage, first = "", Usage(), True
    # Documents are not for a tracing service, whatever the environment says.
    with tracing_context(enabled=False):
        async for chunk in chat.astream(messages, **options):
            reason = _reason(chunk) or reason
            usage = _usage(chunk, usage)
            text = thoughts.feed(str(chunk.text))
            if thoughts.astray:
                yield Revised()
            if text or not first:
                yield Delta(text)
            first = False
    if rest := thoughts.rest(cut=reason in LENGTH):
        yield Delta(rest)
    if reason in BROKEN or (not reason and type(chat).__name__ in SAY_SO):
        raise Cut(reason)
    yield Finished("length" if reason in LENGTH else "stop", usage)


def _reason(chunk: Any) -> str:
    said = chunk.response_metadata
    return str(next(filter(None, map(said.get, REASONS)), "")).lower()


def _usage(chunk: Any, before: Usage) -> Usage:
    said = chunk.usage_metadata
    if not said:
        return before
    details = said.get("input_token_details") or {}
    cached = details.get("cache_read", before.cached)
    return Usage(
        said.get("input_tokens", 0) or before.prompt, said.get("output_tokens", 0) or before.completion, cached
    )


def _foreign(messages: Sequence[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](message.content) for message in messages]


def _of_provider(model: ServedModel, name: str, sampling: Sampling) -> BaseChatModel:
    """A chat model of another LangChain provider; its package is named where it is missing."""
    try:
        from langchain.chat_models import init_chat_model

        address = {"base_url": model.endpoint.url, "api_key": model.endpoint.key}
        options: dict[str, Any] = {name: value for name, value in address.items() if value}
        options |= {"temperature": sampling.temperature, "max_tokens": sampling.max_tokens, "max_retries": 0}
        options |= {"top_p": sampling.top_p} if sampling.top_p != Sampling().top_p else {}
        made: BaseChatModel = init_chat_model(name, model_provider=model.provider, **options)
    except ImportError as error:
        raise NotAvailable(
            f"The LangChain package of the provider {model.provider} is not installed ({error.name}); install it."
        ) from error
    except ValueError as error:
        raise NotAvailable(
            f"LangChain knows no provider {model.provider}, or it needs a key; check model_provider and model_key."
        ) from error
    return made
