"""A stored conversation as a file: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

SPEAKERS = {"user": "Question", "assistant": "Answer"}
NOTES = {
    "partial": "This answer was cut off before it was complete.",
    "stopped": "This answer was stopped by the reader.",
    "failed": "This answer could not be completed.",
}


def as_markdown(conversation: dict[str, Any]) -> str:
    """The active branch: each question and answer under a heading, with the sources of the answer below it."""
    parts = [f"# {_line(conversation['title']) or 'Conversation'}", _about(conversation)]
    for message in conversation["messages"]:
        parts += [f"## {SPEAKERS[message['role']]}", message["content"].strip() or "(empty)"]
        if note := NOTES.get(message["state"]):
            parts.append(f"*{note}*")
        if sources := _sources((message["answer"] or {}).get("citations", ())):
            parts.append(sources)
        if made := _made(message):
            parts.append(made)
    return "\n\n".join(parts) + "\n"


def as_json(conversation: dict[str, Any], messages: Sequence[dict[str, Any]]) -> str:
    """The conversation with all its branches; `active` lists the messages of the one that is shown."""
    kept = [{key: value for key, value in message.items() if key != "streaming"} for message in messages]
    active = [message["id"] for message in conversation["messages"]]
    return json.dumps(conversation | {"messages": kept, "active": active}, ensure_ascii=False, indent=2) + "\n"


def _about(conversation: dict[str, Any]) -> str:
    corpus = conversation["corpus"]
    return f"{conversation['created']}" + (f" · corpus: {_line(corpus)}" if corpus else "")


def _sources(citations: Sequence[dict[str, Any]]) -> str:
    lines = []
    for citation in citations:
        page = f", page {citation['page']}" if citation["page"] else ""
        quote = " ".join(citation["quote"].split())
        lines.append(f"- [{citation['n']}] {_line(citation['document'])}{page}: “{quote}”")
    return "\n".join(["Sources:", "", *lines]) if lines else ""


def _made(message: dict[str, Any]) -> str:
    """Who made the answer, how many of its sentences nothing bears out, and how to ask the same again."""
    answer = message["answer"] or {}
    if not answer.get("receipt_id"):
        return ""
    missing = ((answer.get("receipt") or {}).get("scores") or {}).get("unsupported")
    marked = f" · marked [?]: not found in the documents ({missing})" if missing and "[?]" in message["content"] else ""
    made = f"*Made by {_line(answer['brain'])}, tier {answer['tier']}{marked}"
    return f"{made} · receipt {answer['receipt_id']} · `thickshell replay {message['id']}`*"


def _line(text: str) -> str:
    """One line that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", " ".join(text.split()))
