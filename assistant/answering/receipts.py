"""What made an answer, so that the same receipt gives the same answer again (promise 19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.types import Draft, Hit, Question


def receipt(
    *,
    question: Question,
    brain: str,
    parts: Mapping[str, str],
    revisions: Mapping[str, int],
    hits: Sequence[Hit],
    draft: Draft | None,
    kind: str,
    version: str,
) -> dict[str, Any]:
    """All that decided the answer, and nothing of the documents' text. Timings are kept apart: they decide nothing."""
    return {
        "version": version,
        "brain": brain,
        "tier": question.tier,
        "persona": question.persona,
        "parts": dict(sorted(parts.items())),
        "kind": kind,
        "question": hashlib.sha256(question.text.encode("utf-8", "replace")).hexdigest(),
        "filters": {
            "corpora": list(question.corpora),
            "only": list(question.only),
            "without": list(question.without),
            "formats": list(question.formats),
            "since": question.since,
            "until": question.until,
            "always_answer": question.always_answer,
        },
        "revisions": dict(sorted(revisions.items())),
        "passages": [_hit(hit) for hit in hits],
        "confidence": None if draft is None else _number(draft.confidence),
        "scores": {} if draft is None else _plain(draft.details),
    }


def cost(usage: Mapping[str, Any], prices: tuple[float, float], seconds: float) -> dict[str, float]:
    """What a model's tokens cost. `prices`: of a million tokens of prompts, of answers; 0 where none is paid.

    `model_seconds`: how long the model was at work; what a model of one's own costs is a processor's or GPU's time.

    >>> cost({"prompt": 2000, "completion": 500}, (1.0, 4.0), 1.25)
    {'model_seconds': 1.25, 'price': 0.004}
    """
    price = (usage.get("prompt", 0) * prices[0] + usage.get("completion", 0) * prices[1]) / 1e6
    return {"model_seconds": round(seconds, 3)} | ({"price": round(price, 8)} if any(prices) else {})


def receipt_id(value: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of the SHA-256 of the receipt's JSON.

    >>> receipt_id({"a": 1}) == receipt_id({"a": 1})
    True
    """
    coded = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(coded.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _hit(hit: Hit) -> dict[str, Any]:
    scores = {"score": hit.score, "dense": hit.dense, "lexical": hit.lexical, "held": hit.held}
    return {"id": hit.passage.id, **{name: _number(value) for name, value in scores.items()}}


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _plain(value: Any) -> Any:
    """JSON-ready, floats rounded: equal runs give equal bytes."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, float):
        return round(value, 6)
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)
