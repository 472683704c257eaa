"""One committed state of the word index, and the tantivy queries that are asked of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from assistant.retrieval.analysis import words

QUERY_WORDS = 256
"""Words of a question that are searched for; the rest of a pasted page adds nothing."""
FEW = 500

Row = tuple[str, int, int, int]
"""Words joined by blanks, passage id, document id, corpus id."""


class WordScore(NamedTuple):
    """What the words of a question say for a passage."""

    bm25: float
    held: float  # rarities (idf) of the question's words that stand in the passage, each word once, added up
    coverage: float  # 0 to 1: what `held` is of the rarities of all words of the question


@dataclass(frozen=True)
class Scope:
    """Where a question may look: corpus ids, and document ids (`only` None: all but `without`)."""

    corpora: Collection[int]
    only: Collection[int] | None = None
    without: Collection[int] = ()

    def sees(self, document: int, corpus: int) -> bool:
        inside = self.only is None or document in self.only
        return corpus in self.corpora and inside and document not in self.without


@dataclass(frozen=True)
class View:
    """A searcher: addresses of hits are only good with the searcher that found them."""

    searcher: Any
    schema: Any

    @property
    def count(self) -> int:
        return int(self.searcher.num_docs)

    def hits(self, query: Any, limit: int | None = None) -> list[Any]:
        """(score, address) best first."""
        most = max(self.count if limit is None else limit, 1)
        return list(self.searcher.search(query, most, count=False).hits)

    def values(self, field: str, hits: list[Any]) -> list[int]:
        return list(self.searcher.fast_field_values(field, [address for _, address in hits]))

    def scored(self, query: Any, limit: int) -> list[tuple[int, float]]:
        """(passage id, score) of a query's hits."""
        hits = self.hits(query, limit)
        return [(i, float(score)) for i, (score, _) in zip(self.values("passage", hits), hits)]

    def seen(self, hits: list[Any], scope: Scope) -> list[tuple[int, float]]:
        """(passage id, score) of the hits that the scope sees, best first, ties by id."""
        rows = zip(hits, *(self.values(name, hits) for name in ("passage", "document", "corpus")))
        kept = [(p, float(score)) for (score, _), p, document, corpus in rows if scope.sees(document, corpus)]
        return sorted(kept, key=lambda hit: (-hit[1], hit[0]))

    def rows(self, hits: list[Any]) -> list[Row]:
        texts = (self.searcher.doc(address).get_first("words") or "" for _, address in hits)
        return list(zip(texts, *(self.values(name, hits) for name in ("passage", "document", "corpus"))))

    def survivors(self, documents: Collection[int] | None) -> list[Row]:
        """Rows that share a segment with these documents (None: all rows), without theirs."""
        everything = self.hits(everything_query())
        if documents is None:
            return self.rows(everything)
        gone = {address.segment_ord for _, address in self.hits(self.among("document", documents))}
        near = [hit for hit in everything if hit[1].segment_ord in gone]
        return [row for row in self.rows(near) if row[2] not in documents]

    # --- queries ---
    def question(self, text: str) -> Any:
        """The disjunction of the text's words, each weighing as often as it stands there; None without any."""
        import tantivy

        terms = []
        for word, n in Counter(words(text)[:QUERY_WORDS]).items():
            term = tantivy.Query.term_query(self.schema, "words", word, index_option="freq")
            weighed = tantivy.Query.boost_query(term, float(n)) if n > 1 else term
            terms.append((tantivy.Occur.Should, weighed))
        return tantivy.Query.boolean_query(terms) if terms else None

    def rarities(self, text: str) -> dict[str, float]:
        """Each word of the text once, with its rarity."""
        return {word: self.rarity(word) for word in dict.fromkeys(words(text)[:QUERY_WORDS])}

    def held(self, rarities: Mapping[str, float]) -> Any:
        """The words, each giving its rarity wherever it stands; None without any."""
        import tantivy

        terms = []
        for word, rarity in rarities.items():
            term = tantivy.Query.term_query(self.schema, "words", word, index_option="freq")
            terms.append((tantivy.Occur.Should, tantivy.Query.const_score_query(term, rarity)))
        return tantivy.Query.boolean_query(terms) if terms else None

    def rarity(self, word: str) -> float:
        """idf as in BM25, over all passages of the home."""
        holding = self.searcher.doc_freq("words", word)  # counts passages that are deleted but not yet merged away
        return rarity(max(self.count, holding), holding)

    def among(self, field: str, values: Collection[int]) -> Any:
        """Passages with one of the values in a field. A few are looked up one by one, many in one pass."""
        import tantivy

        if len(values) > FEW:
            return tantivy.Query.term_set_query(self.schema, field, [int(v) for v in values])
        terms = (tantivy.Query.term_query(self.schema, field, int(v)) for v in values)
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.const_score_query(term, 0.0)) for term in terms]
        )

    def within(self, query: Any, scope: Scope) -> Any:
        """The query, scored alike, over what the scope sees."""
        import tantivy

        query = both(query, self.among("corpus", scope.corpora))
        if scope.only is not None:
            query = both(query, self.among("document", scope.only))
        if scope.without:
            hidden = (tantivy.Occur.MustNot, self.among("document", scope.without))
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), hidden])
        return query


def rarity(total: int, holding: int) -> float:
    """idf of a word that `holding` of `total` passages have; more than 0.

    >>> round(rarity(9, 2), 4)
    1.3863
    """
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def both(query: Any, condition: Any) -> Any:
    """The query where the condition holds, which adds nothing to the score."""
    return _where(query, condition, required=True)


def wherever(condition: Any, query: Any) -> Any:
    """All passages where the condition holds, with the query's score or 0."""
    return _where(query, condition, required=False)


def _where(query: Any, condition: Any, required: bool) -> Any:
    import tantivy

    silent = tantivy.Query.const_score_query(condition, 0.0)
    asked = tantivy.Occur.Must if required else tantivy.Occur.Should
    return tantivy.Query.boolean_query([(asked, query), (tantivy.Occur.Must, silent)])


def everything_query() -> Any:
    import tantivy

    return tantivy.Query.all_query()
