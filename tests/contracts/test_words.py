"""Seam WordIndex, with the search that the retriever uses: tantivy and the oracle."""

from __future__ import annotations

import logging
import math
import random
from pathlib import Path

import pytest

from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.plain import PlainWords
from assistant.retrieval.word_folder import sound
from assistant.retrieval.word_queries import Scope
from assistant.types import Passage

CORPORA = {"a": 1, "b": 2}
Words = TantivyWords | PlainWords
BOTH = Scope([1, 2])


@pytest.fixture(params=["tantivy", "plain"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Words:
    return TantivyWords(tmp_path / "words", CORPORA.__getitem__) if request.param == "tantivy" else plain()


def plain() -> PlainWords:
    return PlainWords(CORPORA.__getitem__)


def passage(number: int, text: str, corpus: str = "a", context: str = "") -> Passage:
    return Passage(number, corpus, f"{number}.txt", 0, len(text), text, context)


def ids(hits: list[tuple[int, float]]) -> list[int]:
    return [i for i, _ in hits]


def test_rare_words_and_short_passages_come_first(index: Words) -> None:
    index.add(
        [
            (passage(1, "the cat sat"), 11),
            (passage(2, "the dog sat on the cat and the mat"), 12),
            (passage(3, "the dog"), 13),
        ]
    )
    assert ids(index.search("cats", BOTH, 5)) == [1, 2]
    assert ids(index.search("the mat", BOTH, 5))[0] == 2
    assert index.search("bird", BOTH, 5) == []
    assert index.search("?", BOTH, 5) == []


def test_scope(index: Words) -> None:
    index.add([(passage(1, "red apple"), 11), (passage(2, "red pear"), 12), (passage(3, "red plum", "b"), 13)])
    assert ids(index.search("red", Scope([1]), 5)) == [1, 2]
    assert ids(index.search("red", Scope([1, 2], only={12, 13}), 5)) == [2, 3]
    assert ids(index.search("red", Scope([1, 2], without={11}), 5)) == [2, 3]
    assert index.search("red", Scope([1], only=frozenset()), 5) == []


def test_a_narrow_scope_behind_many_better_passages(index: Words) -> None:
    index.add(
        [(passage(i, "red"), i) for i in range(1, 200)] + [(passage(500, "red and much else beside it", "b"), 500)]
    )
    assert ids(index.search("red", Scope([2]), 3)) == [500]
    assert ids(index.search("red", Scope([1, 2], only={500}), 3)) == [500]


def test_scores_of_given_passages(index: Words) -> None:
    index.add([(passage(1, "red apple"), 11), (passage(2, "green pear"), 12), (passage(3, "red plum"), 13)])
    scores = index.scores("red apple", [1, 2, 99])
    assert scores.keys() == {1, 2}
    assert scores[2] == (0, 0, 0)
    assert scores[1].bm25 == pytest.approx(dict(index.search("red apple", BOTH, 5))[1])
    assert index.scores("?", [1]) == {1: (0, 0, 0)}


def test_rarities_of_the_questions_words_are_added_up(index: Words) -> None:
    """Of four passages two hold "red", one "apple", none "zebra": idf log 2, log(10/3), log 10."""
    texts = ["red apple red", "red pear", "green plum", "yellow plum"]
    index.add([(passage(n, text), n) for n, text in enumerate(texts, start=1)])
    found = index.scores("red red apple zebra", [1, 2, 3])
    whole = math.log(2) + math.log(10 / 3) + math.log(10)
    assert found[1].held == pytest.approx(math.log(2) + math.log(10 / 3))
    assert found[1].coverage == pytest.approx(found[1].held / whole)
    assert found[2].coverage == pytest.approx(math.log(2) / whole)
    assert (found[3].held, found[3].coverage) == (0, 0)
    assert index.scores("red apple", [1])[1].coverage == pytest.approx(1)


def test_an_id_again_replaces_and_the_context_is_found(index: Words) -> None:
    index.add([(passage(1, "red apple"), 11)])
    index.add([(passage(1, "green pear", context="Fruit of autumn"), 11)])
    assert index.search("red", BOTH, 5) == []
    assert ids(index.search("autumn", BOTH, 5)) == [1]


def test_removed_documents_are_gone(index: Words) -> None:
    index.add([(passage(1, "red apple"), 11), (passage(2, "red pear"), 12), (passage(3, "more red pears"), 12)])
    index.remove([12, 77])
    assert ids(index.search("red", BOTH, 5)) == [1]
    assert index.documents() == {11}
    assert index.scores("red", [2]) == {}


def test_identifiers_and_both_scripts(index: Words) -> None:
    index.add(
        [
            (passage(1, "Docket No. 07-1315 was argued in 2008"), 1),
            (passage(2, "Docket No. 07-1316 was argued in 1315 words"), 2),
            (passage(3, "revenue of $71,137 million"), 3),
            (passage(4, "陸特和漢斯雷頓開創了歐洲的梵語研究"), 4),
        ]
    )
    assert ids(index.search("07-1315", BOTH, 5))[0] == 1
    assert ids(index.search("71137", BOTH, 5)) == [3]
    assert ids(index.search("欧洲的梵语研究", BOTH, 5)) == [4]


def test_as_the_oracle_scores(tmp_path: Path) -> None:
    chance = random.Random(0)
    vocabulary = [f"word{i}" for i in range(40)]
    rows = [(passage(i, " ".join(chance.choices(vocabulary, k=chance.randint(1, 30)))), i // 3) for i in range(120)]
    index, oracle = TantivyWords(tmp_path / "words", CORPORA.__getitem__), plain()
    for each in (index, oracle):
        each.add(rows)
    for _ in range(20):
        text = " ".join(chance.choices(vocabulary, k=4))
        assert dict(index.search(text, BOTH, 200)) == pytest.approx(dict(oracle.search(text, BOTH, 200)), rel=1e-3)
        found, right = (
            {i: score.held for i, score in each.scores(text, range(120)).items()} for each in (index, oracle)
        )
        assert found == pytest.approx(right, rel=1e-5)


def test_removed_words_leave_the_disk_and_the_rest_stays(tmp_path: Path) -> None:
    index = TantivyWords(tmp_path / "words", CORPORA.__getitem__)
    index.add([(passage(i, f"common text number{i}"), i) for i in range(50)] + [(passage(99, "zanzibarium"), 99)])
    index.remove([99])
    assert not any(b"zanzibarium" in file.read_bytes() for file in (tmp_path / "words").iterdir())
    index.remove([3], purge=False)
    assert index.search("number3", BOTH, 3) == []
    index.purge()
    assert index.documents() == set(range(50)) - {3}
    assert ids(index.search("number7", BOTH, 3)) == [7]


def test_a_corpus_goes_as_a_whole(tmp_path: Path) -> None:
    index = TantivyWords(tmp_path / "words", CORPORA.__getitem__)
    index.add([(passage(1, "red"), 11), (passage(2, "red", "b"), 12)])
    index.remove_corpus(1)
    assert index.documents() == {12}


def test_another_reader_sees_what_was_committed(tmp_path: Path) -> None:
    writer, reader = (TantivyWords(tmp_path / "words", CORPORA.__getitem__) for _ in range(2))
    assert reader.search("red", BOTH, 5) == []
    writer.add([(passage(1, "red"), 11)])
    assert ids(reader.search("red", BOTH, 5)) == [1]


def test_damage_is_noticed_when_the_index_is_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "words"
    TantivyWords(folder, CORPORA.__getitem__).add([(passage(1, "red"), 11)])
    assert sound(folder)
    file = next(folder.glob("*.store"))
    raw = bytearray(file.read_bytes())
    raw[0] ^= 1
    file.write_bytes(raw)
    assert not sound(folder)
    with caplog.at_level(logging.WARNING):
        assert TantivyWords(folder, CORPORA.__getitem__).documents() == set()
    assert "damaged" in caplog.text


def test_a_broken_meta_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    TantivyWords(folder, CORPORA.__getitem__).add([(passage(1, "red"), 11)])
    (folder / "meta.json").write_text("{}")
    assert TantivyWords(folder, CORPORA.__getitem__).documents() == set()
