"""The answer as it is shown and stored, with the receipt of all that decided it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant import __version__
from assistant.answering.notes import notes
from assistant.answering.receipts import cost, receipt, receipt_id
from assistant.answering.suggesting import suggestions
from assistant.asking.asked import Asked
from assistant.types import Answer, Route

if TYPE_CHECKING:
    from assistant.readers.kinds import Found
    from assistant.seams import PassageStore

ROUTES: dict[str, Route] = {"summary": "summary", "list": "list", "smalltalk": "smalltalk"}
NEAR = 6
"""Passages beside those quoted that may suggest a next question."""


def stored(store: PassageStore, this: Asked, found: Found) -> Answer:
    """What was said so far as an answer. What a server's cache did stands beside what is hashed: it decides nothing."""
    made = _receipt(store, this, found)
    draft, progress = found.draft, this.progress
    seconds = progress.timings.get("generate", 0.0) / 1000
    paid = cost(progress.usage, this.brain.prices, seconds)
    usage = {"usage": progress.usage, "cost": paid} if progress.usage else {}
    read = [] if draft.abstained else [span.passage for claim in draft.claims for span in claim.spans]
    near = [hit.passage for hit in found.hits[:NEAR]] if read else []
    return Answer(
        question=this.question.text,
        asked=this.question.asked,
        answer=progress.said,
        abstained=draft.abstained,
        confidence=draft.confidence,
        route=ROUTES.get(this.plan.kind, draft.route) if draft.route == "text" else draft.route,
        brain=this.brain.name,
        tier=this.question.tier,
        citations=progress.citations,
        hits=tuple(replace(hit, rank=n) for n, hit in enumerate(found.hits, 1)),
        value=draft.value,
        unit=draft.unit,
        scale=draft.scale,
        program=draft.program,
        followups=suggestions(read, this.question.text, this.tongue, near=near),
        notes=notes(draft.details, this.tongue),
        receipt=made | usage,
        receipt_id=receipt_id(made),
        timings_ms=progress.timings | {"total": round((time.perf_counter() - progress.started) * 1000, 1)},
    )


def _receipt(store: PassageStore, this: Asked, found: Found) -> dict[str, Any]:
    documents = this.plan.kind != "smalltalk" and bool(found.hits)
    corpora = this.question.corpora
    return receipt(
        question=this.question,
        brain=this.brain.name,
        parts=this.brain.parts() if documents or this.progress.details else {},
        revisions={name: store.revision(name) for name in corpora} if documents else {},
        hits=found.hits,
        draft=found.draft,
        kind=f"{this.plan.kind}/{this.tongue}",
        version=__version__,
    )
