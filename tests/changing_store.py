"""PassageStore in memory whose documents come, go and get their vectors by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.embedders.hashed import HashedEmbedder
from assistant.errors import NotFound
from assistant.seams import Embedder
from assistant.types import Document, DocumentInfo, Passage


@dataclass(frozen=True)
class Filter:
    only: frozenset[int] | None
    without: frozenset[int]


@dataclass
class Entry:
    id: int
    corpus: str
    name: str
    passages: list[Passage]
    format: str = "txt"
    ready: bool = True


class ChangingStore:
    """Passage ids count from 1, document ids from 101, corpus ids in the order of `corpora`."""

    def __init__(self, corpora: Sequence[str] = ("main",), embedder: Embedder | None = None) -> None:
        self.names = list(corpora)
        self.entries: dict[int, Entry] = {}
        self.embedder = embedder or HashedEmbedder(256)
        self.revisions = dict.fromkeys(self.names, 0)
        self._next_passage, self._next_document = 1, 101
        self.vector_calls = 0

    def put(
        self, corpus: str, name: str, *texts: str, format: str = "txt", ready: bool = True
    ) -> list[tuple[Passage, int]]:
        """A new document; what a WordIndex takes."""
        document, self._next_document = self._next_document, self._next_document + 1
        passages = []
        for text in texts:
            passages.append(Passage(self._next_passage, corpus, name, 0, len(text), text))
            self._next_passage += 1
        self.entries[document] = Entry(document, corpus, name, passages, format, ready)
        self.revisions[corpus] += 1
        return [(p, document) for p in passages]

    def embedded(self, document: int) -> None:
        self.entries[document].ready = True
        self.revisions[self.entries[document].corpus] += 1

    def take(self, document: int) -> None:
        self.revisions[self.entries.pop(document).corpus] += 1

    # --- PassageStore ---
    def revision(self, corpus: str) -> int:
        return self.revisions[corpus]

    def corpus_id(self, corpus: str) -> int:
        if corpus not in self.names:
            raise NotFound(f"There is no corpus {corpus}.")
        return self.names.index(corpus) + 1

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        known = {p.id: p for e in self.entries.values() for p in e.passages}
        return [known[i] for i in ids if i in known]

    def document_ids(
        self,
        corpora: Sequence[str],
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        formats: Sequence[str] = (),
        since: str = "",
        until: str = "",
    ) -> Filter:
        entries = [e for e in self.entries.values() if e.corpus in corpora]
        names = {e.name for e in entries}
        for name in (*only, *without):
            if name not in names:
                raise NotFound(f"There is no document {name}.")
        hidden = frozenset(e.id for e in entries if e.name in without)
        if not only and not formats:
            return Filter(None, hidden)
        shown = (e for e in entries if (not only or e.name in only) and (not formats or e.format in formats))
        return Filter(frozenset(e.id for e in shown) - hidden, hidden)

    def vector_state(self, corpus: str, encoder: str) -> tuple[np.ndarray, np.ndarray]:
        entries = (e for e in self.entries.values() if e.corpus == corpus and e.ready)
        pairs = sorted((p.id, e.id) for e in entries for p in e.passages)
        array = np.array(pairs, np.int64).reshape(-1, 2)
        return array[:, 0], array[:, 1]

    def vectors(self, ids: Sequence[int], encoder: str) -> np.ndarray:
        self.vector_calls += 1
        texts = [p.search_text for p in self.passages(ids)]
        return self.embedder.embed_passages(texts)

    def document(self, corpus: str, name: str) -> Document:
        raise NotFound(name)

    def documents(self, corpus: str) -> list[DocumentInfo]:
        return []

    def document_passages(self, corpus: str, name: str) -> list[Passage]:
        return [p for e in self.entries.values() if (e.corpus, e.name) == (corpus, name) for p in e.passages]
