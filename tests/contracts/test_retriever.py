"""Seam Retriever: scope, order, waiting documents, languages."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
from changing_store import ChangingStore

from assistant.embedders.hashed import HashedEmbedder
from assistant.errors import NotAvailable, NotFound
from assistant.indexes.corpus import CorpusVectors
from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.hybrid import HybridRetriever
from assistant.retrieval.lexical import TantivyWords
from assistant.seams import Embedder
from assistant.types import Question


class Home:
    """A store with both indexes over it."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        self.store = ChangingStore(("a", "b"))
        self.words = TantivyWords(folder / "words", self.store.corpus_id)
        vectors = CorpusVectors(folder / "vectors", self.store, self.store.embedder.id, self.store.embedder.dim)
        self.retriever = HybridRetriever(self.store, self.words, DenseRanker(embedder or self.store.embedder, vectors))

    def put(self, corpus: str, name: str, *texts: str, **more: object) -> None:
        self.words.add(self.store.put(corpus, name, *texts, **more))  # type: ignore[arg-type]

    def found(
        self, text: str, corpora: tuple[str, ...] = ("a", "b"), k: int = 10, **filters: tuple[str, ...]
    ) -> list[str]:
        hits = self.retriever.retrieve(Question(text, corpora, **filters), k)
        assert [h.rank for h in hits] == list(range(1, len(hits) + 1))
        assert all(0 <= b.score <= a.score <= 1 for a, b in pairwise(hits))
        return [h.passage.text for h in hits]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.put("a", "fruit.txt", "red apples are sweet", "green apples are sour")
    home.put("a", "law.md", "the tax law of 2019", format="md")
    home.put("b", "pie.txt", "apple pie with apples")
    return home


def test_best_first_and_no_more_than_k(home: Home) -> None:
    assert home.found("red apples", k=2)[0] == "red apples are sweet"
    assert len(home.found("red apples", k=2)) == 2
    assert len(home.found("red apples", k=50)) == 4


def test_only_the_asked_corpora(home: Home) -> None:
    assert home.found("apple pie with apples", ("a",))[0] != "apple pie with apples"
    assert home.found("apples", ("b",)) == ["apple pie with apples"]


def test_filters_stand_before_ranking(home: Home) -> None:
    assert home.found("apples", only=("law.md",)) == ["the tax law of 2019"]
    assert "red apples are sweet" not in home.found("red apples", without=("fruit.txt",))
    assert home.found("apples", formats=("md",)) == ["the tax law of 2019"]
    assert home.found("apples", only=("fruit.txt",), formats=("md",)) == []
    with pytest.raises(NotFound):
        home.found("apples", only=("nothing.txt",))
    with pytest.raises(NotFound):
        home.found("apples", ("c",))


def test_a_document_that_waits_for_its_vectors_is_found_by_words(home: Home) -> None:
    home.put("a", "new.txt", "quokkas eat leaves", ready=False)
    hits = home.retriever.retrieve(Question("what do quokkas eat", ("a",)), 3)
    assert (hits[0].passage.text, hits[0].dense) == ("quokkas eat leaves", None)
    assert hits[0].lexical
    assert hits[0].held == pytest.approx(2 * math.log(4))  # two of the four words stand in one of five passages
    assert hits[0].coverage == pytest.approx(2 * math.log(4) / (2 * math.log(4) + 2 * math.log(12)))
    assert home.found("red apples")[0] == "red apples are sweet"


def test_without_any_vectors_words_decide(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a", "one.txt", "red apples", "green pears", ready=False)
    assert home.found("pears") == ["green pears"]


def test_without_an_encoder_words_decide(tmp_path: Path) -> None:
    class Missing(HashedEmbedder):
        def embed_queries(self, texts: object) -> object:  # type: ignore[override]
            raise NotAvailable("no weights")

    home = Home(tmp_path, Missing(256))
    home.put("a", "one.txt", "red apples", "green pears")
    assert home.found("pears") == ["green pears"]


def test_deleted_passages_never_show_even_while_an_index_has_them(home: Home) -> None:
    home.found("apples")
    home.store.take(101)
    assert home.found("red apples") == ["apple pie with apples", "the tax law of 2019"]


def test_an_empty_question_and_an_empty_corpus(home: Home, tmp_path: Path) -> None:
    assert len(home.found("?!")) == 4
    assert Home(tmp_path / "empty").found("apples") == []


def test_equal_passages_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for n in range(5):
        home.put("a", f"{n}.txt", "the same words")
    ids = [h.passage.id for h in home.retriever.retrieve(Question("the same words", ("a",)), 5)]
    assert ids == [1, 2, 3, 4, 5]


def test_identifiers_are_found_among_many_that_look_alike(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a", "cars.txt", *(f"vehicle 1C4RJFBG2NC1234{n:02} was sold" for n in range(60)))
    assert home.found("who bought 1C4RJFBG2NC123442?", k=1) == ["vehicle 1C4RJFBG2NC123442 was sold"]


def test_either_chinese_script_finds_the_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a", "zh.txt", "歐洲的梵語研究始於十八世紀", "今天的天气很好", "蘋果很甜", ready=False)
    assert home.found("欧洲的梵语研究")[0] == "歐洲的梵語研究始於十八世紀"
