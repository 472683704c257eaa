"""A corpus in memory for tests: texts as documents, one passage a paragraph, retrieval by shared words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.answering.terms import coverage, terms
from assistant.errors import NotFound
from assistant.types import Block, Document, DocumentInfo, Hit, Line, Passage, Question, Report


@dataclass(frozen=True)
class Allowed:
    only: frozenset[int] | None
    without: frozenset[int]


class MemoryStore:
    """PassageStore over {"name": text or Document}, one corpus named "c"; passages are paragraphs (or whole tables)."""

    def __init__(self, documents: Mapping[str, str | Document], corpus: str = "c", dim: int = 4) -> None:
        self.corpus = corpus
        self.dim = dim
        self.parsed = {name: d if isinstance(d, Document) else plain(d) for name, d in documents.items()}
        self.ids = {name: n for n, name in enumerate(self.parsed, 1)}
        self.all: list[Passage] = []
        for name, document in self.parsed.items():
            for block in document.blocks:
                text = document.text[block.start : block.end]
                context = " > ".join(block.heading_path)
                self.all.append(
                    Passage(
                        len(self.all) + 1, corpus, name, block.start, block.end, text, context, block.page, block.table
                    )
                )

    def revision(self, corpus: str) -> int:
        self._known(corpus)
        return 1

    def corpus_id(self, corpus: str) -> int:
        self._known(corpus)
        return 1

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [self.all[i - 1] for i in ids if 1 <= i <= len(self.all)]

    def document_ids(
        self, corpora: Sequence[str], only: Sequence[str] = (), without: Sequence[str] = (), formats: Sequence[str] = ()
    ) -> Allowed:
        for name in (*only, *without):
            if name not in self.ids:
                raise NotFound(f"There is no document “{name}”.")
        return Allowed(frozenset(self.ids[n] for n in only) if only else None, frozenset(self.ids[n] for n in without))

    def vector_state(self, corpus: str, encoder: str) -> tuple[Any, Any]:
        return np.array([p.id for p in self.all]), np.array([self.ids[p.document] for p in self.all])

    def vectors(self, ids: Sequence[int], encoder: str) -> Any:
        rows = np.array([[len(self.all[i - 1].text) % (n + 7) + 1 for n in range(self.dim)] for i in ids], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def document(self, corpus: str, name: str) -> Document:
        return self.parsed[name]

    def documents(self, corpus: str) -> list[DocumentInfo]:
        self._known(corpus)
        return [
            DocumentInfo(n, corpus, name, "ready", None, "txt", 1, "0" * 64, "2026-01-01T00:00:00Z", self._report(name))
            for name, n in self.ids.items()
        ]

    def document_passages(self, corpus: str, name: str) -> list[Passage]:
        return [p for p in self.all if p.document == name]

    def _report(self, name: str) -> Report:
        return Report(passages=len(self.document_passages(self.corpus, name)))

    def _known(self, corpus: str) -> None:
        if corpus != self.corpus:
            raise NotFound(f"There is no corpus “{corpus}”.")


class ByWords:
    """Retriever: the share of the question's words in a passage; passages that share none are no hits."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def retrieve(self, question: Question, k: int) -> list[Hit]:
        allowed = self.store.document_ids(question.corpora, question.only, question.without)
        asked = terms(question.text)
        rows = []
        for passage in self.store.all:
            number = self.store.ids[passage.document]
            share = coverage(asked, passage.search_text) if asked else 0.0
            if share > 0 and number not in allowed.without and (allowed.only is None or number in allowed.only):
                rows.append((share, passage))
        rows.sort(key=lambda row: (-row[0], row[1].id))
        return [Hit(p, share, 0.05 + 0.5 * share, 10 * share, n) for n, (share, p) in enumerate(rows[:k], 1)]


def plain(text: str) -> Document:
    """Paragraphs as blocks; a line "# x" is a heading; page 1 with a line box for every line, 10 points a character."""
    blocks: list[Block] = []
    path: tuple[str, ...] = ()
    at = 0
    for part in text.split("\n\n"):
        if part.startswith("# "):
            path = (part[2:],)
            blocks.append(Block("heading", at, at + len(part), 1))
        elif part.strip():
            blocks.append(Block("paragraph", at, at + len(part), 1, path))
        at += len(part) + 2
    lines, at = [], 0
    for n, line in enumerate(text.split("\n")):
        if line:
            lines.append(Line(at, at + len(line), 1, (0.0, 20.0 * n, 10.0 * len(line), 20.0 * n + 15)))
        at += len(line) + 1
    return Document("txt", text, tuple(blocks), (), tuple(lines))
