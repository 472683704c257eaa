"""Answers in the form of OpenAI's chat completions. What is ours stands in fields of its own: citations, receipt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from assistant.api.bodies import Body
from assistant.errors import UsageError
from assistant.types import Answer, Turn, citation_json

LONGEST = 20_000
"""Characters of a question."""


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


class Completion(Body):
    """`model`: `corpus/NAME[@TIER][+BRAIN]`. Sampling is the server's setting: temperature and its kin are not read."""

    model: str = Field(min_length=1, max_length=600)
    messages: list[ChatMessage] = Field(min_length=1, max_length=1000)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1
    persona: str = Field("", max_length=200)
    only: list[str] = Field([], max_length=1000, description="Names of documents to look in alone.")


@dataclass(frozen=True, slots=True)
class Conversation:
    question: str
    history: tuple[Turn, ...]
    ignored: bool  # there were messages of the system: the server's own prompts stand


def conversation(messages: Sequence[ChatMessage]) -> Conversation:
    """The last message of the user and the turns before it; UsageError where there is none."""
    turns = [m for m in messages if m.role in {"user", "assistant"}]
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise UsageError("The last message must be the user's question, in text.")
    if len(turns[-1].text) > LONGEST:
        raise UsageError(f"The question is longer than {LONGEST} characters; ask a shorter one.")
    history = tuple(Turn("user" if m.role == "user" else "assistant", m.text) for m in turns[:-1])
    return Conversation(turns[-1].text.strip(), history, len(turns) < len(messages))


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
    kept = ("abstained", "confidence", "route", "brain", "tier", "value", "unit", "scale", "receipt_id", "timings_ms")
    row = answer.as_json()
    return {name: row[name] for name in kept} | {"ignored": ["system"] if asked.ignored else []}


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
