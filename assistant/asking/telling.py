"""A model's way to an answer: what it is sent, what it says as it says it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assistant.answering.brains import Brain
from assistant.answering.language import language
from assistant.answering.prompting import Passages, Sent, build, tongue_of
from assistant.answering.prompts import PromptLibrary, digest
from assistant.answering.tiers import reads
from assistant.asking.asked import Said
from assistant.errors import Cancelled, GeneratorUnavailable
from assistant.readers.generative import Checked
from assistant.readers.instructions import instruction_ranges
from assistant.readers.stream import SentenceStream, Text
from assistant.readers.support import fitted_encoder
from assistant.types import Citation, Claim, Delta, Draft, Finished, Hit, Message, Question, Revised, Sampling, Usage

if TYPE_CHECKING:
    from assistant.seams import Embedder

RAW, PROMPTED = 1, 2
MOST = 6
"""Passages sent, as many as the embedded reader reads: more cost time and mislead small models."""
SHARE = 4
"""An answer keeps room of at most one part in so many of the model's context."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model's answer came to. `reason`: "stop", "length" (cut), "loop" (it went in circles)."""

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    refused: bool = False  # it said that the passages do not answer
    reason: str = "stop"
    usage: Usage = field(default_factory=Usage)

    @property
    def supported(self) -> int:
        return sum(claim.supported for claim in self.claims)

    @property
    def counts(self) -> dict[str, Any]:
        """What the receipt says of it."""
        return {"supported": self.supported, "unsupported": len(self.claims) - self.supported, "ended": self.reason}


WRITTEN = frozenset({"text", "summary", "compare"})
"""Kinds of questions that a model answers at tier 3; lists and places keep the documents' own words."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """A prompt and what the receipt says of it."""

    sent: Sent
    sampling: Sampling
    details: dict[str, Any]


def prepared(
    brain: Brain, question: Question, hits: Sequence[Hit], prompts: PromptLibrary, stored: Passages
) -> Prompted:
    """What the model is sent at the question's tier. `stored`: live passages by ids, for earlier turns."""
    model = brain.generator
    assert model is not None
    tongue = tongue_of(question.history, question.asked or question.text, language)
    names = _instructions(question, brain)
    parts = [prompts.get(name, tongue) for name in names]
    text = "\n\n".join(part.text for part in parts)
    room = model.info.context - min(brain.sampling.max_tokens, model.info.context // SHARE)
    passages = [hit.passage for hit in hits[:MOST]]
    asked = question.text if reads(question.tier) else question.asked
    sent = build(text, question.history, asked, passages, count=model.count, room=room, stored=stored)
    sampling = replace(
        brain.sampling, max_tokens=min(brain.sampling.max_tokens, max(model.info.context - sent.tokens, 1))
    )
    coded = "\x1e".join(f"{message.role}\x1f{message.content}" for message in sent.messages)
    prompt = {
        "parts": [part.id for part in parts],
        "hash": digest(coded),
        "tokens": sent.tokens,
        "sent": [passage.id for passage in sent.passages],
        "dropped": [passage.id for passage in sent.dropped],
        "question": asked,
        "start": sent.start,
    }
    details = {
        "prompt": prompt,
        "model": {"name": model.info.name, "kind": model.info.kind, "revision": model.info.revision},
        "sampling": asdict(sampling),
    }
    flagged = [passage.id for passage in sent.passages if instruction_ranges(passage.text)]
    return Prompted(sent, sampling, details | ({"instructions": flagged} if flagged else {}))


def _instructions(question: Question, brain: Brain) -> tuple[str, ...]:
    """Names of the prompts that stand first, in their order; none at tier 1."""
    if question.tier == RAW:
        return ()
    return ("base", question.persona or brain.persona, "plain" if question.tier == PROMPTED else "grounded")


@dataclass
class Plain:
    """A model's words as they come, unchecked; what Markdown would load or open is written as mere characters."""

    circling = False
    _stream: SentenceStream = field(default_factory=lambda: SentenceStream(marks=False))

    def feed(self, text: str) -> Iterator[Delta]:
        return self._shown(self._stream.feed(text))

    def close(self) -> Iterator[Delta]:
        return self._shown(self._stream.close())

    def restart(self) -> None:
        self._stream = SentenceStream(marks=False)

    def _shown(self, pieces: Sequence[object]) -> Iterator[Delta]:
        yield from (Delta(piece.text) for piece in pieces if isinstance(piece, Text))


def spoken(brain: Brain, prompted: Prompted, stop: Callable[[], bool]) -> Generator[Said, None, Told]:
    """Tiers 1 and 2: the model's own words, unchecked."""
    ended = yield from _streamed(brain, prompted, stop, Plain())
    return Told(reason=ended.reason, usage=ended.usage)


def checked(
    brain: Brain, prompted: Prompted, stop: Callable[[], bool], writing: Checked, lead: str
) -> Generator[Said, None, Told]:
    """Tier 3: each sentence is marked as it ends; a sentence that is cut off, by whatever, is marked too. `lead` stands
    before a cited place that contradicts the question."""
    ended = yield from _streamed(brain, prompted, stop, writing)
    reason = "loop" if writing.circling else ended.reason
    yield from writing.contradicted(lead)
    return Told(tuple(writing.claims), tuple(writing.citations), writing.refusals > 0, reason, ended.usage)


def _streamed(
    brain: Brain, prompted: Prompted, stop: Callable[[], bool], writing: Checked | Plain
) -> Generator[Said, None, Finished]:
    """The stream, its rest also where it was stopped or broke off; GeneratorUnavailable where it was cut."""
    assert brain.generator is not None
    model, sent = brain.generator, prompted.sent
    ended: Finished | None = None
    said: list[str] = []
    try:
        with closing(model.stream(sent.messages, prompted.sampling, stop)) as parts:  # type: ignore[type-var]
            for part in parts:
                if isinstance(part, Finished):
                    ended = part
                    continue
                if isinstance(part, Revised):  # it was thinking
                    writing.restart()
                    yield part
                    continue
                said.append(part.text)
                yield from writing.feed(part.text)
                if writing.circling:  # the server tells no usage then
                    tokens = model.count([Message("assistant", "".join(said))])
                    ended = Finished("length", Usage(sent.tokens, tokens))
                    break
    except (Cancelled, GeneratorUnavailable):
        yield from writing.close()
        raise
    yield from writing.close()
    if ended is None:
        raise GeneratorUnavailable("The model broke off before its answer was whole; ask again.")
    return ended


def outcome(told: Told, before: Draft, prompted: Prompted, question: Question) -> Draft:
    """The draft of a model's answer. Its confidence is the share of its sentences that are borne out, no probability of
    being right: that would be another one for each model (docs/decisions/0310-a-generated-answer-is-checked.md)."""
    share = told.supported / len(told.claims) if told.claims else 0.0
    refused = told.refused and not told.supported and not question.always_answer
    details = before.details | prompted.details | told.counts
    return Draft(told.claims, share, abstained=refused, route=before.route, details=details)


def meanings(embedder: Embedder | None) -> Meanings | None:
    """The encoder's cosines, where it is the one that the check was fitted with."""
    return Meanings(embedder) if embedder is not None and embedder.id == fitted_encoder() else None


@dataclass
class Meanings:
    """Cosines between a sentence and others by the encoder at hand; a text is embedded once an answer."""

    embedder: Embedder
    _rows: dict[str, Any] = field(default_factory=dict)

    def __call__(self, sentence: str, others: Sequence[str]) -> list[float]:
        new = [text for text in dict.fromkeys([sentence, *others]) if text not in self._rows]
        if new:
            self._rows |= zip(new, self.embedder.embed_passages(new), strict=True)
        return [float(self._rows[sentence] @ self._rows[text]) for text in others]
