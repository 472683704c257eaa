"""Answers in the form of OpenAI's chat completions. What is ours stands in fields of its own: citations, receipt."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from assistant.api.bodies import Body
from assistant.errors import UsageError
from assistant.types import Answer, Draw, Turn, citation_json

LONGEST = 20_000
"""Characters of a question."""


WIDEST = 2**31 - 1
TEXT = {"type": "text"}
TOOLS = ("tools", "tool_choice", "functions", "function_call")
NO_WISH: tuple[Any, ...] = (None, [], {}, False)  # 0 too, since 0 == False
WITHOUT_EFFECT = {
    *("frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs", "top_k"),
    *("min_p", "best_of", "reasoning_effort", "verbosity", "modalities", "audio", "prediction", "service_tier"),
}
"""Fields of OpenAI's form, and of vLLM's, that change nothing here."""


class TextPart(Body):
    type: Literal["text"]
    text: str


class ChatMessage(Body):
    """`content`: a text, or parts that are all text."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(Body):
    include_usage: bool = False


Stop = Annotated[str, Field(min_length=1, max_length=200)]


class Completion(Body):
    """`model`: `corpus/NAME[@TIER][+BRAIN]`. Sampling is honoured where a language model answers, its tokens up to the
    setting `model_tokens`; what had no effect is named in `thickshell.ignored`. Tools, several choices and forms other
    than text are refused."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=600)
    messages: list[ChatMessage] = Field(min_length=1, max_length=1000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1, le=WIDEST, description="Older name of max_completion_tokens.")
    max_completion_tokens: int | None = Field(None, ge=1, le=WIDEST)
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    persona: str = Field("", max_length=200)
    only: list[str] = Field([], max_length=1000, description="Names of documents to look in alone.")

    @property
    def draw(self) -> Draw | None:
        """What is wished of the sampling; None for nothing."""
        stop = (self.stop,) if isinstance(self.stop, str) else None if self.stop is None else tuple(self.stop)
        tokens = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        draw = Draw(self.temperature, self.top_p, tokens, self.seed, stop)
        return None if draw == Draw() else draw

    @property
    def others(self) -> list[str]:
        """Fields of OpenAI's form that change nothing here, of those that were sent."""
        sent = {name for name, value in (self.model_extra or {}).items() if value not in NO_WISH}
        return sorted(sent & WITHOUT_EFFECT)

    def check(self) -> None:
        """UsageError for what cannot be had here."""
        more = {name: value for name, value in (self.model_extra or {}).items() if value not in NO_WISH}
        if (self.model_extra or {}).get("n") not in (None, 1):
            raise UsageError("There is one answer to a question here; leave n out, or ask again.")
        if more.get("response_format", TEXT) != TEXT:
            raise UsageError("Answers are text with sources here; leave response_format out.")
        if any(more.get(name, "none") != "none" for name in TOOLS):
            raise UsageError("Answers here call no tools; leave tools and functions out.")


@dataclass(frozen=True, slots=True)
class Conversation:
    question: str
    history: tuple[Turn, ...]
    ignored: tuple[str, ...] = ()  # "system" (the server's own prompts stand), names of fields without effect
    draw: Draw | None = None


def conversation(body: Completion) -> Conversation:
    """The last message of the user and the turns before it; UsageError where there is none."""
    body.check()
    messages = body.messages
    turns = [m for m in messages if m.role in {"user", "assistant"}]
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise UsageError("The last message must be the user's question, in text.")
    if len(turns[-1].text) > LONGEST:
        raise UsageError(f"The question is longer than {LONGEST} characters; ask a shorter one.")
    history = tuple(Turn("user" if m.role == "user" else "assistant", m.text) for m in turns[:-1])
    ignored = (["system"] if len(turns) < len(messages) else []) + body.others
    return Conversation(turns[-1].text.strip(), history, tuple(ignored), body.draw)


@dataclass(frozen=True, slots=True)
class Form:
    """One completion's fixed fields. `created`: Unix time."""

    id: str
    created: int
    model: str

    def whole(self, answer: Answer, usage: dict[str, Any], asked: Conversation) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.answer, "citations": citations(answer)}
        choice = {"index": 0, "message": message, "finish_reason": finish(answer), "logprobs": None}
        return self._head("chat.completion") | {
            "choices": [choice],
            "usage": usage,
            "thickshell": ours(answer, asked),
        }

    def chunk(self, delta: dict[str, Any], finished: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finished, "logprobs": None}
        return event(self._head("chat.completion.chunk") | {"choices": [choice]} | extra)

    def last(self, answer: Answer, asked: Conversation) -> str:
        """The chunk that ends a stream, with citations; `thickshell.answer` is the text as it stands at last."""
        more = ours(answer, asked) | {"answer": answer.answer}
        return self.chunk({"citations": citations(answer)}, finish(answer), thickshell=more)

    def usage(self, usage: dict[str, Any]) -> str:
        return event(self._head("chat.completion.chunk") | {"choices": [], "usage": usage})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def finish(answer: Answer) -> str:
    ended = (answer.receipt.get("usage") or {}).get("reason") or (answer.receipt.get("scores") or {}).get("ended")
    return "length" if ended == "length" else "stop"


def citations(answer: Answer) -> list[dict[str, Any]]:
    return [citation_json(citation) for citation in answer.citations]


def ours(answer: Answer, asked: Conversation) -> dict[str, Any]:
    """What OpenAI's form has no field for."""
    kept = ["abstained", "confidence", "route", "brain", "tier", "value", "unit", "scale"]
    kept += ["fell_back", "notes", "receipt_id", "timings_ms"]
    row = answer.as_json()
    scores = answer.receipt.get("scores") or {}
    drawn = scores.get("sampling")
    unused = [] if drawn or not asked.draw else [name for name, wish in asdict(asked.draw).items() if wish is not None]
    return {name: row[name] for name in kept} | {"sampling": drawn, "ignored": [*asked.ignored, *unused]}


def usage_of(answer: Answer, count: tuple[int, int]) -> dict[str, Any]:
    """Tokens of the model; `count` (question, answer) where none was asked."""
    said = answer.receipt.get("usage") or {}
    prompt, completion = (said.get("prompt", 0), said.get("completion", 0)) if said else count
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if said.get("cached") is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": said["cached"]}
    return usage


def event(value: Any) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
