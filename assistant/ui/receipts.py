"""A stored answer's receipt in words: who answered, what it was sent, what came of it, how to run it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.answering.notes import say as told
from assistant.ui.made import caption, scores
from assistant.ui.ways import size
from assistant.ui.words import Language, say


@dataclass(frozen=True, slots=True)
class Row:
    """`code`: names and numbers of the machine, shown as such."""

    label: str
    text: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def sections(answer: Mapping[str, Any], language: Language) -> list[Section]:
    """The receipt's parts that are there, in the order of a reader's questions."""
    found = scores(answer)
    parts: Mapping[str, Any] = (answer.get("receipt") or {}).get("parts") or {}
    made = [
        ("rs_answer", _answer(answer, language)),
        ("rs_check", _check(found, language)),
        ("rs_model", _model(parts, found, language)),
        ("rs_sent", _sent(answer, language)),
        ("rs_tokens", _tokens(answer, language)),
    ]
    return [Section(say(title, language), tuple(rows)) for title, rows in made if rows]


def _answer(answer: Mapping[str, Any], language: Language) -> list[Row]:
    rows = [
        Row(say("r_way", language), caption(answer, language)),
        Row(say("r_tier", language), str(answer.get("tier", ""))),
    ]
    if held := _measure(answer):
        rows.append(Row(say(held, language), f"{100 * float(answer.get('confidence') or 0):.0f} %"))
    if total := (answer.get("timings_ms") or {}).get("total"):
        rows.append(Row(say("r_time", language), say("seconds", language, n=f"{total / 1000:.2f}")))
    rows.append(Row(say("r_question", language), str(answer.get("searched") or answer.get("question") or "")))
    return rows


def _measure(answer: Mapping[str, Any]) -> str:
    """What the number called confidence says of this answer; "" where it says nothing."""
    found = scores(answer)
    if found.get("unchecked"):
        return ""
    if "supported" in found and not found.get("taken_back"):
        return "r_borne" if found["supported"] or found.get("unsupported") else ""
    return "r_covered" if answer.get("route") == "summary" else "r_confidence"


def _check(found: Mapping[str, Any], language: Language) -> list[Row]:
    """What the check of a model's sentences came to."""
    if found.get("unchecked"):
        return [Row(say("rs_check", language), told("unchecked", language))]
    if "supported" not in found:
        return []
    rows = [
        Row(say("r_supported", language), str(found["supported"])),
        Row(say("r_unsupported", language), str(found["unsupported"])),
    ]
    if (gate := found.get("gate")) is not None:
        rows.append(Row(say("r_gate", language), f"{100 * float(gate):.0f} %"))
    if found.get("taken_back"):
        rows.append(Row(say("answer", language), told("taken_back", language)))
    return rows


def _model(parts: Mapping[str, Any], found: Mapping[str, Any], language: Language) -> list[Row]:
    """The model as its files say it is; nothing where none was asked."""
    model = found.get("model")
    if not model:
        return []
    place = say("r_place_local" if model.get("kind") == "local" else "r_place_server", language)
    rows = [Row(say("r_model", language), str(model.get("name", ""))), Row(say("r_place", language), place)]
    if revision := model.get("revision"):
        rows.append(Row(say("r_revision", language), str(revision), code=True))
    if commit := parts.get("model commit"):
        rows.append(Row(say("r_commit", language), str(commit), code=True))
    for key in ("architecture", "base", "licence", "limits"):
        rows.append(Row(say(f"r_{key}", language), str(parts.get(f"model {key}") or say("r_unknown", language))))
    if str(count := parts.get("model parameters", "")).isdigit():
        rows.append(Row(say("r_parameters", language), size(int(count), language)))
    adapters = [(name.removeprefix("adapter "), str(value)) for name, value in parts.items() if name[:8] == "adapter "]
    return rows + [Row(say("r_adapter", language, name=name), value, code=True) for name, value in adapters]


def _sent(answer: Mapping[str, Any], language: Language) -> list[Row]:
    """Prompts, passages and sampling of the model's turn."""
    found = scores(answer)
    prompt = found.get("prompt")
    if not prompt:
        return []
    names = ", ".join(prompt.get("parts") or ()) or say("none", language)
    rows = [Row(say("r_prompts", language), names, code=bool(prompt.get("parts")))]
    rows += [Row(say("r_hash", language), str(prompt["hash"]), code=True)] if prompt.get("hash") else []
    rows.append(Row(say("r_sent", language), listed(prompt.get("sent") or (), language)))
    rows.append(Row(say("r_dropped", language), listed(prompt.get("dropped") or (), language)))
    if drawn := found.get("sampling"):
        rows.append(
            Row(
                say("r_sampling", language),
                ", ".join(f"{name} {value}" for name, value in drawn.items() if value != []),
            )
        )
    return rows


def listed(passages: Any, language: Language) -> str:
    """How many passages, and which.

    >>> listed([7, 9], "en"), listed([], "zh")
    ('2 (7, 9)', '无')
    """
    return f"{len(passages)} ({', '.join(str(number) for number in passages)})" if passages else say("none", language)


def _tokens(answer: Mapping[str, Any], language: Language) -> list[Row]:
    receipt = answer.get("receipt") or {}
    usage, paid = receipt.get("usage") or {}, receipt.get("cost") or {}
    if not usage:
        return []
    cached = usage.get("cached")
    read = str(usage.get("prompt", 0)) + ("" if cached is None else say("r_cached", language, n=cached))
    rows = [Row(say("r_read", language), read), Row(say("r_written", language), str(usage.get("completion", 0)))]
    if (seconds := paid.get("model_seconds")) is not None:
        rows.append(Row(say("r_model_time", language), say("seconds", language, n=f"{seconds:.2f}")))
    price = say("r_no_price", language) if paid.get("price") is None else f"{paid['price']:.6f}".rstrip("0").rstrip(".")
    return [*rows, Row(say("r_cost", language), price)]
