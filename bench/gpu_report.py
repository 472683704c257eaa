"""The report of a GPU run, as Markdown and JSON: what was measured, where, and what was not."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from assistant.errors import ThickshellError
from assistant.models.gpu import gpus
from assistant.models.provenance import inspect
from assistant.models.vllm_command import Launch, engine, interpreter
from bench.gpu_cells import SETS, TIERS, Plan, serving_cell, tier_cell
from bench.machine import described

NOT = "not measured"
PACKAGES = ("thickshell", "torch", "transformers", "tokenizers", "langchain-openai")


@dataclass(frozen=True)
class Report:
    """`told`: cell -> its result; `failed`: cell -> why it has none; `memory`: free MB on the cards."""

    out: Path
    plan: Plan
    launch: Launch
    told: Mapping[str, dict[str, Any]]
    failed: Mapping[str, str]
    memory: Mapping[str, int]
    environment: Mapping[str, str]

    def found(self, key: str) -> dict[str, Any] | None:
        return self.told.get(key)


def write(report: Report) -> Path:
    """Writes report.json and report.md into the run's folder; the latter's path."""
    facts = where(report)
    plan = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(report.plan).items()}
    whole = facts | {"plan": plan, "cells": dict(report.told), "not_measured": dict(report.failed)}
    (report.out / "report.json").write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")
    file = report.out / "report.md"
    file.write_text("\n".join(lines(report, facts)) + "\n", "utf-8")
    return file


def where(report: Report) -> dict[str, Any]:
    """Machine, versions, model and the split of memory."""
    found = engine(interpreter())
    versions = {name: metadata.version(name) for name in PACKAGES}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "machine": {
            "gpus": [f"{card.name}, {card.total / 1e9:.0f} GB" for card in gpus()],
            "driver": driver(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        }
        | described(),
        "versions": {"python": platform.python_version(), "vllm": found.version, "vllm_on_cpu": found.cpu} | versions,
        "model": model(report.launch),
        "split": split(report, found.cpu),
    }


def driver() -> str:
    try:
        words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.splitlines()[0].strip() if done.stdout.strip() else ""


def model(launch: Launch) -> dict[str, Any]:
    if launch.load_format == "dummy":
        return {"name": launch.name, "weights": "random: answers mean nothing, speed alone is measured"}
    try:
        seen = inspect(Path(launch.folder))
    except ThickshellError as error:
        return {"name": launch.name, "weights": str(error)}
    kept = ("title", "parameters", "dtype", "quantization", "licence", "commit")
    return {"name": launch.name} | {name: getattr(seen, name) for name in kept}


def split(report: Report, cpu: bool) -> dict[str, Any]:
    """Who has how much of the card."""
    device = report.environment["THICKSHELL_ENCODER_DEVICE"]
    if cpu:
        return {"gpu": None, "encoder_device": device, "cache": report.launch.cache_memory or "1G"}
    launch = report.launch
    used_cards = gpus()[: launch.tensor_parallel * launch.data_parallel]
    total, share = sum(card.total for card in used_cards) / 1e9, launch.gpu_share
    used = report.memory.get("before", 0) - report.memory.get("served", 0)
    return {
        "cards": len(used_cards),
        "vllm_share": share,
        "vllm_gb": round(total * share, 1),
        "left_gb": round(total * (1 - share), 1),
        "encoder_device": device,
        "vllm_took_mb": used if "served" in report.memory else None,
    }


# --- Markdown ---------------------------------------------------------------------------------------------------------
def lines(report: Report, facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {report.launch.name}: one run of bench/gpu.sh"
    yield ""
    yield f"{facts['date']} UTC. {_machine(facts)}"
    yield ""
    yield f"Model: {', '.join(f'{name} {value}' for name, value in facts['model'].items() if value)}."
    yield ""
    yield _split(facts["split"])
    yield ""
    yield from _speed(report)
    yield ""
    yield from _quality(report)
    if report.failed:
        yield ""
        yield from ["## Why cells are missing", "", *(f"- {key}: {why}" for key, why in sorted(report.failed.items()))]


def _machine(facts: Mapping[str, Any]) -> str:
    here, versions = facts["machine"], facts["versions"]
    cards = "; ".join(here["gpus"]) or "no GPU"
    kind = "its build for CPUs" if versions["vllm_on_cpu"] else f"driver {here['driver'] or 'unknown'}"
    packages = ", ".join(f"{name} {versions[name]}" for name in PACKAGES)
    return (
        f"{cards}; {here['processor']}, {here['cores']} cores, {here['memory_gb']} GB, load {here['load']}; "
        f"{here['system']}; Python {versions['python']}, vLLM {versions['vllm']} ({kind}), {packages}."
    )


def _split(found: Mapping[str, Any]) -> str:
    if found.get("gpu", 0) is None:
        here = f"Encoder on {found['encoder_device']}, vLLM's cache {found['cache']}."
        return f"Memory split of a card: {NOT} (no GPU). {here}"
    took = f"{found['vllm_took_mb']:,} MB taken" if found["vllm_took_mb"] is not None else NOT
    return (
        f"Memory split: vLLM {found['vllm_share']:.0%} of {found['cards']} card(s) ({found['vllm_gb']} GB; {took}), "
        f"{found['left_gb']} GB left for the encoder on {found['encoder_device']}."
    )


def _speed(report: Report) -> Iterator[str]:
    yield "## Speed"
    yield ""
    yield "Medians over passes (least-greatest). First text in ms, retrieval included; our server is held to two cores."
    yield ""
    if not report.plan.quality:
        yield "Random weights: their texts go in circles and are taken back, so our throughput says nothing here."
        yield ""
    yield "| at once | | first text | tokens/s | added to first text beyond retrieval | throughput to straight |"
    yield "|---|---|---|---|---|---|"
    for streams in dict.fromkeys((report.plan.streams, report.plan.people)):
        found = report.found(serving_cell(report.plan, streams).key)
        for arm in ("ours", "straight"):
            first = found and found["first_text_ms"][arm]
            rate = found and found["tokens_per_second"][arm]
            added = found and found["added_to_first_text_ms"] if arm == "ours" else ""
            ratio = found and found["throughput_ratio"] if arm == "ours" else ""
            yield _row(
                streams,
                "through thickshell" if arm == "ours" else "straight",
                *map(_spread, (first, rate, added, ratio)),
            )
    yield ""
    card = report.found("card") or {}
    memory = card.get("gpu_memory_mb") or {}
    yield "| encoder and model together | alone | beside the other |"
    yield "|---|---|---|"
    passages, tokens = card.get("passages_per_second", {}), card.get("tokens_per_second", {})
    yield _row("passages/s of the encoder", passages.get("alone", NOT), passages.get("beside_the_model", NOT))
    yield _row("tokens/s of the model", tokens.get("alone", NOT), tokens.get("beside_the_encoder", NOT))
    yield _row("MB of the card that the encoder took", memory.get("encoder", NOT), "")


def _quality(report: Report) -> Iterator[str]:
    yield "## Answers"
    yield ""
    yield (
        f"The first {report.plan.limit} questions of each set, greedy, at most {report.plan.tokens} tokens; 95% "
        "intervals in brackets. Tier 1: the model alone; 2: with a role; 3: with the documents. TAT-QA and "
        "filings are asked of their own documents; for filings the share of the gold's figures, or of its words where "
        "it states none."
    )
    yield ""
    yield "| set | counted | n | tier 1 | tier 2 | tier 3 | sentences of tier 3 marked unsupported | unmarked |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in SETS:
        results = {tier: report.found(tier_cell(report.plan, name, tier).key) for tier in TIERS}
        counted = dict.fromkeys(m for r in results.values() if r for m in r["measures"]) or {"": None}
        for measure in counted:
            scores = [r and r["measures"].get(measure) for r in results.values()]
            number = next((s["n"] for s in scores if s), "")
            third = (results[3] or {}).get("metrics", {})
            yield _row(
                name,
                measure,
                number,
                *map(_interval, scores),
                _interval(third.get("sentences_unsupported")),
                third.get("unmarked", NOT),
            )


def _row(*cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _spread(value: Mapping[str, float] | str | None) -> str:
    if value == "":
        return ""
    return f"{value['median']:g} ({value['least']:g}-{value['greatest']:g})" if isinstance(value, Mapping) else NOT


def _interval(value: Mapping[str, float] | None) -> str:
    if not value or value["value"] != value["value"]:  # not a number: nothing was counted
        return NOT
    return f"{value['value']:.3f} ({value['low']:.3f}-{value['high']:.3f})"


__all__: Sequence[str] = ("NOT", "Report", "write")
