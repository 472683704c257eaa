"""Where a model comes from and what its licence asks, as far as its files say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST_TEXT = 200_000
COMMIT = re.compile(r"[0-9a-f]{40}")
DOWNLOADED = Path(".cache/huggingface/download/config.json.metadata")
"""What `hf download --local-dir` leaves beside the files; its first line is the commit."""
SPOKEN = {  # how a licence's own text begins, and what it is called
    "Apache-2.0": r"Apache License\s+Version 2\.0",
    "MIT": r"\bMIT License\b|Permission is hereby granted, free of charge",
    "Llama 3.3 Community License": r"LLAMA 3\.3 COMMUNITY LICENSE",
    "Llama 3.2 Community License": r"LLAMA 3\.2 COMMUNITY LICENSE",
    "Llama 3.1 Community License": r"LLAMA 3\.1 COMMUNITY LICENSE",
    "Llama 3 Community License": r"META LLAMA 3 COMMUNITY LICENSE",
    "Llama 2 Community License": r"LLAMA 2 COMMUNITY LICENSE",
    "Gemma Terms of Use": r"Gemma Terms of Use",
    "BSD-3-Clause": r"Redistribution and use in source and binary forms",
}
TAGS = {  # as model cards write them
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "llama2": "Llama 2 Community License",
    "llama3": "Llama 3 Community License",
    "llama3.1": "Llama 3.1 Community License",
    "llama3.2": "Llama 3.2 Community License",
    "llama3.3": "Llama 3.3 Community License",
    "gemma": "Gemma Terms of Use",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "openrail": "OpenRAIL",
}
LLAMA_LIMITS = (
    "Derivatives are to be named “Llama …” and shown as “Built with Llama”; Meta's use policy binds; "
    "over 700 million monthly users need a licence of their own."
)
LIMITS = {
    "Apache-2.0": "None beyond keeping the notices.",
    "MIT": "None beyond keeping the notice.",
    "BSD-3-Clause": "None beyond keeping the notices.",
    "Gemma Terms of Use": "The terms and the prohibited use policy are to be passed on, and bind derivatives.",
    "Llama 2 Community License": (
        "Meta's use policy binds; its outputs may not improve other models; "
        "over 700 million monthly users need a licence of their own."
    ),
    "Llama 3 Community License": LLAMA_LIMITS,
    "Llama 3.1 Community License": LLAMA_LIMITS,
    "Llama 3.2 Community License": LLAMA_LIMITS,
    "Llama 3.3 Community License": LLAMA_LIMITS,
    "CC-BY-4.0": "The makers are to be named.",
    "CC-BY-SA-4.0": "The makers are to be named, and derivatives shared alike.",
    "CC-BY-NC-4.0": "Not for commercial use.",
    "OpenRAIL": "Its list of forbidden uses binds, and is to be passed on.",
    "unknown": "Not known: ask whoever gave it to you before you use it.",
}


def card(folder: Path) -> dict[str, Any]:
    """What stands at the head of README.md between two lines of dashes: names with a text or a list. A small part of
    YAML is understood; the rest is left out."""
    try:
        text = (folder / "README.md").read_text("utf-8", "replace")[:LONGEST_TEXT]
    except OSError:
        return {}
    head = re.match(r"\s*---\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    return _fields(head[1]) if head else {}


def _fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    name = ""
    for line in text.splitlines():
        if entry := re.match(r"([A-Za-z_][\w-]*):\s*(.*)$", line):
            name, value = entry[1], entry[2].strip()
            listed = re.fullmatch(r"\[(.*)\]", value)
            found[name] = [_bare(v) for v in listed[1].split(",")] if listed else _bare(value) if value else []
        elif (item := re.match(r"\s*-\s+(.*)$", line)) and isinstance(found.get(name), list):
            found[name].append(_bare(item[1]))
    return found


def _bare(value: str) -> str:
    return value.strip().strip("\"'")


def licence(folder: Path, head: Mapping[str, Any]) -> tuple[str, str]:
    """(licence, where that is said): the card's tag, else the licence file's own words, else "unknown"."""
    tag = head.get("license_name") or head.get("license")
    tag = tag[0] if isinstance(tag, list) and tag else tag
    if isinstance(tag, str) and tag and tag.lower() != "other":
        return TAGS.get(tag.lower(), tag[:80]), "README.md"
    for file in sorted(folder.glob("*")):
        if re.match(r"(licen[cs]e|copying|use_policy|notice)", file.name, re.I) and file.is_file():
            text = file.read_text("utf-8", "replace")[:LONGEST_TEXT]
            for name, pattern in SPOKEN.items():
                if re.search(pattern, text):
                    return name, file.name
    return "unknown", ""


def limits(licence: str) -> str:
    """What the licence asks, in a sentence; an unknown one is said to be unknown."""
    return LIMITS.get(licence, f"Read the licence {licence}: it is not one whose limits are known here.")


def bases(config: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[str, ...]:
    """The models it was made from, as its card and settings say; paths of the maker's own machine are left out."""
    said = head.get("base_model") or []
    names = [said] if isinstance(said, str) else list(said)
    names += [config.get(key) for key in ("_name_or_path", "_model_name_or_path", "base_model_name_or_path")]
    kept = (str(name)[:200] for name in names if isinstance(name, str) and name and not name.startswith(("/", ".")))
    return tuple(dict.fromkeys(kept))


def commit(folder: Path) -> str:
    """The commit of the Hugging Face hub that a folder was downloaded from, by the layout of its cache or the note of
    a download; "" where neither is there."""
    if folder.parent.name == "snapshots" and COMMIT.fullmatch(folder.name):
        return folder.name
    try:
        first = (folder / DOWNLOADED).read_text("ascii", "replace")[:200].split("\n", 1)[0].strip()
    except OSError:
        return ""
    return first if COMMIT.fullmatch(first) else ""
