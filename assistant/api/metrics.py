"""Counts and times for Prometheus. Labels are brains, tiers and outcomes: no question, document or corpus is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from assistant.errors import Cancelled, GeneratorUnavailable, ThickshellError
from assistant.types import Answer, Delta, Done, Event, Question

OUTCOMES = ((Cancelled, "stopped"), (GeneratorUnavailable, "model-unavailable"), (ThickshellError, "refused"))
"""What an answer that ended with an error counts as; "failed" for one that nobody foresaw."""
SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class Metrics:
    """One application's. `taken` says how many questions are computed or wait."""

    def __init__(self, taken: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        registry = self.registry
        self.answers = Counter(
            "thickshell_answers", "Answers by brain, tier and outcome.", ("brain", "tier", "outcome"), registry=registry
        )
        self.tokens = Counter("thickshell_model_tokens", "Tokens of models.", ("brain", "kind"), registry=registry)
        self.sentences = Counter(
            "thickshell_sentences", "Sentences of models by support.", ("brain", "supported"), registry=registry
        )
        self.first = Histogram(
            "thickshell_first_text_seconds",
            "From the question's turn to its first text.",
            ("brain",),
            registry=registry,
            buckets=SECONDS,
        )
        self.whole = Histogram(
            "thickshell_answer_seconds",
            "From the question's turn to its whole answer.",
            ("brain",),
            registry=registry,
            buckets=SECONDS,
        )
        under_way = Gauge("thickshell_questions_under_way", "Questions computed or waiting.", registry=registry)
        under_way.set_function(taken)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def watched(self, question: Question, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; what they tell is counted."""
        began, first = time.perf_counter(), None
        try:
            for event in events:
                if isinstance(event, Delta) and first is None:
                    first = time.perf_counter() - began
                elif isinstance(event, Done):
                    self._count(event.answer, first, time.perf_counter() - began)
                yield event
        except Exception as error:
            outcome = next((outcome for kind, outcome in OUTCOMES if isinstance(error, kind)), "failed")
            self.answers.labels("", str(question.tier), outcome).inc()
            raise

    def _count(self, answer: Answer, first: float | None, whole: float) -> None:
        brain = answer.brain
        stopped = answer.receipt.get("stopped")
        outcome = "stopped" if stopped else "abstained" if answer.abstained else "answered"
        self.answers.labels(brain, str(answer.tier), outcome).inc()
        self.whole.labels(brain).observe(whole)
        if first is not None:
            self.first.labels(brain).observe(first)
        for kind in ("prompt", "completion", "cached"):
            self.tokens.labels(brain, kind).inc((answer.receipt.get("usage") or {}).get(kind) or 0)
        for kind in ("supported", "unsupported"):
            number = (answer.receipt.get("scores") or {}).get(kind)
            self.sentences.labels(brain, kind).inc(number if isinstance(number, int) else 0)
